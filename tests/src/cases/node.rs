//! Async functions of one Node process.

use holdup::cause::Cause;

use super::tasks::{
    computes, guarded, lent, linear, looking_up, one_client, serial, stalled, throttled,
};
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Need, Plan, Program};

const NODE: Program = Program::Node("promises");

pub const CASES: &[Case] = &[
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
        plan: |draw| lent(draw, NODE, "connections").told(),
    },
    Case {
        name: "node-mutex",
        cause: Cause::UserLock,
        quick: false,
        plan: mutex,
    },
    Case {
        name: "node-throttled",
        cause: Cause::RateLimit,
        quick: false,
        plan: |draw| throttled(draw, NODE).told(),
    },
    Case {
        name: "node-names",
        cause: Cause::Pool,
        quick: false,
        plan: |draw| looking_up(draw, NODE).told(),
    },
    Case {
        name: "node-postgres",
        cause: Cause::Pool,
        quick: false,
        plan: |draw| {
            one_client(draw, NODE)
                .needs(Need::Node("pg"))
                .or(Cause::UserLock)
                .told()
        },
    },
    Case {
        name: "node-hot-row",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: |draw| one_client(draw, NODE).set("hot", 1).needs(Need::Node("pg")),
    },
    Case {
        name: "node-computes",
        cause: Cause::SingleThread,
        quick: false,
        // V8 inlines it into who calls it in some runs, and in others not.
        plan: |draw| {
            computes(draw, NODE, 1).culprit(Culprit::RunsInlined {
                function: "digest",
                into: "work",
            })
        },
    },
    Case {
        name: "node-blocked",
        cause: Cause::SingleThread,
        quick: false,
        plan: |draw| stalled(draw, NODE, "stalled_us").culprit(Culprit::Runs("work")),
    },
    Case {
        name: "node-exec",
        cause: Cause::SingleThread,
        quick: false,
        plan: |draw| stalled(draw, NODE, "exec_us").culprit(Culprit::Runs("work")),
    },
    Case {
        name: "node-linear",
        cause: Cause::None,
        quick: false,
        plan: |draw| linear(draw, NODE).told(),
    },
];

/// A lock of promises, which nothing shows: one connection at a time is used, as if there were no more.
fn mutex(draw: &mut Draw) -> Plan {
    guarded(draw, NODE, 1)
        .culprit(Culprit::Server("output"))
        .or(Cause::Pool)
        .told()
}
