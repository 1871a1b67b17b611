//! What each thread does now.

use std::collections::hash_map::Entry;

use foldhash::HashMap;

use super::sweep::Step;
use super::{Piece, State};
use crate::row::{Nanos, Pid, Task, TaskFact, TaskRole, Tid, Wait, Waker};

/// One thread's stretch under way. A thread that has ended stays, so that a row that comes late does not revive it.
#[derive(Debug, Default)]
pub(super) struct Thread {
    pid: Pid,
    since: Nanos,
    state: State,
    /// When it was born, as the kernel numbers it; with the tid it names a thread for good.
    start_time: Nanos,
    ended: bool,
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
pub(super) struct Threads {
    threads: HashMap<Tid, Thread>,
    opened: Nanos,
    /// Rows are missing at this time.
    in_gap: bool,
    /// Rows of threads that had ended by then.
    after_end: u64,
}

impl Threads {
    /// No thread is known yet; the window opens at `opened`.
    pub(super) fn new(opened: Nanos) -> Self {
        Self {
            opened,
            ..Self::default()
        }
    }

    /// Rows of threads that had ended by then, which tell nothing.
    pub(super) fn after_end(&self) -> u64 {
        self.after_end
    }

    /// A thread is met in a row. One that nobody told of before runs as far as the row says, and is not known before it.
    /// `None`: it has ended.
    pub(super) fn meet(
        &mut self,
        tid: Tid,
        pid: Pid,
        at: Nanos,
        listen: &mut dyn FnMut(Step<'_>),
    ) -> Option<&mut Thread> {
        match self.threads.entry(tid) {
            Entry::Occupied(thread) => {
                let thread = thread.into_mut();
                if thread.ended {
                    self.after_end += 1;
                    return None;
                }
                Some(thread)
            }
            Entry::Vacant(place) => {
                let thread = place.insert(Thread {
                    pid,
                    since: at,
                    ..Thread::default()
                });
                thread.change(tid, at, State::Running, Waker::default(), listen);
                Some(thread)
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
        let in_gap = self.in_gap;
        let Some(thread) = self.meet(wait.tid, wait.pid, at, listen) else {
            return;
        };
        let (now, waker) = match phase {
            Phase::Begins => (State::of_wait(wait), Waker::default()),
            Phase::Woken => (State::Queued, wait.waker),
            Phase::Ends if wait.continues => return,
            // Its next wait may be among what is missing.
            Phase::Ends if in_gap => (State::Unknown, wait.waker),
            Phase::Ends if wait.woken > Nanos::ZERO => (State::Running, Waker::default()),
            Phase::Ends => (State::Running, wait.waker),
        };
        thread.change(wait.tid, at, now, waker, listen);
    }

    /// A call returned: its thread runs.
    pub(super) fn called(
        &mut self,
        tid: Tid,
        pid: Pid,
        at: Nanos,
        listen: &mut dyn FnMut(Step<'_>),
    ) {
        let in_gap = self.in_gap;
        if let Some(thread) = self.meet(tid, pid, at, listen)
            && thread.state == State::Unknown
            && !in_gap
        {
            thread.change(tid, at, State::Running, Waker::default(), listen);
        }
    }

    /// A thread is born, becomes another program, or ends.
    ///
    /// Every switch of a tracked thread has a row, so one that was there when the window opened and has none yet runs. A
    /// thread that is found later is tracked only from some moment on: until its first row nothing is known of it.
    pub(super) fn life(&mut self, task: &Task, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        if task.role != TaskRole::Bystander {
            match task.fact {
                TaskFact::Born => self.begin(task, at, State::Running, listen),
                TaskFact::Seen if at > self.opened => self.begin(task, at, State::Unknown, listen),
                TaskFact::Seen => self.begin(task, at, State::Running, listen),
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

    fn begin(&mut self, task: &Task, at: Nanos, state: State, listen: &mut dyn FnMut(Step<'_>)) {
        let thread = self.threads.entry(task.tid).or_default();
        // A list of threads may be read before one of them ends, and come after that.
        let is_another = task.fact == TaskFact::Born
            || (task.start_time != Nanos::ZERO && task.start_time != thread.start_time);
        if thread.ended && !is_another {
            return;
        }
        if thread.state == State::Absent {
            *thread = Thread {
                pid: task.pid,
                since: at,
                start_time: task.start_time,
                ..Thread::default()
            };
            thread.change(task.tid, at, state, Waker::default(), listen);
        }
    }

    /// Rows are missing at this time.
    pub(super) fn is_in_gap(&self) -> bool {
        self.in_gap
    }

    /// From here on no rows are missing; who did what is known from each thread's next row on.
    pub(super) fn find(&mut self) {
        self.in_gap = false;
    }

    /// From here on rows are missing: who is taken to run may do anything. With `all` nothing is known of the others either.
    pub(super) fn lose(&mut self, at: Nanos, all: bool, listen: &mut dyn FnMut(Step<'_>)) {
        self.in_gap = true;
        let mut tids: Vec<Tid> = self.threads.keys().copied().collect();
        tids.sort_unstable();
        for tid in tids {
            if let Some(thread) = self.threads.get_mut(&tid)
                && (thread.state == State::Running || all && thread.state != State::Absent)
            {
                thread.change(tid, at, State::Unknown, Waker::default(), listen);
            }
        }
    }

    /// Ends every thread's stretch.
    pub(super) fn close(&mut self, closed: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        let mut tids: Vec<Tid> = self.threads.keys().copied().collect();
        tids.sort_unstable();
        for tid in tids {
            self.end(tid, closed, listen);
        }
    }

    fn end(&mut self, tid: Tid, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        let thread = self.threads.entry(tid).or_default();
        if thread.state != State::Absent {
            thread.change(tid, at, State::Absent, Waker::default(), listen);
        }
        thread.ended = true;
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
