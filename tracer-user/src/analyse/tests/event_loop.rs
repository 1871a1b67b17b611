//! Workers that wait in a poll for whatever comes, then read it.

use super::{Script, closed_system};
use crate::cause::Cause;
use crate::row::{Nanos, ResourceId, Syscall};

/// From the end of a poll to that of the read after it, ns.
const READS: u64 = 2_000;

/// The same work by an event loop: who waited in a read now waits in a poll of an unknown set, and then reads at once.
fn by_an_event_loop(mut script: Script) -> Script {
    for wait in &mut script.batch.waits {
        wait.call = Syscall::EpollWait;
        wait.resource = ResourceId(0);
        for time in [&mut wait.woken, &mut wait.end] {
            *time = time.since(Nanos(READS));
        }
    }
    let mut polls = Vec::new();
    for call in script.batch.calls.iter_mut().filter(|call| call.blocked) {
        let mut poll = *call;
        poll.call = Syscall::EpollWait;
        poll.resource = ResourceId(0);
        (poll.end, poll.ret) = (poll.end.since(Nanos(READS)), 1);
        poll.inside = poll.end.since(poll.start);
        (call.start, call.inside, call.blocked) = (poll.end, Nanos(READS), false);
        polls.push(poll);
    }
    script.batch.calls.extend(polls);
    script
}

#[test]
fn what_a_poll_waited_for_is_known_by_what_is_read_after_it() {
    let (script, window) = closed_system(16, 1, (205, 236), 60);
    let report = by_an_event_loop(script).finish(window);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::RemoteSerial, "{verdict:#?}");
    assert_eq!(verdict.culprit.address, "10.0.0.2:8123", "{verdict:#?}");
}

#[test]
fn polling_for_nobody_knows_what_is_not_called_well() {
    let (script, window) = closed_system(16, 16, (205, 236), 60);
    let mut script = by_an_event_loop(script);
    // No fetch: a timer of its own is up after that time.
    let fetches = |id: ResourceId| (1000..2000).contains(&id.0);
    script.batch.calls.retain(|call| !fetches(call.resource));
    let verdict = script.finish(window).verdict;
    assert_eq!(verdict.cause, Cause::Unknown, "{verdict:#?}");
    assert!(verdict.sentence.contains("polls"), "{}", verdict.sentence);
}
