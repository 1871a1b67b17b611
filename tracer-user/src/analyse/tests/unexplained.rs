//! Time that no rule looks at is not called well.

use super::carried::report;
use super::{MS, Script, TARGET, closed_system};
use crate::cause::Cause;
use crate::diagnose::Level;
use crate::report::Report;
use crate::row::{FileKind, Resource, ResourceId, ResourceKind, Syscall, TaskRole, Verb, Waker};
use crate::script;

/// Eight workers that fetch for 100 - `ms` ms from a peer that serves each alone, then are blocked in `call` on a file for
/// `ms` ms, then write what they have without waiting.
fn blocked(call: Syscall, file: u32, ms: u64) -> Report {
    let mut script = Script::default();
    let window = (20_000 * MS, 40_000 * MS);
    for worker in 0..8 {
        script.thread(200 + worker, TARGET, TaskRole::Target, window.0);
        script.socket(1000 + worker, "10.0.0.1:8080");
        for (id, path) in [(2000 + worker, "out"), (3000 + worker, "in")] {
            script.batch.resources.push(Resource {
                id: ResourceId(id),
                kind: ResourceKind::File,
                file: FileKind::Regular,
                path: format!("/data/{path}-{worker}"),
                inode: u64::from(id),
                pid: TARGET,
                ..Resource::default()
            });
        }
        let mut at = window.0 + u64::from(worker) * 3 * MS;
        while at < window.1 {
            let (socket, out) = (1000 + worker, 2000 + worker);
            let input = if file == 0 { 0 } else { file + worker };
            let back = at + (100 - ms) * MS;
            let done = back + ms * MS;
            let net = Some(Waker::default());
            let send = (Syscall::Sendto, socket, (at, at + 10_000), 200, None);
            let receive = (Syscall::Recvfrom, socket, (at + 10_000, back), 9000, net);
            let held = (call, input, (back + 10_000, done), 4096, net);
            let write = (Syscall::Write, out, (done, done + 20_000), 800, None);
            for (call, resource, times, ret, waker) in [send, receive, held, write] {
                let tid = 200 + worker;
                script.call(tid, call, 0, resource, times, ret, Verb::HttpRead, waker);
            }
            at = done + 30_000;
        }
    }
    script.finish(window)
}

fn check(report: &Report, share: f64, says: &[&str]) {
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Unknown, "{verdict:#?}");
    assert_eq!(verdict.confidence_level, Level::Weak);
    assert!(
        report.unexplained_share > share,
        "{} of {share}",
        report.unexplained_share
    );
    for part in says {
        assert!(verdict.sentence.contains(part), "{}", verdict.sentence);
    }
}

#[test]
fn reading_files_for_most_of_the_time_is_not_well() {
    let report = blocked(Syscall::Pread, 3000, 86);
    check(&report, 0.85, &["read or write of /data/in-#", "86%"]);
}

#[test]
fn nor_is_a_call_that_nothing_is_known_of() {
    let report = blocked(Syscall::Other, 0, 74);
    check(&report, 0.73, &["another call for 74%", "strace"]);
}

#[test]
fn a_peer_that_serves_each_alone_is() {
    let (script, window) = closed_system(8, 8, (60, 76), 60);
    let report = script.finish(window);
    assert_eq!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
    assert!(
        report.unexplained_share < 0.2,
        "{}",
        report.unexplained_share
    );
    let by: Vec<_> = report
        .refuted
        .iter()
        .map(|row| (row.cause, row.culprit.address.as_str()))
        .collect();
    assert!(
        by.contains(&(Cause::RemoteSerial, "10.0.0.2:8123")),
        "{by:?}"
    );
}

#[test]
fn an_empty_window_names_nothing() {
    let mut script = Script::default();
    script.thread(200, TARGET, TaskRole::Target, 0);
    let report = script.finish((0, 1000 * MS));
    assert_eq!(report.verdict.cause, Cause::Unknown);
    let sentence = &report.verdict.sentence;
    assert!(sentence.contains("no completed item"), "{sentence}");
}

#[test]
fn of_a_target_that_is_gone_nothing_longer_is_asked_for() {
    let report = Script::default().finish((20_000 * MS, 22_000 * MS));
    check(&report, -1.0, &["ended before anything of it was seen"]);
    let mut idle = Script::default();
    idle.thread(200, TARGET, TaskRole::Target, 20_000 * MS);
    check(
        &idle.finish((20_000 * MS, 22_000 * MS)),
        -1.0,
        &["watch longer"],
    );
}

#[test]
fn where_many_records_were_lost_it_is_not_said_that_nothing_holds_the_workers_up() {
    let mut source = script::workload(
        "cpus 8\npeer A serves 4 local computing\n4 workers: sleep 1ms; write A 2ms+-500us",
    );
    let events = source.meta.counters.events;
    let mut lost = |share: f64| {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some thousand records"
        )]
        let count = (events as f64 * share) as u64;
        source.meta.counters.ring_full = count;
        report(&source)
    };
    assert_eq!(lost(0.0).verdict.cause, Cause::None);
    let few = lost(0.005).verdict;
    assert_eq!(
        (few.cause, few.confidence_level),
        (Cause::None, Level::Fair)
    );
    check(
        &lost(0.02),
        -1.0,
        &["2% of the records were lost", "--ring-bytes"],
    );
}
