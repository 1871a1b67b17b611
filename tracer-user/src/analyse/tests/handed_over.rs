//! Tasks that hand over what they would do: to threads of their process, or to another task. And threads that do the same beside them.

use super::carried::{by_one_thread, report};
use super::shown::{GET, Group, REPLY, show, shown};
use crate::analyse::{Options, analyse};
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{MemorySource, Syscall, Tid, Waker};
use crate::script;
use crate::work::StageName;

/// One event loop that does what `text` says of workers, and is woken by the helpers in turn.
fn with_helpers(text: &str) -> MemorySource {
    let mut source = by_one_thread(&script::workload(text));
    let batch = &mut source.batches[0];
    let helpers = batch
        .tasks
        .iter()
        .filter(|task| task.name.starts_with("helper"));
    let helpers: Vec<(Tid, _)> = helpers.map(|task| (task.tid, task.pid)).collect();
    let polls = batch.waits.iter_mut();
    let polls = polls.filter(|wait| wait.call == Syscall::EpollWait);
    for (poll, (tid, pid)) in polls.zip(helpers.iter().cycle()) {
        poll.waker = Waker {
            tid: *tid,
            pid: *pid,
            call: Syscall::Write,
            kernel_thread: false,
        };
    }
    source
}

fn handed_over(text: &str, groups: &[Group<'_>]) -> Report {
    let mut source = with_helpers(text);
    show(&mut source, groups);
    report(&source)
}

const TO_THREAD: &[&str] = &["run_sync anyio/to_thread.py", "store app.py"];
const PUT: &[&str] = &["Queue.put asyncio/queues.py", "store app.py"];

const FEW: &str = "3 workers: fetch A 20ms+-15ms\n2 helpers: write B 10ms+-3ms";

#[test]
fn tasks_that_wait_for_threads_wait_for_a_pool_of_them() {
    let report = handed_over(FEW, &[(9, "work", TO_THREAD), (3, "work", REPLY)]);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Pool, "{verdict:#?}");
    assert!(
        (verdict.culprit.capacity - 2.0).abs() < 1e-9,
        "{verdict:#?}"
    );
    let workers = &report.workers;
    assert_eq!(
        (workers.count, workers.unit.as_str(), workers.helpers),
        (12, "task", 3)
    );
    // Of nine that wait two are served.
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 12.0 / 5.0).abs() < 0.05, "{factor}");
    assert!(
        report
            .fix
            .as_ref()
            .is_some_and(|fix| fix.title.contains("threads"))
    );
}

/// As many threads as tasks that wait: what they do is the work itself.
#[test]
fn threads_that_are_as_many_as_wait_are_no_pool() {
    let text = "3 workers: fetch A 20ms+-15ms\n9 helpers: write B 10ms+-3ms";
    let report = handed_over(text, &[(9, "work", TO_THREAD), (3, "work", REPLY)]);
    assert_ne!(report.verdict.cause, Cause::Pool, "{:#?}", report.verdict);
    let cleared = report.refuted.iter().find(|row| row.cause == Cause::Pool);
    let by = cleared.map(|row| row.by.join(" ")).unwrap_or_default();
    assert!(by.contains("for what 9 threads do"), "{by}");
}

/// Threads that wake nobody do something else, however busy they are.
#[test]
fn busy_threads_that_wake_no_loop_are_none_of_them() {
    let report = shown(FEW, &[(9, "work", TO_THREAD), (3, "work", REPLY)]);
    assert_eq!(
        report.verdict.cause,
        Cause::Unknown,
        "{:#?}",
        report.verdict
    );
}

/// No runtime tells; the user says how many there are.
#[test]
fn threads_without_a_pause_that_wake_the_loop_may_be_a_pool() {
    let told = Options {
        workers: Some(12),
        ..Options::default()
    };
    let of = |source: &MemorySource| {
        analyse(source, &told)
            .expect("rows in memory")
            .report
            .verdict
    };
    let text = "3 workers: fetch A 10ms+-8ms; sleep 30ms\n2 helpers: write B 10ms+-3ms";
    let verdict = of(&with_helpers(text));
    assert_eq!(verdict.cause, Cause::Pool, "{verdict:#?}");
    assert_eq!(verdict.alternatives, [Cause::Starved]);
    assert!(
        (verdict.culprit.capacity - 2.0).abs() < 1e-9,
        "{verdict:#?}"
    );
    // Half of their time they have nothing to do.
    let idle = of(&with_helpers(
        "3 workers: fetch A 10ms+-8ms; sleep 30ms\n2 helpers: write B 10ms+-3ms; sleep 10ms by futex",
    ));
    assert_ne!(idle.cause, Cause::Pool, "{idle:#?}");
    let aside = of(&by_one_thread(&script::workload(text)));
    assert_ne!(aside.cause, Cause::Pool, "{aside:#?}");
}

