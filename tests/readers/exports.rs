//! What is exported, read by the programs it is for, and held against the report or the trace.

use std::collections::BTreeMap;
use std::process::Command;

use holdup::export::{
    Export, FlameGraph, Folded, Perfetto, Pprof, Speedscope, Time, WaitForGraph, export,
};
use holdup::row::RowSource as _;
use serde_json::{Value, json};

use super::installed::{answer, folder, python};
use super::recorded::{Recorded, number, same};

fn exported(trace: &Recorded, form: &mut dyn Export) -> Vec<u8> {
    let mut out = Vec::new();
    export(trace.source(), form, &mut out).expect("exported");
    out
}

fn folded(trace: &Recorded, time: Time) -> BTreeMap<String, u64> {
    let text = exported(trace, &mut Folded::new(trace.source().meta(), time));
    let text = String::from_utf8(text).expect("text");
    let line = |line: &str| {
        let (stack, sum) = line.rsplit_once(' ')?;
        Some((stack.to_owned(), sum.parse().ok()?))
    };
    text.lines()
        .map(|of| line(of).expect("a stack and a number"))
        .collect()
}

/// Requests to all peers, by the stages of a report.
fn requests(report: &Value) -> f64 {
    let items = number(report, "/items/count");
    let stages = report["stages"].as_array().expect("stages").iter();
    let resources = stages.flat_map(|stage| stage["resources"].as_array().expect("resources"));
    let peers = resources.filter(|resource| resource["kind"] == "peer");
    peers.map(|peer| items * number(peer, "/visits")).sum()
}

pub fn perfetto_reads_the_times_of_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["burners", "lock", "goldsky-node", "server-one-lock"] {
        let trace = Recorded::named(name);
        let report = trace.report();
        let window = number(&report, "/window_s");
        let file = folder.path().join(name);
        std::fs::write(&file, exported(&trace, &mut Perfetto)).expect("written");
        let read = python("perfetto_read.py", &json!({"file": file}));
        let tracks = read["tracks"].as_array().expect("tracks");
        let threads: Vec<&Value> = tracks.iter().filter(|track| track["tid"] != 0).collect();
        let of = |track: &Value, state: &str| track["ns"][state].as_f64().unwrap_or(0.0) / 1e9;
        let running: f64 = threads.iter().map(|track| of(track, "running")).sum();
        let cpus = report["cpu_time"].as_array().expect("programs").iter();
        let cpus: f64 = cpus.map(|program| number(program, "/cpus")).sum();
        // Programs that hardly run are not told of.
        assert!(
            running >= 0.99 * cpus * window && running <= 1.01 * cpus * window + 0.02 * window,
            "{name}: {running} of {}",
            cpus * window
        );
        let waiting = read["waiting_ns"].as_object().expect("times").iter();
        let locks = waiting.filter(|(name, _)| name.starts_with("lock "));
        let locks: f64 = locks.filter_map(|(_, ns)| ns.as_f64()).sum();
        if name == "lock" {
            same(
                "waiting for the lock",
                locks,
                number(&report, "/blame/0/ns"),
            );
        }
        same("requests", number(&read, "/requests"), requests(&report));
        for track in &threads {
            let states = ["running", "queued", "waiting", "stopped"].map(|state| of(track, state));
            assert!(states.iter().sum::<f64>() <= window * 1.000_001, "{track}");
        }
    }
}

/// Waiting by what is waited in, as the innermost frame of folded stacks has it, s.
fn seconds_in(sums: &BTreeMap<String, u64>, call: &str) -> f64 {
    let ends = format!("[{call}]");
    let all = sums.iter().filter(|(stack, _)| stack.ends_with(&ends));
    all.map(|(_, sum)| *sum as f64).sum::<f64>() / 1e6
}

