//! Workloads that have a cause, and such as look like it and have not.

use super::{MS, Script, TARGET, closed_system, mutex_script};
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{
    DiskLimit, DiskUnit, FileKind, Resource, ResourceId, ResourceKind, Syscall, TaskRole, Tid,
    Verb, Waker,
};

/// A call at the end of each turn, served one at a time.
#[derive(Clone, Copy)]
struct Served {
    call: Syscall,
    /// Resource of the first worker; the others' follow.
    resource: u32,
    shared: bool,
    waker: Waker,
}

/// `workers` fetch for `fetch` ms each for itself, then make a call that is served one at a time for `service` ms.
fn queue(workers: u32, (fetch, service): (u64, u64), served: Served) -> (Script, (u64, u64)) {
    let mut script = Script::default();
    let window = (20_000 * MS, 40_000 * MS);
    let mut ready = std::collections::BTreeSet::new();
    for worker in 0..workers {
        script.thread(200 + worker, TARGET, TaskRole::Target, window.0);
        script.socket(1000 + worker, "10.0.0.1:8080");
        ready.insert((window.0 + u64::from(worker) * 777_777, worker));
    }
    let mut free = 0;
    while let Some((at, worker)) = ready.pop_first() {
        if at > window.1 {
            break;
        }
        let (tid, socket) = (200 + worker, 1000 + worker);
        let back = at + fetch * MS;
        let net = Some(Waker::default());
        let send = (Syscall::Sendto, socket, (at, at + 10_000), 200, None);
        let receive = (Syscall::Recvfrom, socket, (at + 10_000, back), 9000, net);
        let end = free.max(back) + service * MS;
        free = end;
        let file = served.resource + if served.shared { 0 } else { worker };
        let last = (
            served.call,
            file,
            (back + 10_000, end),
            800,
            Some(served.waker),
        );
        for (call, resource, times, ret, waker) in [send, receive, last] {
            script.call(tid, call, 0, resource, times, ret, Verb::HttpRead, waker);
        }
        ready.insert((end + 10_000, worker));
    }
    (script, window)
}

fn file(id: u32, file: FileKind, path: String) -> Resource {
    Resource {
        id: ResourceId(id),
        kind: ResourceKind::File,
        file,
        path,
        inode: u64::from(id),
        pid: TARGET,
        ..Resource::default()
    }
}

/// Twelve workers that sync a file of their own each, on a device that takes 18 ms for one; `used` of a limit of 200 writes a
/// second went through, where there is one.
fn synced(used: Option<u64>) -> Report {
    let served = Served {
        call: Syscall::Fsync,
        resource: 2000,
        shared: false,
        waker: Waker::default(),
    };
    let (mut script, window) = queue(12, (10, 18), served);
    for worker in 0..12 {
        let path = format!("/data/records-{worker}");
        let file = file(2000 + worker, FileKind::Regular, path);
        script.batch.resources.push(file);
    }
    script.limits.extend(used.map(|used| DiskLimit {
        group: "/workers".to_owned(),
        device: "254:0".to_owned(),
        unit: DiskUnit::Writes,
        per_second: 200,
        used,
    }));
    script.finish(window)
}

pub(super) fn refutations(report: &Report, cause: Cause) -> Vec<String> {
    let refuted = report.refuted.iter().filter(|row| row.cause == cause);
    refuted.flat_map(|row| row.by.clone()).collect()
}

#[test]
fn a_limit_that_is_used_up_is_what_syncs_wait_for() {
    let report = synced(Some(3990));
    assert_eq!(report.verdict.cause, Cause::Quota, "{:#?}", report.verdict);
    assert!(report.verdict.culprit.name.contains("/workers"));
    let fsync = refutations(&report, Cause::Fsync);
    assert!(fsync[0].contains("quota"), "{fsync:?}");
    assert_eq!(report.blame[0].waiter, "12 of 12 workers");
}

#[test]
fn a_limit_that_leaves_room_is_not() {
    let report = synced(Some(1000));
    assert_eq!(report.verdict.cause, Cause::Fsync, "{:#?}", report.verdict);
    let quota = refutations(&report, Cause::Quota);
    assert_eq!(quota, ["Only 25% of the limit was used."]);
    let without = synced(None);
    assert_eq!(without.verdict.cause, Cause::Fsync);
    assert!(refutations(&without, Cause::Quota).is_empty());
}

#[test]
fn writers_to_a_full_pipe_are_not_starved() {
    let reader = Waker {
        tid: Tid(900),
        pid: TARGET,
        call: Syscall::Read,
        kernel_thread: false,
    };
    let served = Served {
        call: Syscall::Write,
        resource: 4000,
        shared: true,
        waker: reader,
    };
    let (mut script, window) = queue(8, (20, 10), served);
    let pipe = file(4000, FileKind::Pipe, String::new());
    script.batch.resources.push(pipe);
    script.thread(900, TARGET, TaskRole::Target, window.0);
    let report = script.finish(window);
    assert_ne!(
        report.verdict.cause,
        Cause::Starved,
        "{:#?}",
        report.verdict
    );
    let starved = refutations(&report, Cause::Starved);
    assert!(starved[0].contains("to write"), "{:#?}", report.refuted);
}

