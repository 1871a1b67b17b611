//! The same work carried by threads, and by the tasks of one event loop: the report is the same.

use crate::analyse::{Options, analyse};
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{
    Call, MemorySource, Nanos, OpenRequest, Reason, ResourceId, Syscall, Task, TaskFact, TaskRole,
    Tid, Wait,
};
use crate::script;
use crate::work::StageName;

/// How long the loop looks at a reply that has come, ns.
const READS: u64 = 1_000;

/// The rows that one thread would have given which does by an event loop what the threads of the target do.
fn by_one_thread(source: &MemorySource) -> MemorySource {
    let mut batch = source.joined();
    let is_target = |task: &Task| task.role == TaskRole::Target;
    let workers: Vec<Tid> = batch
        .tasks
        .iter()
        .filter(|t| is_target(t))
        .map(|t| t.tid)
        .collect();
    let first = batch
        .tasks
        .iter()
        .find(|task| is_target(task))
        .expect("a worker")
        .clone();
    let carrier = first.tid;
    batch.tasks.retain(|task| !is_target(task));
    batch.tasks.insert(
        0,
        Task {
            fact: TaskFact::Seen,
            name: "loop".to_owned(),
            end: source.meta.opened,
            ..first
        },
    );
    let opened = source.meta.opened;
    let in_flight = batch
        .waits
        .iter()
        .filter(|wait| workers.contains(&wait.tid) && wait.start <= opened && wait.call.is_input());
    batch.requests = in_flight
        .map(|wait| OpenRequest {
            end: opened,
            asked: opened.since(Nanos::SECOND),
            resource: wait.resource,
            pid: wait.pid,
        })
        .collect();
    batch.waits.retain(|wait| !workers.contains(&wait.tid));
    let (mut calls, others): (Vec<Call>, Vec<Call>) = batch
        .calls
        .iter()
        .partition(|call| workers.contains(&call.tid));
    calls.retain(|call| call.call.is_input() || call.call.is_output());
    calls.sort_by_key(|call| call.end);
    batch.calls = others;
    let mut free = source.meta.opened;
    for call in &mut calls {
        (call.tid, call.blocked) = (carrier, false);
        call.start = call.end.since(Nanos(READS)).max(free);
        call.end = call.end.max(call.start);
        call.inside = call.end.since(call.start);
        let polls = call.start.since(free);
        if call.call.is_input() && polls > Nanos::ZERO {
            let poll = Call {
                start: free,
                end: call.start,
                inside: polls,
                call: Syscall::EpollWait,
                resource: ResourceId(0),
                blocked: true,
                ret: 1,
                ..*call
            };
            batch.calls.push(poll);
            batch.waits.push(Wait {
                start: free,
                woken: call.start,
                end: call.start,
                tid: carrier,
                pid: call.pid,
                reason: Reason::Blocked,
                call: Syscall::EpollWait,
                ..Wait::default()
            });
        }
        free = call.end;
        batch.calls.push(*call);
    }
    batch.calls.sort_by_key(|call| call.end);
    batch.waits.sort_by_key(|wait| wait.end);
    MemorySource::new(source.meta.clone(), vec![batch])
}

fn report(source: &MemorySource) -> Report {
    let analysis = analyse(source, &Options::default());
    analysis.expect("rows in memory can be read").report
}

/// The reports of both; figures that must be the same are.
fn check(text: &str) -> (Report, Report) {
    let source = script::workload(text);
    let (threads, tasks) = (report(&source), report(&by_one_thread(&source)));
    assert_eq!(tasks.workers.count, threads.workers.count, "{text}");
    assert_eq!(tasks.workers.unit, "task", "{text}");
    assert_eq!(tasks.coverage.conservation_error_ns, 0, "{text}");
    let near = |one: f64, other: f64, share: f64, what: &str| {
        let most = share * one.abs().max(other.abs()) + 1e-9;
        assert!(
            (one - other).abs() <= most,
            "{what}: {one} by threads, {other} by tasks: {text}"
        );
    };
    let rate = |report: &Report| report.items.rate_per_s;
    near(rate(&threads), rate(&tasks), 0.01, "rate");
    for name in [StageName::Fetch, StageName::Write] {
        let mean = |report: &Report| {
            let stages = report.stages.iter().filter(|stage| stage.stage == name);
            stages.map(|stage| stage.mean_ms).sum::<f64>()
        };
        near(mean(&threads), mean(&tasks), 0.02, "stage");
    }
    let factor = |report: &Report| report.parallelism.serialization_factor;
    near(factor(&threads), factor(&tasks), 0.05, "factor");
    (threads, tasks)
}

#[test]
fn a_peer_that_serves_one_at_a_time_is_named_for_tasks_too() {
    let (threads, tasks) = check(
        "window 20s after 20s\npeer B serves 1\n32 workers: fetch A 200ms+-40ms; write B 23ms+-9ms",
    );
    assert_eq!(threads.verdict.cause, Cause::RemoteSerial);
    assert_eq!(
        tasks.verdict.cause, threads.verdict.cause,
        "{:#?}",
        tasks.verdict
    );
    assert_eq!(tasks.verdict.culprit, threads.verdict.culprit);
    assert_eq!(tasks.verdict.stage, StageName::Write);
}

#[test]
fn requests_from_before_the_window_are_those_of_tasks_whether_or_not_they_are_answered_in_it() {
    // Each reply takes half a minute, three windows.
    let text = "window 10s after 60s\npeer B serves 1\n32 workers: fetch A 200ms+-40ms; write B 900ms+-90ms";
    let source = script::workload(text);
    let carried = by_one_thread(&source);
    let tasks = report(&carried);
    assert_eq!(tasks.workers.count, 32, "{:#?}", tasks.workers);
    // Ten replies do not tell how it serves; that the workers wait for it, and how many of them, is known.
    assert!(
        !tasks.verdict.culprit.address.is_empty(),
        "{:#?}",
        tasks.verdict
    );
    assert!(
        tasks.parallelism.interval[1] > 24.0,
        "{:#?}",
        tasks.parallelism
    );
    // Without what TCP knows of them, only those are seen that are answered.
    let mut blind = carried;
    for batch in &mut blind.batches {
        batch.requests.clear();
    }
    assert!(report(&blind).workers.count < 16);
}

#[test]
fn tasks_that_are_served_side_by_side_scale() {
    let (threads, tasks) = check("16 workers: fetch A 50ms+-20ms; write B 20ms+-9ms");
    assert!(threads.parallelism.serialization_factor < 1.1);
    assert_eq!(
        tasks.verdict.cause, threads.verdict.cause,
        "{:#?}",
        tasks.verdict
    );
}

#[test]
fn a_cycle_of_several_requests_is_one_item_for_tasks_too() {
    check("8 workers: fetch A 30ms+-5ms; fetch B 10ms; write C 20ms+-9ms; write D 5ms");
}

#[test]
fn one_thread_that_asks_one_after_the_other_carries_no_tasks() {
    let source = script::workload("1 worker: fetch A 20ms; write B 10ms");
    let report = report(&by_one_thread(&source));
    assert_eq!(
        (report.workers.count, report.workers.unit.as_str()),
        (1, "thread")
    );
}
