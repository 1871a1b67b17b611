//! Workers that could do more than they are given.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Plan, Program};

pub const CASES: &[Case] = &[
    Case {
        name: "slow-queue",
        cause: Cause::Starved,
        quick: true,
        plan: slow_queue,
    },
    Case {
        name: "slow-pipe",
        cause: Cause::Starved,
        quick: false,
        plan: slow_pipe,
    },
];

fn starved(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(4, 24);
    let (spacing_us, insert_us) = (draw.between(6_000, 20_000), draw.between(4_000, 15_000));
    Plan::new(
        workers,
        program,
        spacing_us.max(insert_us) / 1000,
        workers * spacing_us / 1000,
    )
    .set("spacing_us", spacing_us)
    .set("bytes", draw.between(50, 2_000))
    .server("output", insert_us, replies(16))
    .culprit(Culprit::Any)
}

fn slow_queue(draw: &mut Draw) -> Plan {
    starved(draw, Program::Python("feed_queue"))
}

fn slow_pipe(draw: &mut Draw) -> Plan {
    starved(draw, Program::Python("feed_pipe"))
}
