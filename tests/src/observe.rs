//! Recording a scene with holdup, and reading its report, as a user would.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use holdup::report::Report;
use holdup::row::Meta;

/// How much longer than its window holdup may take.
const GRACE: Duration = Duration::from_secs(30);

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// The binary cannot be run.
    #[error("{path}: {source}; build it with: cargo build -p holdup")]
    NoBinary {
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It ended with an error.
    #[error("holdup {what}: {status}: {said}")]
    Failed {
        /// Subcommand.
        what: String,
        /// Exit status.
        status: String,
        /// Standard error.
        said: String,
    },
    /// It did not end.
    #[error("holdup {what} did not end within {seconds} s")]
    Stuck {
        /// Subcommand.
        what: String,
        /// How long was waited.
        seconds: u64,
    },
    /// What it wrote cannot be read.
    #[error("{what}: {source}")]
    Unreadable {
        /// Which part.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
}

/// Records process `pid` for `window` into `trace`.
///
/// # Errors
/// [`ObserveError`].
pub fn record(holdup: &Path, pid: u32, window: Duration, trace: &Path) -> Result<(), ObserveError> {
    let mut command = Command::new(holdup);
    command.args(arguments(&pid.to_string(), window));
    // The trace keeps the command line, and where it was made says nothing.
    let name = trace.file_name().unwrap_or(trace.as_os_str());
    command.arg(name);
    if let Some(folder) = trace.parent() {
        command.current_dir(folder);
    }
    finish(holdup, "record", command, window + GRACE).map(drop)
}

/// What holdup is told to record a process, all but the name of the trace.
#[must_use]
pub fn arguments(pid: &str, window: Duration) -> Vec<String> {
    let duration = format!("{}ms", window.as_millis());
    ["record", "--pid", pid, "--duration", &duration, "-o"]
        .map(str::to_owned)
        .to_vec()
}

/// The trace's own facts, and the report on it, where so many `workers` are told to it.
///
/// # Errors
/// [`ObserveError`].
pub fn report(
    holdup: &Path,
    trace: &Path,
    workers: Option<usize>,
) -> Result<(Meta, Report), ObserveError> {
    let text =
        std::fs::read(trace.join("meta.json")).map_err(|source| ObserveError::Unreadable {
            what: "meta.json",
            source,
        })?;
    let meta = serde_json::from_slice(&text).map_err(|error| ObserveError::Unreadable {
        what: "meta.json",
        source: error.into(),
    })?;
    let mut command = Command::new(holdup);
    command.arg("report").arg(trace).args(["--format", "json"]);
    if let Some(workers) = workers {
        command.args(["--workers", &workers.to_string()]);
    }
    let output = finish(holdup, "report", command, GRACE)?;
    let report =
        serde_json::from_slice(&output.stdout).map_err(|error| ObserveError::Unreadable {
            what: "the report",
            source: error.into(),
        })?;
    Ok((meta, report))
}

fn finish(
    holdup: &Path,
    what: &str,
    mut command: Command,
    longest: Duration,
) -> Result<Output, ObserveError> {
    let no_binary = |source| ObserveError::NoBinary {
        path: holdup.to_owned(),
        source,
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(no_binary)?;
    // Read while it runs: a report is longer than a pipe is deep.
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let stdout = std::thread::spawn(move || read_all(&mut out));
    let stderr = std::thread::spawn(move || read_all(&mut err));
    let end = Instant::now() + longest;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(no_binary)? {
            break status;
        }
        if Instant::now() > end {
            let _gone = child.kill();
            let _status = child.wait();
            return Err(ObserveError::Stuck {
                what: what.to_owned(),
                seconds: longest.as_secs(),
            });
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let (stdout, stderr) = (
        stdout.join().unwrap_or_default(),
        stderr.join().unwrap_or_default(),
    );
    if status.success() {
        return Ok(Output {
            status,
            stdout,
            stderr,
        });
    }
    let said = String::from_utf8_lossy(&stderr).trim().to_owned();
    Err(ObserveError::Failed {
        what: what.to_owned(),
        status: status.to_string(),
        said,
    })
}

fn read_all(stream: &mut Option<impl io::Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What came before an error is still worth showing.
        let _partly = stream.read_to_end(&mut bytes);
    }
    bytes
}
