//! Threads that make calls of which each is recorded by itself, and count them: what a tracer records can be held against it.
//!
//! Each thread sends a byte to itself through a pair of sockets and receives it again: two calls that never wait. Every
//! hundredth of a second it sleeps if it is ahead of its rate: one call, one wait. It is born after the tracer came, and
//! rests before and after its work, so that what is lost is lost of its work alone.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::{Load, system};

/// Rest before and after the work: a ring buffer is emptied meanwhile. Shorter than the interval at which waits are cut.
const REST: Duration = Duration::from_millis(400);

/// Parameters.
#[derive(clap::Args)]
pub struct Arguments {
    /// Threads.
    #[arg(long, default_value_t = 2)]
    threads: u32,
    /// Calls a second of all threads together, at most; 0: as many as they can.
    #[arg(long, default_value_t = 0)]
    rate: u64,
}

/// The threads.
pub struct Events(Arguments);

/// What one thread did.
struct Done {
    calls: u64,
    switches: u64,
}

impl Events {
    /// Prepares them.
    pub fn new(arguments: Arguments) -> Self {
        Self(arguments)
    }
}

impl Load for Events {
    /// Operations are calls. Says what was done on a line of its own: calls, and switches of the threads.
    fn run(&mut self, operations: u64) -> u64 {
        let threads = self.0.threads.max(1);
        let share = operations / u64::from(threads);
        let rate = self.0.rate / u64::from(threads);
        let all: Vec<_> = (0..threads)
            .map(|index| {
                std::thread::Builder::new()
                    .name(format!("events-{index}"))
                    .spawn(move || work(share, rate))
            })
            .collect();
        let mut sum = Done {
            calls: 0,
            switches: 0,
        };
        for thread in all {
            match thread.map(std::thread::JoinHandle::join) {
                Ok(Ok(Ok(done))) => {
                    sum.calls += done.calls;
                    sum.switches += done.switches;
                }
                _ => {
                    eprintln!("load: a thread failed");
                    std::process::exit(1);
                }
            }
        }
        println!("did {} {}", sum.calls, sum.switches);
        sum.calls
    }
}

fn work(operations: u64, rate: u64) -> std::io::Result<Done> {
    let (mut near, mut far) = UnixStream::pair()?;
    let mut byte = [0];
    std::thread::sleep(REST);
    let began = Instant::now();
    // The two rests, and the two ends that are closed when all is done.
    let mut calls = 4;
    let mut done = 0;
    while done < operations {
        if rate > 0 && (done / 2).is_multiple_of((rate / 200).max(1)) {
            let due = Duration::from_secs_f64(done as f64 / rate as f64);
            let ahead = due.saturating_sub(began.elapsed());
            if ahead > Duration::ZERO {
                std::thread::sleep(ahead);
                calls += 1;
            }
        }
        near.write_all(b"x")?;
        far.read_exact(&mut byte)?;
        calls += 2;
        done += 2;
    }
    std::thread::sleep(REST);
    Ok(Done {
        calls,
        switches: system::thread_switches(),
    })
}
