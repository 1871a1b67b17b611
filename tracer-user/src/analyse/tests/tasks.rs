//! Workers that are tasks of one thread, event by event: the stations behind `actors` do not ask who carries them.
//!
//! ```text
//! task 1   fetch |=======| parked |....| write |==| fetch ...        (requests, and a lock in the process)
//! task 2   fetch   |=====| parked |.......|  write |==| fetch ...
//! carrier  runs what each does in between
//! ```

use std::collections::BTreeSet;

use super::Options;
use crate::actors::{ActorId, of_thread};
use crate::analyse::Analyzer;
use crate::cause::Cause;
use crate::classify::{
    ClassifiedCall, Event, LockId, OperationId, Piece, State, WaitBegin, WaitKind, WaitSite, Waker,
};
use crate::report::Report;
use crate::row::{
    Batch, Call, Meta, Nanos, Pid, Resource, ResourceId, ResourceKind, SocketRole, StackId,
    Syscall, Tid, Verb,
};
use crate::timeline::Step;
use crate::work::StageName;

const MS: u64 = 1_000_000;
const PID: Pid = Pid(100);
/// The thread that carries all tasks.
const CARRIER: Tid = Tid(100);
/// The word that stands for the lock in the process.
const LOCK: ResourceId = ResourceId(1);
/// Resources of the tasks: sockets to where they fetch from, and to where they write.
const FETCH: u32 = 1_000;
const WRITE: u32 = 2_000;

/// What happens at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    /// A reply was read.
    Read(u32, u32, u64),
    /// The lock is had; the second task had it before.
    Woken(u32, u32),
    /// The lock is let go.
    Release(u32),
    /// A request was sent.
    Sent(u32, u32),
    /// The task is parked at the lock.
    Parked(u32),
}

/// Events by hand.
struct Tasks {
    analyzer: Analyzer,
    /// The state of each task, and since when.
    states: Vec<(Nanos, State)>,
}

impl Tasks {
    fn new(count: u32, meta: &Meta) -> Self {
        let mut analyzer = Analyzer::new(meta, &Options::default()).expect("no rules");
        let socket = |first: u32, task: u32, remote: &str| Resource {
            id: ResourceId(first + task),
            kind: ResourceKind::Socket,
            role: SocketRole::Client,
            remote: remote.to_owned(),
            pid: PID,
            ..Resource::default()
        };
        let lock = Resource {
            id: LOCK,
            kind: ResourceKind::FutexPrivate,
            address: 0x1000,
            pid: PID,
            ..Resource::default()
        };
        let sockets = (0..count).flat_map(|task| {
            [
                socket(FETCH, task, "10.0.0.1:8080"),
                socket(WRITE, task, "10.0.0.2:8123"),
            ]
        });
        analyzer.classifier().learn(&Batch {
            resources: sockets.chain([lock]).collect(),
            ..Batch::default()
        });
        let states = vec![(meta.opened, State::Absent); count as usize];
        let mut tasks = Self { analyzer, states };
        for task in 0..count {
            tasks.change(task, meta.opened, State::Running, None, None);
        }
        tasks
    }

    fn change(
        &mut self,
        task: u32,
        at: Nanos,
        now: State,
        wait: Option<WaitBegin>,
        waker: Option<u32>,
    ) {
        let (start, state) = self.states[task as usize];
        self.states[task as usize] = (at, now);
        self.analyzer.give(&Event::Change {
            who: ActorId::Task(task),
            pid: PID,
            was: Piece {
                start,
                end: at,
                state,
            },
            now,
            wait,
            waker: Waker {
                who: waker.map(ActorId::Task),
            },
        });
    }

    fn wait(&mut self, task: u32, at: Nanos, kind: WaitKind, resource: ResourceId) {
        let classifier = self.analyzer.classifier();
        let class = classifier.classes.of(resource);
        let site = WaitSite {
            kind,
            class,
            operation: OperationId::NONE,
        };
        let wait = WaitBegin {
            site,
            owner: Tid(0),
            stack: StackId::NONE,
            lock: (kind == WaitKind::Futex).then_some(LockId::Word(class)),
        };
        let now = State::Waiting(classifier.sites.intern(site));
        self.change(task, at, now, Some(wait), None);
    }

    /// A call of the carrier on behalf of a task.
    fn call(&mut self, task: u32, call: Call) {
        let row = Call {
            tid: CARRIER,
            pid: PID,
            count: 1,
            ..call
        };
        let event = of_thread(self.analyzer.classifier().classify(Step::Call(&row)));
        if let Event::Call(call) = event {
            self.analyzer.give(&Event::Call(ClassifiedCall {
                who: ActorId::Task(task),
                ..call
            }));
        }
    }

    fn happen(&mut self, at: Nanos, mark: Mark) {
        let call = |call, resource, ret, verb| Call {
            start: at,
            end: at,
            call,
            resource: ResourceId(resource),
            ret,
            verb,
            ..Call::default()
        };
        match mark {
            Mark::Sent(task, to) => {
                let (out, verb) = if to == FETCH {
                    (200, Verb::HttpRead)
                } else {
                    (800, Verb::HttpPost)
                };
                self.call(task, call(Syscall::Sendto, to + task, out, verb));
                self.wait(task, at, WaitKind::Request, ResourceId(to + task));
            }
            Mark::Read(task, from, bytes) => {
                self.change(task, at, State::Running, None, None);
                let bytes = i64::try_from(bytes).expect("a small reply");
                self.call(
                    task,
                    call(Syscall::Recvfrom, from + task, bytes, Verb::HttpReply),
                );
            }
            Mark::Parked(task) => self.wait(task, at, WaitKind::Futex, LOCK),
            Mark::Woken(task, by) => self.change(task, at, State::Running, None, Some(by)),
            Mark::Release(task) => {
                let wake = call(Syscall::Futex, LOCK.0, 1, Verb::Unknown);
                self.call(task, Call { op: 1, ..wake });
            }
        }
    }
}

