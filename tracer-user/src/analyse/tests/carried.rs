//! The same work carried by threads, and by the tasks of one event loop: the report is the same.

use std::collections::BTreeSet;

use crate::analyse::{Options, analyse};
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{
    Call, MemorySource, Nanos, OpenRequest, Reason, ResourceId, Syscall, Task, TaskFact, TaskRole,
    Tid, Wait,
};
use crate::scaling::Severity;
use crate::script;
use crate::work::StageName;

/// How long the loop looks at a reply that has come, ns.
const READS: u64 = 1_000;
/// `-EINPROGRESS`.
const IN_PROGRESS: i64 = -115;

/// The rows that one thread would have given which does by an event loop what the threads of the target do that are called workers.
pub(super) fn by_one_thread(source: &MemorySource) -> MemorySource {
    let mut batch = source.joined();
    let is_target = |task: &Task| task.role == TaskRole::Target && task.name.starts_with("worker");
    let workers: BTreeSet<Tid> = batch
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
            ..first.clone()
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
    let (waits, others): (Vec<Wait>, Vec<Wait>) = batch
        .waits
        .drain(..)
        .partition(|wait| workers.contains(&wait.tid));
    batch.waits = others;
    let (mut calls, others): (Vec<Call>, Vec<Call>) = batch
        .calls
        .iter()
        .partition(|call| workers.contains(&call.tid));
    calls.retain(|call| {
        call.call.is_input() || call.call.is_output() || call.call == Syscall::Connect
    });
    batch.calls = others;
    for mut call in calls {
        let came = waits
            .iter()
            .rfind(|wait| wait.tid == call.tid && wait.end <= call.end && wait.end >= call.start);
        if let Some(wait) = came.filter(|wait| wait.woken > Nanos::ZERO && call.call.is_input()) {
            call.unread = call.end.since(wait.woken);
        }
        (call.tid, call.blocked) = (carrier, false);
        if call.call == Syscall::Connect {
            // The loop does not wait in it.
            call.ret = IN_PROGRESS;
            call.end = call.start + Nanos(READS);
            call.inside = Nanos(READS);
            batch.calls.push(call);
            continue;
        }
        call.start = call.end.since(Nanos(READS)).max(call.start);
        call.inside = call.end.since(call.start);
        batch.calls.push(call);
    }
    for (start, end) in idle(&waits, workers.len()) {
        let inside = end.since(start);
        let (tid, pid, call) = (carrier, first.pid, Syscall::EpollWait);
        batch.calls.push(Call {
            start,
            end,
            inside,
            tid,
            pid,
            call,
            blocked: true,
            ret: 1,
            count: 1,
            ..Call::default()
        });
        batch.waits.push(Wait {
            start,
            woken: end,
            end,
            tid,
            pid,
            call,
            reason: Reason::Blocked,
            ..Wait::default()
        });
    }
    batch.calls.sort_by_key(|call| call.end);
    batch.waits.sort_by_key(|wait| wait.end);
    MemorySource::new(source.meta.clone(), vec![batch])
}

/// The same where the loop polls for something of its own after each reply, as `execSync` does in Node, before it goes on with the
/// task.
pub(super) fn with_polls_in_between(mut source: MemorySource) -> MemorySource {
    let batch = &mut source.batches[0];
    let reads: Vec<Call> = batch
        .calls
        .iter()
        .filter(|call| call.call.is_input() && call.ret > 0)
        .copied()
        .collect();
    for read in reads {
        let (start, end) = (Nanos(read.end.0 + 1), Nanos(read.end.0 + 2));
        let call = Syscall::EpollWait;
        batch.calls.push(Call {
            start,
            end,
            inside: Nanos(1),
            call,
            resource: ResourceId::NONE,
            unread: Nanos::ZERO,
            blocked: true,
            ..read
        });
        batch.waits.push(Wait {
            start,
            woken: end,
            end,
            tid: read.tid,
            pid: read.pid,
            call,
            reason: Reason::Blocked,
            ..Wait::default()
        });
    }
    batch.calls.sort_by_key(|call| call.end);
    batch.waits.sort_by_key(|wait| wait.end);
    source
}

/// The same where each reply is read in two parts, that lay unread both.
fn in_two_parts(mut source: MemorySource) -> MemorySource {
    let batch = &mut source.batches[0];
    let reads = batch.calls.iter().filter(|call| call.call.is_input());
    let again: Vec<Call> = reads
        .map(|call| Call {
            start: Nanos(call.end.0 + 1),
            end: Nanos(call.end.0 + 2),
            inside: Nanos(1),
            unread: call.unread.max(Nanos(1_000)),
            ..*call
        })
        .collect();
    batch.calls.extend(again);
    batch.calls.sort_by_key(|call| call.end);
    source
}

/// When none of so many threads runs: then the one thread that does what they do polls.
fn idle(waits: &[Wait], threads: usize) -> Vec<(Nanos, Nanos)> {
    let marks = waits
        .iter()
        .flat_map(|wait| [(wait.start, true), (wait.end, false)]);
    let mut marks: Vec<(Nanos, bool)> = marks.collect();
    marks.sort_unstable();
    let (mut off, mut since, mut idle) = (0, None, Vec::new());
    for (at, leaves) in marks {
        off = if leaves { off + 1 } else { off - 1 };
        match since.take() {
            Some(start) if at > start => idle.push((start, at)),
            _ => {}
        }
        since = (off == threads).then_some(at);
    }
    idle
}

pub(super) fn report(source: &MemorySource) -> Report {
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
    let (one, other) = (&tasks.verdict.culprit, &threads.verdict.culprit);
    assert_eq!(one.address, other.address);
    assert!((one.service_ms / other.service_ms - 1.0).abs() < 0.01);
    assert_eq!(tasks.verdict.stage, StageName::Write);
}

