//! Measures the trace: bytes a row on disk, rows a second to write and to read, on rows like those of a real recording.
//!
//! `cargo bench -p holdup --bench trace -- [ROWS [ROWS_PER_SECOND]] [/FOLDER TO KEEP THE TRACES IN]`: 64 threads that fetch over sockets, take a
//! lock and write; half of the rows are waits, half calls. Written through the same door as a recording, read through the same
//! as a report.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use holdup::row::{
    Batch, Call, Meta, Nanos, Pid, Reason, ResourceId, RowSink, RowSource, StackId, Syscall, Tid,
    Verb, Wait, Waker,
};
use holdup::trace::{Reader, Writer};

/// Threads of the workload.
const THREADS: u32 = 64;
/// Length of a batch, as the capture releases them.
const BATCH: u64 = 100_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut numbers = arguments.iter().filter_map(|text| text.parse::<u64>().ok());
    let rows = numbers.next().unwrap_or(2_000_000);
    let rate = numbers.next().unwrap_or(50_000);
    let keep = arguments.iter().find(|text| text.starts_with('/'));
    println!("{rows} rows, {rate} a second, {THREADS} threads; times are CPU time of this thread");
    println!(
        "{:<22} {:>10} {:>12} {:>12} {:>9} {:>9}",
        "table", "bytes/row", "written/s", "read/s", "finish", "open"
    );
    for kinds in [(true, false), (false, true), (true, true)] {
        for processes in [false, true] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let tables = match kinds {
                (true, false) => "waits",
                (false, true) => "calls",
                _ => "waits and calls",
            };
            let name = if processes {
                format!("{tables}, processes")
            } else {
                tables.to_owned()
            };
            let path = match keep {
                Some(keep) => {
                    Path::new(keep).join(format!("{}.holdup", name.replace([',', ' '], "-")))
                }
                None => folder.path().join("t.holdup"),
            };
            measure(&name, &path, rows, workload(rows, rate, kinds, processes));
        }
    }
}

/// Writes and reads one trace, and prints a line.
fn measure(name: &str, path: &Path, rows: u64, batches: Vec<Batch>) {
    let start = cpu();
    let mut writer = Writer::create(path, &Meta::default()).expect("the trace is created");
    for batch in batches {
        writer.accept(batch).expect("the batch is written");
    }
    let written = cpu();
    writer
        .finish(&Meta::default())
        .expect("the trace is finished");
    let finished = cpu();
    let reader = Reader::open(path).expect("the trace opens");
    let opened = cpu();
    let mut found = 0;
    let mut sum = 0u64;
    for batch in reader.batches() {
        let batch = batch.expect("the trace is sound");
        found += batch.len() as u64;
        // Looks at every row, as an analysis does.
        sum = batch
            .waits
            .iter()
            .fold(sum, |sum, wait| sum.wrapping_add(wait.start.0));
        sum = batch
            .calls
            .iter()
            .fold(sum, |sum, call| sum.wrapping_add(call.start.0));
    }
    let read = cpu();
    assert_eq!(found, rows, "all rows come back ({sum})");
    let per_second = |time: Duration| rows as f64 / time.as_secs_f64() / 1e6;
    println!(
        "{name:<22} {:>10.2} {:>10.2} M {:>10.2} M {:>6.0} ms {:>6.0} ms",
        size(path) as f64 / rows as f64,
        per_second(written - start),
        per_second(read - opened),
        (finished - written).as_secs_f64() * 1e3,
        (opened - finished).as_secs_f64() * 1e3,
    );
}

/// CPU time of this thread, which a busy machine does not falsify; where it is not to be had, time.
fn cpu() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let books = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let run = books
        .split_whitespace()
        .next()
        .and_then(|run| run.parse().ok());
    run.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// Bytes of all files under `path`.
fn size(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).expect("a folder").flatten();
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                size(&entry.path())
            } else {
                entry.metadata().map_or(0, |m| m.len())
            }
        })
        .sum()
}

/// Random numbers (xorshift64*).
struct Dice(u64);

impl Dice {
    fn u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.u64() % limit.max(1)
    }

    /// Exponentially distributed.
    fn span(&mut self, mean: f64) -> u64 {
        let uniform = (self.u64() >> 11) as f64 / (1u64 << 53) as f64;
        (-mean * (1.0 - uniform).ln()) as u64
    }
}

