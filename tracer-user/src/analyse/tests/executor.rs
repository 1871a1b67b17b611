//! Threads that hand over what is to be written to other threads of their process, and wait until it is done.

use super::rules::refutations;
use crate::analyse::{Options, analyse};
use crate::cause::Cause;
use crate::report::Report;
use crate::script;
use crate::work::StageName;

fn report(text: &str) -> Report {
    let source = script::workload(text);
    analyse(&source, &Options::default())
        .expect("rows in memory")
        .report
}

#[test]
fn one_thread_that_writes_for_all_is_a_pool_that_is_too_small() {
    let report = report("16 callers: fetch A 20ms; hand over H\n1 pool: take over H; write B 8ms");
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Pool, "{verdict:#?}");
    assert_eq!(verdict.stage, StageName::Write);
    assert!(
        (verdict.culprit.capacity - 1.0).abs() < 1e-9,
        "{verdict:#?}"
    );
    assert!(verdict.alternatives.is_empty(), "{verdict:#?}");
    let workers = &report.workers;
    assert_eq!(
        (workers.count, workers.unit.as_str(), workers.helpers),
        (16, "thread", 1)
    );
    // A turn of 128 ms instead of 28.
    let factor = report.parallelism.serialization_factor;
    assert!((factor / (128.0 / 28.0) - 1.0).abs() < 0.05, "{factor}");
    assert!((report.items.rate_per_s / 125.0 - 1.0).abs() < 0.02);
    assert!(
        report
            .fix
            .as_ref()
            .is_some_and(|fix| fix.title.contains("threads"))
    );
}

/// It reads its settings, or loads code, now and then.
#[test]
fn what_such_a_thread_seldom_reads_is_none_of_its_turns() {
    let text = |every: &str| {
        format!(
            "16 callers: fetch A 20ms; hand over H\n1 pool: take over H; {every}fetch C 1ms; write B 8ms"
        )
    };
    let verdict = report(&text("every 50 items ")).verdict;
    assert_eq!(verdict.cause, Cause::Pool, "{verdict:#?}");
    // Who fetches as often as it writes works for itself, and feeds the others.
    let verdict = report(&text("")).verdict;
    assert_ne!(verdict.cause, Cause::Pool, "{verdict:#?}");
}

/// With as many requests under way all the while it does not show whether the peer would serve more.
#[test]
fn several_threads_are_a_pool_or_their_peer_serves_no_more() {
    for (serves, takes) in [("all", "12ms+-5ms"), ("1", "4ms+-2ms")] {
        let report = report(&format!(
            "peer B serves {serves}\n16 callers: fetch A 20ms+-8ms; hand over H\n3 pools: take over H; write B {takes}"
        ));
        let verdict = &report.verdict;
        assert_eq!(verdict.cause, Cause::Pool, "{verdict:#?}");
        assert!(
            (verdict.culprit.capacity - 3.0).abs() < 1e-9,
            "{verdict:#?}"
        );
        assert_eq!(verdict.alternatives, [Cause::RemoteSerial], "{serves}");
    }
    // What they do by themselves is their own.
    let report = report(
        "16 callers: fetch A 20ms+-8ms; hand over H\n3 pools: take over H; fsync F* 12ms+-5ms",
    );
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Pool, "{verdict:#?}");
    assert!(verdict.alternatives.is_empty(), "{verdict:#?}");
}

/// Each has a thread that writes for it: it waits for the write alone.
#[test]
fn as_many_threads_as_callers_are_no_pool() {
    let report = report("8 callers: fetch A 20ms; hand over H\n8 pools: take over H; write B 12ms");
    assert_ne!(report.verdict.cause, Cause::Pool, "{:#?}", report.verdict);
    assert!(!refutations(&report, Cause::Pool).is_empty());
}

/// What it writes for them now and then takes nobody's time.
#[test]
fn a_thread_with_pauses_is_none_either() {
    let report = report(
        "4 callers: fetch A 90ms+-30ms; write B 20ms; hand over H\n1 pool: take over H; write C 2ms",
    );
    assert_ne!(report.verdict.cause, Cause::Pool, "{:#?}", report.verdict);
}

/// Who fetches for others feeds them.
#[test]
fn a_thread_that_fetches_for_those_who_write_is_no_pool() {
    let report =
        report("1 feeder: fetch A 8ms; feed Q every 1ms\n8 workers: queue Q; write B 10ms");
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Starved, "{verdict:#?}");
    assert_eq!(report.workers.count, 8);
}
