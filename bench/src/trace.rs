//! Bytes on disk of what was recorded, beside `perf sched record` on the same workload.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use holdup::row::RowSource as _;
use holdup::trace::Reader;

use super::load::{Load as _, Own};
use super::tool::Tool;
use super::{Wanted, machine, table};

/// How long is recorded.
const WINDOW: Duration = Duration::from_secs(10);
/// Goals, bytes.
const WAIT_GOAL: f64 = 10.0;
const CALL_GOAL: f64 = 12.0;

/// Workloads by the waits they make a second.
const CASES: &[(&str, &[&str])] = &[
    (
        "request/response, 500 a second",
        &["request", "--rate", "500"],
    ),
    (
        "request/response, 5,000 a second on 4 connections",
        &["request", "--connections", "4", "--rate", "1250"],
    ),
    (
        "request/response, as fast as it can",
        &["request", "--connections", "4"],
    ),
    ("ping-pong, as fast as it can", &["ring", "--pin", "0"]),
    (
        "mutex, 1 ms holds, 16 threads",
        &["mutex", "--hold", "1000000"],
    ),
    ("1,000 idle threads", &["idle"]),
];

/// Everything, however much it is.
const HOLDUP: Tool = Tool::Holdup {
    name: "holdup",
    arguments: &["--max-overhead", "1000"],
    elsewhere: false,
};

/// Measures all workloads.
pub fn measure(wanted: &Wanted) -> anyhow::Result<String> {
    let mut text = machine::line("cargo xtask bench trace");
    let _ = writeln!(
        text,
        "\nBytes of the folder of Parquet tables after {} s, by table; the goals are {WAIT_GOAL} bytes a wait and {CALL_GOAL} a call \
         from 1,000 waits a second on. perf sched record writes what it sees of the whole host; its bytes are divided by \
         the workload's own switches.\n",
        WINDOW.as_secs()
    );
    let mut figures = table::new(&[
        "workload",
        "waits a second",
        "bytes a wait",
        "",
        "calls a second",
        "bytes a call",
        "",
        "perf sched, bytes a switch",
    ]);
    for (name, words) in CASES.iter().filter(|(name, _)| wanted.has(name)) {
        eprintln!("{name}");
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let mut load = Own::start(&words)?;
        let operations = load.calibrate(WINDOW)?;
        let watching = HOLDUP.start(load.pid(), 0)?;
        let run = load.run(operations)?;
        let watched = watching.stop()?;
        let folder = watched.folder.path().join("out");
        let (waits, calls) = rows(&folder)?;
        let size = |table: &str| bytes(&folder, table) as f64;
        let seconds = run.wall.as_secs_f64();
        let (wait, call) = (
            size("waits") / waits.max(1) as f64,
            size("calls") / calls.max(1) as f64,
        );
        let counts = waits as f64 / seconds >= 1_000.0;
        let verdict = |met| if counts { table::verdict(met) } else { "" };
        figures.add_row([
            (*name).to_owned(),
            format!("{:.0}", waits as f64 / seconds),
            format!("{wait:.1}"),
            verdict(wait <= WAIT_GOAL).to_owned(),
            format!("{:.0}", calls as f64 / seconds),
            format!("{call:.1}"),
            verdict(call <= CALL_GOAL).to_owned(),
            perf(&mut load, operations)?,
        ]);
    }
    let _ = write!(text, "{figures}");
    Ok(text)
}

fn perf(load: &mut Own, operations: u64) -> anyhow::Result<String> {
    if !Tool::PerfSched.is_installed() {
        return Ok("not installed".to_owned());
    }
    let watching = Tool::PerfSched.start(load.pid(), 0)?;
    let run = load.run(operations)?;
    let watched = watching.stop()?;
    let size = std::fs::metadata(watched.folder.path().join("out"))?.len();
    Ok(format!("{:.0}", size as f64 / run.switches.max(1) as f64))
}

fn rows(folder: &Path) -> anyhow::Result<(u64, u64)> {
    let reader = Reader::open(folder).context("the recording does not open")?;
    let (mut waits, mut calls) = (0, 0);
    for batch in reader.batches() {
        let batch = batch?;
        waits += batch.waits.len() as u64;
        calls += batch.calls.len() as u64;
    }
    Ok((waits, calls))
}

/// Bytes of one table's files, in all epochs.
fn bytes(folder: &Path, table: &str) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| {
            let path = entry.path();
            if path.is_dir() {
                bytes(&path, table)
            } else if path.file_stem().is_some_and(|stem| stem == table) {
                entry.metadata().map_or(0, |meta| meta.len())
            } else {
                0
            }
        })
        .sum()
}
