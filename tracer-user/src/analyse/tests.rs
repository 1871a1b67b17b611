//! Simulated workloads through all stations. They guard the analysis; live workloads prove it.

mod carried;
mod client_library;
mod commands;
mod cpu_inflation;
mod cpu_of_peers;
mod disks;
mod event_loop;
mod executor;
mod handed_over;
mod idle;
mod imbalance;
mod interpreter;
mod kernel;
mod network;
mod own_server;
mod pauses;
mod pictures;
mod polled;
mod queues;
mod rules;
mod runtime_pause;
mod sampled;
mod served;
mod shown;
mod slow_way;
mod snapshots;
mod spin;
mod statements;
mod tasks;
mod unexplained;
mod windows;

use super::{Options, analyse};
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{
    Batch, Call, DiskLimit, MemorySource, Meta, Nanos, Pid, Reason, Resource, ResourceId,
    ResourceKind, SocketRole, Syscall, Task, TaskFact, TaskRole, Tid, Verb, Wait, Waker,
};
use crate::scaling::Severity;
use crate::work::StageName;

const MS: u64 = 1_000_000;
const TARGET: Pid = Pid(100);

/// Rows of one trace under construction. Threads block in calls; between them they run.
#[derive(Default)]
struct Script {
    batch: Batch,
    seq: u32,
    limits: Vec<DiskLimit>,
}

impl Script {
    fn thread(&mut self, tid: u32, pid: Pid, role: TaskRole, at: u64) {
        let task = Task {
            end: Nanos(at),
            tid: Tid(tid),
            pid,
            role,
            fact: TaskFact::Seen,
            ..Task::default()
        };
        self.batch.tasks.push(task);
    }

    fn socket(&mut self, id: u32, remote: &str) {
        self.batch.resources.push(Resource {
            id: ResourceId(id),
            kind: ResourceKind::Socket,
            role: SocketRole::Client,
            remote: remote.to_owned(),
            family: "tcp".to_owned(),
            pid: TARGET,
            ..Resource::default()
        });
    }

    fn futex(&mut self, id: u32) {
        self.batch.resources.push(Resource {
            id: ResourceId(id),
            kind: ResourceKind::FutexPrivate,
            pid: TARGET,
            address: 0x1000 + u64::from(id),
            ..Resource::default()
        });
    }

    /// A call from `start` to `end`; with `blocked` the thread sleeps all through it, in parts of a second.
    #[expect(clippy::too_many_arguments, reason = "a table row")]
    fn call(
        &mut self,
        tid: u32,
        call: Syscall,
        op: u32,
        resource: u32,
        (start, end): (u64, u64),
        ret: i64,
        verb: Verb,
        waker: Option<Waker>,
    ) {
        self.seq += 1;
        let blocked = waker.is_some();
        if let Some(waker) = waker {
            let mut from = start;
            while from < end {
                let to = end.min(from + 1000 * MS);
                let last = to == end;
                self.batch.waits.push(Wait {
                    start: Nanos(from),
                    woken: if last { Nanos(to) } else { Nanos::ZERO },
                    end: Nanos(to),
                    tid: Tid(tid),
                    pid: TARGET,
                    reason: Reason::Blocked,
                    continues: !last,
                    continuation: from > start,
                    call,
                    op,
                    resource: ResourceId(resource),
                    waker: if last { waker } else { Waker::default() },
                    ..Wait::default()
                });
                from = to;
            }
        }
        self.batch.calls.push(Call {
            start: Nanos(start),
            end: Nanos(end),
            inside: Nanos(end - start),
            tid: Tid(tid),
            pid: TARGET,
            call,
            op,
            resource: ResourceId(resource),
            ret,
            count: 1,
            seq: self.seq,
            blocked,
            verb,
            ..Call::default()
        });
    }

    fn finish(mut self, window: (u64, u64)) -> Report {
        self.batch
            .waits
            .retain(|row| row.end.0 > window.0 && row.end.0 <= window.1);
        self.batch
            .calls
            .retain(|row| row.end.0 > window.0 && row.end.0 <= window.1);
        self.batch.waits.sort_by_key(|row| row.end);
        self.batch.calls.sort_by_key(|row| row.end);
        self.batch.watermark = Nanos(window.1);
        let mut meta = Meta {
            opened: Nanos(window.0),
            closed: Nanos(window.1),
            complete: true,
            ..Meta::default()
        };
        meta.host.cpus = 4;
        meta.target.disk_limits = self.limits;
        let source = MemorySource {
            meta,
            batches: vec![self.batch],
        };
        analyse(&source, &Options::default())
            .expect("rows in memory can be read")
            .report
    }
}

