//! Plans of workers that are no threads, whatever they are written in; the cases are those of each language.

use super::replies;
use crate::draw::Draw;
use crate::plan::{Culprit, Need, Plan, Program, Service, Settings};

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
pub fn serial(draw: &mut Draw, program: Program) -> Plan {
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
pub fn guarded(draw: &mut Draw, program: Program, slots: u64) -> Plan {
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

pub fn several(draw: &mut Draw, program: Program) -> Plan {
    let slots = draw.between(2, 4);
    guarded(draw, program, slots)
}

/// A few connections to one server are lent out; `by` is the setting that gets their number.
pub fn lent(draw: &mut Draw, program: Program, by: &'static str) -> Plan {
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
        .set(by, connections)
        .server("output", insert_us, replies(16))
        .culprit(Culprit::Server("output"))
}

/// Each of them stops the thread that carries them all for some milliseconds an item, in the way that the setting `by` stands for.
pub fn stalled(draw: &mut Draw, program: Program, by: &'static str) -> Plan {
    let workers = draw.between(16, 48);
    let stalled_us = draw.between(3_000, 8_000);
    let (fetch_us, insert_us) = (draw.between(10_000, 30_000), draw.between(5_000, 20_000));
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + stalled_us + insert_us,
        together: workers * stalled_us,
    };
    plan(draw, program, workers, &times)
        .set(by, stalled_us)
        .server("output", insert_us, replies(16))
        .culprit(Culprit::Kind("thread"))
}

/// Each of them computes on a thread that carries others too for some milliseconds an item; `faster` is by what a round goes more quickly
/// than in Node.
pub fn computes(draw: &mut Draw, program: Program, faster: u64) -> Plan {
    let workers = draw.between(16, 48);
    let (fetch_us, insert_us) = (draw.between(10_000, 30_000), draw.between(5_000, 20_000));
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + 5_000 + insert_us,
        together: workers * 5_000,
    };
    plan(draw, program, workers, &times)
        .set("rounds", faster * draw.between(2_000, 5_000))
        .server("output", insert_us, replies(16))
}

/// Each of them waits for its own time between its requests, and meets nobody.
pub fn paced(draw: &mut Draw, program: Program) -> Plan {
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

pub fn linear(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(8, 32);
    let (fetch_us, insert_us) = (draw.between(60_000, 150_000), draw.between(40_000, 100_000));
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + insert_us,
        together: fetch_us + insert_us,
    };
    plan(draw, program, workers, &times).server("output", insert_us, replies(16))
}

/// They hand what is to be done over to a few threads of their own process.
pub fn handed_over(draw: &mut Draw, program: Program) -> Plan {
    let threads = draw.between(2, 5);
    let workers = (threads * draw.between(5, 10)).min(48);
    let insert_us = draw.between(15_000, 40_000);
    let fetch_us = draw.between(5_000, 20_000).min(insert_us / 2);
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + insert_us,
        together: workers * insert_us / threads,
    };
    plan(draw, program, workers, &times)
        .set("threads", threads)
        .server("output", insert_us, replies(16))
        .culprit(Culprit::Kind("queue"))
}

/// They look up names, by the two threads that their runtime has for that: half of those of libuv (`uv__slow_work_thread_threshold`).
pub fn looking_up(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(20, 40);
    let lookup_us = draw.between(10_000, 30_000);
    let (fetch_us, insert_us) = (lookup_us / 2, draw.between(5_000, 10_000));
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + lookup_us + insert_us,
        together: workers * lookup_us / 2,
    };
    plan(draw, program, workers, &times)
        .server("output", insert_us, replies(16))
        .served_by(
            Service::Names,
            "names",
            Settings::default().set("service_us", lookup_us),
        )
        .needs(Need::Tool("unshare"))
        .culprit(Culprit::Kind("queue"))
}

/// They hand what is to be done over to one of them, who does it.
pub fn gathered(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(12, 48);
    let insert_us = draw.between(4_000, 12_000);
    let fetch_us = draw.between(20_000, 50_000).min(workers * insert_us / 3);
    let times = Times {
        fetch: fetch_us,
        // It hands over and goes on; only what comes sooner than it can be stored has to wait.
        alone: fetch_us.max(insert_us),
        together: workers * insert_us,
    };
    plan(draw, program, workers, &times)
        .set("consumers", 1)
        .server("output", insert_us, replies(16))
        .culprit(Culprit::Kind("thread"))
}

/// A limiter of their own spaces what they send.
pub fn throttled(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(12, 32);
    let spacing_us = draw.between(4_000, 15_000);
    let (fetch_us, insert_us) = (draw.between(10_000, 40_000), draw.between(5_000, 20_000));
    let alone = (fetch_us + insert_us).max(spacing_us);
    let times = Times {
        fetch: fetch_us,
        alone,
        together: (workers * spacing_us).max(alone),
    };
    plan(draw, program, workers, &times)
        .set("spacing_us", spacing_us)
        .server("output", insert_us, replies(16))
}

/// Redis computes for each of them: one command at a time.
pub fn redis(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(12, 32);
    let fetch_us = draw.between(10_000, 30_000);
    // About a hundred turns of Lua a microsecond and a half.
    let turns = draw.between(300_000, 900_000);
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + turns / 70,
        together: workers * turns / 70,
    };
    plan(draw, program, workers, &times)
        .set("turns", turns)
        .needs(Need::Tool("redis-server"))
        .served_by(Service::Redis, "output", Settings::default())
        .culprit(Culprit::Server("output"))
}

/// PostgreSQL stores a block in so long, on the one connection that they share.
pub fn one_client(draw: &mut Draw, program: Program) -> Plan {
    let workers = draw.between(12, 32);
    let insert_us = draw.between(6_000, 15_000);
    let fetch_us = draw.between(20_000, 40_000).min(workers * insert_us / 3);
    let times = Times {
        fetch: fetch_us,
        alone: fetch_us + insert_us,
        together: workers * insert_us,
    };
    plan(draw, program, workers, &times)
        .set("insert_us", insert_us)
        .needs(Need::Place("/usr/lib/postgresql"))
        .served_by(Service::Postgres, "output", Settings::default())
        .culprit(Culprit::Server("output"))
}
