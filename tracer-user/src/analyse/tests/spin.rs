//! Workers that wait in loops, and such as compute in loops.

use super::carried::report;
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{Frame, Nanos, Sample, Stack, StackId, TaskRole};
use crate::script;

const STACK: StackId = StackId(9_999);

/// More workers than CPUs that compute; of a hundred samples of each, so many are in code that waits in a loop.
pub(super) fn of(text: &str, spins: u64) -> Report {
    sampled(text, |sample, at| sample.spins = at < spins)
}

/// Of a hundred samples of each worker, numbered from 0, each is as it is made.
pub(super) fn sampled(text: &str, make: impl Fn(&mut Sample, u64)) -> Report {
    let mut source = script::workload(text);
    let opened = source.meta.opened;
    let batch = &mut source.batches[0];
    let targets = batch.tasks.iter();
    let mut targets: Vec<_> = targets
        .filter(|task| task.role == TaskRole::Target)
        .map(|task| (task.tid, task.pid))
        .collect();
    targets.sort_unstable();
    targets.dedup();
    batch.stacks.push(Stack {
        id: STACK,
        pid: targets[0].1,
        frames: vec![Frame {
            module: "/srv/app".to_owned(),
            symbol: "acquire".to_owned(),
            file: "spin.c".to_owned(),
            ..Frame::default()
        }],
    });
    for (tid, pid) in targets {
        batch.samples.extend((0..100).map(|at| {
            let mut sample = Sample {
                end: Nanos(opened.0 + 1 + at),
                tid,
                pid,
                stack: STACK,
                ..Sample::default()
            };
            make(&mut sample, at);
            sample
        }));
    }
    batch.samples.sort_by_key(|sample| sample.end);
    report(&source)
}

const CROWDED: &str = "cpus 2\n12 workers: fetch A 5ms; compute 4ms";

#[test]
fn workers_that_burn_their_cpu_waiting_are_told() {
    let report = of(CROWDED, 90);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Spin, "{verdict:#?}");
    assert_eq!(verdict.culprit.call_site, "acquire (spin.c)");
    let cleared = report.refuted.iter().find(|row| row.cause == Cause::Cpu);
    let by = &cleared.expect("too few CPUs is cleared").by;
    assert!(by[0].contains("90% of the workers' CPU time"), "{by:?}");
    // An item takes 24 ms: 5 of fetching, 4 on a CPU, of which 3.6 are waiting, and 15 without one.
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 24.0 / 5.4).abs() < 0.2, "{factor}");
}

#[test]
fn workers_that_compute_in_loops_are_not() {
    let report = of(CROWDED, 0);
    assert_eq!(report.verdict.cause, Cause::Cpu, "{:#?}", report.verdict);
    assert!(report.causes.iter().all(|row| row.cause != Cause::Spin));
}

#[test]
fn a_little_of_it_leaves_the_cpus_to_those_that_compute() {
    let report = of(CROWDED, 20);
    assert_eq!(report.verdict.cause, Cause::Cpu, "{:#?}", report.verdict);
    let spins = report.causes.iter().any(|row| row.cause == Cause::Spin);
    assert!(spins, "{:#?}", report.causes);
}
