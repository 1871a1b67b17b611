//! Records written under one mutex, one by one; or, fixed, sixteen at a time.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Job, Worker, spawn_workers};
use crate::work::StageName;

/// What a write waits for while it has the lock: the acknowledgement of a replica.
const ACKNOWLEDGED_AFTER: Duration = Duration::from_millis(8);
/// How long its checksum is computed.
const COMPUTED_FOR: Duration = Duration::from_millis(1);
/// Rows written at once by the fixed program.
const BATCH: usize = 16;

pub fn start(job: &Job) -> io::Result<()> {
    let log = Arc::new(Mutex::new(File::create(job.folder.join("records"))?));
    let batch = if job.fixed { BATCH } else { 1 };
    spawn_workers(
        job,
        |_| Ok(Vec::new()),
        move |worker, rows| write_one(worker, rows, &log, batch),
    )
}

fn write_one(
    worker: &mut Worker,
    rows: &mut Vec<String>,
    log: &Mutex<File>,
    batch: usize,
) -> io::Result<()> {
    let reply = worker.fetch()?;
    rows.push(worker.transform(&reply)?);
    worker.watch.enter(StageName::Write);
    if rows.len() >= batch {
        append_records(log, &rows.concat())?;
        rows.clear();
    }
    worker.watch.done(1, StageName::Fetch);
    Ok(())
}

/// The slow section.
#[inline(never)]
fn append_records(log: &Mutex<File>, rows: &str) -> io::Result<()> {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    let sum = checksum(rows.as_bytes());
    log.write_all(format!("{sum:016x} {rows}").as_bytes())?;
    std::thread::sleep(ACKNOWLEDGED_AFTER);
    Ok(())
}

/// A costly one: it goes over the bytes for about a millisecond, however fast this build is.
fn checksum(bytes: &[u8]) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325;
    let begin = Instant::now();
    while begin.elapsed() < COMPUTED_FOR {
        for byte in bytes {
            sum = black_box((sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        }
    }
    sum
}
