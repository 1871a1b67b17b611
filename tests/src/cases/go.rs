//! Goroutines.

use holdup::cause::Cause;

use super::tasks::{computes, gathered, guarded, lent, linear, paced, serial, several, throttled};
use crate::plan::{Case, Culprit, Program};

const GO: Program = Program::Go("goroutines");

pub const CASES: &[Case] = &[
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
        plan: |draw| lent(draw, GO, "connections"),
    },
    Case {
        name: "go-consumer",
        cause: Cause::SingleThread,
        quick: false,
        plan: |draw| gathered(draw, GO),
    },
    Case {
        name: "go-throttled",
        cause: Cause::RateLimit,
        quick: false,
        plan: |draw| throttled(draw, GO),
    },
    Case {
        name: "go-processors",
        cause: Cause::SingleThread,
        quick: false,
        plan: |draw| {
            computes(draw, GO, 5)
                .set("processors", 1)
                .culprit(Culprit::Runs("main.work"))
        },
    },
    Case {
        name: "go-computes",
        cause: Cause::Cpu,
        quick: false,
        plan: |draw| computes(draw, GO, 12).culprit(Culprit::Runs("main.work")),
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
];
