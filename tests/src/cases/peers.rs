//! Peers: that serve one at a time, that are hidden behind TLS, that are reached over too few connections or by too few threads, that
//! turn away, that are slow to accept connections.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Need, Plan, Program, Service, Settings};

pub const CASES: &[Case] = &[
    Case {
        name: "server-one-lock",
        cause: Cause::RemoteSerial,
        quick: true,
        plan: one_lock,
    },
    Case {
        name: "server-parallel",
        cause: Cause::None,
        quick: false,
        plan: parallel,
    },
    Case {
        name: "tls-one-lock",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: tls_one_lock,
    },
    Case {
        name: "tls-parallel",
        cause: Cause::None,
        quick: false,
        plan: tls_parallel,
    },
    Case {
        name: "few-connections",
        cause: Cause::Pool,
        quick: true,
        plan: few_connections,
    },
    Case {
        name: "few-connections-java",
        cause: Cause::Pool,
        quick: false,
        plan: few_connections_java,
    },
    Case {
        name: "java-executor",
        cause: Cause::Pool,
        quick: false,
        plan: java_executor,
    },
    Case {
        name: "postgres-turnstile",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: turnstile,
    },
    Case {
        name: "token-bucket",
        cause: Cause::RateLimit,
        quick: false,
        plan: token_bucket,
    },
    Case {
        name: "full-queue",
        cause: Cause::Network,
        quick: false,
        plan: full_queue,
    },
    Case {
        name: "roomy-queue",
        cause: Cause::None,
        quick: false,
        plan: roomy_queue,
    },
];

/// Clients in Python: threads or processes.
fn clients(draw: &mut Draw, workers: u64, alone_us: u64, together_us: u64) -> Plan {
    Plan::new(
        workers,
        Program::Python("client"),
        alone_us / 1000,
        together_us / 1000,
    )
    .set("forked", draw.between(0, 1))
    .set("rounds", draw.between(1, 100))
    .set("bytes", draw.between(50, 2_000))
}

fn serial(draw: &mut Draw, fewest: u64, most: u64) -> Plan {
    let workers = draw.between(fewest, most);
    let insert_us = draw.between(6_000, 15_000);
    let fetch_us = draw.between(20_000, 60_000).min(workers * insert_us / 3);
    clients(draw, workers, fetch_us + insert_us, workers * insert_us)
        .server("input", fetch_us, replies(draw.between(4_000, 16_000)))
        .server("output", insert_us, replies(16).set("serial", 1))
        .culprit(Culprit::Server("output"))
}

fn slow(draw: &mut Draw, fewest: u64, most: u64) -> Plan {
    let workers = draw.between(fewest, most);
    let insert_us = draw.between(80_000, 200_000);
    let fetch_us = draw.between(20_000, 60_000);
    let cycle = fetch_us + insert_us;
    clients(draw, workers, cycle, cycle)
        .server("input", fetch_us, replies(draw.between(4_000, 16_000)))
        .server("output", insert_us, replies(16))
}

fn one_lock(draw: &mut Draw) -> Plan {
    serial(draw, 12, 64)
}

fn parallel(draw: &mut Draw) -> Plan {
    slow(draw, 8, 32)
}

fn tls_one_lock(draw: &mut Draw) -> Plan {
    serial(draw, 8, 24).over_tls()
}

fn tls_parallel(draw: &mut Draw) -> Plan {
    slow(draw, 6, 16).over_tls()
}

fn few_connections(draw: &mut Draw) -> Plan {
    lent(draw, Program::Python("lend"))
}

fn few_connections_java(draw: &mut Draw) -> Plan {
    lent(draw, Program::Java("Lend"))
}

fn lent(draw: &mut Draw, program: Program) -> Plan {
    let insert_us = draw.between(15_000, 50_000);
    let fetch_us = draw.between(5_000, 20_000);
    Plan::new(
        16,
        program,
        (fetch_us + insert_us) / 1000,
        16 * insert_us / 4 / 1000,
    )
    .set("connections", 4)
    .set("bytes", draw.between(50, 2_000))
    .server("input", fetch_us, replies(draw.between(4_000, 16_000)))
    .server("output", insert_us, replies(16))
    .culprit(Culprit::Server("output"))
}

