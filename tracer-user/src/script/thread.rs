//! A thread of the machine: what it is about to do, and what it did.

use std::collections::VecDeque;

use super::plan::{Action, Holding, Meeting, Span};
use super::rows::{Entry, OffCpu};
use super::stations::ThreadIndex;
use crate::row::{Nanos, Reason, SchedStat, StatementId, Task, Tid, Verb};

/// How a call returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Return {
    /// What it gives back.
    pub ret: i64,
    /// What the message was.
    pub verb: Verb,
    /// HTTP status of a reply.
    pub status: u16,
    /// The statement that it asks for.
    pub statement: StatementId,
}

impl Return {
    /// A call that gives back `ret` and moves no message.
    pub(super) fn of(ret: i64) -> Self {
        Self {
            ret,
            ..Self::default()
        }
    }
}

/// One thing that a thread does next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Op {
    /// It needs a CPU for so long.
    Run(Nanos),
    /// It needs a CPU for so long, and by this share longer for each other that computes as it begins.
    RunBeside(Nanos, f64),
    /// It enters a call.
    Enter(Entry),
    /// It returns from the call.
    Return(Return),
    /// It is blocked for so long.
    BlockFor(Nanos),
    /// It does an action.
    Do(Action),
    /// It takes a futex lock, if need be by waiting.
    Take(usize),
    /// It is in a call that waits for a lock.
    TakeOrBlock(usize),
    /// It tries to lock a file, again and again after that time.
    Try(usize, Span),
    /// What came of trying.
    Tried(usize, Span),
    /// It does what it does while it holds a lock.
    Hold(usize, Span, Holding),
    /// It lets go of a futex lock.
    Release(usize),
    /// It gives back what it holds, within a call.
    GiveBack(usize),
    /// It ends the wait of another thread.
    Wake(ThreadIndex),
    /// It asks a peer.
    Ask(usize, Span),
    /// It is in a call that waits for a reply.
    AwaitReply,
    /// It reads what came; the request is made again if it was refused.
    Reply(Action, Entry),
    /// It is in a call that waits for the request of its client.
    AwaitRequest,
    /// It serves that request.
    Serve,
    /// It has answered its client.
    Answered,
    /// It takes from a queue.
    TakeItem(usize),
    /// It is in a call that waits for something in a queue.
    TakeItemOrBlock(usize),
    /// It puts something into a queue.
    PutItem(usize),
    /// It hands over what it would do.
    HandOver(usize),
    /// It is done with what it took over.
    TakeOver(usize),
    /// It takes over the next, if need be by waiting.
    TakeNext(usize),
    /// It is in a call that reads a pipe.
    ReadPipe(usize),
    /// It is in a call that writes to a pipe.
    WritePipe(usize),
    /// It stops all others.
    StopAll,
    /// It lets all others go on.
    LetAllGo,
    /// It comes to a barrier.
    Arrive(usize, Meeting),
    /// It is in a call that waits for others, who know of it.
    AwaitOthers,
    /// It has waited at a barrier, and lets the next one go on.
    PassOn(usize, Meeting),
}

/// What a thread is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// It repeats the steps of this crew.
    Crew(usize),
    /// It does the steps of these children once.
    Child(usize),
    /// It answers this client on behalf of this peer.
    Server {
        /// Which peer it belongs to.
        peer: usize,
        /// Whom it answers.
        client: ThreadIndex,
    },
}

/// Where a thread is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// It has not begun.
    Unborn,
    /// On a CPU since then.
    Running(Nanos),
    /// Off its CPU.
    Off(OffCpu),
    /// It has ended.
    Ended,
}

/// A call that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// As it was entered.
    pub entry: Entry,
    /// When that was.
    pub start: Nanos,
    /// It left the CPU blocked.
    pub blocked: bool,
    /// Who holds the lock that it waits for, by the lock's own word.
    pub owner: Tid,
    /// What it gives back, when that has turned out to be something else.
    pub ret: Option<i64>,
}

/// A permit of a guard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Which guard.
    pub guard: usize,
    /// Which permit.
    pub permit: u32,
}

/// One thread.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    /// Who it is.
    pub who: Task,
    /// What it is there for.
    pub duty: Duty,
    /// Its number in its crew, from 0.
    pub number: u32,
    /// Where it is.
    pub place: Place,
    /// What it does next.
    pub ops: VecDeque<Op>,
    /// What is left of the present computing.
    pub left: Nanos,
    /// Items begun.
    pub items: u64,
    /// The call it is in.
    pub call: Option<Open>,
    /// Calls so far.
    pub seq: u32,
    /// What it holds.
    pub held: Vec<Held>,
    /// What the kernel counts of it.
    pub schedstat: SchedStat,
    /// The thread that answers it, by peer.
    pub servers: Vec<(usize, ThreadIndex)>,
    /// The reply that it waits for has come.
    pub has_reply: bool,
    /// The reply refuses its request.
    pub is_refused: bool,
    /// The request that its client has made, to be served for so long.
    pub request: Option<Nanos>,
}

impl Thread {
    /// A thread that has not begun.
    pub(super) fn new(who: Task, duty: Duty, number: u32) -> Self {
        Self {
            who,
            duty,
            number,
            place: Place::Unborn,
            ops: VecDeque::new(),
            left: Nanos::ZERO,
            items: 0,
            call: None,
            seq: 0,
            held: Vec::new(),
            schedstat: SchedStat::default(),
            servers: Vec::new(),
            has_reply: false,
            is_refused: false,
            request: None,
        }
    }

    /// Does these before all else.
    pub(super) fn first(&mut self, ops: Vec<Op>) {
        for op in ops.into_iter().rev() {
            self.ops.push_front(op);
        }
    }

    /// The permit of this guard that it holds.
    pub(super) fn permit(&self, guard: usize) -> Option<u32> {
        let held = self.held.iter().find(|held| held.guard == guard);
        held.map(|held| held.permit)
    }

    /// What the kernel's figures are at `now`, the present stretch included.
    pub(super) fn schedstat_at(&self, now: Nanos) -> SchedStat {
        let mut sum = self.schedstat;
        match self.place {
            Place::Running(since) => sum.run += now.since(since),
            Place::Off(off) => sum.delay += queued(&off, now),
            Place::Unborn | Place::Ended => {}
        }
        sum
    }
}

/// How long somebody off its CPU was without one although it could run.
pub(super) fn queued(off: &OffCpu, now: Nanos) -> Nanos {
    match off.reason {
        Reason::Blocked if off.woken == Nanos::ZERO => Nanos::ZERO,
        Reason::Blocked => now.since(off.woken),
        _ => now.since(off.since),
    }
}
