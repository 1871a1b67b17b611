//! Tasks that are watched in windows with pauses between them: each of them is the same before and after.

use std::collections::BTreeMap;

use super::carried::{by_one_thread, report, with_polls_in_between};
use crate::cause::Cause;
use crate::row::{MemorySource, Nanos, OpenRequest, Pid, ResourceId, Wait};
use crate::script;

/// What is left when nothing is watched from one instant to another: waits are cut at the ends of the windows, and what is under way
/// when the second one opens is found.
fn with_pause(mut source: MemorySource, from: Nanos, to: Nanos) -> MemorySource {
    let batch = &mut source.batches[0];
    let mut open: BTreeMap<ResourceId, (Nanos, Pid)> = BTreeMap::new();
    let mut found = batch.requests.iter().peekable();
    for call in batch
        .calls
        .iter()
        .filter(|call| call.end <= to && call.ret > 0)
    {
        while let Some(request) = found.next_if(|request| request.end < call.end) {
            open.insert(request.resource, (request.asked, request.pid));
        }
        if call.call.is_output() {
            open.insert(call.resource, (call.end, call.pid));
        } else {
            open.remove(&call.resource);
        }
    }
    // What has come and lies unread is not under way any more.
    for call in batch.calls.iter().filter(|call| call.end > to) {
        if call.unread > Nanos::ZERO && call.end.since(call.unread) <= to {
            open.remove(&call.resource);
        }
    }
    let shifted = |at: Nanos| Nanos(at.min(from).0 + at.since(to).0);
    batch.calls.retain(|call| call.end <= from || call.end > to);
    for call in &mut batch.calls {
        (call.start, call.end) = (shifted(call.start), shifted(call.end));
    }
    let cut = |wait: &Wait| {
        let (start, end) = (shifted(wait.start), shifted(wait.end));
        let is_cut = start < from && end > from;
        let first = Wait {
            start,
            end: if is_cut { from } else { end },
            woken: Nanos::ZERO,
            continues: is_cut,
            ..*wait
        };
        let second = Wait {
            start: from,
            end,
            woken: Nanos::ZERO,
            continuation: true,
            ..*wait
        };
        [Some(first), is_cut.then_some(second)]
    };
    batch.waits = batch.waits.iter().flat_map(cut).flatten().collect();
    batch.waits.retain(|wait| wait.end > wait.start);
    batch.waits.sort_by_key(|wait| wait.end);
    batch
        .requests
        .extend(open.iter().map(|(socket, (sent, pid))| OpenRequest {
            end: from,
            asked: shifted(*sent),
            resource: *socket,
            pid: *pid,
        }));
    batch.requests.sort_by_key(|request| request.end);
    assert!(batch.requests.iter().all(|request| request.end <= from));
    for task in &mut batch.tasks {
        task.end = shifted(task.end);
    }
    batch.watermark = shifted(batch.watermark);
    source.meta.closed = shifted(source.meta.closed);
    source.meta.paused += to.since(from);
    source.meta.joins.push(from);
    source
}

#[test]
fn no_task_is_counted_twice_over_a_pause() {
    for (workers, text) in [
        (8, "8 workers: fetch A 20ms+-5ms; write B 10ms+-3ms"),
        (
            24,
            "cpus 1\n24 workers: fetch A 20ms; compute 2ms; write B 10ms+-3ms",
        ),
    ] {
        let plain = by_one_thread(&script::workload(text));
        check(workers, text, &plain);
        check(workers, text, &with_polls_in_between(plain));
    }
}

/// In each of three places where a pause may be.
fn check(workers: u32, text: &str, plain: &MemorySource) {
    assert_eq!(report(plain).workers.count, workers, "{text}");
    let opened = plain.meta.opened;
    for ms in [700, 1_003, 1_311] {
        let from = Nanos(opened.0 + ms * 1_000_000);
        let paused = with_pause(plain.clone(), from, Nanos(from.0 + 437_000_000));
        assert_eq!(report(&paused).workers.count, workers, "{text}, {ms} ms");
    }
}

#[test]
fn a_peer_that_is_asked_before_a_window_and_answers_after_it_has_answered_once() {
    let text =
        "window 6s after 6s\npeer B serves 1\n32 workers: fetch A 100ms+-20ms; write B 90ms+-4ms";
    let plain = by_one_thread(&script::workload(text));
    let told = report(&plain).verdict;
    let opened = plain.meta.opened;
    // They are under way all through the windows between.
    let paused = (1..5_u64).fold(plain, |source, number| {
        let from = Nanos(opened.0 + number * 600_000_000);
        with_pause(source, from, Nanos(from.0 + 300_000_000))
    });
    let paused = report(&paused).verdict;
    assert_eq!(told.cause, Cause::RemoteSerial);
    assert_eq!(paused.cause, told.cause);
}