/// Nothing but threads asks anybody; those they work for are the workers.
#[test]
fn tasks_that_do_nothing_but_hand_over_are_the_workers() {
    let mut source = script::workload("2 workers: write B 10ms+-3ms");
    show(&mut source, &[(12, "work", TO_THREAD)]);
    let report = report(&source);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Pool, "{verdict:#?}");
    assert_eq!(
        (report.workers.count, report.workers.unit.as_str()),
        (12, "task")
    );
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 6.0).abs() < 0.1, "{factor}");
}

/// The runtime shows more tasks than there are threads at work, but none that waits for a thread.
#[test]
fn threads_beside_tasks_that_wait_for_something_else_are_not_settled() {
    let mut source = script::workload("2 workers: write B 10ms+-3ms; write C 15ms+-6ms");
    show(&mut source, &[(12, "work", GET)]);
    let report = report(&source);
    assert_eq!(
        report.verdict.cause,
        Cause::Unknown,
        "{:#?}",
        report.verdict
    );
    let sentence = &report.verdict.sentence;
    assert!(
        sentence.contains("their runtime shows 12 tasks"),
        "{sentence}"
    );
}

/// One fetches, nine wait to hand over, and another task stores for all of them.
const FULL: &[Group<'_>] = &[(9, "work", PUT), (1, "work", REPLY)];
const GATHERED: &str = "1 worker: fetch A 20ms+-15ms\n1 worker: write B 10ms+-3ms";

#[test]
fn a_task_that_stores_for_all_does_the_work_of_all() {
    let report = shown(GATHERED, &[FULL, &[(1, "drain", REPLY)]].concat());
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::SingleThread, "{verdict:#?}");
    assert!(verdict.culprit.name.contains("drain"), "{verdict:#?}");
    assert_eq!(report.workers.count, 10);
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 10.0).abs() < 0.5, "{factor}");
}

/// Others are there too, of which any may be who takes it.
#[test]
fn beside_several_other_tasks_nobody_is_named() {
    let others: &[Group<'_>] = &[(1, "drain", REPLY), (2, "serve", REPLY)];
    let report = shown(GATHERED, &[FULL, others].concat());
    assert_eq!(
        report.verdict.cause,
        Cause::Unknown,
        "{:#?}",
        report.verdict
    );
}

#[test]
fn a_few_tasks_that_store_for_all_are_slots() {
    let text = "1 worker: fetch A 20ms+-15ms\n3 workers: write B 10ms+-3ms";
    let report = shown(text, &[FULL, &[(3, "drain", REPLY)]].concat());
    assert_eq!(report.verdict.cause, Cause::Pool, "{:#?}", report.verdict);
    assert!((report.verdict.culprit.capacity - 3.0).abs() < 1e-9);
}

#[test]
fn a_task_that_has_nothing_to_take_is_not_what_a_full_queue_waits_for() {
    let report = shown(GATHERED, &[FULL, &[(1, "drain", GET)]].concat());
    assert_eq!(
        report.verdict.cause,
        Cause::Unknown,
        "{:#?}",
        report.verdict
    );
    let cleared = report.refuted.iter();
    let mut cleared = cleared.filter(|row| row.cause == Cause::SingleThread);
    assert!(cleared.any(|row| row.by.join(" ").contains("have nothing to take")));
}

#[test]
fn threads_and_tasks_that_do_the_same_are_all_workers() {
    let text = "6 workers: fetch A 20ms+-15ms; write B 10ms+-3ms\n2 helpers: fetch A 20ms+-15ms; write B 10ms+-3ms";
    let workers = report(&by_one_thread(&script::workload(text))).workers;
    assert_eq!(
        (workers.count, workers.unit.as_str(), workers.threads),
        (8, "worker", 2)
    );
}

#[test]
fn threads_that_do_something_else_than_the_tasks_are_helpers() {
    let text = "6 workers: fetch A 20ms+-15ms; write B 10ms+-3ms\n1 helper: append log; sleep 50ms\n1 helper: write C 40ms";
    let workers = report(&by_one_thread(&script::workload(text))).workers;
    assert_eq!(
        (workers.count, workers.unit.as_str(), workers.threads),
        (6, "task", 0)
    );
    assert_eq!(workers.helpers, 3, "the loop too");
}

/// A client that queues for all of them sends the next request as it reads a reply: from outside that is one task.
#[test]
fn what_a_client_does_for_all_is_part_of_their_work() {
    let text = "5 workers: fetch A 20ms+-15ms\n1 worker: write B 10ms+-3ms";
    let report = report(&by_one_thread(&script::workload(text)));
    assert_eq!(report.workers.count, 6);
    assert!(
        report
            .stages
            .iter()
            .any(|row| row.stage == StageName::Write)
    );
}
