//! Tasks of tokio on two threads.

use holdup::cause::Cause;

use super::tasks::{computes, guarded, linear, stalled};
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Plan, Program};

const TOKIO: Program = Program::Built("futures");

pub const CASES: &[Case] = &[
    Case {
        name: "tokio-mutex",
        cause: Cause::UserLock,
        quick: false,
        plan: mutex,
    },
    Case {
        name: "tokio-blocked",
        cause: Cause::SingleThread,
        quick: false,
        plan: |draw| stalled(draw, TOKIO, "stalled_us"),
    },
    Case {
        name: "tokio-computes",
        cause: Cause::Cpu,
        quick: false,
        plan: |draw| computes(draw, TOKIO, 1_000).culprit(Culprit::Runs("scramble")),
    },
    Case {
        name: "tokio-linear",
        cause: Cause::None,
        quick: false,
        plan: |draw| linear(draw, TOKIO).told(),
    },
];

/// A lock that nothing shows: one connection at a time is used.
fn mutex(draw: &mut Draw) -> Plan {
    guarded(draw, TOKIO, 1)
        .culprit(Culprit::Server("output"))
        .or(Cause::Pool)
        .told()
}