/// Each fetches for `fetch` ms, then writes under the lock for `write` ms.
fn marks(tasks: u32, (fetch, write): (u64, u64), window: (u64, u64)) -> Vec<(Nanos, Mark)> {
    let mut marks = Vec::new();
    let mut ready: BTreeSet<(u64, u32)> = (0..tasks)
        .map(|task| (window.0 + 1_000 + u64::from(task), task))
        .collect();
    let mut lock: Option<(u64, u32)> = None;
    while let Some((sent, task)) = ready.pop_first() {
        if sent > window.1 {
            break;
        }
        let read = sent + fetch * MS;
        let mut at = read;
        marks.push((sent, Mark::Sent(task, FETCH)));
        marks.push((read, Mark::Read(task, FETCH, 9_000)));
        if let Some((free, holder)) = lock.filter(|(free, _)| *free > read) {
            at = free + 10;
            marks.push((read + 1_000, Mark::Parked(task)));
            marks.push((at, Mark::Woken(task, holder)));
        }
        marks.push((at + 1_000, Mark::Sent(task, WRITE)));
        marks.push((at + 1_000 + write * MS, Mark::Read(task, WRITE, 120)));
        let free = at + 2_000 + write * MS;
        marks.push((free, Mark::Release(task)));
        lock = Some((free, task));
        ready.insert((free + 1_000, task));
    }
    marks.retain(|(at, _)| *at <= window.1);
    marks.sort_unstable();
    marks
        .into_iter()
        .map(|(at, mark)| (Nanos(at), mark))
        .collect()
}

fn report(tasks: u32, times: (u64, u64)) -> Report {
    let window = (1_000 * MS, 11_000 * MS);
    let mut meta = Meta {
        opened: Nanos(window.0),
        closed: Nanos(window.1),
        complete: true,
        ..Meta::default()
    };
    meta.host.cpus = 4;
    let mut by_hand = Tasks::new(tasks, &meta);
    for (at, mark) in marks(tasks, times, window) {
        by_hand.happen(at, mark);
    }
    let analysis = by_hand.analyzer.conclude(&meta, meta.closed, None);
    analysis.expect("no item is asked for").report
}

#[test]
fn tasks_that_a_lock_in_the_process_serialises_are_the_workers() {
    let report = report(32, (20, 5));
    assert_eq!(report.workers.count, 32);
    assert_eq!(
        report.verdict.cause,
        Cause::UserLock,
        "{:#?}",
        report.verdict
    );
    assert_eq!(report.verdict.stage, StageName::Write);
    assert!(
        (report.items.rate_per_s - 200.0).abs() < 4.0,
        "{:?}",
        report.items
    );
    // One alone takes 25 ms for an item, all of them together 160 ms of theirs.
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 6.4).abs() < 0.2, "{:?}", report.parallelism);
    assert_eq!(report.coverage.conservation_error_ns, 0);
    let stage = |name| {
        let stages = report.stages.iter();
        stages
            .filter(|stage| stage.stage == name)
            .map(|stage| stage.mean_ms)
            .sum::<f64>()
    };
    assert!(
        (stage(StageName::Fetch) - 20.0).abs() < 0.5,
        "{:?}",
        report.stages
    );
    assert!(
        (stage(StageName::Write) - 140.0).abs() < 2.0,
        "{:?}",
        report.stages
    );
}

#[test]
fn the_lock_is_held_and_waited_for_by_tasks() {
    let window = (1_000 * MS, 6_000 * MS);
    let mut meta = Meta {
        opened: Nanos(window.0),
        closed: Nanos(window.1),
        ..Meta::default()
    };
    meta.host.cpus = 4;
    let mut tasks = Tasks::new(8, &meta);
    for (at, mark) in marks(8, (20, 5), window) {
        tasks.happen(at, mark);
    }
    let classifier = tasks.analyzer.classifier();
    let word = classifier.classes.of(LOCK);
    let open = classifier.requests.open();
    assert!(!open.is_empty());
    let (classifier, collector) = tasks.analyzer.learned();
    let locks = collector.locks.at(meta.closed);
    let lock = &locks[&LockId::Word(word)];
    let all: Vec<ActorId> = (0..8).map(ActorId::Task).collect();
    assert_eq!(lock.waiters.keys().copied().collect::<Vec<_>>(), all);
    assert_eq!(lock.charges.keys().copied().collect::<Vec<_>>(), all);
    assert!((lock.capacity() - 1.0).abs() < 0.05, "{}", lock.capacity());
    // The carrier sent it; the task asked.
    for (_, visit) in collector.heads(&open, meta.closed, classifier) {
        assert!(all.contains(&visit.actor), "{visit:?}");
    }
    assert_eq!(
        collector.heads(&open, meta.closed, classifier).len(),
        open.len()
    );
}

#[test]
fn tasks_that_nothing_serialises_scale() {
    let report = report(2, (200, 5));
    assert_eq!(report.workers.count, 2);
    assert!(
        matches!(report.verdict.cause, Cause::None | Cause::Unknown),
        "{:?}",
        report.verdict
    );
    let factor = report.parallelism.serialization_factor;
    assert!(factor < 1.1, "{:?}", report.parallelism);
}
