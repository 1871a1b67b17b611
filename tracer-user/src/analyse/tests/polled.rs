//! Locks on files under which all workers rewrite one small file: waited for, or asked for again and again.

use super::carried::report;
use super::rules::refutations;
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{Call, FileKind, Nanos, Resource, ResourceId, ResourceKind, Syscall};
use crate::script;

/// `LOCK_UN` of flock (include/uapi/asm-generic/fcntl.h).
const UNLOCK: u32 = 8;
const STATE: ResourceId = ResourceId(9_000);

/// The same where whoever lets go of a lock has opened and written a file beside it just before.
fn rewritten(text: &str) -> Report {
    let mut source = script::workload(text);
    let batch = &mut source.batches[0];
    let locked = batch.resources.iter().find(|of| of.path.ends_with('F'));
    let path = locked.expect("a lock").path.replace('F', "state");
    batch.resources.push(Resource {
        id: STATE,
        kind: ResourceKind::File,
        file: FileKind::Regular,
        inode: u64::from(STATE.0),
        path,
        ..Resource::default()
    });
    let lets_go = |call: &&Call| call.call == Syscall::Flock && call.op == UNLOCK;
    let done = |call: &Call, what, ret| Call {
        end: call.start,
        inside: Nanos::ZERO,
        call: what,
        op: 0,
        resource: STATE,
        ret,
        ..*call
    };
    let calls: Vec<Call> = (batch.calls.iter().filter(lets_go))
        .flat_map(|call| [done(call, Syscall::Open, 5), done(call, Syscall::Write, 60)])
        .collect();
    assert!(!calls.is_empty(), "{text}");
    batch.calls.extend(calls);
    batch.calls.sort_by_key(|call| call.end);
    report(&source)
}

fn check(text: &str, cause: Cause, fix: &str) {
    let report = rewritten(text);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, cause, "{text}: {verdict:#?}");
    let title = report.fix.map(|fix| fix.title).unwrap_or_default();
    assert!(title.contains(fix), "{text}: {title}");
}

#[test]
fn a_polled_lock_that_is_free_for_long_is_the_fault_and_not_what_is_written_under_it() {
    let text = "8 workers: fetch A 12ms+-10ms; flock F held 4ms polling 100ms+-20ms";
    check(text, Cause::FileLock, "instead of polling");
    let by = refutations(&rewritten(text), Cause::Checkpoint);
    assert!(by[0].contains("nobody holds the lock"), "{by:?}");
}

#[test]
fn a_lock_that_is_waited_for_is_limited_by_what_is_written_under_it() {
    let text = "8 workers: fetch A 5ms; flock F held 4ms";
    check(text, Cause::Checkpoint, "checkpoint");
}

#[test]
fn a_polled_lock_that_is_hardly_ever_free_is_limited_by_what_is_written_under_it() {
    let text = "8 workers: fetch A 5ms; flock F held 20ms polling 1ms+-500us";
    check(text, Cause::Checkpoint, "checkpoint");
}
