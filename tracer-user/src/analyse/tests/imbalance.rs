//! Barriers at which all wait for the last, and what looks like them.

use super::rules::refutations;
use crate::cause::Cause;
use crate::report::Report;
use crate::script;

fn report(text: &str) -> Report {
    super::carried::report(&script::workload(text))
}

fn evidence(report: &Report) -> &str {
    &report.causes[0].evidence[1]
}

#[test]
fn uneven_items_and_a_barrier_in_each_round() {
    for how in ["", " parked"] {
        let report = report(&format!(
            "8 workers: fetch A 20ms+-15ms; append out-*; barrier B{how}"
        ));
        let verdict = &report.verdict;
        assert_eq!(verdict.cause, Cause::Imbalance, "{how}: {verdict:#?}");
        assert_eq!(verdict.alternatives, [], "{how}");
        assert!(verdict.culprit.name.starts_with("barrier in take_B"));
        assert!(evidence(&report).contains("ever another"), "{how}");
        // The longest of eight evenly spread over 5 to 35 ms: 5 + 30 * 8 / 9.
        let factor = report.parallelism.serialization_factor;
        assert!((factor - 31.7 / 20.0).abs() < 0.1, "{how}: {factor}");
        let lock = refutations(&report, Cause::UserLock);
        assert!(lock[0].contains("imbalance"), "{how}: {lock:?}");
    }
}

#[test]
fn one_that_is_always_last() {
    let report = report(
        "cpus 8\n1 workers: fetch A 5ms; compute 40ms; append out-*; barrier B\n\
         7 workers: fetch A 5ms; compute 5ms; append out-*; barrier B",
    );
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Imbalance, "{verdict:#?}");
    assert_eq!(verdict.culprit.process, "worker 1");
    let said = evidence(&report);
    assert!(said.contains("worker 1 that comes last, in 100%"), "{said}");
    let meanwhile = &report.causes[0].evidence[2];
    assert!(meanwhile.contains("worker 1 computes"), "{meanwhile}");
    // An item takes 45 ms, of which seven of eight work 10 ms and one all of them.
    let factor = report.parallelism.serialization_factor;
    assert!(
        (factor - 8.0 * 45.0 / (7.0 * 10.0 + 45.0)).abs() < 0.15,
        "{factor}"
    );
}

#[test]
fn where_each_lets_the_next_go_on_it_may_be_a_lock() {
    let report = report("8 workers: fetch A 20ms+-15ms; append out-*; barrier B in turn");
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Imbalance, "{verdict:#?}");
    assert_eq!(verdict.alternatives, [Cause::UserLock]);
}

#[test]
fn a_lock_is_none() {
    for text in [
        "16 workers: fetch A 20ms; lock L held 5ms",
        "lock L parked\n16 workers: fetch A 20ms+-10ms; lock L held 5ms computing",
        // One has it for long now and then, and all others run into that.
        "16 workers: fetch A 10ms+-5ms; lock L held 1ms; every 5 items lock L held 20ms",
    ] {
        let report = report(text);
        assert_eq!(
            report.verdict.cause,
            Cause::UserLock,
            "{text}: {:#?}",
            report.verdict
        );
        assert!(
            report
                .causes
                .iter()
                .all(|row| row.cause != Cause::Imbalance),
            "{text}"
        );
    }
}

#[test]
fn a_feeder_that_hands_out_a_round_at_a_time_is_none() {
    let text = "8 workers: queue Q; fetch A 2ms; append out-*\n1 feeder: feed Q every 4ms";
    let report = report(text);
    assert_eq!(
        report.verdict.cause,
        Cause::Starved,
        "{:#?}",
        report.verdict
    );
    assert!(
        report
            .causes
            .iter()
            .all(|row| row.cause != Cause::Imbalance)
    );
}

#[test]
fn little_that_is_waited_at_a_barrier_is_not_what_holds_them_up() {
    let report = report("8 workers: fetch A 20ms+-1ms; append out-*; barrier B");
    assert_ne!(
        report.verdict.cause,
        Cause::Imbalance,
        "{:#?}",
        report.verdict
    );
}
