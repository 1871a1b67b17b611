//! What the threads of a workload contend for: locks, peers, queues and pipes, each with those who wait.

use std::collections::VecDeque;

use super::barrier::Barrier;
use super::hand_over::Desk;
use super::pause::Pause;
use super::plan::{LockWords, Peer, Plan, Serves};
use crate::row::{Nanos, ResourceId};

/// Messages that fit into a pipe.
const ROOM: u32 = 4;

/// Place of a thread in the machine.
pub(super) type ThreadIndex = usize;

/// What a guard is in the eyes of the kernel.
#[derive(Clone, Debug)]
pub(super) enum GuardKind {
    /// Futex words, waited on at the place of this name.
    Futex(LockWords, String),
    /// The lock of a file.
    File(ResourceId),
}

/// A lock or semaphore, which is handed on to whoever waits longest.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    /// What it is.
    pub kind: GuardKind,
    /// The permits that nobody holds, by number.
    free: VecDeque<u32>,
    /// Who waits.
    waiters: VecDeque<ThreadIndex>,
    /// How many have waited so far.
    pub turns: u64,
}

impl Guard {
    /// Nobody holds it.
    pub(super) fn new(kind: GuardKind, permits: u32) -> Self {
        Self {
            kind,
            free: (0..permits).collect(),
            waiters: VecDeque::new(),
            turns: 0,
        }
    }

    /// A permit, if one is free.
    pub(super) fn take(&mut self) -> Option<u32> {
        self.free.pop_front()
    }

    /// A thread waits from now on.
    pub(super) fn wait(&mut self, who: ThreadIndex) {
        self.waiters.push_back(who);
    }

    /// A permit is given back; gives the waiter that has it now.
    pub(super) fn give_back(&mut self, permit: u32) -> Option<ThreadIndex> {
        let next = self.waiters.pop_front();
        if next.is_none() {
            self.free.push_back(permit);
        }
        next
    }
}

/// A request that waits to be served.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// Who asked.
    pub who: ThreadIndex,
    /// How long serving it takes.
    pub time: Nanos,
}

/// A peer that is seen from outside only.
#[derive(Clone, Debug, Default)]
pub(super) struct Station {
    serves: Serves,
    busy: u32,
    queue: VecDeque<Asked>,
    next_token: Nanos,
}

impl Station {
    /// Nobody has asked.
    pub(super) fn new(peer: &Peer) -> Self {
        Self {
            serves: peer.serves,
            ..Self::default()
        }
    }

    /// A request came at `now`. Gives when its reply comes, unless it has to queue.
    pub(super) fn ask(&mut self, asked: Asked, now: Nanos) -> Option<Nanos> {
        match self.serves {
            Serves::All => {}
            Serves::AtOnce(servers) if self.busy >= servers => {
                self.queue.push_back(asked);
                return None;
            }
            Serves::AtOnce(_) => self.busy += 1,
            Serves::Every(gap) => {
                let token = self.next_token.max(now);
                self.next_token = token + gap;
                return Some(token + asked.time);
            }
        }
        Some(now + asked.time)
    }

    /// A request was served at `now`. Gives the one that is served next, with when its reply comes.
    pub(super) fn served(&mut self, now: Nanos) -> Option<(ThreadIndex, Nanos)> {
        if !matches!(self.serves, Serves::AtOnce(_)) {
            return None;
        }
        match self.queue.pop_front() {
            Some(next) => Some((next.who, now + next.time)),
            None => {
                self.busy -= 1;
                None
            }
        }
    }
}

/// A queue inside a process.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    /// Its name.
    pub name: String,
    stored: u64,
    waiters: VecDeque<ThreadIndex>,
}

impl Queue {
    /// Takes something out; else the thread waits.
    pub(super) fn take(&mut self, who: ThreadIndex) -> bool {
        let is_there = self.stored > 0;
        if is_there {
            self.stored -= 1;
        } else {
            self.waiters.push_back(who);
        }
        is_there
    }

    /// Whether something would be taken out at once.
    pub(super) fn has_any(&self) -> bool {
        self.stored > 0
    }

