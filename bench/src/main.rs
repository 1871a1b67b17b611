//! What holdup costs, loses and reads a second, beside the tools people use today.
//!
//! In: what to measure. Out: the section of `docs/PERFORMANCE.md` on standard output, progress on standard error. The workloads
//! are in the program `load` beside this one; holdup is the release build beside it. In the doubtful case a figure is left
//! out and the table says why.

mod empty;
mod load;
mod machine;
mod pairs;
mod servers;
mod slow_disk;
mod statistics;
mod table;
mod tool;
mod tracefs;

mod attach;
mod generate;
mod kernel;
mod loss;
mod overhead;
mod replay;
mod scale;
mod trace;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measures holdup on this host.
#[derive(Parser)]
struct Arguments {
    /// What to measure.
    #[arg(value_enum)]
    what: What,
    /// Longest time for one comparison, minutes; it ends earlier when the interval of the median is within 1%. The first of the
    /// tools then goes on alone, for as long.
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Measure only what has this in its name.
    #[arg(long)]
    only: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// What is lost to watching, beside other tools.
    Overhead,
    /// Time and instructions of each eBPF program.
    Kernel,
    /// The highest rate without loss, and what is lost beyond it.
    Loss,
    /// Bytes on disk.
    Trace,
    /// Rows a second from disk to the report.
    Replay,
    /// Cost of an event against the number of threads, processes, locks and stacks.
    Scale,
    /// Time from the command to probes live and seeded, and what is left afterwards.
    Attach,
}

/// How long, and what of it.
struct Wanted {
    longest: Duration,
    only: Option<String>,
}

impl Wanted {
    fn has(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let wanted = Wanted {
        longest: Duration::from_secs_f64(arguments.minutes.clamp(0.05, 60.0) * 60.0),
        only: arguments.only,
    };
    let section = match arguments.what {
        What::Overhead => overhead::measure(&wanted),
        What::Loss => loss::measure(),
        What::Trace => trace::measure(&wanted),
        What::Replay => replay::measure(),
        What::Scale => scale::measure(),
        What::Kernel => kernel::measure(&wanted),
        What::Attach => attach::measure(),
    };
    match section {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
