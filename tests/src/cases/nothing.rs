//! Nothing holds them up: more workers do more.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Plan, Program};

pub const CASES: &[Case] = &[Case {
    name: "linear",
    cause: Cause::None,
    quick: true,
    plan: linear,
}];

fn linear(draw: &mut Draw) -> Plan {
    let workers = draw.between(8, 40);
    let (fetch_us, insert_us) = (draw.between(60_000, 150_000), draw.between(40_000, 100_000));
    let cycle_ms = (fetch_us + insert_us) / 1000;
    Plan::new(workers, Program::Python("client"), cycle_ms, cycle_ms)
        .set("forked", 1)
        .set("rounds", draw.between(1, 200))
        .set("bytes", draw.between(50, 4_000))
        .server("input", fetch_us, replies(draw.between(1_000, 16_000)))
        .server("output", insert_us, replies(draw.between(10, 200)))
}
