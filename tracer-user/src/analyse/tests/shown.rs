//! Tasks that their runtime shows: what they wait for inside their process is named by its word.

use super::carried::{by_one_thread, report};
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{Frame, MemorySource, Nanos, Pid, Stack, StackId, TaskRole, TaskSeen, TaskState};
use crate::scaling::Severity;
use crate::script;

const LOCK: &[&str] = &["Lock.acquire asyncio/locks.py", "flush app.py"];
const SLEEP: &[&str] = &["sleep asyncio/tasks.py", "flush app.py"];
pub(super) const GET: &[&str] = &["Queue.get asyncio/queues.py", "take app.py"];
const LIMIT: &[&str] = &[
    "AsyncLimiter.acquire aiolimiter/leakybucket.py",
    "take app.py",
];
pub(super) const REPLY: &[&str] = &["StreamReader.read asyncio/streams.py", "flush app.py"];
const FUTURE: &[&str] = &["pick app.py"];

/// So many tasks that run a function of the user wait there.
pub(super) type Group<'a> = (u32, &'a str, &'a [&'a str]);

/// One event loop that does `text`, whose runtime shows these tasks twenty times a second.
pub(super) fn shown(text: &str, groups: &[Group<'_>]) -> Report {
    let mut source = by_one_thread(&script::workload(text));
    show(&mut source, groups);
    report(&source)
}

pub(super) fn show(source: &mut MemorySource, groups: &[Group<'_>]) {
    let (opened, closed) = (source.meta.opened, source.meta.closed);
    let batch = &mut source.batches[0];
    let target = batch
        .tasks
        .iter()
        .find(|task| task.role == TaskRole::Target);
    let pid = target.map_or(Pid(0), |task| task.pid);
    for (number, (_, runs, inner)) in (900..).zip(groups) {
        let frame = |text: &str| {
            let (symbol, file) = text.split_once(' ').expect("a file");
            let folder = if file == "app.py" {
                "/srv"
            } else {
                "/usr/lib/python3.11"
            };
            Frame {
                symbol: symbol.to_owned(),
                file: format!("{folder}/{file}"),
                line: 7,
                ..Frame::default()
            }
        };
        let outermost = format!("{runs} app.py");
        let frames = inner.iter().copied().chain([outermost.as_str()]);
        batch.stacks.push(Stack {
            id: StackId(number),
            pid,
            frames: frames.map(frame).collect(),
        });
    }
    let looks = (0..).map(|look| Nanos(opened.0 + look * 50_000_000));
    for end in looks.take_while(|at| *at < closed) {
        for (number, (count, ..)) in (900..).zip(groups) {
            batch.tasks_seen.push(TaskSeen {
                end,
                pid,
                state: TaskState::Waiting,
                stack: StackId(number),
                count: *count,
                ..TaskSeen::default()
            });
        }
    }
}

const ONE_AT_A_TIME: &str = "1 worker: fetch A 20ms+-5ms; write B 10ms+-3ms";

#[test]
fn a_lock_of_tasks_is_named_with_who_has_it() {
    let report = shown(ONE_AT_A_TIME, &[(9, "work", LOCK), (1, "work", REPLY)]);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::UserLock, "{verdict:#?}");
    let workers = &report.workers;
    assert_eq!(
        (workers.count, workers.unit.as_str(), workers.unseen),
        (10, "task", 9)
    );
    assert_eq!(
        verdict.culprit.call_site,
        "Lock.acquire in flush (app.py:7)"
    );
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 10.0).abs() < 0.1, "{factor}");
    let evidence = report.causes[0].evidence.join(" ");
    assert!(
        evidence.contains("9.0 of 10 tasks wait in Lock.acquire"),
        "{evidence}"
    );
    assert!(evidence.contains("StreamReader in flush"), "{evidence}");
    assert_eq!(report.coverage.conservation_error_ns, 0);
}

/// The same shape of waiting, for their own time: nobody is kept from anything.
#[test]
fn tasks_that_sleep_for_themselves_scale() {
    let text = "3 workers: fetch A 20ms+-15ms; write B 10ms+-8ms";
    let report = shown(text, &[(27, "work", SLEEP), (3, "work", REPLY)]);
    assert_eq!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
    assert_eq!(
        (report.workers.count, report.verdict.severity),
        (30, Severity::Good)
    );
}

/// A sign of life comes evenly, whatever the work does.
#[test]
fn what_is_sent_now_and_then_is_no_limit() {
    let text =
        "3 workers: fetch A 20ms+-15ms; write B 10ms+-8ms\n1 worker: fetch H 1ms; sleep 99ms";
    let report = shown(text, &[(27, "work", SLEEP), (3, "work", REPLY)]);
    assert_eq!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
}

