//! The tables of a trace in three engines, and its views wherever it lies.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use holdup::row::{Reason, ResourceId, RowSource as _};
use serde_json::{Value, json};

use super::installed::{answer, program, python, refusal};
use super::recorded::Recorded;

/// What every engine has to find in a trace.
#[derive(Debug, Default, PartialEq)]
struct Sums {
    waits: u64,
    duration_ns: u64,
    calls: u64,
    /// Time blocked, by the kind of what was waited for.
    by_kind: BTreeMap<String, u64>,
}

impl Sums {
    /// As holdup itself reads the trace.
    fn own(trace: &Recorded) -> Self {
        let batches: Vec<_> = trace
            .source()
            .batches()
            .map(|batch| batch.expect("sound"))
            .collect();
        let mut kinds: BTreeMap<ResourceId, String> = BTreeMap::new();
        for resource in batches.iter().flat_map(|batch| &batch.resources) {
            kinds.insert(resource.id, kind(&format!("{:?}", resource.kind)));
        }
        let mut sums = Self::default();
        for batch in &batches {
            for wait in batch
                .waits
                .iter()
                .filter(|wait| wait.reason == Reason::Blocked)
            {
                let time = wait.end.since(wait.start).0;
                sums.waits += 1;
                sums.duration_ns += time;
                let kind = kinds.get(&wait.resource).cloned().unwrap_or_default();
                *sums.by_kind.entry(kind).or_default() += time;
            }
            sums.calls += batch
                .calls
                .iter()
                .map(|call| u64::from(call.count))
                .sum::<u64>();
        }
        sums
    }

    fn of(found: &Value) -> Self {
        let number = |value: &Value| match value {
            Value::String(text) => text.parse().expect("a number"),
            value => value.as_f64().expect("a number") as u64,
        };
        let by_kind = found["by_kind"].as_object().expect("kinds").iter();
        Self {
            waits: number(&found["waits"]),
            duration_ns: number(&found["duration_ns"]),
            calls: number(&found["calls"]),
            by_kind: by_kind
                .map(|(kind, time)| (kind.clone(), number(time)))
                .collect(),
        }
    }
}

/// `FutexPrivate` as tables spell it: `futex-private`.
fn kind(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.extend(letter.to_lowercase());
    }
    if out == "unknown" { String::new() } else { out }
}

/// The same queries, in the language that DuckDB and ClickHouse have in common.
fn queries(table: impl Fn(&str) -> String) -> Value {
    let (waits, calls, resources) = (table("waits"), table("calls"), table("resources"));
    json!({
        "waits": format!("SELECT count(*) AS n, sum(duration_ns) AS ns FROM {waits} WHERE reason = 'blocked'"),
        "calls": format!("SELECT sum(count) AS n FROM {calls}"),
        "kinds": format!(
            "SELECT coalesce(r.kind, '') AS kind, sum(w.duration_ns) AS ns FROM {waits} AS w LEFT JOIN \
             (SELECT resource_id, argMax(kind, end_ns) AS kind FROM {resources} GROUP BY resource_id) AS r \
             ON r.resource_id = w.resource_id WHERE w.reason = 'blocked' GROUP BY 1"
        ),
    })
}

fn found(answers: &Value) -> Sums {
    let kinds = answers["kinds"].as_array().expect("rows").iter();
    let by_kind: serde_json::Map<String, Value> = kinds
        .map(|row| {
            (
                row["kind"].as_str().expect("a name").to_owned(),
                row["ns"].clone(),
            )
        })
        .collect();
    Sums::of(&json!({
        "waits": answers["waits"][0]["n"],
        "duration_ns": answers["waits"][0]["ns"],
        "calls": answers["calls"][0]["n"],
        "by_kind": by_kind,
    }))
}

fn by_duckdb(trace: &Recorded) -> Sums {
    let queries = queries(str::to_owned)
        .to_string()
        .replace("argMax", "arg_max");
    let queries: Value = serde_json::from_str(&queries).expect("JSON");
    found(&python(
        "duckdb_read.py",
        &json!({"views": [trace.views("main")], "queries": queries}),
    ))
}

pub fn a_trace_is_read_alike_by_all() {
    for name in ["lock", "fsync", "spin-lock"] {
        let trace = Recorded::named(name);
        let own = Sums::own(&trace);
        assert!(own.waits > 500 && own.by_kind.len() > 1, "{own:?}");
        assert_eq!(by_duckdb(&trace), own, "DuckDB, {name}");
        let folder = trace.path.display().to_string();
        let table = |table: &str| format!("file('{folder}/epoch-*/{table}.parquet', Parquet)");
        assert_eq!(
            found(&python(
                "clickhouse_read.py",
                &json!({"queries": queries(table)})
            )),
            own,
            "ClickHouse, {name}"
        );
        assert_eq!(
            Sums::of(&python("polars_read.py", &json!({"trace": folder}))),
            own,
            "Polars, {name}"
        );
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("created");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("readable");
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).expect("copied")),
        }
    }
}

/// Names that end a string, stand for other names, or look like something else.
const NAMES: &[&str] = &[
    "it's here.holdup",
    "'; DROP TABLE x; --",
    "\"quoted\" \\back\\slash\\",
    "[a-z]*?{b,c}.holdup",
    "host=a",
    "two\nlines\tand\u{1b}[31m\u{202e}",
    "-- ünï 数据 %20 $HOME ~",
    ".read x",
];

pub fn a_trace_is_found_whatever_it_is_called() {
    let original = Recorded::named("lock");
    let own = Sums::own(&original);
    let folder = tempfile::tempdir().expect("a folder");
    for name in NAMES {
        let path = folder.path().join(name);
        copy(&original.path, &path);
        assert_eq!(by_duckdb(&Recorded::at(path)), own, "{name:?}");
    }
}

/// The program that is installed is of the release before: it takes every statement but the first, which tells that it cannot read all columns.
pub fn views_are_piped_into_the_program() {
    let original = Recorded::named("lock");
    let folder = tempfile::tempdir().expect("a folder");
    for name in NAMES {
        let path = folder.path().join(name);
        copy(&original.path, &path);
        let trace = Recorded::at(path);
        let views = trace.views("main");
        let (first, others) = views.split_once('\n').expect("statements");
        let database = folder.path().join("t.db");
        let duckdb = || {
            let mut command = Command::new(program("duckdb"));
            command.args(["-bail", "-csv", "-noheader"]).arg(&database);
            command
        };
        assert_eq!(answer(&mut duckdb(), others), "", "{name:?}");
        let count = "SELECT count(*) FROM waits WHERE reason = 'blocked';";
        let count = answer(&mut duckdb(), count);
        assert_eq!(
            count.trim(),
            Sums::own(&trace).waits.to_string(),
            "{name:?}"
        );
        let refused = refusal(&mut duckdb(), first);
        assert!(refused.contains("need DuckDB 2.0 or later"), "{refused}");
    }
}
