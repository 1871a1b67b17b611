//! What happens when a thread comes to the next thing it does.

use super::expand::{EDGE, blocked, entry};
use super::machine::{Event, Machine};
use super::names::{Word, word_of};
use super::plan::{LockWords, Span};
use super::rows::Entry;
use super::stations::{Asked, GuardKind, Passed, ThreadIndex};
use super::thread::{Duty, Held, Op, Open, Return, Thread};
use crate::row::{Call, Nanos, ResourceId, Syscall, Tid, Waker};

/// A request that is refused is answered after so long.
const REFUSAL: Nanos = Nanos(1_000_000);
/// `-EAGAIN`.
const AGAIN: i64 = -11;
/// `FUTEX_WAKE`.
const FUTEX_WAKE: u32 = 1;
/// Words of queues and of sleeping threads are numbered from here.
const QUEUE_WORDS: u64 = 1_000;
const SLEEP_WORDS: u64 = 2_000;

impl Machine<'_> {
    /// A thread does this now.
    pub(super) fn perform(&mut self, who: ThreadIndex, op: Op) {
        match op {
            Op::Run(time) => self.threads[who].left = time,
            Op::Enter(entry) => self.enter(who, entry),
            Op::Return(how) => self.leave_call(who, how),
            Op::BlockFor(time) => {
                self.due(self.now + time, Event::Timer(who));
                self.block(who);
            }
            Op::Do(action) => {
                let ops = self.expand(who, action);
                self.threads[who].first(ops);
            }
            Op::Take(guard) => self.take(who, guard),
            Op::TakeOrBlock(guard) => self.take_or_block(who, guard),
            Op::Try(guard, pause) => {
                let ops = self.attempt(guard, pause);
                self.threads[who].first(ops);
            }
            Op::Tried(guard, pause) => self.tried(who, guard, pause),
            Op::Hold(guard, time, holding) => {
                let ops = self.hold(who, guard, time, holding);
                self.threads[who].first(ops);
            }
            Op::Release(guard) => self.release(who, guard),
            Op::GiveBack(guard) => {
                if let Some(next) = self.give_back(who, guard) {
                    self.wake(next, self.waker(who));
                }
            }
            Op::Wake(other) => self.wake(other, self.waker(who)),
            _ => self.converse(who, op),
        }
    }

    /// What concerns peers, queues and pipes.
    fn converse(&mut self, who: ThreadIndex, op: Op) {
        match op {
            Op::Ask(peer, time) => self.ask(who, peer, time),
            Op::AwaitReply if !self.threads[who].has_reply => self.block(who),
            Op::Reply(action, receive) => {
                self.threads[who].has_reply = false;
                let ops = self.read_reply(who, action, receive);
                self.threads[who].first(ops);
            }
            Op::AwaitRequest if self.threads[who].request.is_none() => self.block(who),
            Op::Serve => {
                let thread = &mut self.threads[who];
                if let (Some(time), Duty::Server { peer, .. }) =
                    (thread.request.take(), thread.duty)
                {
                    let ops = self.serve(who, peer, time);
                    self.threads[who].first(ops);
                }
            }
            Op::Answered => {
                if let Duty::Server { client, .. } = self.threads[who].duty {
                    self.threads[client].has_reply = true;
                    self.wake(client, self.waker(who));
                }
            }
            Op::TakeItem(queue) => {
                if self.stations.queues[queue].has_any() {
                    self.stations.queues[queue].take(who);
                } else {
                    let call = entry(Syscall::Futex, 0, self.queue_word(who, queue));
                    let ops = blocked(call, Op::TakeItemOrBlock(queue), 0);
                    self.threads[who].first(ops);
                }
            }
            Op::TakeItemOrBlock(queue) => {
                if self.stations.queues[queue].take(who) {
                    self.changed_meanwhile(who);
                } else {
                    self.block(who);
                }
            }
            Op::PutItem(queue) => {
                if let Some(next) = self.stations.queues[queue].put() {
                    let word = self.queue_word(who, queue);
                    self.wake_by_futex(who, next, word);
                }
            }
            Op::ReadPipe(pipe) => {
                let passed = self.stations.pipes[pipe].read(who);
                self.pass(who, passed);
            }
            Op::WritePipe(pipe) => {
                let passed = self.stations.pipes[pipe].write(who);
                self.pass(who, passed);
            }
            _ => {}
        }
    }

    fn pass(&mut self, who: ThreadIndex, passed: Passed) {
        match passed {
            Passed::Done => {}
            Passed::Wakes(other) => self.wake(other, self.waker(who)),
            Passed::Waits => self.block(who),
        }
    }

    fn enter(&mut self, who: ThreadIndex, entry: Entry) {
        let thread = &mut self.threads[who];
        thread.seq += 1;
        thread.call = Some(Open {
            entry,
            start: self.now,
            blocked: false,
            owner: Tid(0),
            ret: None,
        });
    }

    fn leave_call(&mut self, who: ThreadIndex, how: Return) {
        let thread = &mut self.threads[who];
        let Some(open) = thread.call.take() else {
            return;
        };
        self.rows.call(Call {
            start: open.start,
            end: self.now,
            tid: thread.who.tid,
            pid: thread.who.pid,
            call: open.entry.call,
            op: open.entry.op,
            resource: open.entry.resource,
            ret: open.ret.unwrap_or(how.ret),
            seq: thread.seq,
            blocked: open.blocked,
            verb: how.verb,
            status: how.status,
            ..Call::default()
        });
    }

    /// This thread as the one that wakes another.
    fn waker(&self, who: ThreadIndex) -> Waker {
        let thread = &self.threads[who];
        Waker {
            tid: thread.who.tid,
            pid: thread.who.pid,
            call: thread.call.map_or(Syscall::None, |open| open.entry.call),
            kernel_thread: false,
        }
    }

    fn take(&mut self, who: ThreadIndex, guard: usize) {
        if let Some(permit) = self.stations.guards[guard].take() {
            self.threads[who].held.push(Held { guard, permit });
            return;
        }
        let call = self.guard_entry(who, guard);
        self.threads[who].first(blocked(call, Op::TakeOrBlock(guard), 0));
    }

    fn take_or_block(&mut self, who: ThreadIndex, guard: usize) {
        match self.stations.guards[guard].take() {
            Some(permit) => {
                self.threads[who].held.push(Held { guard, permit });
                self.changed_meanwhile(who);
            }
            None => {
                self.stations.guards[guard].wait(who);
                let owner = self.owner(guard);
                if let Some(open) = &mut self.threads[who].call {
                    open.owner = owner;
                }
                self.block(who);
            }
        }
    }

    /// The thread that the word of a mutex names.
    fn owner(&self, guard: usize) -> Tid {
        let holds = |thread: &&Thread| thread.permit(guard).is_some();
        match self.stations.guards[guard].kind {
            GuardKind::Futex(LockWords::One, _) => {
                let holder = self.threads.iter().find(holds);
                holder.map_or(Tid(0), |thread| thread.who.tid)
            }
            GuardKind::Futex(..) | GuardKind::File(_) => Tid(0),
        }
    }

    /// What a futex call was to wait for has come already: it returns at once.
    fn changed_meanwhile(&mut self, who: ThreadIndex) {
        if let Some(open) = &mut self.threads[who].call
            && open.entry.call == Syscall::Futex
        {
            open.ret = Some(AGAIN);
        }
    }

    fn tried(&mut self, who: ThreadIndex, guard: usize, pause: Span) {
        match self.stations.guards[guard].take() {
            Some(permit) => {
                self.threads[who].held.push(Held { guard, permit });
                self.leave_call(who, Return::of(0));
            }
            None => {
                self.leave_call(who, Return::of(AGAIN));
                let ops = self.sleep_and_try(who, guard, pause);
                self.threads[who].first(ops);
            }
        }
    }

    /// Gives a permit back; whoever waits longest holds it now.
    fn give_back(&mut self, who: ThreadIndex, guard: usize) -> Option<ThreadIndex> {
        let held = &mut self.threads[who].held;
        let at = held.iter().position(|held| held.guard == guard)?;
        let permit = held.remove(at).permit;
        let next = self.stations.guards[guard].give_back(permit)?;
        self.threads[next].held.push(Held { guard, permit });
        Some(next)
    }

    /// Lets go of a futex lock; nobody is woken by a call when nobody waits.
    fn release(&mut self, who: ThreadIndex, guard: usize) {
        if let Some(next) = self.give_back(who, guard) {
            let waits_on = self.threads[next].call.map(|open| open.entry.resource);
            self.wake_by_futex(who, next, waits_on.unwrap_or_default());
        }
    }

    fn wake_by_futex(&mut self, who: ThreadIndex, next: ThreadIndex, word: ResourceId) {
        let call = entry(Syscall::Futex, FUTEX_WAKE, word);
        let ops = vec![
            Op::Enter(call),
            Op::Run(EDGE),
            Op::Wake(next),
            Op::Return(Return::of(1)),
        ];
        self.threads[who].first(ops);
    }

    /// The call by which a thread waits for a lock.
    fn guard_entry(&mut self, who: ThreadIndex, guard: usize) -> Entry {
        let (words, name) = match &self.stations.guards[guard].kind {
            GuardKind::File(file) => return Entry::of(Syscall::Flock, *file),
            GuardKind::Futex(words, name) => (*words, name.clone()),
        };
        let turn = self.stations.guards[guard].turns;
        self.stations.guards[guard].turns += 1;
        let (tid, pid) = (self.threads[who].who.tid, self.threads[who].who.pid);
        let word = Word {
            is_shared: self.plan.crews.iter().any(|crew| crew.is_processes),
            ..word_of(words, guard as u64, tid, turn)
        };
        Entry {
            stack: self.names.site(&name, pid),
            ..entry(Syscall::Futex, 0, self.names.word(word, pid))
        }
    }

    /// The socket of a thread to a peer: its own, or that of a permit it holds.
    pub(super) fn socket(
        &mut self,
        who: ThreadIndex,
        peer: usize,
        permit: Option<u32>,
    ) -> ResourceId {
        let thread = &self.threads[who].who;
        let connection = match permit {
            Some(permit) => format!("pool {permit}"),
            None => format!("thread {}", thread.tid),
        };
        let of = (peer, &self.plan.peers[peer]);
        self.names.client(of, &connection, thread.pid)
    }

    /// The socket on which a thread of a local peer answers.
    pub(super) fn served_socket(&mut self, who: ThreadIndex, peer: usize) -> ResourceId {
        let connection = format!("thread {}", self.threads[who].who.tid);
        let of = (peer, &self.plan.peers[peer]);
        self.names.server(of, &connection)
    }

    /// A thread of a local peer waits for the next request.
    pub(super) fn next_request(&mut self, who: ThreadIndex, peer: usize) {
        let receive = Entry::of(Syscall::Recvfrom, self.served_socket(who, peer));
        let mut ops = blocked(receive, Op::AwaitRequest, 200);
        ops.push(Op::Serve);
        self.threads[who].first(ops);
    }

    fn queue_word(&mut self, who: ThreadIndex, queue: usize) -> ResourceId {
        let word = word_of(
            LockWords::One,
            QUEUE_WORDS + queue as u64,
            self.threads[who].who.tid,
            0,
        );
        self.names.word(word, self.threads[who].who.pid)
    }

    /// The word that a thread sleeps on.
    pub(super) fn own_word(&mut self, who: ThreadIndex) -> ResourceId {
        let tid = self.threads[who].who.tid;
        let word = word_of(LockWords::Parked, SLEEP_WORDS, tid, 0);
        self.names.word(word, self.threads[who].who.pid)
    }

    fn ask(&mut self, who: ThreadIndex, peer: usize, time: Span) {
        let time = self.dice.of(time);
        if self.dice.share() < self.plan.peers[peer].refuses {
            self.threads[who].is_refused = true;
            // It is served by nobody.
            self.due(self.now + REFUSAL, Event::Reply(who, usize::MAX));
            return;
        }
        let servers = &self.threads[who].servers;
        if let Some((_, server)) = servers.iter().find(|(of, _)| *of == peer).copied() {
            self.threads[server].request = Some(time);
            self.wake(server, self.waker(who));
            return;
        }
        let asked = Asked { who, time };
        if let Some(at) = self.stations.peers[peer].ask(asked, self.now) {
            self.due(at, Event::Reply(who, peer));
        }
    }

    /// A peer has served this thread's request, and goes on to the next.
    pub(super) fn reply(&mut self, who: ThreadIndex, peer: usize) {
        let station = self.stations.peers.get_mut(peer);
        if let Some((next, at)) = station.and_then(|station| station.served(self.now)) {
            self.due(at, Event::Reply(next, peer));
        }
        self.threads[who].has_reply = true;
        self.wake(who, Waker::default());
    }
}
