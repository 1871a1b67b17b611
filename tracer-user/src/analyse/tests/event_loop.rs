//! Workers that wait in a poll for whatever comes, then read it.

use super::{SINK, SOURCE, closed_system, report};
use crate::row::{MemorySource, Nanos, ResourceId, Syscall};

/// From the end of a poll to that of the read after it, ns.
const READS: u64 = 2_000;

/// The same work by an event loop: who waited in a read now waits in a poll of an unknown set, and then reads at once.
fn by_an_event_loop(mut source: MemorySource) -> MemorySource {
    let batch = &mut source.batches[0];
    for wait in &mut batch.waits {
        wait.call = Syscall::EpollWait;
        wait.resource = ResourceId(0);
        for time in [&mut wait.woken, &mut wait.end] {
            *time = time.since(Nanos(READS));
        }
    }
    let mut polls = Vec::new();
    for call in batch.calls.iter_mut().filter(|call| call.blocked) {
        let mut poll = *call;
        poll.call = Syscall::EpollWait;
        poll.resource = ResourceId(0);
        (poll.end, poll.ret) = (poll.end.since(Nanos(READS)), 1);
        poll.inside = poll.end.since(poll.start);
        (call.start, call.inside, call.blocked) = (poll.end, Nanos(READS), false);
        polls.push(poll);
    }
    batch.calls.extend(polls);
    batch.waits.sort_by_key(|row| row.end);
    batch.calls.sort_by_key(|row| row.end);
    source
}

#[test]
fn what_a_poll_waited_for_is_known_by_what_is_read_after_it() {
    let source = by_an_event_loop(closed_system(16, 1, (205, 236), 60));
    let verdict = report(&source).verdict;
    assert_eq!(verdict.cause, "remote-serial", "{verdict:#?}");
    assert_eq!(verdict.culprit.address, SINK, "{verdict:#?}");
}

#[test]
fn polling_for_nobody_knows_what_is_not_called_well() {
    let mut source = by_an_event_loop(closed_system(16, 16, (205, 236), 60));
    // No fetch: a timer of its own is up after that time.
    let batch = &mut source.batches[0];
    let sockets = batch.resources.iter().filter(|of| of.remote == SOURCE);
    let sockets: Vec<ResourceId> = sockets.map(|socket| socket.id).collect();
    batch.calls.retain(|call| !sockets.contains(&call.resource));
    let verdict = report(&source).verdict;
    assert_eq!(verdict.cause, "unknown", "{verdict:#?}");
    assert!(verdict.sentence.contains("polls"), "{}", verdict.sentence);
}
