//! Workers that are no threads: coroutines of one event loop, goroutines, async functions.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Plan, Program};

pub const CASES: &[Case] = &[
    Case {
        name: "asyncio-serial-peer",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: |draw| serial(draw, ASYNCIO),
    },
    Case {
        name: "asyncio-lock",
        cause: Cause::UserLock,
        quick: true,
        plan: |draw| guarded(draw, ASYNCIO, 1).culprit(Culprit::CallSite("append_block")),
    },
    Case {
        name: "asyncio-semaphore",
        cause: Cause::UserLock,
        quick: false,
        plan: |draw| several(draw, ASYNCIO).culprit(Culprit::CallSite("append_block")),
    },
    Case {
        name: "asyncio-pool",
        cause: Cause::Pool,
        quick: false,
        plan: |draw| lent(draw, ASYNCIO),
    },
    Case {
        name: "asyncio-blocked",
        cause: Cause::SingleThread,
        quick: false,
        plan: |draw| stalled(draw, ASYNCIO),
    },
    Case {
        name: "asyncio-paced",
        cause: Cause::None,
        quick: false,
        plan: |draw| paced(draw, ASYNCIO),
    },
    Case {
        name: "asyncio-linear",
        cause: Cause::None,
        quick: false,
        plan: |draw| linear(draw, ASYNCIO),
    },
    Case {
        name: "go-serial-peer",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: |draw| serial(draw, GO),
    },
    Case {
        name: "go-mutex",
        cause: Cause::UserLock,
        quick: false,
        plan: |draw| guarded(draw, GO, 1).culprit(Culprit::CallSite("appendBlock")),
    },
    Case {
        name: "go-semaphore",
        cause: Cause::UserLock,
        quick: false,
        plan: |draw| several(draw, GO).culprit(Culprit::CallSite("appendBlock")),
    },
    Case {
        name: "go-pool",
        cause: Cause::Pool,
        quick: false,
        plan: |draw| lent(draw, GO),
    },
    Case {
        name: "go-paced",
        cause: Cause::None,
        quick: false,
        plan: |draw| paced(draw, GO),
    },
    Case {
        name: "go-linear",
        cause: Cause::None,
        quick: false,
        plan: |draw| linear(draw, GO),
    },
    Case {
        name: "node-serial-peer",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: |draw| serial(draw, NODE),
    },
    Case {
        name: "node-agent",
        cause: Cause::Pool,
        quick: false,
        plan: |draw| lent(draw, NODE).told(),
    },
    Case {
        name: "node-computes",
        cause: Cause::SingleThread,
        quick: false,
        plan: computes,
    },
    Case {
        name: "node-blocked",
        cause: Cause::SingleThread,
        quick: false,
        plan: |draw| stalled(draw, NODE),
    },
    Case {
        name: "node-linear",
        cause: Cause::None,
        quick: false,
        plan: |draw| linear(draw, NODE).told(),
    },
];

const ASYNCIO: Program = Program::Python("coroutines");
const GO: Program = Program::Go("goroutines");
const NODE: Program = Program::Node("promises");

/// How long things take, us.
struct Times {
    fetch: u64,
    /// An item of one worker alone.
    alone: u64,
    /// An item of each of them together.
    together: u64,
}

fn plan(draw: &mut Draw, program: Program, workers: u64, times: &Times) -> Plan {
    Plan::new(workers, program, times.alone / 1000, times.together / 1000)
        .set("bytes", draw.between(300, 2_000))
        .server("input", times.fetch, replies(draw.between(4_000, 16_000)))
}

/// All of them keep a server busy that does one thing at a time.
fn serial(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(12, 64);
    let insert_us = draw.between(8_000, 25_000);
    let fetch_us = draw.between(20_000, 60_000).min(workers * insert_us / 3);
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + insert_us,
        together: workers * insert_us,
    };
    plan(draw, program, workers, &times)
        .server("output", insert_us, replies(16).set("serial", 1))
        .culprit(Culprit::Server("output"))
}

/// So many of them at a time post, three to six times as many as may.
fn guarded(draw: &mut Draw, program: Program, slots: u64) -> Plan {
    let workers = draw.between(6 * slots.max(2), 48);
    let insert_us = draw.between(4_000, 15_000) * slots.min(3);
    let overload = draw.between(3, 6);
    let fetch_us = (workers * insert_us / slots / overload)
        .saturating_sub(insert_us)
        .clamp(5_000, 60_000);
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + insert_us,
        together: workers * insert_us / slots,
    };
    plan(draw, program, workers, &times)
        .set("slots", slots)
        .server("output", insert_us, replies(16))
}

fn several(draw: &mut Draw, program: Program) -> Plan {
    let slots = draw.between(2, 4);
    guarded(draw, program, slots)
}

/// A few connections to one server are lent out.
fn lent(draw: &mut Draw, program: Program) -> Plan {
    let connections = draw.between(3, 8);
    // Three times as many as keep them busy, at least.
    let workers = (connections * draw.between(5, 12)).min(64);
    let insert_us = draw.between(15_000, 40_000);
    let fetch_us = draw.between(5_000, 20_000).min(insert_us / 2);
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + insert_us,
        together: workers * insert_us / connections,
    };
    plan(draw, program, workers, &times)
        .set("connections", connections)
        .server("output", insert_us, replies(16))
        .culprit(Culprit::Server("output"))
}

/// Each of them stops the loop for some milliseconds an item.
fn stalled(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(16, 48);
    let stalled_us = draw.between(3_000, 8_000);
    let (fetch_us, insert_us) = (draw.between(10_000, 30_000), draw.between(5_000, 20_000));
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + stalled_us + insert_us,
        together: workers * stalled_us,
    };
    plan(draw, program, workers, &times)
        .set("stalled_us", stalled_us)
        .server("output", insert_us, replies(16))
        .culprit(Culprit::Kind("thread"))
}

/// Each of them computes on the loop for some milliseconds an item.
fn computes(draw: &mut Draw) -> Plan {
    let workers = draw.between(16, 48);
    let (fetch_us, insert_us) = (draw.between(10_000, 30_000), draw.between(5_000, 20_000));
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + 5_000 + insert_us,
        together: workers * 5_000,
    };
    plan(draw, NODE, workers, &times)
        .set("rounds", draw.between(2_000, 5_000))
        .server("output", insert_us, replies(16))
        .culprit(Culprit::Kind("thread"))
}

/// Each of them waits for its own time between its requests, and meets nobody.
fn paced(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(8, 32);
    let paused_us = draw.between(50_000, 150_000);
    let (fetch_us, insert_us) = (draw.between(20_000, 60_000), draw.between(10_000, 40_000));
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + paused_us + insert_us,
        together: fetch_us + paused_us + insert_us,
    };
    plan(draw, program, workers, &times)
        .set("paused_us", paused_us)
        .server("output", insert_us, replies(16))
}

fn linear(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(8, 32);
    let (fetch_us, insert_us) = (draw.between(60_000, 150_000), draw.between(40_000, 100_000));
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + insert_us,
        together: fetch_us + insert_us,
    };
    plan(draw, program, workers, &times).server("output", insert_us, replies(16))
}
