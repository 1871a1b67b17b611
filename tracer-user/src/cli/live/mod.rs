//! The live commands: capture into a folder, analyse what is in it. Linux only.
//!
//! In: checked arguments. Out: a recording, and a report made of nothing but that recording, by the same calls as `holdup
//! report`: the two are equal because there is one way only.

mod follow;
mod interrupt;
mod progress;
mod record;
mod stop_rule;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{Attach, Capture, Keep, Output, Record, Run, Target, Work};
use super::exit::{Exit, Failure, OrExit};
use super::{finish, output};
use crate::analyse::{Analysis, Options};
use crate::capture::{self, CaptureError, Session, TargetSpec, host};
use crate::row::Nanos;
use crate::trace::{self, TraceError};

use record::Until;

/// Watches running processes.
pub fn attach(attach: &Attach) -> Result<Exit, Failure> {
    let (targets, argv) = targets(&attach.target);
    let settings = settings(targets, argv, attach.window.duration, &attach.capture);
    report(settings, &attach.work, &attach.output, &attach.keep)
}

/// Starts a command and watches it.
pub fn run(run: &Run) -> Result<Exit, Failure> {
    let argv = command_argv(&run.cmd);
    let targets = vec![TargetSpec::Run(run.cmd.clone())];
    let settings = settings(targets, argv, run.window.duration, &run.capture);
    report(settings, &run.work, &run.output, &run.keep)
}

/// Captures into a folder.
pub fn record(wanted: &Record) -> Result<Exit, Failure> {
    let (mut targets, mut argv) = targets(&wanted.target);
    if !wanted.cmd.is_empty() {
        targets.push(TargetSpec::Run(wanted.cmd.clone()));
        argv.extend(command_argv(&wanted.cmd));
    }
    let mut settings = settings(targets, argv, wanted.window.duration, &wanted.capture);
    let until = Until::of(&mut settings, &Options::default());
    let session = open(settings)?;
    let options = trace::Options::default().overwrite(wanted.overwrite);
    let recorded =
        record::record(session, &wanted.output, options, until).map_err(|failure| match failure
            .error
            .downcast_ref::<TraceError>()
        {
            Some(TraceError::Exists { path }) => Failure {
                error: anyhow::anyhow!(
                    "{} is a trace already: give another name, or say --overwrite",
                    path.display()
                ),
                ..failure
            },
            _ => failure,
        })?;
    eprintln!(
        "recorded {} events in {} to {path}; read them with: holdup report {path}",
        crate::number::count(recorded.meta.counters.events),
        crate::number::seconds(recorded.meta.window().seconds()),
        path = wanted.output.display()
    );
    Ok(Exit::Done)
}

/// Watches and reports.
fn report(
    settings: capture::Settings,
    work: &Work,
    wanted: &Output,
    keep: &Keep,
) -> Result<Exit, Failure> {
    if let Some(file) = &wanted.output {
        output::check(file).or_exit(Exit::BadInput)?;
    }
    let options = finish::options(work, wanted);
    let Watched { analysis, .. } = watch(settings, &options, keep.keep.as_deref())?;
    finish::write(&analysis, wanted)
}

/// Captures into a spool, or into the folder to `keep`, and analyses what is in it.
pub fn watch(
    mut settings: capture::Settings,
    options: &Options,
    keep: Option<&Path>,
) -> Result<Watched, Failure> {
    let until = Until::of(&mut settings, options);
    let spool = Spool::new(keep)?;
    let session = open(settings)?;
    let joined = trace::Options::default().join(keep.is_some());
    let recorded = record::record(session, &spool.path(), joined, until)?;
    interrupt::quit_at_once(spool.temporary());
    let window = [
        recorded.meta.opened,
        recorded.meta.closed + recorded.meta.paused,
    ];
    let analysis = match recorded.follower {
        Some(follower) => follower.finish(),
        None => finish::read(&spool.path(), options),
    }?;
    Ok(Watched { analysis, window })
}

