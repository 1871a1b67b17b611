//! Listens to the sweep and keeps all books of blame.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::lock::{LockKey, Locks};
use super::lock_group::LockGroups;
use super::queue::RunQueue;
use super::recent_pieces::RecentPieces;
use super::service::Services;
use super::visit::{Part, Visit};
use crate::row::{
    Call, Nanos, Pid, ResourceId, StackId, Syscall, Task, TaskFact, TaskRole, Tid, Waker,
};
use crate::timeline::{CpuTotals, Piece, State};
use crate::work::{
    ClassId, ClassKind, Inventory, Operation, OperationKind, Request, ResourceClasses, WaitKind,
    WaitSite,
};

/// Most visits kept per station: enough for every figure drawn from them.
const VISITS: usize = 65_536;

/// Whom a worker's wait was ended by, by sort.
#[derive(Clone, Debug, Default)]
pub struct Wakers {
    /// Other workers.
    pub workers: u64,
    /// Other threads of the target, and local peers.
    pub others: BTreeMap<Tid, u64>,
    /// Interrupts, timers, the network, or nobody seen.
    pub nobody: u64,
}

/// What the timeline of a thread adds up to.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    sum: CpuTotals,
    running_since: Option<Nanos>,
    at_opening: Option<CpuTotals>,
}

impl Count {
    fn change(&mut self, was: &Piece, now: State) {
        match (was.state, now) {
            (State::Running, State::Queued) => self.sum.involuntary += 1,
            (State::Running, State::Blocked(_) | State::Stopped) => self.sum.voluntary += 1,
            _ => {}
        }
        if let Some(since) = self.running_since.take() {
            self.sum.run += was.end.since(since);
        }
        self.running_since = (now == State::Running).then_some(was.end);
    }

    fn at(&self, now: Nanos) -> CpuTotals {
        let running = self
            .running_since
            .map_or(Nanos::ZERO, |since| now.since(since));
        CpuTotals {
            run: self.sum.run + running,
            ..self.sum
        }
    }
}

/// One thread: who it is, and what it is about.
#[derive(Debug)]
struct Thread {
    role: TaskRole,
    is_worker: bool,
    count: Count,
    /// The lock it waits for, and where.
    waiting: Option<(LockKey, StackId)>,
    /// The file whose lock it asks for again and again.
    polling: Option<ClassId>,
}

/// All books of blame.
#[derive(Debug)]
pub struct Collector<'a> {
    inventory: &'a Inventory,
    words: &'a LockGroups,
    workers: BTreeSet<Tid>,
    /// Locks, of the target and of local peers.
    pub locks: Locks,
    /// Local peers from inside.
    pub services: Services,
    /// The run queue.
    pub queue: RunQueue,
    /// Workers' visits to stations that are seen from outside only.
    pub visits: BTreeMap<WaitSite, Vec<Visit>>,
    /// Sockets on which workers had exchanges, by peer.
    pub sockets: BTreeMap<ClassId, BTreeSet<ResourceId>>,
    /// Visits that had no resource class any more.
    pub visits_left_out: u64,
    /// Who ended the workers' waits.
    pub wakers: BTreeMap<WaitSite, Wakers>,
    /// What the timelines say between the two readings of the kernel's books.
    pub seen: HashMap<Tid, CpuTotals>,
    threads: HashMap<Tid, Thread>,
    recent_pieces: RecentPieces,
    /// The present window began; zero in the first, which calls that it found under way are taken to have begun with.
    began: Nanos,
}

impl<'a> Collector<'a> {
    /// Empty books.
    #[must_use]
    pub fn new(
        inventory: &'a Inventory,
        words: &'a LockGroups,
        workers: &[Tid],
        cpus: u32,
    ) -> Self {
        Self {
            inventory,
            words,
            workers: workers.iter().copied().collect(),
            locks: Locks::default(),
            services: Services::default(),
            queue: RunQueue::new(cpus),
            visits: BTreeMap::new(),
            sockets: BTreeMap::new(),
            visits_left_out: 0,
            wakers: BTreeMap::new(),
            seen: HashMap::default(),
            threads: HashMap::default(),
            recent_pieces: RecentPieces::default(),
            began: Nanos::ZERO,
        }
    }

