//! What each thread does now.

use std::collections::hash_map::Entry;

use foldhash::HashMap;

use super::sweep::Step;
use super::{Piece, State};
use crate::row::{Nanos, Pid, Task, TaskFact, TaskRole, Tid, Wait, Waker};

/// One thread's stretch under way.
#[derive(Debug, Default)]
pub(super) struct Thread {
    pid: Pid,
    since: Nanos,
    state: State,
}

/// Something of a wait that happens at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It leaves the CPU.
    Begins,
    /// It is woken.
    Woken,
    /// It runs again.
    Ends,
}

/// All threads.
#[derive(Debug, Default)]
pub(super) struct Threads(HashMap<Tid, Thread>);

impl Threads {
    /// A thread is met in a row. Before its own birth was seen: it was there since the window opened, running as far as we
    /// know.
    pub(super) fn meet(
        &mut self,
        tid: Tid,
        pid: Pid,
        at: Nanos,
        listen: &mut dyn FnMut(Step<'_>),
    ) -> &mut Thread {
        match self.0.entry(tid) {
            Entry::Occupied(thread) => thread.into_mut(),
            Entry::Vacant(place) => {
                let thread = place.insert(Thread {
                    pid,
                    since: at,
                    state: State::Absent,
                });
                thread.change(tid, at, State::Running, Waker::default(), listen);
                thread
            }
        }
    }

    /// A wait begins, is woken or ends.
    pub(super) fn phase(
        &mut self,
        wait: &Wait,
        phase: Phase,
        at: Nanos,
        listen: &mut dyn FnMut(Step<'_>),
    ) {
        let thread = self.meet(wait.tid, wait.pid, at, listen);
        let (now, waker) = match phase {
            Phase::Begins => (State::of_wait(wait), Waker::default()),
            Phase::Woken => (State::Queued, wait.waker),
            Phase::Ends if wait.continues => return,
            Phase::Ends if wait.woken > Nanos::ZERO => (State::Running, Waker::default()),
            Phase::Ends => (State::Running, wait.waker),
        };
        thread.change(wait.tid, at, now, waker, listen);
    }

    /// A thread is born, becomes another program, or ends.
    pub(super) fn life(&mut self, task: &Task, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        if task.role != TaskRole::Bystander {
            match task.fact {
                TaskFact::Seen | TaskFact::Born => {
                    let thread = self.0.entry(task.tid).or_default();
                    if thread.state == State::Absent {
                        (thread.pid, thread.since) = (task.pid, at);
                        thread.change(task.tid, at, State::Running, Waker::default(), listen);
                    }
                }
                TaskFact::Exited => self.end(task.tid, at, listen),
                TaskFact::Exec => {
                    if task.parent_tid != task.tid && task.parent_tid != Tid(0) {
                        self.end(task.parent_tid, at, listen);
                    }
                }
                TaskFact::Named | TaskFact::SchedStatOpened | TaskFact::SchedStatClosed => {}
            }
        }
        listen(Step::Task(task));
    }

    /// Ends every thread's stretch.
    pub(super) fn close(&mut self, closed: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        let mut tids: Vec<Tid> = self.0.keys().copied().collect();
        tids.sort_unstable();
        for tid in tids {
            self.end(tid, closed, listen);
        }
    }

    fn end(&mut self, tid: Tid, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        if let Some(mut thread) = self.0.remove(&tid) {
            thread.change(tid, at, State::Absent, Waker::default(), listen);
        }
    }
}

impl Thread {
    fn change(
        &mut self,
        tid: Tid,
        at: Nanos,
        now: State,
        waker: Waker,
        listen: &mut dyn FnMut(Step<'_>),
    ) {
        if self.state == now && now != State::Absent {
            return;
        }
        let was = Piece {
            start: self.since,
            end: at,
            state: self.state,
        };
        (self.state, self.since) = (now, at);
        listen(Step::Change {
            tid,
            pid: self.pid,
            was,
            now,
            waker,
        });
    }
}