/// What came of a live look.
#[derive(Debug)]
pub struct Watched {
    /// What was found.
    pub analysis: Analysis,
    /// When the window opened and closed, on the monotonic clock.
    pub window: [Nanos; 2],
}

/// The folder a live report is made of.
enum Spool {
    /// Removed when dropped.
    Temporary(tempfile::TempDir),
    /// The user's own.
    Kept(PathBuf),
}

impl Spool {
    /// The folder to `keep`, or a temporary one.
    fn new(keep: Option<&Path>) -> Result<Self, Failure> {
        match keep {
            Some(folder) => Ok(Self::Kept(folder.to_owned())),
            None => tempfile::Builder::new()
                .prefix("holdup-")
                .tempdir()
                .map(Self::Temporary)
                .or_exit(Exit::Host),
        }
    }

    /// Where the trace goes.
    fn path(&self) -> PathBuf {
        match self {
            Self::Temporary(folder) => folder.path().join("spool.holdup"),
            Self::Kept(folder) => folder.clone(),
        }
    }

    /// What has to be removed when the program ends in a hurry.
    fn temporary(&self) -> Option<PathBuf> {
        match self {
            Self::Temporary(folder) => Some(folder.path().to_owned()),
            Self::Kept(_) => None,
        }
    }
}

/// Says what forbids live capture here before anything is tried, then attaches.
fn open(settings: capture::Settings) -> Result<Session, Failure> {
    host::allow(&host::examine()).or_exit(Exit::Host)?;
    Session::open(settings).map_err(failure)
}

/// The exit code an error of the capture leads to.
fn failure(error: CaptureError) -> Failure {
    let exit = match error {
        CaptureError::Target(_) | CaptureError::Start { .. } => Exit::BadInput,
        _ => Exit::Host,
    };
    Failure {
        exit,
        error: error.into(),
    }
}

/// Settings of the capture.
pub fn settings(
    targets: Vec<TargetSpec>,
    argv: Vec<String>,
    duration: Option<Duration>,
    wanted: &Capture,
) -> capture::Settings {
    capture::Settings {
        targets,
        argv,
        command: typed(std::env::args_os()),
        duration,
        peek: !wanted.no_peek,
        ring_bytes: wanted.ring_bytes,
        call_sites: !wanted.no_call_sites,
        runtime: !wanted.no_runtime,
        calls: !wanted.waits_only,
        max_overhead: Some(wanted.max_overhead),
    }
}

/// A command line, the program by its name alone: where it lies says nothing about the recording.
fn typed(words: impl Iterator<Item = std::ffi::OsString>) -> Vec<String> {
    words
        .enumerate()
        .map(|(at, word)| {
            let name = Path::new(&word).file_name().filter(|_| at == 0);
            name.unwrap_or(&word).to_string_lossy().into_owned()
        })
        .collect()
}

/// The targets, and the arguments that named them.
fn targets(target: &Target) -> (Vec<TargetSpec>, Vec<String>) {
    let mut targets = Vec::new();
    let mut argv = Vec::new();
    for pid in &target.pid {
        targets.push(TargetSpec::Pid(*pid));
        argv.extend(["--pid".to_owned(), pid.to_string()]);
    }
    for name in &target.comm {
        targets.push(TargetSpec::Comm(name.clone()));
        argv.extend(["--comm".to_owned(), name.clone()]);
    }
    for path in &target.cgroup {
        targets.push(TargetSpec::Cgroup(path.clone()));
        argv.extend(["--cgroup".to_owned(), path.display().to_string()]);
    }
    (targets, argv)
}

fn command_argv(cmd: &[std::ffi::OsString]) -> Vec<String> {
    std::iter::once("--".to_owned())
        .chain(
            cmd.iter()
                .map(|argument| argument.to_string_lossy().into_owned()),
        )
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_command_line_begins_with_the_name_of_the_program() {
        let words = ["/usr/bin/holdup", "record", "-o", "/tmp/t"].map(Into::into);
        assert_eq!(
            super::typed(words.into_iter()),
            ["holdup", "record", "-o", "/tmp/t"]
        );
    }
}