/// They hand what is to be posted over to an executor that never has more than one thread.
fn java_executor(draw: &mut Draw) -> Plan {
    let workers = draw.between(16, 32);
    let insert_us = draw.between(6_000, 12_000);
    let fetch_us = draw.between(10_000, 40_000);
    Plan::new(
        workers,
        Program::Java("Lend"),
        (fetch_us + insert_us) / 1000,
        workers * insert_us / 1000,
    )
    .set("most_threads", workers)
    .set("bytes", draw.between(50, 2_000))
    .server("input", fetch_us, replies(draw.between(4_000, 16_000)))
    .server("output", insert_us, replies(16))
    .culprit(Culprit::Kind("queue"))
}

/// Each takes one and the same advisory lock for the length of its transaction, most of which passes in sleep.
fn turnstile(draw: &mut Draw) -> Plan {
    let workers = draw.between(12, 24);
    let (fetch_us, held_us) = (draw.between(4_000, 8_000), draw.between(2_000, 4_000));
    // Statements between lock and commit take about a millisecond more.
    let turn_us = held_us + 1_000;
    Plan::new(
        workers,
        Program::Python("advisory"),
        (fetch_us + turn_us) / 1000,
        workers * turn_us / 1000,
    )
    .set("held_us", held_us)
    .set("bytes", draw.between(50, 500))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .needs(Need::Place("/usr/lib/postgresql"))
    .served_by(Service::Postgres, "output", Settings::default())
    .culprit(Culprit::Server("output"))
}

fn token_bucket(draw: &mut Draw) -> Plan {
    let workers = draw.between(8, 24);
    let (fetch_us, insert_us) = (draw.between(15_000, 40_000), draw.between(3_000, 8_000));
    // One worker alone is under the limit, all together are far above it.
    let alone = 1_000_000 / (fetch_us + insert_us);
    let rate = alone * draw.between(15, 30) / 10;
    Plan::new(
        workers,
        Program::Python("retry"),
        (fetch_us + insert_us) / 1000,
        workers * 1000 / rate,
    )
    .set("forked", draw.between(0, 1))
    .set("pause_us", draw.between(50_000, 120_000))
    .set("bytes", draw.between(50, 2_000))
    .server("input", fetch_us, replies(draw.between(4_000, 16_000)))
    .server(
        "output",
        insert_us,
        replies(16)
            .set("rate", rate)
            .set("burst", draw.between(1, 4)),
    )
    .culprit(Culprit::Server("output"))
}

/// A connection for each item, at a server whose thread that accepts them is busy with something else now and then.
fn reconnecting(draw: &mut Draw, workers: u64, reply_us: u64) -> Plan {
    Plan::new(workers, Program::Rust("reconnect"), reply_us / 1000, 2_000)
        .set("rounds", draw.between(1, 100))
        .culprit(Culprit::Server("input"))
}

fn full_queue(draw: &mut Draw) -> Plan {
    let workers = draw.between(24, 48);
    let reply_us = draw.between(25_000, 40_000);
    let more = replies(draw.between(200, 2_000))
        .set("backlog", 5)
        .set("pause_us", draw.between(30_000, 60_000))
        .set("pause_every_us", draw.between(150_000, 250_000));
    reconnecting(draw, workers, reply_us).server("input", reply_us, more)
}

/// The same with a queue that holds all who come; each of them takes long enough not to need the CPUs all the while.
fn roomy_queue(draw: &mut Draw) -> Plan {
    let workers = draw.between(8, 16);
    let reply_us = draw.between(40_000, 60_000);
    let more = replies(draw.between(200, 2_000)).set("backlog", 128);
    let plan = reconnecting(draw, workers, reply_us).server("input", reply_us, more);
    Plan {
        together_ms: reply_us / 1000,
        culprit: Culprit::Any,
        ..plan
    }
}