    /// The next window begins.
    pub fn begin(&mut self, at: Nanos) {
        self.began = at;
    }

    /// A window ends while these turns are open.
    pub fn end(&mut self, at: Nanos, open: &[Request], classes: &mut ResourceClasses) {
        for request in open {
            let class = classes.of(request.socket);
            let is_client = classes.kind(class) == ClassKind::Peer;
            if is_client && !request.shared && self.thread(request.tid).is_worker {
                let kind = WaitKind::Exchange;
                self.visit(
                    WaitSite { kind, class },
                    (request.start, at),
                    request.tid,
                    Part::Head,
                );
            }
        }
    }

    fn thread(&mut self, tid: Tid) -> &mut Thread {
        self.threads.entry(tid).or_insert_with(|| Thread {
            role: self
                .inventory
                .threads
                .get(&tid)
                .map_or(TaskRole::Bystander, |thread| thread.role),
            is_worker: self.workers.contains(&tid),
            count: Count::default(),
            waiting: None,
            polling: None,
        })
    }

    /// A thread's state changed.
    pub fn change(
        &mut self,
        (tid, pid): (Tid, Pid),
        was: &Piece,
        now: State,
        waker: Waker,
        classes: &mut ResourceClasses,
    ) {
        let at = was.end;
        let thread = self.thread(tid);
        thread.count.change(was, now);
        let (role, is_worker, polling) = (thread.role, thread.is_worker, thread.polling);
        if matches!(was.state, State::Blocked(_))
            && let Some((key, stack)) = thread.waiting.take()
        {
            self.locks.woken(key, tid, at, waker, stack);
        }
        if let State::Blocked(blocked) = was.state
            && is_worker
        {
            let site = self.merge(WaitSite::of(&blocked, classes));
            self.woken(site, waker);
        }
        if let State::Blocked(blocked) = now
            && let Some(key) = self.lock_of(WaitSite::of(&blocked, classes), polling)
        {
            self.thread(tid).waiting = Some((key, blocked.stack));
            self.locks.wait(key, (tid, pid), &blocked, at);
        }
        self.recent_pieces.change(tid, was, now);
        match role {
            TaskRole::Target => self.queue.change(tid, is_worker, at, now),
            TaskRole::Peer => self.services.change(tid, was, now, waker.tid, classes),
            TaskRole::Bystander => {}
        }
    }

    /// A fact about a thread: the readings of its books mark what is compared with them.
    pub fn task(&mut self, task: &Task) {
        let count = &mut self.thread(task.tid).count;
        match task.fact {
            TaskFact::SchedStatOpened => count.at_opening = Some(count.at(task.end)),
            TaskFact::SchedStatClosed => {
                if let Some(before) = count.at_opening {
                    let now = count.at(task.end);
                    let seen = CpuTotals {
                        run: now.run.since(before.run),
                        voluntary: now.voluntary - before.voluntary,
                        involuntary: now.involuntary - before.involuntary,
                    };
                    self.seen.insert(task.tid, seen);
                }
            }
            _ => {}
        }
    }

    fn woken(&mut self, site: WaitSite, waker: Waker) {
        let entry = self.wakers.entry(site).or_default();
        if waker.tid == Tid(0) || waker.call == Syscall::None {
            entry.nobody += 1;
        } else if self.workers.contains(&waker.tid) {
            entry.workers += 1;
        } else {
            *entry.others.entry(waker.tid).or_default() += 1;
        }
    }

    fn merge(&self, site: WaitSite) -> WaitSite {
        if site.kind == WaitKind::Futex {
            WaitSite {
                class: self.words.lock(site.class),
                ..site
            }
        } else {
            site
        }
    }

    /// The lock that a thread at `wait site` waits for; `polling`: the file whose lock it asks for again and again.
    fn lock_of(&self, site: WaitSite, polling: Option<ClassId>) -> Option<LockKey> {
        match site.kind {
            WaitKind::Futex => Some(LockKey {
                kind: WaitKind::Futex,
                class: self.words.lock(site.class),
            }),
            WaitKind::FileLock => Some(LockKey {
                kind: WaitKind::FileLock,
                class: site.class,
            }),
            WaitKind::Sleep => polling.map(|class| LockKey {
                kind: WaitKind::FileLock,
                class,
            }),
            _ => None,
        }
    }

