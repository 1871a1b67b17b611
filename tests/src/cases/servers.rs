//! Servers as people run them, at their usual settings: what limits requests, goes between, lends connections, or keeps rows; and the
//! same where nothing does.

use holdup::cause::Cause;

use super::replies;
use crate::draw::Draw;
use crate::plan::{Case, Culprit, Need, Plan, Program, Service, Settings};

pub const CASES: &[Case] = &[
    Case {
        name: "nginx-delays",
        cause: Cause::RateLimit,
        quick: false,
        plan: nginx_delays,
    },
    Case {
        name: "nginx-refuses",
        cause: Cause::RateLimit,
        quick: false,
        plan: nginx_refuses,
    },
    Case {
        name: "nginx-before-lock",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: nginx_before_lock,
    },
    Case {
        name: "nginx-passes",
        cause: Cause::None,
        quick: false,
        plan: nginx_passes,
    },
    Case {
        name: "tiers-lock",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: tiers_lock,
    },
    Case {
        name: "bouncer",
        cause: Cause::Pool,
        quick: false,
        plan: bouncer,
    },
    Case {
        name: "mariadb-one-row",
        cause: Cause::RemoteSerial,
        quick: false,
        plan: mariadb_one_row,
    },
    Case {
        name: "mariadb-own-rows",
        cause: Cause::None,
        quick: false,
        plan: mariadb_own_rows,
    },
    Case {
        name: "narrow-link",
        cause: Cause::Network,
        quick: false,
        plan: narrow_link,
    },
    Case {
        name: "wide-link",
        cause: Cause::None,
        quick: false,
        plan: wide_link,
    },
];

const NGINX: Need = Need::Tool("nginx");
const MARIADB: Need = Need::Tool("mariadbd");

/// Clients of a limit far below what they could send; one alone is under it. Gives how many, what each fetches for, us, and the limit.
fn limited(draw: &mut Draw) -> (u64, u64, u64) {
    let workers = draw.between(8, 24);
    let fetch_us = draw.between(15_000, 40_000);
    let rate = 1_000_000 / fetch_us * draw.between(15, 30) / 10;
    (workers, fetch_us, rate)
}

/// nginx keeps each request for as long as the limit says (`limit_req` with a burst, and no `nodelay`).
fn nginx_delays(draw: &mut Draw) -> Plan {
    let (workers, fetch_us, rate) = limited(draw);
    Plan::new(
        workers,
        Program::Python("client"),
        fetch_us / 1000,
        workers * 1000 / rate,
    )
    .set("forked", draw.between(0, 1))
    .set("rounds", draw.between(1, 20))
    .set("bytes", draw.between(50, 2_000))
    .server("input", fetch_us, replies(draw.between(4_000, 16_000)))
    .needs(NGINX)
    .served_by(
        Service::Nginx,
        "output",
        Settings::default()
            .set("rate", rate)
            .set("burst", "burst=1000"),
    )
    .culprit(Culprit::Server("output"))
    // From outside they look alike.
    .or(Cause::RemoteSerial)
}

/// nginx answers what is above the limit with 503, its default; who is turned away tries again a little later.
fn nginx_refuses(draw: &mut Draw) -> Plan {
    let (workers, fetch_us, rate) = limited(draw);
    Plan::new(
        workers,
        Program::Python("retry"),
        fetch_us / 1000,
        workers * 1000 / rate,
    )
    .set("forked", draw.between(0, 1))
    .set("pause_us", draw.between(50_000, 120_000))
    .set("bytes", draw.between(50, 2_000))
    .server("input", fetch_us, replies(draw.between(4_000, 16_000)))
    .needs(NGINX)
    .served_by(
        Service::Nginx,
        "output",
        Settings::default().set("rate", rate),
    )
    .culprit(Culprit::Server("output"))
}

/// nginx passes on to a server.
fn behind_nginx(
    draw: &mut Draw,
    workers: u64,
    times_us: (u64, u64, u64),
    server: Settings,
) -> Plan {
    let (fetch_us, insert_us, together_us) = times_us;
    Plan::new(
        workers,
        Program::Python("client"),
        (fetch_us + insert_us) / 1000,
        together_us / 1000,
    )
    .set("forked", draw.between(0, 1))
    .set("rounds", draw.between(1, 20))
    .set("bytes", draw.between(50, 2_000))
    .server("input", fetch_us, replies(draw.between(4_000, 16_000)))
    .server("behind", insert_us, server)
    .needs(NGINX)
    .served_by(Service::Nginx, "output", Settings::default())
}

fn nginx_before_lock(draw: &mut Draw) -> Plan {
    let workers = draw.between(12, 32);
    let insert_us = draw.between(6_000, 15_000);
    let fetch_us = draw.between(20_000, 60_000).min(workers * insert_us / 3);
    let times_us = (fetch_us, insert_us, workers * insert_us);
    behind_nginx(draw, workers, times_us, replies(16).set("serial", 1))
        .culprit(Culprit::Server("output"))
}

