//! Starting a scenario with all its parts, and ending it.

use std::fmt::Display;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Scenario;
use super::ground_truth::{GroundTruth, Sample};
use super::limit::GroupLimit;
use super::program::GOLDSKY_NODE;
use super::record::Record;

/// Writes a second that the fsync scenario may do.
const WRITES_PER_S: u32 = 200;
/// How long a part has to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// Why a demo does not run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Wrong arguments of the hidden subcommand.
    #[error(transparent)]
    Arguments(clap::Error),
    /// A file, a socket or a process could not be had.
    #[error("the demo's workload: {0}")]
    Io(#[from] io::Error),
    /// A part ended before it was ready.
    #[error("the demo's {part} ended before it was ready ({status})")]
    Died {
        /// Which part.
        part: String,
        /// How it ended.
        status: String,
    },
}

/// A scenario under way. Dropping it ends and reaps all its processes and removes its files.
#[derive(Debug)]
pub struct Running {
    // In the order they have to go.
    target: Part,
    _peers: Vec<Part>,
    _limit: Option<GroupLimit>,
    _folder: tempfile::TempDir,
    ground_truth: GroundTruth,
    notes: Vec<String>,
}

impl Running {
    /// The process to attach to; its children belong to it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.target.child.id()
    }

    /// What it has done so far, by its own clocks.
    #[must_use]
    pub fn sample(&self) -> Sample {
        self.ground_truth.sample()
    }

    /// Reads its own clocks all the while `meanwhile` runs.
    pub fn record<T>(&self, meanwhile: impl FnOnce() -> T) -> (T, Record) {
        Record::during(&self.ground_truth, meanwhile)
    }

    /// What is other than promised on this host, in full sentences.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// Starts `scenario` from this very binary, which must understand `workload` (see [`super::workload_main`]).
///
/// # Errors
/// [`DemoError`]: a part cannot be started.
pub fn spawn(scenario: Scenario, fixed: bool) -> Result<Running, DemoError> {
    let folder = tempfile::Builder::new()
        .prefix("holdup-demo-")
        .tempdir_in(disk_folder())?;
    let path = folder.path().join("books");
    let ground_truth = GroundTruth::create(&path, scenario.workers())?;
    let mut notes = Vec::new();
    let limit = if scenario == Scenario::Fsync {
        GroupLimit::of_writes(folder.path(), WRITES_PER_S, "demo")
            .map_err(|error| {
                notes.push(format!(
                    "the disk runs at its own speed, not at {WRITES_PER_S} writes a second: {error}"
                ))
            })
            .ok()
    } else {
        None
    };

    let (input, output) = peers_of(scenario);
    let mut input = Part::start("input server", &input)?;
    let mut output = output
        .map(|words| Part::start("output server", &words))
        .transpose()?;

    let addresses = Addresses {
        input: input.first_line()?,
        output: output.as_mut().map(Part::first_line).transpose()?,
    };
    let mut target = if let Some(runtime) = scenario.needs() {
        let script = folder.path().join("backfill.js");
        fs::write(&script, GOLDSKY_NODE)?;
        let mut command = Command::new(runtime);
        command.arg(script).arg(&path).arg(addresses.input);
        command.arg(addresses.output.unwrap_or_default());
        command.arg(scenario.workers().to_string());
        command.args(fixed.then_some("fixed"));
        Part::run("program", command)?
    } else {
        let mut words = vec!["work".to_owned(), value_name(scenario)];
        words.extend(option("--ground-truth", path.display()));
        words.extend(option("--folder", folder.path().display()));
        words.extend(option("--input", addresses.input));
        if let Some(output) = addresses.output {
            words.extend(option("--output", output));
        }
        if let Some(limit) = &limit {
            words.extend(option("--join", limit.members().display()));
        }
        if fixed {
            words.push("--fixed".to_owned());
        }
        Part::start("program", &words)?
    };
    target.first_line()?;
    let peers = std::iter::once(input).chain(output).collect();
    Ok(Running {
        target,
        _peers: peers,
        _limit: limit,
        _folder: folder,
        ground_truth,
        notes,
    })
}

/// Where the peers are.
struct Addresses {
    input: String,
    output: Option<String>,
}

/// Arguments of the server that feeds the workers, and of the one that takes what they write, if it is no file.
fn peers_of(scenario: Scenario) -> (Vec<String>, Option<Vec<String>>) {
    let input = |ms: u32| {
        let mut words = vec!["peer".to_owned()];
        words.extend(option("--name", "graphql-api"));
        words.extend(option("--service-ms", ms));
        words.extend(option("--records", 16));
        words
    };
    let database = |ms: u32, more: &[&str]| {
        let mut words = vec!["peer".to_owned()];
        words.extend(option("--name", "database"));
        words.extend(option("--service-ms", ms));
        words.extend(more.iter().map(ToString::to_string));
        Some(words)
    };
    match scenario {
        Scenario::Goldsky | Scenario::GoldskyNode => {
            (input(205), database(236, &["--serial", "--row-ms", "0.1"]))
        }
        Scenario::Lock => (input(20), None),
        Scenario::Fsync => (input(10), None),
        Scenario::Pool => (input(5), database(40, &[])),
    }
}

fn option(name: &str, value: impl Display) -> [String; 2] {
    [name.to_owned(), value.to_string()]
}

fn value_name(scenario: Scenario) -> String {
    clap::ValueEnum::to_possible_value(&scenario)
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

/// A place on a disk, where there is one: /tmp is in memory on many hosts.
fn disk_folder() -> PathBuf {
    let disk = Path::new("/var/tmp");
    if fs::metadata(disk).is_ok_and(|data| data.is_dir()) {
        disk.to_owned()
    } else {
        std::env::temp_dir()
    }
}

/// A process of the demo: it ends when its standard input is closed.
#[derive(Debug)]
struct Part {
    name: &'static str,
    child: Child,
}

impl Part {
    /// Starts this binary in another role.
    fn start(name: &'static str, words: &[String]) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("workload").args(words);
        Self::run(name, command)
    }

    fn run(name: &'static str, mut command: Command) -> io::Result<Self> {
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A Ctrl-C at the terminal is for the one who watches.
            .process_group(0)
            .spawn()?;
        Ok(Self { name, child })
    }

    /// What it announces once it is ready.
    fn first_line(&mut self) -> Result<String, DemoError> {
        let mut line = String::new();
        if let Some(out) = self.child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let line = line.trim();
        if line.is_empty() {
            drop(self.child.stdin.take());
            let status = self.child.wait()?.to_string();
            return Err(DemoError::Died {
                part: self.name.to_owned(),
                status,
            });
        }
        Ok(line.to_owned())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let begin = Instant::now();
        while begin.elapsed() < GRACE {
            // Gone, or not ours to wait for any more.
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let group = i32::try_from(self.child.id()).unwrap_or(i32::MAX);
        // SAFETY: signals the group that `start` made for the child, which is not reaped yet, so that the number is still its own.
        unsafe { libc::kill(-group, libc::SIGKILL) };
        let _status = self.child.wait();
    }
}
