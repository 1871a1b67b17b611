//! Coroutines of one event loop of Python.

use holdup::cause::Cause;

use super::tasks::{guarded, handed_over, lent, linear, paced, redis, serial, several, stalled};
use crate::plan::{Case, Culprit, Need, Program};

const ASYNCIO: Program = Program::Python("coroutines");

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
        name: "uvloop-lock",
        cause: Cause::UserLock,
        quick: false,
        plan: |draw| {
            guarded(draw, ASYNCIO, 1)
                .set("uvloop", 1)
                .needs(Need::Python("uvloop"))
                .culprit(Culprit::CallSite("append_block"))
        },
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
        plan: |draw| lent(draw, ASYNCIO, "connections"),
    },
    Case {
        name: "asyncio-connector",
        cause: Cause::Pool,
        quick: false,
        plan: |draw| lent(draw, ASYNCIO, "sockets").needs(Need::Python("aiohttp")),
    },
    Case {
        name: "asyncio-executor",
        cause: Cause::Pool,
        quick: false,
        plan: |draw| handed_over(draw, ASYNCIO),
    },
    Case {
        name: "asyncio-redis",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: |draw| redis(draw, ASYNCIO).needs(Need::Python("redis.asyncio")),
    },
    Case {
        name: "asyncio-blocked",
        cause: Cause::SingleThread,
        quick: false,
        plan: |draw| stalled(draw, ASYNCIO, "stalled_us"),
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
];
