//! Who is like the workers and does nothing keeps the answer open.

use super::analyse;
use crate::analyse::Options;
use crate::cause::Cause;
use crate::report::Report;
use crate::script;

pub(super) fn report(text: &str) -> Report {
    let source = script::workload(text);
    let analysis = analyse(&source, &Options::default());
    analysis.expect("rows in memory can be read").report
}

#[test]
fn one_of_many_alike_that_does_all_the_work_does_not_scale() {
    let report = report("1 worker: fetch A 20ms; append F\n7 workers: queue Never");
    assert_eq!((report.workers.count, report.workers.idle), (1, 7));
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Unknown, "{verdict:#?}");
    assert!(verdict.sentence.contains("1 of 8 alike"), "{verdict:#?}");
}

#[test]
fn threads_of_another_name_that_wait_do_not_matter() {
    let report = report("2 workers: fetch A 20ms+-8ms; append F\n7 timers: queue Never");
    assert_eq!((report.workers.count, report.workers.idle), (2, 0));
    assert!(
        !report.verdict.sentence.contains("alike"),
        "{:#?}",
        report.verdict
    );
}

#[test]
fn a_few_idle_ones_beside_many_that_work_do_not_matter() {
    let report = report("6 workers: fetch A 20ms+-8ms; append F\n2 workers: queue Never");
    assert_eq!((report.workers.count, report.workers.idle), (6, 2));
    assert!(
        !report.verdict.sentence.contains("alike"),
        "{:#?}",
        report.verdict
    );
}
