//! More to compute than there are processors, or than an interpreter lets be computed at once.

use holdup::cause::Cause;

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
        name: "python-computes",
        cause: Cause::InterpreterLock,
        quick: true,
        plan: python_computes,
    },
    Case {
        name: "python-in-c",
        cause: Cause::Cpu,
        quick: false,
        plan: python_in_c,
    },
];

fn burners(draw: &mut Draw) -> Plan {
    let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64);
    let workers = (cores * draw.between(3, 6)).clamp(4, 64);
    let fetch_us = draw.between(1_000, 4_000);
    // About 1.5 ns a round.
    let rounds = draw.between(3_000_000, 8_000_000);
    let burn_us = rounds * 3 / 2 / 1000;
    Plan::new(
        workers,
        Program::C("burners"),
        (fetch_us + burn_us) / 1000,
        workers * burn_us / cores / 1000,
    )
    .set("rounds", rounds)
    .set("bytes", draw.between(100, 8_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::Kind("cpu"))
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

/// Threads that compute in Python, three to six times as many as one at a time can do.
fn python_computes(draw: &mut Draw) -> Plan {
    let workers = draw.between(6, 32);
    // About 60 ns a round.
    let rounds = draw.between(40_000, 120_000);
    let held_us = rounds * 6 / 100;
    let overload = draw.between(3, 6).min(workers - 1);
    let fetch_us = (workers * held_us / overload)
        .saturating_sub(held_us)
        .clamp(3_000, 60_000);
    Plan::new(
        workers,
        Program::Python("transform"),
        (fetch_us + held_us) / 1000,
        workers * held_us / 1000,
    )
    .set("rounds", rounds)
    .set("bytes", draw.between(100, 2_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::Kind("lock"))
}

/// The same where they compute in C that lets go of the interpreter.
fn python_in_c(draw: &mut Draw) -> Plan {
    let cores = std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64);
    let workers = (cores * draw.between(3, 6)).clamp(4, 64);
    let fetch_us = draw.between(1_000, 4_000);
    // About 0.5 us each.
    let hashes = draw.between(10_000, 30_000);
    let burn_us = hashes / 2;
    Plan::new(
        workers,
        Program::Python("transform"),
        (fetch_us + burn_us) / 1000,
        workers * burn_us / cores / 1000,
    )
    .set("hashes", hashes)
    .set("bytes", draw.between(100, 2_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::Kind("cpu"))
}
