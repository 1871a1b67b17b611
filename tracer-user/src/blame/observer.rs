//! Listens to the sweep and keeps all books of blame.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::lock::{LockKey, Locks};
use super::queue::RunQueue;
use super::recent::Recent;
use super::service::Services;
use super::visit::{Part, Visit};
use super::word::Words;
use crate::row::{
    Call, Nanos, Pid, ResourceId, StackId, Syscall, Task, TaskFact, TaskRole, Tid, Waker,
};
use crate::timeline::{Piece, Seen, State};
use crate::work::{Act, Census, Operation, PlaceId, PlaceKind, Places, Spot, Turn, Way};

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
    sum: Seen,
    running_since: Option<Nanos>,
    at_opening: Option<Seen>,
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

    fn at(&self, now: Nanos) -> Seen {
        let running = self
            .running_since
            .map_or(Nanos::ZERO, |since| now.since(since));
        Seen {
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
    polling: Option<PlaceId>,
}

/// All books of blame.
#[derive(Debug)]
pub struct Observer<'a> {
    census: &'a Census,
    words: &'a Words,
    workers: BTreeSet<Tid>,
    /// Locks, of the target and of local peers.
    pub locks: Locks,
    /// Local peers from inside.
    pub services: Services,
    /// The run queue.
    pub queue: RunQueue,
    /// Workers' visits to stations that are seen from outside only.
    pub visits: BTreeMap<Spot, Vec<Visit>>,
    /// Sockets on which workers had exchanges, by peer.
    pub sockets: BTreeMap<PlaceId, BTreeSet<ResourceId>>,
    /// Visits that had no place any more.
    pub visits_left_out: u64,
    /// Who ended the workers' waits.
    pub wakers: BTreeMap<Spot, Wakers>,
    /// What the timelines say between the two readings of the kernel's books.
    pub seen: HashMap<Tid, Seen>,
    threads: HashMap<Tid, Thread>,
    recent: Recent,
    /// The present window began; zero in the first, which calls that it found under way are taken to have begun with.
    began: Nanos,
}

impl<'a> Observer<'a> {
    /// Empty books.
    #[must_use]
    pub fn new(census: &'a Census, words: &'a Words, workers: &[Tid], cpus: u32) -> Self {
        Self {
            census,
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
            recent: Recent::default(),
            began: Nanos::ZERO,
        }
    }

    /// The next window begins.
    pub fn begin(&mut self, at: Nanos) {
        self.began = at;
    }

    /// A window ends while these turns are open.
    pub fn end(&mut self, at: Nanos, open: &[Turn], places: &mut Places) {
        for turn in open {
            let place = places.of(turn.socket);
            let is_client = places.kind(place) == PlaceKind::Peer;
            if is_client && !turn.shared && self.thread(turn.tid).is_worker {
                let way = Way::Exchange;
                self.visit(Spot { way, place }, (turn.start, at), turn.tid, Part::Head);
            }
        }
    }

