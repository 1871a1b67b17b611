//! More to compute than there are processors, or than an interpreter lets be computed at once, and a runtime that computes meanwhile.

use holdup::cause::Cause;

use super::locks::contended;
use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Plan, Program};

pub const CASES: &[Case] = &[
    Case {
        name: "burners",
        cause: Cause::Cpu,
        quick: true,
        plan: burners,
    },
    Case {
        name: "spin-lock",
        cause: Cause::Spin,
        quick: false,
        plan: spin_lock,
    },
    Case {
        name: "side-by-side",
        cause: Cause::CpuInflation,
        quick: false,
        plan: |draw| counters(draw).culprit(Culprit::Runs("count")),
    },
    Case {
        name: "far-apart",
        cause: Cause::None,
        quick: false,
        plan: |draw| counters(draw).set("apart", 1),
    },
    Case {
        name: "python-computes",
        cause: Cause::InterpreterLock,
        quick: true,
        plan: python_computes,
    },
    Case {
        name: "python-keeps",
        cause: Cause::InterpreterLock,
        quick: false,
        plan: python_keeps,
    },
    Case {
        name: "python-in-c",
        cause: Cause::Cpu,
        quick: false,
        plan: python_in_c,
    },
    Case {
        name: "java-collects",
        cause: Cause::RuntimePause,
        quick: false,
        plan: java_collects,
    },
];

/// Three to six workers for each processor.
struct Crowd {
    cores: u64,
    workers: u64,
    fetch_us: u64,
}

impl Crowd {
    fn draw(draw: &mut Draw) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64);
        Self {
            cores,
            workers: (cores * draw.between(3, 6)).clamp(4, 64),
            fetch_us: draw.between(1_000, 4_000),
        }
    }

    /// They fetch, and compute for so long.
    fn plan(&self, draw: &mut Draw, program: Program, burn_us: u64) -> Plan {
        Plan::new(
            self.workers,
            program,
            (self.fetch_us + burn_us) / 1000,
            self.workers * burn_us / self.cores / 1000,
        )
        .set("bytes", draw.between(100, 8_000))
        .server("input", self.fetch_us, replies(draw.between(500, 8_000)))
        .culprit(Culprit::Kind("cpu"))
    }
}

fn burners(draw: &mut Draw) -> Plan {
    let crowd = Crowd::draw(draw);
    // About 1.5 ns a round.
    let rounds = draw.between(3_000_000, 8_000_000);
    crowd
        .plan(draw, Program::C("burners"), rounds * 3 / 2 / 1000)
        .set("rounds", rounds)
}

/// Threads that compute under a lock whose waiters keep their CPUs.
fn spin_lock(draw: &mut Draw) -> Plan {
    let workers = draw.between(4, 8);
    // About 1.5 ns a round.
    let rounds = draw.between(1_000_000, 2_000_000);
    let held_us = rounds * 3 / 2 / 1000;
    let fetch_us = (workers * held_us / draw.between(2, 3)).clamp(1_000, 20_000);
    Plan::new(
        workers,
        Program::Rust("threads"),
        (fetch_us + held_us) / 1000,
        workers * held_us / 1000,
    )
    .set("spun_rounds", rounds)
    .set("bytes", draw.between(100, 2_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .server("output", draw.between(1_000, 2_000), replies(16))
    .culprit(Culprit::CallSite("acquire"))
}

/// Threads count in counters that lie side by side in memory; there are processors for all that compute at a time, also while they slow each
/// other: what they cost each other shows by the moments in which fewer compute.
fn counters(draw: &mut Draw) -> Plan {
    let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64);
    let workers = (2 * cores).clamp(4, 16);
    let fetch_us = draw.between(16_000, 24_000);
    // About 5 ns each where nobody else has the line.
    let rounds = draw.between(400_000, 700_000);
    let count_us = rounds * 5 / 1000;
    Plan::new(
        workers,
        Program::C("counters"),
        (fetch_us + count_us) / 1000,
        // Side by side it takes some four times as long.
        (fetch_us + 4 * count_us) / 1000,
    )
    .set("rounds", rounds)
    .set("bytes", draw.between(100, 2_000))
    .server("input", fetch_us, replies(draw.between(500, 2_000)))
}

/// Threads that compute in Python, three to six times as many as one at a time can do.
fn python_computes(draw: &mut Draw) -> Plan {
    let (workers, fetch_us, held_us) = contended(draw, 6, 32);
    Plan::new(
        workers,
        Program::Python("transform"),
        (fetch_us + held_us) / 1000,
        workers * held_us / 1000,
    )
    // About 60 ns each.
    .set("rounds", held_us * 100 / 6)
    .set("bytes", draw.between(100, 2_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::Kind("lock"))
}

/// The same where they wait in C that keeps the interpreter, and nobody computes.
fn python_keeps(draw: &mut Draw) -> Plan {
    let (workers, fetch_us, held_us) = contended(draw, 8, 24);
    Plan::new(
        workers,
        Program::Python("transform"),
        (fetch_us + held_us) / 1000,
        workers * held_us / 1000,
    )
    .set("kept_us", held_us)
    .set("bytes", draw.between(100, 2_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::CallSite("transform"))
}

/// The same where they compute in C that lets go of the interpreter.
fn python_in_c(draw: &mut Draw) -> Plan {
    let crowd = Crowd::draw(draw);
    // About 0.5 us each.
    let hashes = draw.between(10_000, 30_000);
    crowd
        .plan(draw, Program::Python("transform"), hashes / 2)
        .set("hashes", hashes)
}

/// Threads that leave much behind in a small heap, of which a part is kept: all stop while it is looked through.
fn java_collects(draw: &mut Draw) -> Plan {
    let (workers, fetch_us) = (draw.between(12, 20), draw.between(6_000, 9_000));
    Plan::new(
        workers,
        Program::Java("Churn"),
        fetch_us * 12 / 10 / 1000,
        fetch_us * 5 / 2 / 1000,
    )
    // About 70 bytes each, in a heap of 64 MB.
    .set("objects", draw.between(4_000, 6_000))
    .set("kept", draw.between(180_000, 220_000))
    .set("cached", draw.between(220_000, 280_000))
    .set("bytes", draw.between(100, 2_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::Kind("thread"))
}
