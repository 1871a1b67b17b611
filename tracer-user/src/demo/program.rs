//! The programs that are watched: workers that fetch, transform and write, and keep their own books.

mod fsync;
mod goldsky;
mod lock;
mod pool;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;

use super::Scenario;
use super::ground_truth::{GroundTruth, Stopwatch};
use super::http::Connection;
use crate::work::StageName;

/// What a program is to do.
#[derive(Clone, Debug, clap::Args)]
pub struct Job {
    /// Which program.
    pub scenario: Scenario,
    /// With its fix.
    #[arg(long)]
    pub fixed: bool,
    /// Where the books are kept.
    #[arg(long)]
    pub ground_truth: PathBuf,
    /// Where input comes from.
    #[arg(long)]
    pub input: SocketAddr,
    /// Where output goes, if to a server.
    #[arg(long)]
    pub output: Option<SocketAddr>,
    /// Where output goes, if to files.
    #[arg(long)]
    pub folder: PathBuf,
    /// The one worker to be, of a program that has a process for each.
    #[arg(long)]
    pub only: Option<usize>,
}

/// Source of the program of [`Scenario::GoldskyNode`].
pub const GOLDSKY_NODE: &str = include_str!("program/goldsky.js");

/// A program under way: its threads run on by themselves, its processes are ended with [`Program::end`].
#[derive(Debug, Default)]
pub struct Program {
    processes: Vec<Child>,
}

impl Program {
    /// Ends and reaps the processes; threads end with this one.
    pub fn end(&mut self) {
        for process in &mut self.processes {
            // It may have ended by itself.
            let _ended = process.kill();
            let _status = process.wait();
        }
    }
}

/// Starts the workers.
///
/// # Errors
/// The books, the peers or the folder are not there.
pub fn start(job: &Job) -> io::Result<Program> {
    match job.scenario {
        Scenario::Goldsky => goldsky::start(job).map(|()| Program::default()),
        // It is a program of its own.
        Scenario::GoldskyNode => Err(io::Error::from(io::ErrorKind::Unsupported)),
        Scenario::Lock => lock::start(job).map(|()| Program::default()),
        Scenario::Pool => pool::start(job).map(|()| Program::default()),
        Scenario::Fsync => fsync::start(job),
    }
}

impl Job {
    fn output(&self) -> io::Result<SocketAddr> {
        self.output
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "--output is missing"))
    }
}

/// What every worker has.
struct Worker {
    index: usize,
    watch: Stopwatch,
    input: Connection,
}

/// A thread for each worker, in which `turn` does one item, again and again. A worker whose peer is gone ends.
fn spawn_workers<S, F, T>(job: &Job, mut prepare: F, turn: T) -> io::Result<()>
where
    S: Send + 'static,
    F: FnMut(usize) -> io::Result<S>,
    T: Fn(&mut Worker, &mut S) -> io::Result<()> + Send + Sync + 'static,
{
    let ground_truth = Arc::new(GroundTruth::open(&job.ground_truth)?);
    let turn = Arc::new(turn);
    for index in 0..ground_truth.slots() {
        let mut worker = Worker {
            index,
            watch: Stopwatch::new(&ground_truth, index),
            input: Connection::open(job.input)?,
        };
        let mut state = prepare(index)?;
        let turn = Arc::clone(&turn);
        std::thread::Builder::new()
            .name("worker".to_owned())
            .spawn(move || {
                worker.watch.enter(StageName::Fetch);
                while turn(&mut worker, &mut state).is_ok() {}
            })?;
    }
    Ok(())
}

impl Worker {
    /// The next input from the server.
    #[inline(never)]
    fn fetch(&mut self) -> io::Result<Vec<u8>> {
        self.watch.enter(StageName::Fetch);
        self.input.post(
            "/graphql",
            r#"{"query":"{ transfers(first: 16, after: $cursor) { id from to value } }"}"#,
        )
    }

    /// One row out of a reply, with a line end.
    #[inline(never)]
    fn transform(&mut self, reply: &[u8]) -> io::Result<String> {
        self.watch.enter(StageName::Transform);
        let reply: serde_json::Value = serde_json::from_slice(reply)?;
        let rows = reply["data"]["transfers"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let total: u64 = rows.iter().filter_map(|row| row["value"].as_u64()).sum();
        let first = rows
            .first()
            .and_then(|row| row["id"].as_u64())
            .unwrap_or_default();
        Ok(format!(
            "{{\"worker\":{},\"first\":{first},\"rows\":{},\"total\":{total}}}\n",
            self.index,
            rows.len()
        ))
    }
}