    fn thread(&mut self, tid: Tid) -> &mut Thread {
        self.threads.entry(tid).or_insert_with(|| Thread {
            role: self
                .census
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
        places: &mut Places,
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
            let spot = self.merge(Spot::of(&blocked, places));
            self.woken(spot, waker);
        }
        if let State::Blocked(blocked) = now
            && let Some(key) = self.lock_of(Spot::of(&blocked, places), polling)
        {
            self.thread(tid).waiting = Some((key, blocked.stack));
            self.locks.wait(key, (tid, pid), &blocked, at);
        }
        self.recent.change(tid, was, now);
        match role {
            TaskRole::Target => self.queue.change(tid, is_worker, at, now),
            TaskRole::Peer => self.services.change(tid, was, now, waker.tid, places),
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
                    let seen = Seen {
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

    fn woken(&mut self, spot: Spot, waker: Waker) {
        let entry = self.wakers.entry(spot).or_default();
        if waker.tid == Tid(0) || waker.call == Syscall::None {
            entry.nobody += 1;
        } else if self.workers.contains(&waker.tid) {
            entry.workers += 1;
        } else {
            *entry.others.entry(waker.tid).or_default() += 1;
        }
    }

    fn merge(&self, spot: Spot) -> Spot {
        if spot.way == Way::Futex {
            Spot {
                place: self.words.lock(spot.place),
                ..spot
            }
        } else {
            spot
        }
    }

    /// The lock that a thread at `spot` waits for; `polling`: the file whose lock it asks for again and again.
    fn lock_of(&self, spot: Spot, polling: Option<PlaceId>) -> Option<LockKey> {
        match spot.way {
            Way::Futex => Some(LockKey {
                way: Way::Futex,
                place: self.words.lock(spot.place),
            }),
            Way::FileLock => Some(LockKey {
                way: Way::FileLock,
                place: spot.place,
            }),
            Way::Sleep => polling.map(|place| LockKey {
                way: Way::FileLock,
                place,
            }),
            _ => None,
        }
    }

    /// A call returned; `operation` and `turn` are what it means.
    pub fn call(
        &mut self,
        call: &Call,
        operation: Option<Operation>,
        turn: Option<Turn>,
        places: &mut Places,
    ) {
        let file = LockKey {
            way: Way::FileLock,
            place: places.of(call.resource),
        };
        if call.call == Syscall::Close && self.locks.holds(file, call.tid) {
            self.locks
                .release(file, call.tid, call.start, &self.recent, places);
        }
        let Some(Operation { act, place }) = operation else {
            return;
        };
        match act {
            Act::Release => {
                let key = LockKey {
                    way: Way::Futex,
                    place: self.words.lock(place),
                };
                self.locks
                    .release(key, call.tid, call.start, &self.recent, places);
            }
            Act::LockRefused => self.thread(call.tid).polling = Some(place),
            Act::LockFile => {
                self.thread(call.tid).polling = None;
                if exclusive(call) {
                    self.locks.obtained(file, call.tid, call.end);
                }
            }
            Act::UnlockFile => self
                .locks
                .release(file, call.tid, call.start, &self.recent, places),
            _ => {}
        }
        let thread = self.thread(call.tid);
        let (role, is_worker, is_polling) =
            (thread.role, thread.is_worker, thread.polling.is_some());
        match act {
            Act::Exchange(_) => {
                if let Some(turn) = turn.filter(|turn| is_worker && !turn.shared) {
                    self.sockets.entry(place).or_default().insert(turn.socket);
                    self.visit(
                        Spot {
                            way: Way::Exchange,
                            place,
                        },
                        (turn.start, turn.end),
                        turn.tid,
                        Part::Whole,
                    );
                }
            }
            Act::Sync if is_worker => self.visit(
                Spot {
                    way: Way::Sync,
                    place,
                },
                (call.start, call.end),
                call.tid,
                Part::Whole,
            ),
            Act::Sleep if is_worker && !is_polling => {
                self.visit(
                    Spot {
                        way: Way::Sleep,
                        place,
                    },
                    (call.start, call.end),
                    call.tid,
                    Part::Whole,
                );
            }
            _ => {}
        }
        if places.kind(place) == PlaceKind::Service && role == TaskRole::Peer {
            match turn {
                Some(turn) => self.services.replied(&turn, place, places),
                None if call.call.is_input() && call.ret > 0 => {
                    self.services.arrived(call, place, places);
                }
                None => {}
            }
        }
    }

    /// Notes a visit; one that came before the window has its end in it alone.
    fn visit(&mut self, spot: Spot, (start, end): (Nanos, Nanos), tid: Tid, part: Part) {
        let part = if start <= self.began {
            Part::Tail
        } else {
            part
        };
        let start = start.max(self.began);
        let list = self.visits.entry(spot).or_default();
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
    pub fn close(&mut self, at: Nanos, places: &mut Places) {
        self.locks.close(at);
        self.services.close(at, places);
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
