//! The hidden subcommand: what this binary does when it plays a part in one of its own demos.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;

use super::Scenario;
use super::launch::{DemoError, spawn};
use super::peer::{self, Manners};
use super::program::{self, Job};

/// How often `show --truth` writes.
const TRUTH_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Parser)]
#[command(name = "holdup workload", disable_help_subcommand = true)]
enum Role {
    /// Run a whole scenario by itself, with the peers it needs, and print the pid to attach to.
    Show {
        /// Which.
        scenario: Scenario,
        /// With its fix.
        #[arg(long)]
        fixed: bool,
        /// End after this long.
        #[arg(long, default_value_t = 60.0)]
        seconds: f64,
        /// Append cumulative counters to this file as JSON lines, twice a second.
        #[arg(long)]
        truth: Option<PathBuf>,
    },
    /// Be a server.
    Peer {
        #[command(flatten)]
        manners: Manners,
        /// End after this long.
        #[arg(long, default_value_t = 600.0)]
        seconds: f64,
    },
    /// Be the program that is watched.
    Work {
        #[command(flatten)]
        job: Job,
        /// Name of the process.
        #[arg(long, default_value = "backfill")]
        name: String,
        /// Join a control group by writing to this file.
        #[arg(long)]
        join: Option<PathBuf>,
        /// End after this long.
        #[arg(long, default_value_t = 600.0)]
        seconds: f64,
    },
}

/// Runs `holdup workload ARGS`; `args` are those after `workload`.
///
/// # Errors
/// The arguments make no sense, or the part cannot be played.
pub fn workload_main(args: impl IntoIterator<Item = OsString>) -> Result<(), DemoError> {
    let words = std::iter::once(OsString::from("workload")).chain(args);
    match Role::try_parse_from(words).map_err(DemoError::Arguments)? {
        Role::Show {
            scenario,
            fixed,
            seconds,
            truth,
        } => show(scenario, fixed, seconds, truth),
        Role::Peer { manners, seconds } => {
            name_process(&manners.name)?;
            let address = peer::start(manners)?;
            announce(&address.to_string())?;
            wait_for_end(seconds)
        }
        Role::Work {
            job,
            name,
            join,
            seconds,
        } => {
            name_process(&name)?;
            if let Some(members) = join {
                fs::write(members, std::process::id().to_string())?;
            }
            let mut program = program::start(&job)?;
            announce("ready")?;
            let outcome = wait_for_end(seconds);
            program.end();
            outcome
        }
    }
}

fn show(
    scenario: Scenario,
    fixed: bool,
    seconds: f64,
    truth: Option<PathBuf>,
) -> Result<(), DemoError> {
    let mut truth = truth.map(File::create).transpose()?;
    let running = spawn(scenario, fixed)?;
    println!("{}: pid {}", scenario.describe(fixed), running.pid());
    for note in running.notes() {
        println!("note: {note}");
    }
    let begin = Instant::now();
    let first = running.sample();
    while begin.elapsed().as_secs_f64() < seconds {
        if let Some(file) = &mut truth {
            let line = serde_json::to_string(&running.sample()).map_err(io::Error::from)?;
            writeln!(file, "{line}")?;
        }
        std::thread::sleep(TRUTH_EVERY);
    }
    let span = running.sample().since(&first);
    println!("{}", serde_json::to_string(&span).map_err(io::Error::from)?);
    Ok(())
}

/// Says one line to whoever started this process.
fn announce(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Sleeps until the time is up or whoever started this process has closed its end of standard input.
fn wait_for_end(seconds: f64) -> Result<(), DemoError> {
    let end = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 86_400.0));
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let mut watched = libc::pollfd {
            fd: io::stdin().as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let millis = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: `watched` is one valid pollfd for the length of the call.
        let ready = unsafe { libc::poll(&raw mut watched, 1, millis) };
        if ready > 0 || left.is_zero() {
            return Ok(());
        }
    }
}

/// Gives this process (its first thread) a name of its own, so that a report can tell the parts apart.
fn name_process(name: &str) -> io::Result<()> {
    fs::write("/proc/self/comm", name)
}
