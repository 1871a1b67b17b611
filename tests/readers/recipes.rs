//! The recipes of docs/QUERIES.md, run by DuckDB on kept traces, their sums held against the report of the same trace.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::installed::python;
use super::page::{recipes, unlimited};
use super::recorded::{Recorded, number, same};

/// The rows of an answer.
pub struct Rows(Vec<Value>);

impl Rows {
    /// The sum of a column over the rows that `is_one` chooses.
    fn sum(&self, column: &str, is_one: impl Fn(&Value) -> bool) -> f64 {
        let chosen = self.0.iter().filter(|row| is_one(row));
        chosen.filter_map(|row| row[column].as_f64()).sum()
    }

    /// The sum of one column times another.
    fn product(&self, (a, b): (&str, &str), is_one: impl Fn(&Value) -> bool) -> f64 {
        let chosen = self.0.iter().filter(|row| is_one(row));
        let both = |row: &Value| Some(row[a].as_f64()? * row[b].as_f64()?);
        chosen.filter_map(both).sum()
    }
}

/// A recipe, and how its sums are held against the report of a trace.
pub struct Check {
    /// Its heading.
    pub recipe: &'static str,
    trace: &'static str,
    holds: fn(&Rows, &Value),
}

/// Every recipe has one at least.
pub const CHECKS: &[Check] = &[
    check("Who waits for whom", "lock", waits_of_the_lock),
    check("Who waits for whom", "mutex-threads", waits_of_the_lock),
    check("Locks, and who held them", "lock", the_lock_itself),
    check(
        "Locks, and who held them",
        "mutex-processes",
        the_lock_itself,
    ),
    check("Off-CPU time by function", "lock", waits_by_function),
    check(
        "Response against the number in flight",
        "server-one-lock",
        responses_by_load,
    ),
    check("The slowest requests", "server-one-lock", slowest_requests),
    check("What a database is asked", "node-postgres", statements),
    check("What a database is asked", "asyncio-redis", statements),
    check("CPU time by function", "spin-lock", cpu_by_function),
    check("CPU time by function", "barrier-rounds", cpu_by_function),
    check("Time by state and thread", "burners", running),
    check("Time by state and thread", "spin-lock", running),
    check("Run-queue delay by thread", "burners", queued),
    check("Syncs, and how they overlap", "fsync", syncs),
    check("Syncs, and how they overlap", "synced-appends", syncs),
    check("Bytes by peer", "server-one-lock", requests_by_peer),
    check("Before and after a change", "lock", both_sides),
    check("One worker in one second", "lock", one_second),
    check("One worker in one second", "goldsky-node", one_second),
    check("What was lost", "goldsky-node", lost),
    check("What was lost", "lock", lost),
];

const fn check(recipe: &'static str, trace: &'static str, holds: fn(&Rows, &Value)) -> Check {
    Check {
        recipe,
        trace,
        holds,
    }
}

/// What DuckDB answers to all recipes on a trace, which is also the one before a change and the one after it.
fn answers(trace: &Recorded, statements: &BTreeMap<String, String>) -> BTreeMap<String, Rows> {
    let views = ["main", "before", "after"].map(|schema| trace.views(schema));
    let answers = python(
        "duckdb_read.py",
        &json!({"views": views, "queries": statements}),
    );
    let answers = answers.as_object().expect("an object").clone().into_iter();
    let rows = |rows: Value| Rows(rows.as_array().expect("rows").clone());
    answers.map(|(name, found)| (name, rows(found))).collect()
}

pub fn every_recipe_runs_on_traces_of_all_sorts() {
    // One without statements, samples or tasks; one of each runtime; one with files, one with pipes, one with several processes.
    for name in [
        "lock",
        "goldsky-node",
        "go-mutex",
        "asyncio-redis",
        "java-executor",
        "sqlite",
        "slow-pipe",
        "few-reads",
    ] {
        answers(&Recorded::named(name), &recipes());
    }
}