#[test]
fn a_reply_that_is_read_in_parts_is_one() {
    let text = "cpus 1\n16 workers: fetch A 20ms+-5ms; compute 300us; write B 10ms+-3ms";
    let plain = by_one_thread(&script::workload(text));
    let (whole, parts) = (report(&plain), report(&in_two_parts(plain.clone())));
    assert_eq!(parts.workers.count, 16, "{:#?}", parts.workers);
    assert_eq!(parts.items.rate_per_s, whole.items.rate_per_s);
    let polls = with_polls_in_between(in_two_parts(plain));
    assert_eq!(report(&polls).workers.count, 16);
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
fn a_loop_that_computes_is_what_its_tasks_wait_for() {
    // One CPU, which the threads share as the tasks share their thread.
    let text = "cpus 1\n24 workers: fetch A 20ms; compute 2ms";
    let source = script::workload(text);
    let tasks = report(&by_one_thread(&source));
    let verdict = &tasks.verdict;
    assert_eq!(verdict.cause, Cause::SingleThread, "{verdict:#?}");
    // Alone a task takes 22 ms, and the loop has 2 for each.
    let factor = tasks.parallelism.serialization_factor;
    assert!((factor / (24.0 * 2.0 / 22.0) - 1.0).abs() < 0.1, "{factor}");
    // The same with hardly anything to compute: replies are read as they come.
    let source = script::workload("cpus 1\n16 workers: fetch A 20ms; compute 50us");
    let tasks = report(&by_one_thread(&source));
    let causes: Vec<Cause> = tasks.causes.iter().map(|row| row.cause).collect();
    assert!(!causes.contains(&Cause::SingleThread), "{causes:?}");
}

/// What the loop computes for an item it does mostly before it reads the reply, as one that looks at all its sockets does.
#[test]
fn what_a_loop_does_before_it_reads_one_task_alone_waits_for_too() {
    const BEFORE: Nanos = Nanos(1_900_000);
    let mut source = by_one_thread(&script::workload(
        "cpus 1\n16 workers: fetch A 1ms; compute 2ms",
    ));
    let calls = &mut source.batches[0].calls;
    for call in calls.iter_mut().filter(|call| call.call.is_input()) {
        for time in [&mut call.start, &mut call.end, &mut call.unread] {
            *time += BEFORE;
        }
    }
    calls.sort_by_key(|call| call.end);
    let tasks = report(&source);
    assert_eq!(tasks.verdict.cause, Cause::SingleThread);
    // Alone a task takes 3 ms, and no more than one loop's time an item can be saved.
    let figures = &tasks.parallelism;
    let factor = figures.serialization_factor;
    assert!((factor / (16.0 * 2.0 / 3.0) - 1.0).abs() < 0.1, "{factor}");
    assert!(figures.interval[1] < 1.15 * 16.5, "{:?}", figures.interval);
}

#[test]
fn a_loop_that_computes_is_no_serial_peer() {
    let text = "cpus 1\n16 workers: fetch A 20ms+-5ms; compute 4ms";
    let mut source = by_one_thread(&script::workload(text));
    assert_eq!(report(&source).verdict.cause, Cause::SingleThread);
    // Where it is not known how long replies lay there, nothing may be said for certain.
    for batch in &mut source.batches {
        for call in &mut batch.calls {
            call.unread = Nanos::ZERO;
        }
    }
    let blind = report(&source).verdict;
    assert!(!blind.cause.is_named(), "{blind:#?}");
}

#[test]
fn tasks_that_nothing_shows_are_told_by_the_user_alone() {
    let carried = by_one_thread(&script::workload("4 workers: fetch A 20ms+-5ms"));
    // As many may wait for one of four slots in the process.
    let seen = report(&carried);
    assert_eq!(seen.verdict.cause, Cause::Unknown, "{:#?}", seen.verdict);
    assert_eq!(seen.verdict.severity, Severity::Unknown);
    let told = |workers| {
        let options = Options {
            workers: Some(workers),
            ..Options::default()
        };
        analyse(&carried, &options)
            .expect("rows in memory can be read")
            .report
    };
    let all = told(4);
    assert_ne!(all.verdict.cause, Cause::Pool, "{:#?}", all.verdict);
    assert_eq!((all.workers.count, all.workers.unseen), (4, 0));
    let more = told(64);
    assert_eq!(more.verdict.cause, Cause::Pool, "{:#?}", more.verdict);
    assert_eq!((more.workers.count, more.workers.unseen), (64, 60));
    let factor = more.parallelism.serialization_factor;
    assert!((factor - 16.0).abs() < 0.2, "{factor}");
    let why = more.fix.map(|fix| fix.why).unwrap_or_default();
    assert!(why.contains("4 connections for 64 workers"), "{why}");
    let promised = more.prediction.map(|prediction| prediction.speedup);
    assert!(
        promised.is_some_and(|speedup| speedup > 1.5),
        "{promised:?}"
    );
}

#[test]
fn a_slot_that_changes_hands_is_taken_while_the_next_request_is_made() {
    // The loop goes on with whoever has let it go, for a seventh of the time, before the next one asks.
    let lock = "lock L held 4ms fetching B; compute 600us";
    let text = format!("cpus 1\n17 workers: fetch A 14ms+-3ms; {lock}");
    let carried = by_one_thread(&script::workload(&text));
    let options = Options {
        workers: Some(17),
        ..Options::default()
    };
    let analysis = analyse(&carried, &options);
    let report = analysis.expect("rows in memory can be read").report;
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Pool, "{verdict:#?}");
    assert!(
        verdict.alternatives.contains(&Cause::UserLock),
        "{verdict:#?}"
    );
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