/// `workers` fetch for `fetch` ms in parallel, then write to a peer that serves `at_once` at a time for `service` ms each.
fn closed_system(
    workers: u32,
    at_once: usize,
    (fetch, service): (u64, u64),
    seconds: u64,
) -> (Script, (u64, u64)) {
    let mut script = Script::default();
    let window = (20_000 * MS, (20_000 + 1000 * seconds) * MS);
    let net = Waker::default();
    let mut servers = vec![0_u64; at_once];
    // Workers by the time they are ready to write; served in that order.
    let mut ready: std::collections::BTreeSet<(u64, u32)> = std::collections::BTreeSet::new();
    for worker in 0..workers {
        script.thread(200 + worker, TARGET, TaskRole::Target, window.0);
        script.socket(1000 + worker, "10.0.0.1:8080");
        script.socket(2000 + worker, "10.0.0.2:8123");
        ready.insert((fetch * MS + u64::from(worker) * 777_777, worker));
    }
    while let Some((at, worker)) = ready.pop_first() {
        if at > window.1 {
            break;
        }
        let (tid, jitter) = (200 + worker, u64::from((worker * 7919) % 97) * 30_000);
        let server = servers.iter_mut().min().expect("at least one server");
        let done = at.max(*server) + service * MS;
        *server = done;
        script.call(
            tid,
            Syscall::Sendto,
            0,
            2000 + worker,
            (at, at + 10_000),
            800,
            Verb::HttpPost,
            None,
        );
        script.call(
            tid,
            Syscall::Recvfrom,
            0,
            2000 + worker,
            (at + 10_000, done),
            120,
            Verb::HttpReply,
            Some(net),
        );
        let back = done + 5_000;
        let next = back + fetch * MS + jitter;
        script.call(
            tid,
            Syscall::Sendto,
            0,
            1000 + worker,
            (back, back + 10_000),
            200,
            Verb::HttpPost,
            None,
        );
        script.call(
            tid,
            Syscall::Recvfrom,
            0,
            1000 + worker,
            (back + 10_000, next),
            9000,
            Verb::HttpReply,
            Some(net),
        );
        ready.insert((next + 20_000, worker));
    }
    (script, window)
}

#[test]
fn inserts_served_one_at_a_time() {
    let (script, window) = closed_system(64, 1, (205, 236), 60);
    let report = script.finish(window);
    assert_eq!(
        report.verdict.cause,
        Cause::RemoteSerial,
        "{:#?}",
        report.verdict
    );
    assert_eq!(
        (report.verdict.stage, report.workers.count),
        (StageName::Write, 64)
    );
    assert_eq!(report.verdict.severity, Severity::Critical);
    assert!(
        (report.items.rate_per_s - 4.237).abs() < 0.05,
        "{:?}",
        report.items
    );
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 34.2).abs() < 2.0, "{:?}", report.parallelism);
    let fetch = report
        .stages
        .iter()
        .find(|stage| stage.stage == StageName::Fetch)
        .expect("a fetch stage");
    assert!((fetch.mean_ms - 206.5).abs() < 2.0, "{fetch:?}");
    assert_eq!(report.coverage.conservation_error_ns, 0);
}

#[test]
fn a_cycle_longer_than_the_window() {
    let (script, window) = closed_system(64, 1, (205, 236), 10);
    let report = script.finish(window);
    assert_eq!(report.workers.count, 64, "{:?}", report.workers);
    assert_eq!(
        report.verdict.cause,
        Cause::RemoteSerial,
        "{:#?}",
        report.verdict
    );
    assert!(
        (report.items.rate_per_s - 4.237).abs() < 0.15,
        "{:?}",
        report.items
    );
    assert!(
        (report.parallelism.serialization_factor - 34.2).abs() < 4.0,
        "{:?}",
        report.parallelism
    );
}

