//! Threads that were found running: the function that keeps them busy is named, and what takes CPU time is told by program.

use super::carried::{by_one_thread, report};
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{Frame, MemorySource, Nanos, Sample, Stack, StackId, TaskRole};
use crate::script;

const NODE: &str = "/usr/bin/node";

/// Adds so many samples of the target's first thread at each of these stacks: `symbol file line`, innermost first.
pub(super) fn sample(source: &mut MemorySource, stacks: &[(u64, &[&str])]) {
    let opened = source.meta.opened;
    let batch = &mut source.batches[0];
    let mut tasks = batch.tasks.iter();
    let thread = tasks.find(|task| task.role == TaskRole::Target);
    let (tid, pid) = thread.map(|task| (task.tid, task.pid)).expect("a target");
    for (number, (count, text)) in (900..).zip(stacks) {
        let frame = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            let of_script = words.len() > 1;
            Frame {
                module: if of_script { "" } else { NODE }.to_owned(),
                symbol: words[0].to_owned(),
                file: words.get(1).copied().unwrap_or_default().to_owned(),
                line: words.get(2).map_or(0, |line| line.parse().expect("a line")),
                offset: 0,
            }
        };
        batch.stacks.push(Stack {
            id: StackId(number),
            pid,
            frames: text.iter().map(frame).collect(),
        });
        batch.samples.extend((0..*count).map(|at| Sample {
            end: Nanos(opened.0 + 1 + at),
            tid,
            pid,
            stack: StackId(number),
            ..Sample::default()
        }));
    }
    batch.samples.sort_by_key(|sample| sample.end);
}

/// A loop that computes most of what its tasks need, found at these stacks.
fn busy(stacks: &[(u64, &[&str])]) -> Report {
    let text = "cpus 1\n24 workers: fetch A 20ms; compute 2ms";
    let mut source = by_one_thread(&script::workload(text));
    sample(&mut source, stacks);
    report(&source)
}

const DIGEST: &[&str] = &["node::crypto::Hash::Update", "digest /srv/app.js 12"];
const PARSE: &[&str] = &["v8::internal::JsonParse", "parse /srv/app.js 40"];
const COLLECTS: &[&str] = &["v8::internal::Scavenger::Process"];
const UNSEEN: &[&str] = &["Builtins_InterpreterEntryTrampoline"];

#[test]
fn the_function_that_keeps_a_loop_busy_is_named() {
    let report = busy(&[(70, DIGEST), (20, PARSE), (10, COLLECTS)]);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::SingleThread, "{verdict:#?}");
    assert_eq!(verdict.culprit.call_site, "digest (app.js:12)");
    let evidence = report.causes[0].evidence.join(" ");
    let told = "Of the samples of its CPU time, 70% are in digest (app.js:12).";
    assert!(evidence.contains(told), "{evidence}");
    let [cpu] = &report.cpu_time[..] else {
        panic!("{:#?}", report.cpu_time);
    };
    assert_eq!((cpu.samples, cpu.is_peer), (100, false));
    let functions: Vec<(&str, f64)> = (cpu.functions.iter())
        .map(|one| (one.function.as_str(), one.share))
        .collect();
    let expect = [
        ("digest (app.js:12)", 0.7),
        ("parse (app.js:40)", 0.2),
        ("v8::internal::Scavenger::Process (node)", 0.1),
    ];
    assert_eq!(functions, expect);
    assert!(cpu.cpus > 0.5, "{cpu:?}");
}

#[test]
fn a_script_that_is_not_seen_has_no_function_and_few_samples_have_no_shares() {
    let check = |stacks: &[(u64, &[&str])], expect: &str| {
        let report = busy(stacks);
        assert_eq!(report.verdict.cause, Cause::SingleThread);
        assert_eq!(report.verdict.culprit.call_site, expect, "{stacks:?}");
    };
    check(&[(100, UNSEEN)], "");
    // What is known is a share of all.
    check(&[(70, UNSEEN), (30, PARSE)], "parse (app.js:40)");
    check(&[(5, DIGEST)], "");
    check(&[], "");
}
