//! Runtimes that stop all threads of their process, and what looks like them.

use super::rules::refutations;
use crate::cause::Cause;
use crate::report::Report;
use crate::script;
use crate::work::StageName;

fn report(text: &str) -> Report {
    super::carried::report(&script::workload(text))
}

fn is_named(report: &Report, cause: Cause) -> bool {
    report.causes.iter().any(|row| row.cause == cause)
}

const WORK: &str = "cpus 16\n12 workers: fetch A 10ms+-5ms; compute 2ms; append out-*";

#[test]
fn a_runtime_that_stops_all_threads_to_collect() {
    let report = report(&format!("{WORK}\n1 collectors: sleep 30ms; stop all 60ms"));
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::RuntimePause, "{verdict:#?}");
    assert_eq!(verdict.alternatives, []);
    // They compute for a moment only, and stop as their replies come.
    assert_eq!(verdict.stage, StageName::Fetch);
    assert!(verdict.culprit.process.starts_with("collector"));
    assert!(
        (verdict.culprit.rate_per_s - 11.0).abs() < 1.0,
        "{verdict:#?}"
    );
    assert!(
        (verdict.culprit.service_ms - 60.0).abs() < 3.0,
        "{verdict:#?}"
    );
    let starved = refutations(&report, Cause::Starved);
    assert!(starved[0].contains("runtime-pause"), "{starved:?}");
    // They are stopped for two thirds of the time, less what those wait for a reply who wait for one then.
    let factor = report.parallelism.serialization_factor;
    assert!(
        (1.8..2.4).contains(&factor),
        "{factor}: {:#?}",
        report.causes
    );
}

#[test]
fn workers_that_are_handed_their_next_items_together_are_starved() {
    let feeds = "; feed Q every 0ms".repeat(12);
    let report = report(&format!(
        "12 workers: queue Q; fetch A 10ms+-5ms; compute 2ms; append out-*\n1 collectors: compute 60ms{feeds}"
    ));
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Starved, "{verdict:#?}");
    let pause = refutations(&report, Cause::RuntimePause);
    assert!(pause[0].contains("where an item ends"), "{pause:?}");
}

#[test]
fn a_feeder_of_one_at_a_time_and_a_barrier_are_none() {
    for (text, cause) in [
        (
            "8 workers: queue Q; fetch A 2ms; append out-*\n1 feeders: feed Q every 4ms",
            Cause::Starved,
        ),
        (
            "8 workers: fetch A 20ms+-15ms; append out-*; barrier B",
            Cause::Imbalance,
        ),
        ("8 workers: fetch A 20ms; lock L held 5ms", Cause::UserLock),
    ] {
        let report = report(text);
        assert_eq!(report.verdict.cause, cause, "{text}: {:#?}", report.verdict);
        assert!(!is_named(&report, Cause::RuntimePause), "{text}");
    }
}

#[test]
fn where_an_item_is_one_operation_it_may_be_the_next_item_that_they_wait_for() {
    let report = report(
        "12 workers: fetch A 10ms+-5ms; compute 2ms\n1 collectors: sleep 30ms; stop all 60ms",
    );
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::RuntimePause, "{verdict:#?}");
    assert_eq!(verdict.alternatives, [Cause::Starved]);
}

#[test]
fn a_worker_that_is_alone_is_not_held_up_by_others() {
    let report = report(
        "1 workers: fetch A 10ms+-5ms; compute 2ms; append out-*\n1 collectors: sleep 30ms; stop all 60ms",
    );
    assert!(
        !is_named(&report, Cause::RuntimePause),
        "{:#?}",
        report.causes
    );
}

#[test]
fn short_pauses_now_and_then_cost_nothing() {
    let report = report(&format!("{WORK}\n1 collectors: sleep 900ms; stop all 4ms"));
    assert!(
        !is_named(&report, Cause::RuntimePause),
        "{:#?}",
        report.causes
    );
}

#[test]
fn a_helper_that_answers_several_at_a_time_while_others_go_on_is_none() {
    let feeds = "; feed Q every 0ms".repeat(8);
    let report = report(&format!(
        "cpus 8\n12 workers: fetch A 10ms+-5ms; compute 2ms; queue Q; append out-*; compute 2ms\n1 collectors: compute 20ms{feeds}"
    ));
    assert!(
        !is_named(&report, Cause::RuntimePause),
        "{:#?}",
        report.causes
    );
    let pause = refutations(&report, Cause::RuntimePause);
    assert!(pause[0].contains("Other workers computed"), "{pause:?}");
}

#[test]
fn a_helper_that_sleeps_meanwhile_collects_nothing() {
    let feeds = "; feed Q every 0ms".repeat(12);
    let report = report(&format!(
        "12 workers: fetch A 10ms; queue Q; append out-*\n1 collectors: sleep 60ms{feeds}"
    ));
    assert!(
        !is_named(&report, Cause::RuntimePause),
        "{:#?}",
        report.causes
    );
    let pause = refutations(&report, Cause::RuntimePause);
    assert!(pause[0].contains("nobody collects"), "{pause:?}");
}

#[test]
fn who_has_computed_is_stopped_while_it_does() {
    let report = report(
        "cpus 16\n12 workers: fetch A 1ms; compute 30ms+-10ms; append out-*\n1 collectors: sleep 30ms; stop all 60ms",
    );
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::RuntimePause, "{verdict:#?}");
    assert_eq!(verdict.stage, StageName::Transform);
}
