//! Workers that compute longer while others do, and such as only seem to.

use super::carried::report;
use crate::cause::Cause;
use crate::report::Report;
use crate::script;

fn of(text: &str) -> Report {
    report(&script::workload(text))
}

fn inflates(report: &Report) -> bool {
    let mut causes = report.causes.iter();
    causes.any(|row| row.cause == Cause::CpuInflation)
}

/// Three CPUs more than there are workers, so that nobody queues.
#[test]
fn workers_that_slow_each_other_are_told() {
    let report = of("cpus 8\n4 workers: fetch A 4ms+-3ms; compute 2ms+-1ms crowded 1.5; append F");
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::CpuInflation, "{verdict:#?}");
    assert_eq!(verdict.culprit.name, "memory that CPUs share");
    // Alone an item takes 6 ms. Here all depends on how many compute as an item begins, which real neighbours do not wait for: more is told.
    let items = report.items.rate_per_s;
    let factor = report.parallelism.serialization_factor;
    let truth = 4.0 / 0.006 / items;
    assert!(
        (factor / truth - 1.0).abs() < 0.25,
        "{factor} and not {truth}"
    );
}

/// Items that differ: who computes for long has more beside it.
#[test]
fn work_that_varies_is_not_slowed() {
    let report = of("cpus 8\n4 workers: fetch A 4ms+-3ms; compute 3ms+-2900us; append F");
    assert!(!inflates(&report), "{:#?}", report.causes);
    assert_eq!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
}

/// More to compute than CPUs.
#[test]
fn workers_that_queue_for_cpus_are_not_slowed() {
    let report = of("cpus 2\n8 workers: fetch A 4ms+-3ms; compute 3ms+-1ms; append F");
    assert!(!inflates(&report), "{:#?}", report.causes);
    assert_eq!(report.verdict.cause, Cause::Cpu, "{:#?}", report.verdict);
}

/// Little is computed.
#[test]
fn what_costs_little_is_not_named() {
    let report =
        of("cpus 8\n4 workers: fetch A 20ms+-5ms; compute 500us+-100us crowded 0.5; append F");
    assert!(!inflates(&report), "{:#?}", report.causes);
}

/// What takes longer beside others is waiting in loops, for what these have.
#[test]
fn workers_that_spin_are_not_slowed_by_memory() {
    let text = "cpus 8\n4 workers: fetch A 4ms+-3ms; compute 2ms+-1ms crowded 1.5; append F";
    let report = super::spin::of(text, 90);
    assert!(!inflates(&report), "{:#?}", report.causes);
    assert_eq!(report.verdict.cause, Cause::Spin, "{:#?}", report.verdict);
    let cleared = report
        .refuted
        .iter()
        .find(|row| row.cause == Cause::CpuInflation);
    let by = &cleared.expect("it is cleared").by;
    assert!(by[0].contains("90% of the workers' CPU time"), "{by:?}");
}

/// Time in which memory is taken back is counted once.
#[test]
fn what_is_short_of_memory_is_not_lost_twice() {
    let text = "cpus 8\n4 workers: fetch A 4ms+-3ms; compute 2ms+-1ms crowded 1.5; append F";
    let report = super::spin::sampled(text, |sample, at| sample.memory_stall = at < 80);
    let factor = |report: &Report| report.parallelism.serialization_factor;
    let run = |cause| {
        let rows = report.causes.iter().filter(|row| row.cause == cause);
        rows.map(|row| row.share).sum::<f64>()
    };
    let (memory, inflation) = (run(Cause::Memory), run(Cause::CpuInflation));
    assert!(memory > 3.0 * inflation, "{:#?}", report.causes);
    // Where nothing is computed an item takes 4 ms.
    let most = 4.0 / 0.004 / report.items.rate_per_s;
    assert!(factor(&report) < most, "{} of {most}", factor(&report));
}
