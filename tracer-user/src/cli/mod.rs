//! Typed arguments to settings to library call to exit code.
//!
//! In: the command line. Out: what the user asked for, and how it ended ([`Exit`]). Only here are errors put into words for a
//! person and turned into exit codes.

mod duration;
mod rule;
mod size;

mod args;
mod help;

mod exit;
mod output;
mod pages;

mod finish;

mod compare;
mod demo;
mod doctor;
mod explain;
mod export;
#[cfg(target_os = "linux")]
mod live;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod live;
mod skill;
mod sql_views;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::OrExit;
pub use exit::{Exit, Failure};

use crate::row::printable;

/// Runs the program with this process's arguments.
#[must_use]
pub fn main() -> ExitCode {
    bound_kept_memory();
    run(std::env::args_os()).into()
}

/// Tells the GNU allocator how much freed memory to keep. Batches of rows come and go: giving their memory back and taking it again
/// page by page is a third of the time of a report on a long trace, while keeping all of it, as the allocator does with blocks
/// as large as these, would keep the most that any moment of a long recording took. So a part is kept, and the rest goes back.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn bound_kept_memory() {
    /// Free memory that is kept at the end of the heap, which also grows by this much at once; what is not used takes no memory.
    const KEPT: libc::c_int = 64 << 20;
    /// Larger than any table of rows: none of them is mapped and unmapped by itself.
    const LARGEST: libc::c_int = 512 << 20;
    // SAFETY: sets three numbers of the allocator before any other thread runs; a refusal changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        libc::mallopt(libc::M_TOP_PAD, KEPT);
    }
}

/// Other allocators keep what they think fit.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn bound_kept_memory() {}

/// Runs the program; `words` begin with its own name.
pub fn run(words: impl IntoIterator<Item = OsString>) -> Exit {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::BadInput
            } else {
                Exit::Done
            };
        }
    };
    log();
    match dispatch(cli.command) {
        Ok(exit) => exit,
        Err(failure) => {
            // An error may quote a path or an argument.
            let text = told(&failure.error);
            let lines: Vec<_> = text.lines().map(printable).collect();
            let _ = writeln!(std::io::stderr(), "holdup: {}", lines.join("\n"));
            failure.exit
        }
    }
}

/// An error and its causes in a row, without those that are quoted in what went before.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |told, cause| {
        let cause = cause.to_string();
        if told.is_empty() {
            cause
        } else if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}

fn dispatch(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Completions { shell } => {
            output::put(&pages::completions(shell), None).or_exit(Exit::BadInput)?;
        }
        Command::Man {
            all: Some(folder), ..
        } => {
            let number = pages::manuals(&folder).or_exit(Exit::BadInput)?;
            let line = format!("{number} pages written to {}\n", folder.display());
            output::put(line.as_bytes(), None).or_exit(Exit::BadInput)?;
        }
        Command::Man { command, all: None } => {
            let page = pages::manual(command.as_deref()).or_exit(Exit::BadInput)?;
            output::put(&page, None).or_exit(Exit::BadInput)?;
        }
        Command::Report(report) => {
            if let Some(file) = &report.output.output {
                output::check(file).or_exit(Exit::BadInput)?;
            }
            let answer = finish::read(
                &report.trace,
                &finish::options(&report.work, &report.output),
            )?;
            return finish::write(&answer, &report.output);
        }
        Command::Workload { words } => workload(words)?,
        Command::Attach(attach) => return live::attach(&attach),
        Command::Run(run) => return live::run(&run),
        Command::Record(record) => return live::record(&record),
        Command::Compare(wanted) => return compare::compare(&wanted),
        Command::Explain(wanted) => return explain::explain(&wanted),
        Command::Export(wanted) => return export::export(&wanted),
        Command::SqlViews(wanted) => return sql_views::sql_views(&wanted),
        Command::Skill(wanted) => return skill::skill(&wanted),
        Command::Doctor => return doctor::doctor(),
        Command::Demo(demo) => return demo::demo(&demo),
    }
    Ok(Exit::Done)
}

#[cfg(target_os = "linux")]
fn workload(words: Vec<OsString>) -> Result<(), Failure> {
    crate::demo::workload_main(words).or_exit(Exit::BadInput)
}

#[cfg(not(target_os = "linux"))]
fn workload(_words: Vec<OsString>) -> Result<(), Failure> {
    Err(anyhow::anyhow!(
        "the workloads of the demo run on Linux only"
    ))
    .or_exit(Exit::Host)
}

/// What holdup itself does goes to standard error, when `HOLDUP_LOG` asks for it: by a level (`debug`), or by levels of modules
/// (`holdup::capture=trace,aya=info`).
fn log() {
    use tracing_subscriber::prelude::*;
    let wanted = std::env::var("HOLDUP_LOG").unwrap_or_default();
    if let Ok(filter) = wanted.parse::<tracing_subscriber::filter::Targets>()
        && !wanted.is_empty()
    {
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let _ = tracing_subscriber::registry()
            .with(lines)
            .with(filter)
            .try_init();
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_cause_is_told_once() {
        let cause = || std::io::Error::other("no such file");
        let quoted = anyhow::Error::new(cause()).context("cannot start x: no such file");
        assert_eq!(told(&quoted), "cannot start x: no such file");
        let bare = anyhow::Error::new(cause()).context("cannot start x");
        assert_eq!(told(&bare), "cannot start x: no such file");
    }
}