/// Its importer is a part of a program for browsers, so that its published schema is asked instead.
pub fn speedscope_takes_what_its_schema_allows() {
    let schema = folder().join("node_modules/speedscope/dist/release/file-format-schema.json");
    for name in ["lock", "spin-lock", "goldsky-node"] {
        let trace = Recorded::named(name);
        let file = exported(&trace, &mut Speedscope::new(trace.source().meta()));
        let file: Value = serde_json::from_slice(&file).expect("JSON");
        let read = python(
            "speedscope_read.py",
            &json!({"schema": schema, "file": file}),
        );
        let profiles = [Time::OffCpu, Time::OnCpu].map(|time| folded(&trace, time));
        for (read, folded) in read.as_array().expect("profiles").iter().zip(&profiles) {
            let stacks = read["stacks"].as_object().expect("stacks");
            assert_eq!(stacks.len(), folded.len(), "{name}");
            for (stack, sum) in folded {
                assert_eq!(stacks[stack], *sum, "{name}: {stack}");
            }
        }
    }
}

pub fn graphviz_reads_who_waits_for_whom() {
    for name in ["lock", "goldsky-node", "fsync", "pool"] {
        let trace = Recorded::named(name);
        let report = trace.report();
        let text = String::from_utf8(exported(&trace, &mut WaitForGraph)).expect("text");
        let graph = python("dot_read.py", &json!({"text": text}));
        assert_eq!(graph["label"], report["verdict"]["sentence"], "{name}");
        let nodes = &graph["nodes"];
        let edges = graph["edges"].as_array().expect("edges");
        for blame in report["blame"].as_array().expect("blame") {
            let is_drawn = edges.iter().any(|edge| {
                let end = |at: usize| &nodes[edge[at].as_str().expect("a node")];
                *end(0) == blame["waiter"] && *end(1) == blame["resource"]
            });
            assert!(is_drawn, "{name}: {blame} is not in {graph}");
        }
    }
}

pub fn flame_graphs_have_the_sums_of_folded_stacks() {
    let trace = Recorded::named("lock");
    let report = trace.report();
    let waiting = folded(&trace, Time::OffCpu);
    same(
        "the lock",
        seconds_in(&waiting, "futex"),
        number(&report, "/blame/0/ns") / 1e9,
    );
    let spinning = Recorded::named("spin-lock");
    let running = folded(&spinning, Time::OnCpu);
    let told = spinning.report();
    same(
        "samples",
        running.values().sum::<u64>() as f64,
        number(&told, "/cpu_time/0/samples"),
    );
    for (trace, time, sums) in [
        (trace, Time::OffCpu, waiting),
        (spinning, Time::OnCpu, running),
    ] {
        let svg = exported(&trace, &mut FlameGraph::new(trace.source().meta(), time));
        let svg = String::from_utf8(svg).expect("text");
        let read = python("svg_read.py", &json!({"text": svg}));
        same(
            "the widest frame",
            number(&read, "/all"),
            sums.values().sum::<u64>() as f64,
        );
    }
}

pub fn go_reads_a_profile_of_contentions() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("lock.pb.gz");
    let trace = Recorded::named("lock");
    let report = trace.report();
    std::fs::write(&file, exported(&trace, &mut Pprof)).expect("written");
    let pprof = |arguments: &[&str]| {
        let mut command = Command::new("go");
        command.args(["tool", "pprof"]).args(arguments).arg(&file);
        answer(&mut command, "")
    };
    let top = pprof(&["-top", "-unit=ns", "-nodefraction=0"]);
    assert!(top.contains("Type: delay"), "{top}");
    same(
        "the lock",
        column(&top, "[futex]", 0) / 1e9,
        number(&report, "/blame/0/ns") / 1e9,
    );
    let site = "append_records";
    assert!(column(&top, site, 3) > 0.0, "{top}");
    let waits = pprof(&["-top", "-sample_index=contentions", "-nodefraction=0"]);
    same(
        "waits",
        column(&waits, "[futex]", 0),
        number(&report, "/items/count"),
    );
    let lines = pprof(&["-list", "append_records"]);
    assert!(lines.contains("lock.rs"), "{lines}");
    let labels = pprof(&["-tags"]);
    assert!(
        labels.contains("thread:") && labels.contains("worker "),
        "{labels}"
    );
}

/// A column of the first line of a table of pprof's that ends so.
#[track_caller]
fn column(table: &str, ends: &str, index: usize) -> f64 {
    let line = table.lines().find(|line| line.ends_with(ends));
    let words = line
        .unwrap_or_else(|| panic!("no {ends} in {table}"))
        .split_whitespace();
    let word = words.clone().nth(index).expect("a column");
    word.trim_end_matches("ns").parse().expect("a number")
}
