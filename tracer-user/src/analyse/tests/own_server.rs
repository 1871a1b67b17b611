//! A process of the target that the others ask, as a manager of `multiprocessing` is: it is read from inside as a local peer is.

use super::carried::report;
use super::rules::refutations;
use crate::cause::Cause;
use crate::report::Report;
use crate::row::TaskRole;
use crate::script;

/// The report of a workload whose local peers belong to the target.
fn of(text: &str) -> Report {
    let mut source = script::workload(text);
    let peers = source.batches[0].tasks.iter_mut();
    for task in peers.filter(|task| task.role == TaskRole::Peer) {
        task.role = TaskRole::Target;
    }
    report(&source)
}

#[test]
fn one_that_serves_one_at_a_time_is_what_the_others_wait_for() {
    let report = of("peer A serves 1 local\n6 workers: sleep 5ms; write A 10ms");
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::RemoteSerial, "{verdict:#?}");
    assert!(
        report.causes[0].evidence[0].contains("of which the peer works on it"),
        "{:#?}",
        report.causes[0].evidence
    );
    assert_eq!(report.workers.count, 6);
}

#[test]
fn one_that_serves_all_at_once_is_not() {
    let report = of("peer A serves 6 local\n6 workers: sleep 5ms; write A 10ms");
    assert_ne!(report.verdict.cause, Cause::RemoteSerial);
    let why = refutations(&report, Cause::RemoteSerial);
    assert!(why[0].contains("works on"), "{why:?}");
    assert_eq!(report.workers.count, 6);
}
