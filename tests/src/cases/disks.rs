//! Disks that do not keep up.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Plan, Program};

pub const CASES: &[Case] = &[Case {
    name: "synced-appends",
    cause: Cause::Quota,
    quick: true,
    plan: synced_appends,
}];

fn synced_appends(draw: &mut Draw) -> Plan {
    let workers = draw.between(6, 16);
    let limit = draw.between(150, 300);
    let fetch_us = draw.between(3_000, 20_000);
    // Two to four writes to the disk for an item.
    let item_ms = 3_000 / limit;
    let mut plan = Plan::new(
        workers,
        Program::Python("append"),
        fetch_us / 1000 + item_ms,
        workers * item_ms,
    )
    .set("bytes", draw.between(1_000, 8_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::Kind("device"));
    plan.write_limit = u32::try_from(limit).ok();
    plan
}