fn nginx_passes(draw: &mut Draw) -> Plan {
    let workers = draw.between(8, 24);
    let insert_us = draw.between(80_000, 200_000);
    let fetch_us = draw.between(20_000, 60_000);
    let times_us = (fetch_us, insert_us, fetch_us + insert_us);
    behind_nginx(draw, workers, times_us, replies(16))
}

/// A server that works on each request, all at once, and asks another one for it, which has one lock.
fn tiers_lock(draw: &mut Draw) -> Plan {
    let workers = draw.between(12, 32);
    let insert_us = draw.between(5_000, 10_000);
    let own_us = workers * insert_us * draw.between(3, 6) / 10;
    let fetch_us = draw.between(10_000, 20_000);
    Plan::new(
        workers,
        Program::Python("client"),
        (fetch_us + own_us + insert_us) / 1000,
        workers * insert_us / 1000,
    )
    .set("forked", draw.between(0, 1))
    .set("rounds", draw.between(1, 20))
    .set("bytes", draw.between(50, 2_000))
    .server("input", fetch_us, replies(draw.between(4_000, 16_000)))
    .server("behind", insert_us, replies(16).set("serial", 1))
    .server("output", own_us, replies(16))
    .culprit(Culprit::Server("output"))
}

/// PgBouncer has so many connections to the database, and lends one for each transaction.
fn bouncer(draw: &mut Draw) -> Plan {
    let workers = draw.between(12, 24);
    let connections = draw.between(2, 4);
    let insert_us = draw.between(15_000, 40_000);
    let fetch_us = draw.between(5_000, 20_000);
    Plan::new(
        workers,
        Program::Python("statements"),
        (fetch_us + insert_us) / 1000,
        workers * insert_us / connections / 1000,
    )
    .set("insert_us", insert_us)
    .set("bytes", draw.between(50, 500))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .needs(Need::Place("/usr/lib/postgresql"))
    .needs(Need::Place("/usr/sbin/pgbouncer"))
    .served_by(Service::Postgres, "database", Settings::default())
    .served_by(
        Service::Bouncer,
        "output",
        Settings::default().set("connections", connections),
    )
    .culprit(Culprit::Server("output"))
    // Whose slots they are does not show from outside.
    .or(Cause::RemoteSerial)
}

/// Clients of MariaDB, each transaction of which counts and inserts, and goes on for so long after that, us.
fn counting(draw: &mut Draw, workers: u64, fetch_us: u64, held_us: u64, together_us: u64) -> Plan {
    Plan::new(
        workers,
        Program::Python("updates"),
        (fetch_us + held_us) / 1000 + 2,
        together_us / 1000,
    )
    .set("held_us", held_us)
    .set("bytes", draw.between(50, 500))
    .server("input", fetch_us, replies(draw.between(500, 8_000)))
    .needs(MARIADB)
    .needs(Need::Python("pymysql"))
    .served_by(Service::MariaDb, "output", Settings::default())
}

fn mariadb_one_row(draw: &mut Draw) -> Plan {
    let workers = draw.between(8, 20);
    let fetch_us = draw.between(10_000, 30_000);
    let held_us = draw.between(6_000, 12_000);
    counting(
        draw,
        workers,
        fetch_us,
        held_us,
        workers * (held_us + 2_000),
    )
    .set("one_row", 1)
    .culprit(Culprit::Server("output"))
}

fn mariadb_own_rows(draw: &mut Draw) -> Plan {
    let workers = draw.between(6, 12);
    // So that CPUs and the disk have room.
    let (fetch_us, held_us) = (draw.between(50_000, 100_000), draw.between(6_000, 12_000));
    counting(draw, workers, fetch_us, held_us, fetch_us + held_us + 5_000)
}

/// Clients that post so many bytes over a link on which one of them takes so long, us.
fn over_link(draw: &mut Draw, workers: u64, fetch_us: u64, post_us: u64, together_us: u64) -> Plan {
    let bytes = draw.between(300_000, 500_000);
    let mut plan = Plan::new(
        workers,
        Program::Python("client"),
        (fetch_us + post_us) / 1000,
        together_us / 1000,
    )
    .set("forked", draw.between(0, 1))
    .set("rounds", draw.between(1, 20))
    .set("bytes", bytes)
    .server("input", fetch_us, replies(draw.between(500, 4_000)))
    .server("output", 1_000, replies(16))
    .needs(Need::Tool("tc"));
    plan.link_limit = Some(bytes * 8 * 1_000_000 / post_us);
    plan
}

fn narrow_link(draw: &mut Draw) -> Plan {
    let workers = draw.between(8, 16);
    let fetch_us = draw.between(40_000, 80_000);
    let post_us = draw.between(25_000, 40_000);
    over_link(draw, workers, fetch_us, post_us, workers * post_us)
        .culprit(Culprit::Server("output"))
}

/// The link has room for all of them.
fn wide_link(draw: &mut Draw) -> Plan {
    let workers = draw.between(4, 8);
    let fetch_us = draw.between(80_000, 120_000);
    over_link(draw, workers, fetch_us, 4_000, fetch_us + 6_000)
}