pub fn sums_are_those_of_the_report() {
    let whole = recipes().into_iter();
    let whole: BTreeMap<_, _> = whole
        .map(|(name, statement)| (name, unlimited(&statement)))
        .collect();
    let mut by_trace: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
    for check in CHECKS {
        by_trace.entry(check.trace).or_default().push(check);
    }
    let mut faults = Vec::new();
    for (name, checks) in by_trace {
        let trace = Recorded::named(name);
        let (answers, report) = (answers(&trace, &whole), trace.report());
        for check in checks {
            let rows = &answers[check.recipe];
            let held = std::panic::catch_unwind(|| (check.holds)(rows, &report));
            if let Err(fault) = held {
                let fault = fault.downcast_ref::<String>().cloned().unwrap_or_default();
                faults.push(format!("{} on {name}: {fault}", check.recipe));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn blamed(report: &Value) -> (&str, f64) {
    let first = &report["blame"][0];
    (text(first, "resource"), number(first, "/ns") / 1e9)
}

fn waits_of_the_lock(rows: &Rows, report: &Value) {
    let (lock, seconds) = blamed(report);
    same(
        "waiting",
        rows.sum("seconds", |row| text(row, "waits_for") == lock),
        seconds,
    );
}

fn the_lock_itself(rows: &Rows, report: &Value) {
    let (lock, seconds) = blamed(report);
    same(
        "waiting",
        rows.sum("seconds", |row| text(row, "lock") == lock),
        seconds,
    );
    let first = rows.0.first().expect("a lock");
    assert_eq!(text(first, "lock"), lock);
    assert!(!text(first, "held_by").is_empty());
}

fn waits_by_function(rows: &Rows, report: &Value) {
    let site = text(&report["verdict"]["culprit"], "call_site");
    let (_, seconds) = blamed(report);
    same(
        "waiting",
        rows.sum("seconds", |row| text(row, "function") == site),
        seconds,
    );
}

/// Requests to a peer, and the mean time in them, ms, by the stages of the report.
fn asked(report: &Value, peer: &str) -> (f64, f64) {
    let items = number(report, "/items/count");
    let stages = report["stages"].as_array().expect("stages").iter();
    let resources = stages.flat_map(|stage| stage["resources"].as_array().expect("resources"));
    let (mut visits, mut ms) = (0.0, 0.0);
    for resource in resources.filter(|resource| text(resource, "name") == peer) {
        visits += items * number(resource, "/visits");
        ms += items * number(resource, "/mean_ms");
    }
    assert!(visits > 0.0, "the report knows nothing of {peer}");
    (visits, ms / visits)
}

fn culprit(report: &Value) -> &str {
    text(&report["verdict"]["culprit"], "name")
}

fn responses_by_load(rows: &Rows, report: &Value) {
    let peer = culprit(report);
    let (_, mean) = asked(report, peer);
    let is_one = |row: &Value| text(row, "peer") == peer;
    same(
        "response",
        rows.product(("requests", "mean_ms"), is_one) / rows.sum("requests", is_one),
        mean,
    );
}

fn slowest_requests(rows: &Rows, report: &Value) {
    let peer = culprit(report);
    let (visits, _) = asked(report, peer);
    let of_peer: Vec<&Value> = rows
        .0
        .iter()
        .filter(|row| text(row, "peer") == peer)
        .collect();
    assert!(
        of_peer
            .windows(2)
            .all(|two| two[0]["response_ms"].as_f64() >= two[1]["response_ms"].as_f64())
    );
    let cut = number(report, "/workers/count");
    let count = of_peer.len() as f64;
    assert!(
        (visits - cut..=1.01 * visits).contains(&count),
        "{count} of {visits}"
    );
}

fn statements(rows: &Rows, report: &Value) {
    let peers = report["statements"].as_array().expect("statements");
    assert!(!peers.is_empty());
    for peer in peers {
        for told in peer["statements"].as_array().expect("statements") {
            let is_one = |row: &Value| {
                text(row, "peer") == text(peer, "peer")
                    && text(row, "statement") == text(told, "statement")
            };
            same(
                "requests",
                rows.sum("requests", is_one),
                number(told, "/count"),
            );
            same(
                "response",
                rows.sum("mean_ms", is_one),
                number(told, "/mean_ms"),
            );
        }
    }
}

fn cpu_by_function(rows: &Rows, report: &Value) {
    for program in report["cpu_time"].as_array().expect("programs") {
        let role = if program["is_peer"] == true {
            "peer"
        } else {
            "target"
        };
        let of = |row: &Value| {
            text(row, "program") == text(program, "program") && text(row, "role") == role
        };
        same(
            "samples",
            rows.sum("samples", of),
            number(program, "/samples"),
        );
        for function in program["functions"].as_array().into_iter().flatten() {
            let share = rows.sum("share", |row| {
                of(row) && text(row, "function") == text(function, "function")
            });
            same(
                text(function, "function"),
                share,
                number(function, "/share"),
            );
        }
    }
}

fn running(rows: &Rows, report: &Value) {
    let window = number(report, "/window_s");
    for program in report["cpu_time"].as_array().expect("programs") {
        let role = if program["is_peer"] == true {
            "peer"
        } else {
            "target"
        };
        let of = |row: &Value| {
            text(row, "program") == text(program, "program") && text(row, "role") == role
        };
        same(
            "running",
            rows.sum("running_s", of),
            window * number(program, "/cpus"),
        );
        same(
            "the kernel's count",
            rows.sum("running_s", of),
            rows.sum("kernel_s", of),
        );
    }
    for row in &rows.0 {
        let states = ["running_s", "queued_s", "waiting_s", "other_s"];
        let sum: f64 = states.iter().filter_map(|state| row[state].as_f64()).sum();
        same("all states", sum, row["all_s"].as_f64().expect("a sum"));
        assert!(sum <= 1.000_001 * window, "{row}");
    }
}

fn queued(rows: &Rows, report: &Value) {
    let items = number(report, "/items/count");
    let stages = report["stages"].as_array().expect("stages").iter();
    let resources = stages.flat_map(|stage| stage["resources"].as_array().expect("resources"));
    let queue = resources.filter(|resource| text(resource, "name") == "waiting for a CPU");
    let seconds: f64 = queue
        .map(|resource| items * number(resource, "/mean_ms") / 1e3)
        .sum();
    same("queued", rows.sum("queued_s", |_| true), seconds);
}

fn syncs(rows: &Rows, report: &Value) {
    let evidence = report["causes"].as_array().expect("causes").iter();
    let evidence = evidence.flat_map(|cause| cause["evidence"].as_array().expect("evidence"));
    let told = evidence
        .filter_map(Value::as_str)
        .find(|line| line.contains(" syncs took "));
    let words: Vec<&str> = told.expect("syncs are told of").split(' ').collect();
    let told = |index: usize| words[index].parse::<f64>().expect("a number");
    // "620 syncs took 221.75 ms on average, 137.5 s of worker time in all".
    same("syncs", rows.sum("syncs", |_| true), told(0));
    same(
        "mean",
        1e3 * rows.sum("seconds", |_| true) / rows.sum("syncs", |_| true),
        told(3),
    );
}

fn requests_by_peer(rows: &Rows, report: &Value) {
    let peer = culprit(report);
    let (visits, _) = asked(report, peer);
    let is_one = |row: &Value| text(row, "peer") == peer;
    same("requests", rows.sum("requests", is_one), visits);
    assert!(rows.sum("sent", is_one) > 0.0 && rows.sum("read", is_one) > 0.0);
}

fn both_sides(rows: &Rows, report: &Value) {
    let (lock, seconds) = blamed(report);
    let is_one = |row: &Value| text(row, "waits_for") == lock;
    for side in ["threads_before", "threads_after"] {
        same(
            side,
            rows.sum(side, is_one) * number(report, "/window_s"),
            seconds,
        );
    }
}

fn one_second(rows: &Rows, _report: &Value) {
    same("lines", rows.sum("lasts_ms", |_| true), 1000.0);
    let mut at = 0.0;
    for row in &rows.0 {
        assert!(
            (row["at_ms"].as_f64().expect("a time") - at).abs() < 0.01,
            "{row} at {at}"
        );
        at += row["lasts_ms"].as_f64().expect("a time");
    }
}

fn lost(rows: &Rows, report: &Value) {
    let coverage = &report["coverage"];
    let records = rows.sum("count", |row| row["is_record"] == true);
    same("records", records, number(coverage, "/lost"));
    let by_cause = coverage["lost_by_cause"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    for row in &rows.0 {
        let told = by_cause
            .get(text(row, "what"))
            .and_then(Value::as_f64)
            .unwrap_or(0.0);
        same(
            text(row, "what"),
            row["count"].as_f64().expect("a number"),
            told,
        );
    }
}