#[test]
fn a_parallel_peer_in_lockstep_is_no_cause() {
    let (script, window) = closed_system(16, 16, (50, 236), 20);
    let report = script.finish(window);
    // The number of requests under way does not vary: it cannot be told.
    assert!(
        matches!(report.verdict.cause, Cause::None | Cause::Unknown),
        "{:#?}",
        report.verdict
    );
    assert!(
        report.parallelism.interval[0] <= 1.05,
        "{:?}",
        report.parallelism
    );
}

/// How a holder sleeps.
#[derive(Clone, Copy, PartialEq)]
enum Sleep {
    /// By the system's own call.
    Call,
    /// On a futex word of its thread, until its time is up, as Java does.
    Word,
}

/// `workers` compute for `free` ms, then hold one lock for `held` ms, asleep.
fn mutex(workers: u32, times: (u64, u64), seconds: u64, sleep: Sleep) -> Report {
    let (script, window) = mutex_script(workers, times, seconds, sleep);
    script.finish(window)
}

fn mutex_script(
    workers: u32,
    (free, held): (u64, u64),
    seconds: u64,
    sleep: Sleep,
) -> (Script, (u64, u64)) {
    let mut script = Script::default();
    let window = (0, 1000 * seconds * MS);
    script.futex(1);
    let timer = Resource {
        id: ResourceId(2),
        kind: ResourceKind::Timer,
        ..Resource::default()
    };
    script.batch.resources.push(timer);
    let mut ready: std::collections::BTreeSet<(u64, u32)> = (0..workers)
        .map(|worker| (1 + u64::from(worker) * 10_000, worker))
        .collect();
    for worker in 0..workers {
        script.thread(200 + worker, TARGET, TaskRole::Target, 0);
        script.futex(3000 + worker);
    }
    let (mut lock_free, mut last) = (0_u64, 0_u32);
    while let Some((at, worker)) = ready.pop_first() {
        if at > window.1 {
            break;
        }
        let tid = 200 + worker;
        let start = at.max(lock_free);
        if start > at {
            let waker = Waker {
                tid: Tid(200 + last),
                pid: TARGET,
                call: Syscall::Futex,
                kernel_thread: false,
            };
            script.call(
                tid,
                Syscall::Futex,
                0,
                1,
                (at, start),
                0,
                Verb::Unknown,
                Some(waker),
            );
        }
        let end = start + held * MS;
        /// `-ETIMEDOUT`.
        const TIMED_OUT: i64 = -110;
        let (call, op, resource, ret) = match sleep {
            Sleep::Call => (Syscall::ClockNanosleep, 0, 2, 0),
            Sleep::Word => (Syscall::Futex, 9, 3000 + worker, TIMED_OUT),
        };
        script.call(
            tid,
            call,
            op,
            resource,
            (start + 1_000, end - 1_000),
            ret,
            Verb::Unknown,
            Some(Waker::default()),
        );
        script.call(
            tid,
            Syscall::Futex,
            1,
            1,
            (end, end + 1_000),
            1,
            Verb::Unknown,
            None,
        );
        (lock_free, last) = (end, worker);
        ready.insert((end + free * MS + u64::from(worker) * 1_000, worker));
    }
    (script, window)
}

#[test]
fn a_mutex_held_over_a_sleep() {
    for sleep in [Sleep::Call, Sleep::Word] {
        check_mutex(&mutex(8, (5, 10), 10, sleep));
    }
}

fn check_mutex(report: &Report) {
    assert_eq!(
        report.verdict.cause,
        Cause::UserLock,
        "{:#?}",
        report.verdict
    );
    assert!(
        (report.items.rate_per_s - 100.0).abs() < 2.0,
        "{:?}",
        report.items
    );
    // One alone: 15 ms an item; eight together: 10 ms an item, 80 ms of worker time.
    assert!(
        (report.parallelism.serialization_factor - 80.0 / 15.0).abs() < 0.3,
        "{:?}",
        report.parallelism
    );
    assert!(
        (report.verdict.culprit.service_ms - 10.0).abs() < 0.2,
        "{:?}",
        report.verdict.culprit
    );
    assert_eq!(report.coverage.conservation_error_ns, 0);
}