    /// Puts something in; gives who waited for it.
    pub(super) fn put(&mut self) -> Option<ThreadIndex> {
        let next = self.waiters.pop_front();
        self.stored += u64::from(next.is_none());
        next
    }
}

/// A pipe between threads of the trace.
#[derive(Clone, Debug, Default)]
pub(super) struct Pipe {
    /// Its name.
    pub name: String,
    stored: u32,
    readers: VecDeque<ThreadIndex>,
    writers: VecDeque<ThreadIndex>,
}

/// What reading from a pipe or writing to it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// It is done.
    Done,
    /// It is done, and this thread waits no longer.
    Wakes(ThreadIndex),
    /// The thread has to wait.
    Waits,
}

impl Pipe {
    /// Reads a message.
    pub(super) fn read(&mut self, who: ThreadIndex) -> Passed {
        if self.stored == 0 {
            self.readers.push_back(who);
            return Passed::Waits;
        }
        // The message of a writer that waited takes the room.
        match self.writers.pop_front() {
            Some(writer) => Passed::Wakes(writer),
            None => {
                self.stored -= 1;
                Passed::Done
            }
        }
    }

    /// Writes a message.
    pub(super) fn write(&mut self, who: ThreadIndex) -> Passed {
        if let Some(reader) = self.readers.pop_front() {
            return Passed::Wakes(reader);
        }
        if self.stored == ROOM {
            self.writers.push_back(who);
            return Passed::Waits;
        }
        self.stored += 1;
        Passed::Done
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Stations {
    /// The locks of the plan in their order, then those inside local peers, then those of files.
    pub guards: Vec<Guard>,
    /// The peers of the plan in their order.
    pub peers: Vec<Station>,
    /// Queues as they are named.
    pub queues: Vec<Queue>,
    /// Pipes as they are named.
    pub pipes: Vec<Pipe>,
    /// Barriers as they are named.
    pub barriers: Vec<Barrier>,
    /// Where something is handed over, as they are named.
    pub desks: Vec<Desk>,
    /// Whether all are stopped.
    pub pause: Pause,
}

impl Stations {
    /// Those that the plan tells of.
    pub(super) fn new(plan: &Plan) -> Self {
        let futex = |words, name: &str| GuardKind::Futex(words, name.to_owned());
        let locks = plan.locks.iter();
        let locks = locks.map(|lock| Guard::new(futex(lock.words, &lock.name), lock.permits));
        let inside = plan.peers.iter().map(|peer| {
            let permits = match peer.serves {
                Serves::AtOnce(servers) => servers,
                Serves::All | Serves::Every(_) => u32::from(u16::MAX),
            };
            let permits = if peer.is_local { permits } else { 0 };
            Guard::new(
                futex(LockWords::One, &format!("{}_inside", peer.name)),
                permits,
            )
        });
        Self {
            guards: locks.chain(inside).collect(),
            peers: plan.peers.iter().map(Station::new).collect(),
            queues: Vec::new(),
            pipes: Vec::new(),
            barriers: Vec::new(),
            desks: Vec::new(),
            pause: Pause::default(),
        }
    }

    /// The place of a file's lock.
    pub(super) fn file_lock(&mut self, file: ResourceId) -> usize {
        let is_it = |guard: &Guard| matches!(guard.kind, GuardKind::File(of) if of == file);
        self.guards.iter().position(is_it).unwrap_or_else(|| {
            self.guards.push(Guard::new(GuardKind::File(file), 1));
            self.guards.len() - 1
        })
    }

    /// The place of a queue.
    pub(super) fn queue(&mut self, name: &str) -> usize {
        let known = self.queues.iter().position(|queue| queue.name == name);
        known.unwrap_or_else(|| {
            self.queues.push(Queue {
                name: name.to_owned(),
                ..Queue::default()
            });
            self.queues.len() - 1
        })
    }

    /// The place of a pipe.
    pub(super) fn pipe(&mut self, name: &str) -> usize {
        let known = self.pipes.iter().position(|pipe| pipe.name == name);
        known.unwrap_or_else(|| {
            self.pipes.push(Pipe {
                name: name.to_owned(),
                ..Pipe::default()
            });
            self.pipes.len() - 1
        })
    }
}
