//! The highest rate that is recorded without loss, and whether what is lost beyond it is counted to the last event.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use holdup::row::{RowSource as _, TaskFact};
use holdup::trace::Reader;

use super::load::{Load as _, Own};
use super::slow_disk::SlowDisk;
use super::statistics::Median;
use super::tool::{Tool, Watched};
use super::{machine, table};

/// About 50,000 events a second.
const CALM: &[&str] = &["request", "--connections", "4", "--rate", "2100"];
/// What holdup itself may take of a core then, percent.
const OWN_GOAL: f64 = 3.0;
/// How long a rate must be held.
const HELD: Duration = Duration::from_secs(10);
/// The goal, events a second on two cores.
const GOAL: f64 = 300_000.0;
/// Steps of the search for the highest rate.
const STEPS: u32 = 5;
/// Runs of which holdup's own CPU is the median: the host gives more or less from run to run.
const OWN_RUNS: usize = 5;

const HOLDUP: Tool = Tool::Holdup {
    name: "holdup",
    arguments: &["--max-overhead", "1000"],
    elsewhere: false,
};
const SMALL_RING: Tool = Tool::Holdup {
    name: "holdup, small ring",
    arguments: &["--max-overhead", "1000", "--ring-bytes", "512k"],
    elsewhere: false,
};

/// What a recording holds.
struct Recorded {
    waits: u64,
    calls: u64,
    meta: holdup::row::Meta,
}

/// Measures the rate, and checks the books.
pub fn measure() -> anyhow::Result<String> {
    let mut text = machine::line("cargo xtask bench loss");
    text.push_str(
        "\nEvents are waits and calls as recorded; the workload shares the two cores with holdup.\n\n\
         | workload, for 10 s | events a second | lost | holdup's CPU, % of a core | peak memory, MB |\n|---|---:|---:|---:|---:|\n",
    );
    let mut calm = Vec::new();
    for run in 0..OWN_RUNS {
        eprintln!("{CALM:?}");
        let (rate, recorded) = real(CALM)?;
        if run == 0 {
            row(&mut text, &CALM.join(" "), rate, &recorded);
        }
        calm.push(own(&recorded) * 100.0);
    }
    for words in [
        &["request", "--connections", "2"][..],
        &["ring", "--pin", "0"],
        &["ring", "--threads", "4"],
    ] {
        eprintln!("{words:?}");
        let (rate, recorded) = real(words)?;
        row(&mut text, &words.join(" "), rate, &recorded);
    }
    let mut best = 0.0;
    let (mut low, mut high) = (100_000u64, 1_600_000u64);
    for _ in 0..STEPS {
        let rate = u64::midpoint(low, high);
        eprintln!("{rate} calls a second");
        let (got, recorded) = counted(rate, HOLDUP, HELD)?.1;
        row(
            &mut text,
            &format!("events, {rate} a second wanted"),
            got,
            &recorded,
        );
        if recorded.meta.counters.lost() == 0 {
            low = rate;
            best = f64::max(best, got);
        } else {
            high = rate;
        }
        if got < rate as f64 * 0.9 {
            // The workload itself gives no more.
            high = rate;
        }
    }
    if let Some(calm) = Median::of(&calm) {
        let _ = writeln!(
            text,
            "\nholdup's own CPU at about 50,000 events a second (the first line, and {} runs more): {:.1}% ({:.1} to {:.1}) of a \
             core; goal {OWN_GOAL:.0}%: {}.",
            OWN_RUNS - 1,
            calm.value,
            calm.low,
            calm.high,
            table::verdict(calm.value <= OWN_GOAL)
        );
    }
    let _ = writeln!(
        text,
        "\nHighest rate held without loss: {best:.0} events a second; goal {GOAL:.0}: {}.\n",
        table::verdict(best >= GOAL)
    );
    text.push_str(
        "Beyond it, held against what the threads counted themselves (calls, and the kernel's count of their switches; \
         a birth is a wait too):\n\n",
    );
    let mut books = table::new(&[
        "case",
        "what",
        "generated",
        "recorded",
        "lost, counted",
        "difference",
    ]);
    eprintln!("small ring");
    let (line, _) = counted(0, SMALL_RING, Duration::from_secs(3))?;
    line.add(&mut books, "ring of 512 kB, as fast as it can");
    eprintln!("slow disk");
    match slow() {
        Ok(line) => line.add(&mut books, "disk of 1 MB/s"),
        Err(error) => {
            let _ = writeln!(text, "The slow disk could not be had here: {error:#}.\n");
        }
    }
    let _ = write!(text, "{books}");
    Ok(text)
}

