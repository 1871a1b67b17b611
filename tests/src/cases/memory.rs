//! Memory that is enough for one worker and too little for all, because of a limit.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Plan, Program};

pub const CASES: &[Case] = &[
    Case {
        name: "mapped-short",
        cause: Cause::Memory,
        quick: false,
        plan: short,
    },
    Case {
        name: "mapped-ample",
        cause: Cause::None,
        quick: false,
        plan: ample,
    },
];

/// Threads that go round in files that they have mapped, under a limit of so many percent of what they all need.
fn mapped(draw: &mut Draw, percent: u64) -> Plan {
    let workers = draw.between(6, 10);
    let bytes = draw.between(8, 16) * (256 << 10);
    let slices = (32 << 20) / bytes;
    let fetch_us = draw.between(3_000, 6_000);
    let all = workers * bytes * slices;
    let mut plan = Plan::new(
        workers,
        Program::C("mapped"),
        fetch_us / 1000 + 1,
        fetch_us / 1000 + 1 + workers * bytes / (1 << 20),
    )
    .set("bytes", bytes)
    .set("slices", slices)
    .server("input", fetch_us, replies(draw.between(500, 8_000)));
    plan.memory_limit = Some(all * percent / 100);
    plan
}

fn short(draw: &mut Draw) -> Plan {
    let percent = draw.between(30, 65);
    mapped(draw, percent).culprit(Culprit::Kind("device"))
}

fn ample(draw: &mut Draw) -> Plan {
    let percent = draw.between(130, 160);
    let plan = mapped(draw, percent);
    Plan {
        together_ms: plan.alone_ms,
        ..plan
    }
}