/// What they write begins as evenly as what they fetch ends: by their own time, or by a limit.
#[test]
fn tasks_that_sleep_and_go_on_evenly_may_be_limited() {
    let report = shown(ONE_AT_A_TIME, &[(9, "work", SLEEP), (1, "work", REPLY)]);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Unknown, "{verdict:#?}");
    assert_eq!(verdict.alternatives, [Cause::RateLimit]);
}

#[test]
fn a_limiter_in_the_program_is_a_limit_on_the_rate() {
    let report = shown(ONE_AT_A_TIME, &[(9, "work", LIMIT), (1, "work", REPLY)]);
    assert_eq!(
        report.verdict.cause,
        Cause::RateLimit,
        "{:#?}",
        report.verdict
    );
}

/// A queue that nobody but the tasks fills holds what they lend each other; one that another task fills may be empty for its sake.
#[test]
fn an_empty_queue_is_a_pool_where_nobody_else_fills_it() {
    let text = "3 workers: write B 10ms+-3ms";
    let tasks: &[Group<'_>] = &[(9, "work", GET), (3, "work", REPLY)];
    let pool = shown(text, tasks);
    assert_eq!(pool.verdict.cause, Cause::Pool, "{:#?}", pool.verdict);
    assert!((pool.verdict.culprit.capacity - 3.0).abs() < 1e-9);
    let fed = shown(text, &[tasks, &[(1, "produce", REPLY)]].concat());
    assert_eq!(fed.verdict.cause, Cause::Unknown, "{:#?}", fed.verdict);
    let sentence = &fed.verdict.sentence;
    assert!(
        sentence.contains("Queue.get in take (app.py:7)"),
        "{sentence}"
    );
}

#[test]
fn what_no_list_knows_is_not_taken_for_anything() {
    let text = "1 worker: fetch A 20ms+-5ms; sleep 20ms; write B 10ms+-3ms";
    let report = shown(text, &[(9, "work", FUTURE), (1, "work", REPLY)]);
    let verdict = &report.verdict;
    assert!(!verdict.cause.is_named(), "{verdict:#?}");
    assert_ne!(verdict.severity, Severity::Good, "{verdict:#?}");
}

/// Nor does it have to be where all connections there are have a request all the while, and more tasks wait: whatever they wait in.
#[test]
fn connections_that_are_always_busy_are_a_pool_by_arithmetic() {
    let text = "3 workers: write B 10ms+-3ms";
    let report = shown(text, &[(9, "work", FUTURE), (3, "work", REPLY)]);
    assert_eq!(report.verdict.cause, Cause::Pool, "{:#?}", report.verdict);
    let evidence = report.causes[0].evidence.join(" ");
    assert!(
        evidence.contains("12 workers there are by their runtime's count"),
        "{evidence}"
    );
}

/// One slot may be a lock around the only connection there is as well, and where each takes as long, a limit: all are said.
#[test]
fn one_slot_is_a_pool_or_a_lock() {
    let report = shown(ONE_AT_A_TIME, &[(9, "work", FUTURE), (1, "work", REPLY)]);
    let alone = |text| shown(text, &[(9, "work", FUTURE), (1, "work", REPLY)]).verdict;
    let even = alone("1 worker: write B 10ms+-3ms");
    assert_eq!(
        (even.cause, &even.alternatives[..]),
        (Cause::Pool, &[Cause::UserLock, Cause::RateLimit][..])
    );
    let verdict = alone("1 worker: write B 10ms+-9ms");
    assert_eq!(
        (verdict.cause, &verdict.alternatives[..]),
        (Cause::Pool, &[Cause::UserLock][..])
    );
    let sentence = &verdict.sentence;
    assert!(
        sentence.contains("one request at a time goes to"),
        "{sentence}"
    );
    // Two peers in turn, of which neither is asked all the while.
    assert!(!report.verdict.cause.is_named(), "{:#?}", report.verdict);
}

/// A runtime of which only one task of the user is seen says nothing of workers.
#[test]
fn one_task_is_no_worker_among_others() {
    let report = shown(ONE_AT_A_TIME, &[(1, "main", REPLY)]);
    assert_eq!(
        (report.workers.count, report.workers.unit.as_str()),
        (1, "thread")
    );
}

/// Where more is seen from outside than there are tasks, it was taken for more than it is.
#[test]
fn the_runtime_knows_how_many_there_are() {
    let text = "16 workers: fetch A 50ms+-20ms; write B 20ms+-9ms";
    let report = shown(text, &[(15, "work", REPLY)]);
    assert_eq!((report.workers.count, report.workers.unseen), (15, 0));
    assert!(report.parallelism.serialization_factor < 1.1);
}