fn row(text: &mut String, name: &str, rate: f64, recorded: &Recorded) {
    let counters = &recorded.meta.counters;
    let _ = writeln!(
        text,
        "| {name} | {rate:.0} | {} | {:.1} | {:.0} |",
        counters.lost(),
        own(recorded) * 100.0,
        counters.peak_resident as f64 / 1e6,
    );
}

/// CPU time of holdup itself, in cores.
fn own(recorded: &Recorded) -> f64 {
    recorded.meta.counters.self_cpu.seconds() / recorded.meta.window().seconds()
}

/// A real workload as fast as it can.
fn real(words: &[&str]) -> anyhow::Result<(f64, Recorded)> {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let mut load = Own::start(&words)?;
    let operations = load.calibrate(HELD)?;
    let watching = HOLDUP.start(load.pid(), 0)?;
    let run = load.run(operations)?;
    let recorded = read(&watching.stop()?.folder.path().join("out"), &[])?;
    let rate = (recorded.waits + recorded.calls) as f64 / run.wall.as_secs_f64();
    Ok((rate, recorded))
}

/// What was generated, recorded and lost.
struct Books {
    calls: [u64; 3],
    waits: [u64; 3],
}

impl Books {
    fn add(&self, table: &mut comfy_table::Table, case: &str) {
        for (what, [generated, recorded, lost]) in [("calls", self.calls), ("waits", self.waits)] {
            let difference = generated.cast_signed() - (recorded + lost).cast_signed();
            table.add_row([
                case.to_owned(),
                what.to_owned(),
                generated.to_string(),
                recorded.to_string(),
                lost.to_string(),
                difference.to_string(),
            ]);
        }
    }
}

/// The workload that counts its own, at a rate.
fn counted(rate: u64, tool: Tool, time: Duration) -> anyhow::Result<(Books, (f64, Recorded))> {
    let mut load = Own::start(&["events".to_owned(), "--rate".to_owned(), rate.to_string()])?;
    let wanted = if rate == 0 { 1_000_000 } else { rate };
    let watching = tool.start(load.pid(), 0)?;
    let (books, wall, recorded) = run(
        &mut load,
        (wanted as f64 * time.as_secs_f64()) as u64,
        || watching.stop(),
    )?;
    let rate = (recorded.waits + recorded.calls) as f64 / wall.as_secs_f64();
    Ok((books, (rate, recorded)))
}

fn run(
    load: &mut Own,
    operations: u64,
    stop: impl FnOnce() -> anyhow::Result<Watched>,
) -> anyhow::Result<(Books, Duration, Recorded)> {
    let run = load.run(operations)?;
    let did = load.did.context("the workload counts nothing")?;
    let watched = stop()?;
    let recorded = read(
        &watched.folder.path().join("out"),
        &["events-0", "events-1"],
    )?;
    let counters = &recorded.meta.counters;
    let books = Books {
        calls: [did.calls, recorded.calls, counters.lost_calls],
        waits: [did.switches + 2, recorded.waits, counters.lost_waits],
    };
    Ok((books, run.wall, recorded))
}

/// Onto a disk that takes a megabyte a second.
fn slow() -> anyhow::Result<Books> {
    let disk = SlowDisk::mount(1 << 20)?;
    let mut load = Own::start(&["events", "--rate", "400000"].map(str::to_owned))?;
    let watching = HOLDUP.start_in(&[load.pid()], 0, disk.path(), Some(&disk))?;
    let (books, _, _) = run(&mut load, 400_000 * 10, || watching.stop())?;
    Ok(books)
}

/// Counts the rows of threads with one of these names; of all, where none is given.
fn read(folder: &Path, names: &[&str]) -> anyhow::Result<Recorded> {
    let reader = Reader::open(folder).context("the recording does not open")?;
    let mut recorded = Recorded {
        waits: 0,
        calls: 0,
        meta: reader.meta().clone(),
    };
    let mut threads = std::collections::HashSet::new();
    for batch in reader.batches() {
        let batch = batch?;
        for task in &batch.tasks {
            if names.contains(&task.name.as_str()) && task.fact != TaskFact::Exited {
                threads.insert(task.tid);
            }
        }
    }
    let counts = |tid| names.is_empty() || threads.contains(&tid);
    for batch in reader.batches() {
        let batch = batch?;
        let whole = batch
            .waits
            .iter()
            .filter(|wait| counts(wait.tid) && !wait.continues);
        recorded.waits += whole.count() as u64;
        let calls = batch.calls.iter().filter(|call| counts(call.tid));
        recorded.calls += calls.map(|call| u64::from(call.count)).sum::<u64>();
    }
    Ok(recorded)
}
