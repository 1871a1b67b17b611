//! More to compute than there are processors.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Plan, Program};

pub const CASES: &[Case] = &[Case {
    name: "burners",
    cause: Cause::Cpu,
    quick: true,
    plan: burners,
}];

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
