//! Waits on futex words that a producer ends, and such that co-workers end.

use super::rules::refutations;
use super::{Sleep, TARGET, mutex_script};
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{Syscall, TaskRole, Tid};

/// Eight workers that wait for one futex word; of those who end a wait, one in `every` is a producer, the others are workers.
fn woken(every: usize) -> Report {
    let (mut script, window) = mutex_script(8, (5, 10), 10, Sleep::Call);
    script.thread(900, TARGET, TaskRole::Target, 0);
    let waits = script.batch.waits.iter_mut();
    let woken = waits.filter(|wait| wait.call == Syscall::Futex && wait.waker.tid != Tid(0));
    for (index, wait) in woken.enumerate() {
        if index % every == 0 {
            wait.waker.tid = Tid(900);
        }
    }
    script.finish(window)
}

#[test]
fn a_word_that_a_producer_wakes_is_a_queue() {
    let report = woken(1);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Starved, "{verdict:#?}");
    assert_eq!(
        refutations(&report, Cause::UserLock),
        ["Only 0% of the wake-ups came from fellow workers."]
    );
    assert_eq!(report.blame[0].waiter, "8 of 8 workers");
}

#[test]
fn a_word_that_workers_wake_is_a_lock_even_if_somebody_else_does_too() {
    let report = woken(4);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::UserLock, "{verdict:#?}");
    assert!(refutations(&report, Cause::UserLock).is_empty());
}