/// Batches of `rows` rows at `rate` rows a second.
fn workload(rows: u64, rate: u64, (waits, calls): (bool, bool), processes: bool) -> Vec<Batch> {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut seq = vec![0u32; THREADS as usize];
    let mut now = 86_400_000_000_000u64;
    let gap = 1e9 / rate as f64;
    let mut batches = Vec::new();
    let mut batch = Batch {
        watermark: Nanos(now + BATCH),
        ..Batch::default()
    };
    for row in 0..rows {
        now += dice.span(gap);
        while now > batch.watermark.0 {
            let next = Batch {
                watermark: batch.watermark + Nanos(BATCH),
                ..Batch::default()
            };
            batches.push(std::mem::replace(&mut batch, next));
        }
        let thread = dice.below(u64::from(THREADS)) as u32;
        let who = (
            Tid(41_000 + thread),
            Pid(if processes { 41_000 + thread } else { 41_000 }),
        );
        let step = &mut seq[thread as usize];
        if waits && (!calls || row % 2 == 0) {
            *step += 1 + dice.below(3) as u32;
            batch
                .waits
                .push(wait(&mut dice, now, who, *step, processes));
        } else {
            *step += 1;
            batch.calls.push(call(&mut dice, now, who, *step));
        }
    }
    batches.push(batch);
    batches
}

fn wait(dice: &mut Dice, end: u64, (tid, pid): (Tid, Pid), seq: u32, processes: bool) -> Wait {
    let kind = dice.below(10);
    let preempted = kind == 9;
    let lock = kind < 4;
    let mean = if lock {
        60_000.0
    } else if preempted {
        900_000.0
    } else {
        1_300_000.0
    };
    let queued = 1_500 + dice.span(4_000.0);
    let waker = 41_000 + dice.below(u64::from(THREADS)) as u32;
    Wait {
        end: Nanos(end),
        start: Nanos(end - queued - dice.span(mean)),
        woken: if preempted {
            Nanos::ZERO
        } else {
            Nanos(end - queued)
        },
        tid,
        pid,
        reason: if preempted {
            Reason::Preempted
        } else {
            Reason::Blocked
        },
        call: match kind {
            0..4 => Syscall::Futex,
            4..7 => Syscall::Recvfrom,
            7 => Syscall::EpollWait,
            8 => Syscall::ClockNanosleep,
            _ => Syscall::None,
        },
        op: 0,
        resource: ResourceId(if lock {
            1 + dice.below(3) as u32
        } else {
            10 + (tid.0 - 41_000) * 2 + dice.below(2) as u32
        }),
        waker: if preempted {
            Waker::default()
        } else {
            Waker {
                tid: Tid(waker),
                pid: Pid(if processes { waker } else { 41_000 }),
                call: if lock {
                    Syscall::Futex
                } else {
                    Syscall::Sendto
                },
                kernel_thread: false,
            }
        },
        owner: if lock { Tid(waker) } else { Tid(0) },
        seq,
        stack: StackId(if lock { 1 + dice.below(6) as u32 } else { 0 }),
        ..Wait::default()
    }
}

fn call(dice: &mut Dice, end: u64, (tid, pid): (Tid, Pid), seq: u32) -> Call {
    let kind = dice.below(6);
    let blocked = kind < 2;
    let inside = if blocked {
        20_000 + dice.span(1_300_000.0)
    } else {
        400 + dice.span(6_000.0)
    };
    let count = if kind == 5 {
        1 + dice.below(20) as u32
    } else {
        1
    };
    Call {
        end: Nanos(end),
        start: Nanos(end - inside - if count > 1 { dice.span(50_000.0) } else { 0 }),
        inside: Nanos(inside),
        tid,
        pid,
        call: match kind {
            0 | 1 => Syscall::Recvfrom,
            2 | 3 => Syscall::Sendto,
            4 => Syscall::Write,
            _ => Syscall::Futex,
        },
        op: 0,
        resource: ResourceId(10 + (tid.0 - 41_000) * 2 + dice.below(2) as u32),
        ret: match kind {
            0 | 1 => 300 + dice.below(2_000) as i64,
            2 | 3 => 180 + dice.below(30) as i64,
            4 => 4096,
            _ => 0,
        },
        count,
        seq,
        blocked,
        verb: match kind {
            0 | 1 => Verb::HttpReply,
            2 => Verb::HttpPost,
            3 => Verb::HttpRead,
            _ => Verb::Unknown,
        },
        status: if kind < 2 { 200 } else { 0 },
    }
}
