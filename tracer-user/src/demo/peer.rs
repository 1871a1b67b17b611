//! The servers that feed and take: HTTP over loopback, each request answered after a while, all at once or one at a time.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::http;

/// How a server serves.
#[derive(Clone, Debug, clap::Args)]
pub struct Manners {
    /// Name of its process.
    #[arg(long)]
    pub name: String,
    /// Mean time of one request, ms; each takes up to a twentieth more or less.
    #[arg(long)]
    pub service_ms: f64,
    /// More time for each row sent, ms.
    #[arg(long, default_value_t = 0.0)]
    pub row_ms: f64,
    /// One request at a time.
    #[arg(long)]
    pub serial: bool,
    /// Records in a reply; each is about 120 bytes of JSON.
    #[arg(long, default_value_t = 0)]
    pub records: usize,
}

/// Starts to serve on a free port, in threads of its own.
///
/// # Errors
/// There is no port.
pub fn start(manners: Manners) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (table, requests) = (Mutex::new(()), AtomicU64::new(1));
    let answer = move |body: &[u8]| {
        let number = requests.fetch_add(1, Ordering::Relaxed);
        let rows = body.iter().filter(|byte| **byte == b'\n').count();
        let time = service_time(&manners, number, rows);
        if manners.serial {
            insert(&table, time);
        } else {
            std::thread::sleep(time);
        }
        reply(&manners, number)
    };
    std::thread::Builder::new()
        .name("accept".to_owned())
        .spawn(move || http::serve(&listener, Arc::new(answer)))?;
    Ok(address)
}

/// Holds the one table for `time`.
#[inline(never)]
fn insert(table: &Mutex<()>, time: Duration) {
    let _held = table.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::sleep(time);
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a number of rows, and 53 random bits"
)]
fn service_time(manners: &Manners, number: u64, rows: usize) -> Duration {
    let random = (scramble(number) >> 11) as f64 / (1u64 << 53) as f64;
    let millis = manners.service_ms * (0.95 + 0.1 * random) + manners.row_ms * rows as f64;
    Duration::from_secs_f64(millis.max(0.0) / 1e3)
}

/// A reply of so many records.
fn reply(manners: &Manners, number: u64) -> String {
    let records: Vec<String> = (0..manners.records as u64)
        .map(|index| record(number * 1000 + index))
        .collect();
    format!("{{\"data\":{{\"transfers\":[{}]}}}}", records.join(","))
}

/// A record of about 120 bytes, without a line end.
#[must_use]
pub fn record(number: u64) -> String {
    let noise = scramble(number);
    format!(
        "{{\"id\":{number},\"from\":\"0x{noise:016x}{:016x}\",\"to\":\"0x{:016x}\",\"value\":{}}}",
        !noise,
        noise.rotate_left(17),
        noise % 1_000_000
    )
}

/// A number that looks random (the finaliser of splitmix64).
fn scramble(number: u64) -> u64 {
    let mut x = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::demo::http::Connection;

    fn time_of_four(serial: bool) -> Duration {
        let manners = Manners {
            name: String::new(),
            service_ms: 40.0,
            row_ms: 0.0,
            serial,
            records: 1,
        };
        let address = start(manners).expect("a server");
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let reply = Connection::open(address)
                        .and_then(|mut peer| peer.post("/", "{}\n"))
                        .expect("a reply");
                    serde_json::from_slice::<serde_json::Value>(&reply).expect("JSON");
                });
            }
        });
        begin.elapsed()
    }

    #[test]
    fn one_at_a_time_or_all_at_once() {
        let (serial, parallel) = (time_of_four(true), time_of_four(false));
        assert!(
            serial >= Duration::from_millis(152),
            "four times 38 ms at least: {serial:?}"
        );
        assert!(
            parallel >= Duration::from_millis(38) && parallel < serial,
            "{parallel:?} against {serial:?}"
        );
    }
}
