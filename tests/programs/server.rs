//! A server: each request takes a while; all at once, one at a time, or only so many a second. It may ask another one for each, and be
//! slow to accept.

mod books;
mod wire;

use std::io::{BufReader, Result, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use books::{Settings, now, scramble};
use wire::Peer;

unsafe extern "C" {
    fn listen(socket: i32, backlog: i32) -> i32;
}

struct Server {
    /// Mean time of a request.
    service_us: u64,
    /// The same of those that take longer, one in so many (0: none).
    slow_us: u64,
    slow_in: u64,
    /// Bytes of a reply.
    reply: Vec<u8>,
    /// One at a time.
    serial: bool,
    /// Requests a second (0: any number), and how many may come at once.
    rate: u64,
    burst: u64,
    table: Mutex<()>,
    /// Time up to which the tokens are used up.
    used_up_to: Mutex<u64>,
    requests: AtomicU64,
    /// Asked for each request, after the rest of it; empty: nobody.
    behind: String,
}

impl Server {
    /// Up to a tenth more or less than the mean of its sort.
    fn service(&self) -> Duration {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let thousandths = 900 + scramble(number) % 201;
        let is_slow = self.slow_in > 0 && scramble(number / self.slow_in) % self.slow_in == number % self.slow_in;
        let mean_us = if is_slow { self.slow_us } else { self.service_us };
        Duration::from_micros(mean_us * thousandths / 1000)
    }

    /// Whether there is a token.
    fn admitted(&self) -> bool {
        if self.rate == 0 {
            return true;
        }
        let spacing = 1_000_000_000 / self.rate;
        let mut used = self.used_up_to.lock().expect("tokens");
        let earliest = now().saturating_sub(spacing * self.burst);
        let next = (*used).max(earliest) + spacing;
        if next > now() {
            return false;
        }
        *used = next;
        true
    }

    fn serve(&self, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        let mut behind = (!self.behind.is_empty()).then(|| Peer::connect(&self.behind));
        while let Some((_, body)) = wire::message(&mut stream)? {
            if !self.admitted() {
                stream.get_mut().write_all(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")?;
                continue;
            }
            if self.serial {
                self.store(&body);
            } else {
                thread::sleep(self.service());
            }
            if let Some(behind) = &mut behind {
                behind.ask("POST", "/rows", &body)?;
            }
            let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", self.reply.len()).into_bytes();
            answer.extend_from_slice(&self.reply);
            stream.get_mut().write_all(&answer)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn store(&self, _rows: &[u8]) {
        let _held = self.table.lock().expect("the table");
        thread::sleep(self.service());
    }
}

fn main() {
    let settings = Settings::read(&std::env::args().nth(1).expect("settings"));
    let server: &'static Server = Box::leak(Box::new(Server {
        service_us: settings.number("service_us"),
        slow_us: settings.number("slow_us"),
        slow_in: settings.number("slow_in"),
        reply: vec![b'x'; settings.number("reply_bytes") as usize],
        serial: settings.number("serial") == 1,
        rate: settings.number("rate"),
        burst: settings.number("burst").max(1),
        table: Mutex::new(()),
        used_up_to: Mutex::new(0),
        requests: AtomicU64::new(0),
        behind: settings.word("behind").to_owned(),
    }));
    let listener = TcpListener::bind((settings.word("at"), 0)).expect("a port");
    let backlog = settings.number("backlog") as i32;
    if backlog > 0 {
        // SAFETY: two numbers; a socket that listens already takes another backlog.
        assert_eq!(unsafe { listen(listener.as_raw_fd(), backlog) }, 0);
    }
    println!("{}", listener.local_addr().expect("an address"));
    // Now and then something else is to be done that takes a while.
    let [every, pause] = ["pause_every_us", "pause_us"].map(|name| 1000 * settings.number(name));
    let mut paused = now();
    for stream in listener.incoming().flatten() {
        thread::spawn(move || server.serve(stream));
        if every > 0 && now() >= paused + every {
            paused += (now() - paused) / every * every;
            thread::sleep(Duration::from_nanos(pause));
        }
    }
}
