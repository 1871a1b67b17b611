//! Processes of this host that serve the workers one at a time, and not over TCP: the keeper of a dictionary, the reader of a pipe,
//! a file system.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Need, Plan, Program, Service, Settings};

pub const CASES: &[Case] = &[
    Case {
        name: "python-manager",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: manager,
    },
    Case {
        name: "pipe-reader",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: |draw| read(draw).set("forked", 1),
    },
    Case {
        name: "pipe-reader-threads",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: read,
    },
    Case {
        name: "mounted-files",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: mounted,
    },
];

/// Some dozens of calls an item, each of them short, to a process that does one at a time. Its own interpreter's lock is what they wait
/// for there. It computes more for a call than whoever calls: where both need as much, two CPUs are as short as the lock is (with a CPU
/// for the keeper alone the rate was 1.4 times as high).
fn manager(draw: &mut Draw) -> Plan {
    let workers = draw.between(12, 16);
    let fetch_us = draw.between(6_000, 10_000);
    let calls = draw.between(30, 50);
    let letters = draw.between(1_500, 2_500);
    // Some 70 ns a letter, and 0.1 ms for the call itself.
    let calls_us = calls * (100 + letters * 70 / 1_000);
    Plan::new(
        workers,
        Program::Python("counts"),
        (fetch_us + 1_000 + calls_us) / 1000,
        workers * calls_us / 1000,
    )
    .set("calls", calls)
    .set("letters", letters)
    // About 1 us each.
    .set("rounds", draw.between(800, 1_200))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .culprit(Culprit::Process("keeper"))
    .or(Cause::InterpreterLock)
}

/// Threads, or processes where they are forked, print a line an item, and who reads them is slow.
fn read(draw: &mut Draw) -> Plan {
    let workers = draw.between(10, 16);
    let read_us = draw.between(2_000, 4_000);
    let fetch_us = draw.between(6_000, 10_000);
    // Less than a page, so that lines stay whole (PIPE_BUF, pipe(7)).
    let bytes = draw.between(3_800, 4_000);
    Plan::new(
        workers,
        Program::Python("lines"),
        fetch_us / 1000 + 1,
        workers * read_us / 1000,
    )
    .set("bytes", bytes)
    // About 1 us each.
    .set("rounds", draw.between(500, 1_000))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .served_by(
        Service::Reader,
        "lines",
        Settings::default()
            .set("service_us", read_us)
            .set("bytes", bytes),
    )
    .culprit(Culprit::Process("lines"))
}

/// They read a file that one thread of another process serves.
fn mounted(draw: &mut Draw) -> Plan {
    let workers = draw.between(10, 16);
    let paused_us = draw.between(8_000, 12_000);
    let read_us = draw.between(3_000, 6_000);
    let rows_bytes = draw.between(4_000, 64_000);
    Plan::new(
        workers,
        Program::Python("mounted"),
        (paused_us + read_us) / 1000,
        workers * read_us / 1000,
    )
    .set("paused_us", paused_us)
    .set("rows_bytes", rows_bytes)
    .set("bytes", draw.between(100, 2_000))
    .needs(Need::Place("/dev/fuse"))
    .needs(Need::Tool("nsenter"))
    .served_by(
        Service::Files,
        "files",
        replies(rows_bytes).set("service_us", read_us),
    )
    .culprit(Culprit::Process("files"))
}
