//! What happens when a thread comes to the next thing it does.

use super::expand::{blocked, entry};
use super::machine::{Event, Machine};
use super::names::word_of;
use super::plan::{LockWords, Span};
use super::rows::Entry;
use super::stations::{Asked, Passed, ThreadIndex};
use super::thread::{Duty, Op, Open, Return};
use crate::row::{Call, Nanos, ResourceId, Syscall, Tid, Waker};

/// A request that is refused is answered after so long.
const REFUSAL: Nanos = Nanos(1_000_000);
/// Words of queues and of sleeping threads are numbered from here.
const QUEUE_WORDS: u64 = 1_000;
const SLEEP_WORDS: u64 = 2_000;

impl Machine<'_> {
    /// A thread does this now.
    pub(super) fn perform(&mut self, who: ThreadIndex, op: Op) {
        match op {
            Op::Run(time) => self.threads[who].left = time,
            Op::RunBeside(time, slowed) => {
                self.threads[who].left = self.slowed(who, time, slowed);
            }
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
            Op::Arrive(barrier, how) => self.arrive(who, barrier, how),
            Op::StopAll => self.stop_all(who),
            Op::LetAllGo => self.let_all_go(who),
            Op::AwaitOthers => self.block(who),
            Op::PassOn(barrier, how) => self.pass_on(who, barrier, how),
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
            Op::HandOver(desk) => self.hand_over(who, desk),
            Op::TakeOver(desk) => self.take_over(who, desk),
            Op::TakeNext(desk) => self.take_next(who, desk),
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

    pub(super) fn enter(&mut self, who: ThreadIndex, entry: Entry) {
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

    pub(super) fn leave_call(&mut self, who: ThreadIndex, how: Return) {
        let thread = &mut self.threads[who];
        let open = thread.call.take();
        // A page fault is no call.
        let Some(open) = open.filter(|open| open.entry.call != Syscall::None) else {
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
            statement: how.statement,
            ..Call::default()
        });
    }

    /// This thread as the one that wakes another.
    pub(super) fn waker(&self, who: ThreadIndex) -> Waker {
        let thread = &self.threads[who];
        Waker {
            tid: thread.who.tid,
            pid: thread.who.pid,
            call: thread.call.map_or(Syscall::None, |open| open.entry.call),
            kernel_thread: false,
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
        self.threads[who].has_reply = false;
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