#[test]
fn of_those_who_wait_only_workers_are_counted() {
    let (mut script, window) = mutex_script(8, (5, 10), 10, super::Sleep::Call);
    script.thread(900, TARGET, TaskRole::Target, 0);
    let holder = Waker {
        tid: Tid(200),
        pid: TARGET,
        call: Syscall::Futex,
        kernel_thread: false,
    };
    // A helper that looks in once.
    let times = (100 * MS, 105 * MS);
    script.call(
        900,
        Syscall::Futex,
        0,
        1,
        times,
        0,
        Verb::Unknown,
        Some(holder),
    );
    let report = script.finish(window);
    assert_eq!((report.workers.count, report.workers.helpers), (8, 1));
    let evidence = &report.causes[0].evidence[0];
    assert!(evidence.starts_with("8 of 8 workers waited"), "{evidence}");
    assert_eq!(report.blame[0].waiter, "8 of 8 workers");
}

/// Sixteen workers at a peer that serves one at a time; each sleeps for 50 ms between turns, and the first `refused` replies
/// are a 429.
fn paced(refused: usize) -> Report {
    let (mut script, window) = closed_system(16, 1, (60, 20), 30);
    let timer = Resource {
        id: ResourceId(2),
        kind: ResourceKind::Timer,
        ..Resource::default()
    };
    script.batch.resources.push(timer);
    // Of each fetch the first 50 ms are a sleep before it.
    let fetches = |call: &crate::row::Call| (1000..2000).contains(&call.resource.0);
    let sends: Vec<_> = script
        .batch
        .calls
        .iter()
        .filter(|call| fetches(call) && call.call == Syscall::Sendto)
        .copied()
        .collect();
    let later = crate::row::Nanos(50 * MS);
    for call in script.batch.calls.iter_mut().filter(|call| fetches(call)) {
        call.start += later;
        if call.call == Syscall::Sendto {
            call.end += later;
        } else {
            call.inside = call.end.since(call.start);
        }
    }
    script.batch.waits.retain_mut(|wait| {
        if (1000..2000).contains(&wait.resource.0) {
            wait.start += later;
        }
        wait.start < wait.end
    });
    for send in sends {
        let times = (send.start.0, send.start.0 + 50 * MS);
        let (call, waker) = (Syscall::ClockNanosleep, Some(Waker::default()));
        script.call(send.tid.0, call, 0, 2, times, 0, Verb::Unknown, waker);
    }
    // To requests that were sent in the window as well.
    let from = window.0 + 1000 * MS;
    let replies = script.batch.calls.iter_mut().filter(|call| {
        call.resource.0 >= 2000 && call.call == Syscall::Recvfrom && call.start.0 > from
    });
    for reply in replies.take(refused) {
        reply.status = 429;
    }
    script.finish(window)
}

#[test]
fn one_refused_request_makes_no_rate_limit_of_the_sleeps() {
    let report = paced(1);
    assert_ne!(
        report.verdict.cause,
        Cause::RateLimit,
        "{:#?}",
        report.verdict
    );
    let by = refutations(&report, Cause::RateLimit);
    assert!(by[0].starts_with("Only 1 reply said so"), "{by:?}");
}

#[test]
fn refusals_as_many_as_sleeps_do() {
    let report = paced(usize::MAX);
    let causes: Vec<Cause> = report.causes.iter().map(|row| row.cause).collect();
    assert!(causes.contains(&Cause::RateLimit), "{causes:?}");
}

#[test]
fn encrypted_requests_lower_the_confidence() {
    let confidence = |encrypted: bool| {
        let (mut script, window) = closed_system(64, 1, (205, 12), 30);
        if encrypted {
            for call in &mut script.batch.calls {
                call.verb = Verb::Tls;
            }
        }
        let report = script.finish(window);
        assert_eq!(
            report.verdict.cause,
            Cause::RemoteSerial,
            "{:#?}",
            report.verdict
        );
        assert_eq!(report.verdict.culprit.address, "10.0.0.2:8123");
        report.verdict.confidence
    };
    let (plain, encrypted) = (confidence(false), confidence(true));
    assert!(encrypted < plain, "{encrypted} {plain}");
}

#[test]
fn a_peer_that_another_one_paces_is_not_taken_for_it() {
    // The one serves 12 ms one after the other, and half of the workers are at the other, which serves all at once and so
    // replies as evenly.
    let (script, window) = closed_system(32, 1, (205, 12), 30);
    let report = script.finish(window);
    let named = report.verdict.cause.is_named();
    assert!(
        !named || report.verdict.culprit.address == "10.0.0.2:8123",
        "{:#?}",
        report.verdict
    );
}
