//! A process for each worker, each with a file of its own, synced after every record; or, fixed, after 32.

use std::fs::File;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::{Job, Program, Worker};
use crate::demo::ground_truth::{GroundTruth, Stopwatch};
use crate::demo::http::Connection;
use crate::demo::peer::record;
use crate::report::StageName;

/// Records from one sync to the next in the fixed program.
const RECORDS_A_SYNC: u64 = 32;
/// Rows in what is appended for one record: about 4 kB.
const ROWS: u64 = 32;

pub fn start(job: &Job) -> io::Result<Program> {
    if let Some(index) = job.only {
        let ground_truth = Arc::new(GroundTruth::open(&job.ground_truth)?);
        let worker = Worker {
            index,
            watch: Stopwatch::new(&ground_truth, index),
            input: Connection::open(job.input)?,
        };
        append_all(
            worker,
            File::create(job.folder.join(format!("records-{index}")))?,
            job.fixed,
        )?;
        return Ok(Program::default());
    }
    let mut program = Program::default();
    for index in 0..GroundTruth::open(&job.ground_truth)?.slots() {
        match worker_process(job, index) {
            Ok(process) => program.processes.push(process),
            Err(error) => {
                program.end();
                return Err(error);
            }
        }
    }
    Ok(program)
}

fn worker_process(job: &Job, index: usize) -> io::Result<std::process::Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["workload", "work", "fsync", "--only"])
        .arg(index.to_string());
    command
        .arg("--ground-truth")
        .arg(&job.ground_truth)
        .arg("--folder")
        .arg(&job.folder)
        .arg("--input")
        .arg(job.input.to_string());
    if job.fixed {
        command.arg("--fixed");
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()
}

/// Fetches and appends until the peer is gone.
fn append_all(mut worker: Worker, mut file: File, fixed: bool) -> io::Result<()> {
    let mut since_sync = 0;
    worker.watch.enter(StageName::Fetch);
    loop {
        let reply = worker.fetch()?;
        let row = worker.transform(&reply)?;
        let rows: Vec<String> = (0..ROWS).map(record).collect();
        let block = format!("{row}{}\n", rows.join("\n"));
        worker.watch.enter(StageName::Write);
        file.write_all(block.as_bytes())?;
        since_sync += 1;
        if !fixed || since_sync >= RECORDS_A_SYNC {
            file.sync_all()?;
            since_sync = 0;
        }
        worker.watch.done(1, StageName::Fetch);
    }
}
