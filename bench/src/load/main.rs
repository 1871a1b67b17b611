//! Workloads that count their own operations and the CPU time of them.
//!
//! `load KIND [PARAMETERS]` says `ready` when it stands. Then each line on its input is a number of operations to do; each is
//! answered by a line: operations done, wall time ns, CPU time of the process ns, switches of its threads. It ends with its input, or when whoever started it is gone.

mod append;
mod calls;
mod crew;
mod events;
mod idle;
mod mutex;
mod request;
mod ring;
mod system;

use std::io::{BufRead as _, Write as _};
use std::time::Instant;

use clap::{Parser, Subcommand};

/// Workloads that count their own operations.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    /// Threads that hand a token around by futexes; an operation is one hop: a wake-up and a wait.
    Ring(ring::Arguments),
    /// Threads that take one mutex; an operation is one hold.
    Mutex(mutex::Arguments),
    /// Requests and responses over loopback TCP; an operation is one exchange: four calls.
    Request(request::Arguments),
    /// Threads that append to a file of their own and sync it; an operation is one append.
    Append(append::Arguments),
    /// One thread in a loop of the cheapest system call; an operation is one call.
    Calls(calls::Arguments),
    /// Threads that make calls of which each is recorded by itself; an operation is one call.
    Events(events::Arguments),
    /// Threads that sleep, wake and compute a little; an operation is one wake-up.
    Idle(idle::Arguments),
}

/// A workload that stands ready.
pub trait Load {
    /// Does at least so many operations; gives how many.
    fn run(&mut self, operations: u64) -> u64;
}

fn main() -> std::io::Result<()> {
    system::end_with_parent();
    let mut load: Box<dyn Load> = match Arguments::parse().kind {
        Kind::Ring(arguments) => Box::new(ring::Ring::new(&arguments)),
        Kind::Mutex(arguments) => Box::new(mutex::Mutex::new(&arguments)),
        Kind::Request(arguments) => Box::new(request::Request::new(&arguments)?),
        Kind::Append(arguments) => Box::new(append::Append::new(&arguments)?),
        Kind::Calls(arguments) => Box::new(calls::Calls::new(&arguments)),
        Kind::Events(arguments) => Box::new(events::Events::new(arguments)),
        Kind::Idle(arguments) => Box::new(idle::Idle::new(&arguments)),
    };
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let Ok(operations) = line.trim().parse::<u64>() else {
            eprintln!("load: {line:?} is no number of operations");
            std::process::exit(2);
        };
        let (wall, cpu) = (Instant::now(), system::process_cpu());
        let switches = system::switches();
        let done = load.run(operations);
        let (wall, cpu) = (wall.elapsed(), system::process_cpu() - cpu);
        let switches = system::switches() - switches;
        writeln!(
            out,
            "{done} {} {} {switches}",
            wall.as_nanos(),
            cpu.as_nanos()
        )?;
        out.flush()?;
    }
    // Threads that still wait for work end with the process.
    std::process::exit(0);
}
