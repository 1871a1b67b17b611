//! Disks that do not keep up, by themselves or because of a limit.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Plan, Program};

pub const CASES: &[Case] = &[
    Case {
        name: "synced-appends",
        cause: Cause::Quota,
        quick: true,
        plan: synced_appends,
    },
    Case {
        name: "direct-reads",
        cause: Cause::Quota,
        quick: false,
        plan: direct_reads,
    },
    Case {
        name: "large-reads",
        cause: Cause::Disk,
        quick: false,
        plan: large_reads,
    },
    Case {
        name: "few-reads",
        cause: Cause::None,
        quick: false,
        plan: few_reads,
    },
];

/// Bytes of the file that is read.
const FILE: u64 = 256 << 20;

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

/// Blocks of a file read past the page cache, as many as a control group allows.
fn direct_reads(draw: &mut Draw) -> Plan {
    let workers = draw.between(6, 16);
    let limit = draw.between(100, 250);
    let item_us = 1_000_000 / limit;
    let overload = draw.between(2, 4);
    let fetch_us = (workers * item_us / overload).clamp(3_000, 20_000);
    let mut plan = Plan::new(
        workers,
        Program::Python("read_blocks"),
        fetch_us / 1000 + 1,
        workers * item_us / 1000,
    )
    .set("block", draw.between(1, 4) * 4096)
    .set("blocks", 2_000)
    .server("input", fetch_us, replies(draw.between(100, 1_000)))
    .culprit(Culprit::Kind("device"));
    plan.read_limit = u32::try_from(limit).ok();
    plan
}

/// Blocks so large that the disk moves few at a time, and more readers than that.
fn large_reads(draw: &mut Draw) -> Plan {
    let workers = draw.between(8, 16);
    let megabytes = draw.between(3, 6);
    // A disk of about a gigabyte a second; of one that is twice as fast they still ask for more.
    let item_us = megabytes * 1_000;
    let overload = draw.between(3, 5);
    let pause_us = workers * item_us / overload;
    Plan::new(
        workers,
        Program::Python("read_blocks"),
        (pause_us + item_us) / 1000,
        workers * item_us / 1000,
    )
    .set("block", megabytes << 20)
    .set("blocks", FILE / (megabytes << 20))
    .set("pause_us", pause_us)
    .culprit(Culprit::Kind("device"))
}

/// Few readers that leave the disk room.
fn few_reads(draw: &mut Draw) -> Plan {
    let workers = draw.between(4, 6);
    let item_us = 1_000;
    let pause_us = draw.between(10, 20) * workers * item_us / 2;
    let cycle_ms = (pause_us + item_us) / 1000;
    Plan::new(workers, Program::Python("read_blocks"), cycle_ms, cycle_ms)
        .set("block", 1 << 20)
        .set("blocks", FILE >> 20)
        .set("pause_us", pause_us)
}
