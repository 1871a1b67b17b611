//! Locks: of threads, of processes, of files, of the kernel; and barriers.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Plan, Program};

pub const CASES: &[Case] = &[
    Case {
        name: "mutex-threads",
        cause: Cause::UserLock,
        quick: true,
        plan: mutex_threads,
    },
    Case {
        name: "mutex-processes",
        cause: Cause::UserLock,
        quick: true,
        plan: mutex_processes,
    },
    Case {
        name: "sqlite",
        cause: Cause::FileLock,
        quick: false,
        plan: sqlite,
    },
    Case {
        name: "progress-file",
        cause: Cause::Checkpoint,
        quick: true,
        plan: progress_file,
    },
    Case {
        name: "address-space",
        cause: Cause::KernelLock,
        quick: true,
        plan: address_space,
    },
    Case {
        name: "barrier-rounds",
        cause: Cause::Imbalance,
        quick: true,
        plan: barrier_rounds,
    },
    Case {
        name: "barrier-straggler",
        cause: Cause::Imbalance,
        quick: false,
        plan: barrier_straggler,
    },
    Case {
        name: "polled-lock",
        cause: Cause::FileLock,
        quick: false,
        plan: polled_lock,
    },
];

/// Workers, service of the input server and time in the lock, so that the lock is asked for three to six times what it can do.
pub(super) fn contended(draw: &mut Draw, fewest: u64, most: u64) -> (u64, u64, u64) {
    let workers = draw.between(fewest, most);
    let held_us = draw.between(2_500, 8_000);
    let overload = draw.between(3, 6).min(workers - 1);
    let fetch_us = (workers * held_us / overload)
        .saturating_sub(held_us)
        .clamp(3_000, 60_000);
    (workers, fetch_us, held_us)
}

fn mutex_threads(draw: &mut Draw) -> Plan {
    let (workers, fetch_us, held_us) = contended(draw, 6, 40);
    Plan::new(
        workers,
        Program::Rust("threads"),
        (fetch_us + held_us) / 1000,
        workers * held_us / 1000,
    )
    .set("held_us", held_us)
    .set("held_rounds", draw.between(1_000, 100_000))
    .set("rounds", draw.between(10_000, 100_000))
    .set("bytes", draw.between(100, 8_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::CallSite("append_block"))
}

fn mutex_processes(draw: &mut Draw) -> Plan {
    let (workers, fetch_us, held_us) = contended(draw, 4, 32);
    Plan::new(
        workers,
        Program::C("processes"),
        (fetch_us + held_us) / 1000,
        workers * held_us / 1000,
    )
    .set("held_us", held_us)
    .set("rounds", draw.between(10_000, 200_000))
    .set("bytes", draw.between(100, 8_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::CallSite("append_block"))
}

fn sqlite(draw: &mut Draw) -> Plan {
    let workers = draw.between(4, 10);
    let (fetch_us, held_us) = (draw.between(4_000, 12_000), draw.between(6_000, 12_000));
    Plan::new(
        workers,
        Program::Python("database"),
        (fetch_us + held_us) / 1000,
        workers * held_us / 1000,
    )
    .set("held_us", held_us)
    .set("rows", draw.between(1, 20))
    .set("bytes", draw.between(50, 500))
    .set(
        "journal",
        ["wal", "delete"][usize::from(draw.between(0, 1) == 1)],
    )
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::File("/data/out"))
}

fn progress_file(draw: &mut Draw) -> Plan {
    let (workers, fetch_us, held_us) = contended(draw, 5, 24);
    Plan::new(
        workers,
        Program::Python("progress"),
        (fetch_us + held_us) / 1000,
        workers * held_us / 1000,
    )
    .set("held_us", held_us)
    .set("variant", draw.between(0, 1))
    .set("synced", 1)
    .set("bytes", draw.between(100, 4_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::File("/data/state"))
}

/// Threads that change the protection of their own memory, which is under the one lock of their address space.
fn address_space(draw: &mut Draw) -> Plan {
    let (workers, fetch_us, held_us) = contended(draw, 6, 24);
    let pages = draw.between(2_000, 5_000);
    // Some 35 ns a page, twice a turn.
    let turns = (held_us * 1000 / (pages * 70)).max(1);
    Plan::new(
        workers,
        Program::C("protect"),
        (fetch_us + held_us) / 1000,
        workers * held_us / 1000,
    )
    .set("pages", pages)
    .set("turns", turns)
    .set("bytes", draw.between(100, 8_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::CallSite("protect"))
}

/// Threads that wait for all others after each item.
fn in_rounds(draw: &mut Draw, workers: u64, alone_us: u64, together_us: u64) -> Plan {
    Plan::new(
        workers,
        Program::Rust("threads"),
        alone_us / 1000,
        together_us / 1000,
    )
    .set("rounds_together", 1)
    .set("rounds", draw.between(10_000, 100_000))
    .set("bytes", draw.between(100, 8_000))
    .culprit(Culprit::CallSite("finish_round"))
}

/// A quarter of the items takes some times as long as the others, whoever has them.
fn barrier_rounds(draw: &mut Draw) -> Plan {
    let (workers, fetch_us) = (draw.between(6, 16), draw.between(8_000, 15_000));
    let slow_us = fetch_us * draw.between(4, 6);
    let alone_us = (3 * fetch_us + slow_us) / 4;
    let slower = replies(draw.between(500, 8_000))
        .set("slow_us", slow_us)
        .set("slow_in", 4);
    in_rounds(draw, workers, alone_us, slow_us).server("input", fetch_us, slower)
}

/// One of many computes for as long again as an item takes the others, or half as long more.
fn barrier_straggler(draw: &mut Draw) -> Plan {
    let (workers, fetch_us) = (draw.between(16, 24), draw.between(10_000, 20_000));
    let more_us = fetch_us * draw.between(10, 15) / 10;
    in_rounds(draw, workers, fetch_us, fetch_us + more_us)
        .set("slow_us", more_us)
        .server("input", fetch_us, replies(draw.between(500, 8_000)))
}

/// Whoever finds the lock taken sleeps far longer than it is held, and asks again: most of the time somebody waits and nobody has it.
fn polled_lock(draw: &mut Draw) -> Plan {
    let workers = draw.between(6, 12);
    let (fetch_us, held_us) = (draw.between(4_000, 8_000), draw.between(3_000, 5_000));
    let poll_us = draw.between(40_000, 60_000);
    Plan::new(
        workers,
        Program::Python("progress"),
        (fetch_us + held_us) / 1000,
        workers * held_us * 2 / 1000,
    )
    .set("held_us", held_us)
    .set("poll_us", poll_us)
    .set("bytes", draw.between(100, 4_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::File("/data/state.guard"))
}