    /// A call returned; `operation` and `turn` are what it means.
    pub fn call(
        &mut self,
        call: &Call,
        operation: Option<Operation>,
        request: Option<Request>,
        classes: &mut ResourceClasses,
    ) {
        let file = LockKey {
            kind: WaitKind::FileLock,
            class: classes.of(call.resource),
        };
        if call.call == Syscall::Close && self.locks.holds(file, call.tid) {
            self.locks
                .release(file, call.tid, call.start, &self.recent_pieces, classes);
        }
        let Some(Operation { kind, class }) = operation else {
            return;
        };
        match kind {
            OperationKind::Release => {
                let key = LockKey {
                    kind: WaitKind::Futex,
                    class: self.words.lock(class),
                };
                self.locks
                    .release(key, call.tid, call.start, &self.recent_pieces, classes);
            }
            OperationKind::LockRefused => self.thread(call.tid).polling = Some(class),
            OperationKind::LockFile => {
                self.thread(call.tid).polling = None;
                if exclusive(call) {
                    self.locks.obtained(file, call.tid, call.end);
                }
            }
            OperationKind::UnlockFile => {
                self.locks
                    .release(file, call.tid, call.start, &self.recent_pieces, classes)
            }
            _ => {}
        }
        let thread = self.thread(call.tid);
        let (role, is_worker, is_polling) =
            (thread.role, thread.is_worker, thread.polling.is_some());
        match kind {
            OperationKind::Exchange(_) => {
                if let Some(request) = request.filter(|request| is_worker && !request.shared) {
                    self.sockets
                        .entry(class)
                        .or_default()
                        .insert(request.socket);
                    self.visit(
                        WaitSite {
                            kind: WaitKind::Exchange,
                            class,
                        },
                        (request.start, request.end),
                        request.tid,
                        Part::Whole,
                    );
                }
            }
            OperationKind::Sync if is_worker => self.visit(
                WaitSite {
                    kind: WaitKind::Sync,
                    class,
                },
                (call.start, call.end),
                call.tid,
                Part::Whole,
            ),
            OperationKind::Sleep if is_worker && !is_polling => {
                self.visit(
                    WaitSite {
                        kind: WaitKind::Sleep,
                        class,
                    },
                    (call.start, call.end),
                    call.tid,
                    Part::Whole,
                );
            }
            _ => {}
        }
        if classes.kind(class) == ClassKind::Service && role == TaskRole::Peer {
            match request {
                Some(request) => self.services.replied(&request, class, classes),
                None if call.call.is_input() && call.ret > 0 => {
                    self.services.arrived(call, class, classes);
                }
                None => {}
            }
        }
    }

    /// Notes a visit; one that came before the window has its end in it alone.
    fn visit(&mut self, site: WaitSite, (start, end): (Nanos, Nanos), tid: Tid, part: Part) {
        let part = if start <= self.began {
            Part::Tail
        } else {
            part
        };
        let start = start.max(self.began);
        let list = self.visits.entry(site).or_default();
        if list.len() < VISITS {
            list.push(Visit {
                start,
                end,
                tid,
                part,
            });
        } else {
            self.visits_left_out += 1;
        }
    }

    /// Ends the window.
    pub fn close(&mut self, at: Nanos, classes: &mut ResourceClasses) {
        self.locks.close(at);
        self.services.close(at, classes);
    }
}

/// An exclusive lock: a shared one keeps nobody from sharing.
fn exclusive(call: &Call) -> bool {
    /// `LOCK_EX` (include/uapi/asm-generic/fcntl.h).
    const FLOCK_EXCLUSIVE: u32 = 2;
    /// `F_WRLCK` in the lock type of [`Call::op`].
    const FCNTL_WRITE: u32 = 1 << 16;
    match call.call {
        Syscall::Flock => call.op & FLOCK_EXCLUSIVE != 0,
        _ => call.op & FCNTL_WRITE != 0,
    }
}
