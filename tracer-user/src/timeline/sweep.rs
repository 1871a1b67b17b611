//! Turns rows ordered by their ends into steps ordered by time.
//!
//! ```text
//! rows     A: |--wait A1--|          B: |----wait B1----|
//! steps    A blocks, B blocks, A queues, A runs, B queues, B runs
//! ```

use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use foldhash::HashMap;

use super::{Piece, State};
use crate::row::{Batch, Call, Nanos, Pid, Task, TaskFact, TaskRole, Tid, Wait, Waker};

/// How long rows are held back at least, ns: the kernel side cuts waits each second, and its timer may be late.
pub const LOOKAHEAD: Nanos = Nanos(1_500_000_000);

/// One step of the sweep. Steps come in order of time; of equal times in the order of the rows.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// A thread changed its state; `was` is what ended now.
    Change {
        /// Thread.
        tid: Tid,
        /// Process.
        pid: Pid,
        /// The stretch that ended; its `end` is now.
        was: Piece,
        /// The state from now on.
        now: State,
        /// Who woke it, when it was blocked and somebody was seen to.
        waker: Waker,
    },
    /// A call returned (`call.end` is now).
    Call(&'a Call),
    /// A fact about a thread. Its births and ends come as `Change` as well.
    Task(&'a Task),
}

#[derive(Debug)]
enum Row {
    Wait(Wait),
    Call(Call),
    Task(Box<Task>),
}

/// When something of a row happens, ns; then the row's number and the phase, which order what happens at one time: phase 0
/// begins a wait, 1 wakes, 2 ends; calls and tasks use 2.
type Mark = (u64, u64);

/// Bits of the phase in a mark.
const PHASE_BITS: u32 = 2;

#[derive(Debug, Default)]
struct Thread {
    pid: Pid,
    since: Nanos,
    state: State,
}

/// The sweep. Feed batches with [`Sweep::push`], then [`Sweep::finish`].
#[derive(Debug)]
pub struct Sweep {
    /// Marks in order; those before `done` are behind us.
    marks: Vec<Mark>,
    done: usize,
    /// Marks that came since they were put in order.
    new: Vec<Mark>,
    /// Rows whose end is not reached, by number from `first` on. They end nearly in the order in which they came, so both
    /// ends of the queue move along, and what is looked at lies close together.
    rows: VecDeque<Option<Row>>,
    first: u64,
    threads: Threads,
    opened: Nanos,
    lookahead: Nanos,
    now: Nanos,
    late: Nanos,
}

impl Sweep {
    /// A sweep over a window that opens at `opened`; what lies before is cut off. `longest` is the longest wait there is: on
    /// a starved host it was not cut in time, and rows must be held back for as long.
    #[must_use]
    pub fn new(opened: Nanos, longest: Nanos) -> Self {
        Self {
            marks: Vec::new(),
            done: 0,
            new: Vec::new(),
            rows: VecDeque::new(),
            first: 0,
            threads: Threads::default(),
            opened,
            lookahead: LOOKAHEAD.max(longest),
            now: opened,
            late: Nanos::ZERO,
        }
    }

    /// Time that came too late to be placed: a thread's rows were not in order.
    #[must_use]
    pub fn late(&self) -> Nanos {
        self.late
    }

    /// Takes a batch and gives all steps that are now certain.
    pub fn push(&mut self, batch: Batch, listen: &mut dyn FnMut(Step<'_>)) {
        // Rows of one thread must enter in order of their ends, across the tables.
        let (mut waits, mut calls) = (
            batch.waits.into_iter().peekable(),
            batch.calls.into_iter().peekable(),
        );
        let mut tasks = batch.tasks.into_iter().peekable();
        loop {
            let ends = [
                tasks.peek().map(|row| row.end),
                waits.peek().map(|row| row.end),
                calls.peek().map(|row| row.end),
            ];
            let first = ends
                .iter()
                .enumerate()
                .filter_map(|(table, end)| end.map(|end| (end, table)))
                .min();
            match first {
                Some((_, 0)) => tasks.next().into_iter().for_each(|row| self.task(row)),
                Some((_, 1)) => waits.next().into_iter().for_each(|row| self.wait(row)),
                Some(_) => calls.next().into_iter().for_each(|row| self.call(row)),
                None => break,
            }
        }
        let certain = batch.watermark.since(self.lookahead);
        self.drain(certain, listen);
    }

    /// Gives the remaining steps, and ends every thread's last stretch at `closed`.
    pub fn finish(&mut self, closed: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        self.drain(closed, listen);
        // Rows that end after the window: their beginning still counts.
        self.now = closed;
        self.marks.clear();
        self.rows.clear();
        let mut tids: Vec<Tid> = self.threads.0.keys().copied().collect();
        tids.sort_unstable();
        for tid in tids {
            self.threads
                .change(tid, closed, State::Absent, Waker::default(), listen);
        }
    }

    /// Number of the row that comes next.
    fn number(&self) -> u64 {
        self.first + self.rows.len() as u64
    }

    fn enter(&mut self, at: Nanos, number: u64, phase: u64) {
        self.new.push((at.0, number << PHASE_BITS | phase));
    }

    /// Puts the new marks among the others.
    fn order(&mut self) {
        self.new.sort_unstable();
        let old = self.marks.split_off(self.done);
        self.done = 0;
        self.marks.clear();
        self.marks.reserve(old.len() + self.new.len());
        let (mut old, mut new) = (old.into_iter().peekable(), self.new.drain(..).peekable());
        while let (Some(left), Some(right)) = (old.peek(), new.peek()) {
            let first = if left <= right {
                old.next()
            } else {
                new.next()
            };
            self.marks.extend(first);
        }
        self.marks.extend(old);
        self.marks.extend(new);
    }

    fn wait(&mut self, wait: Wait) {
        if wait.end <= self.opened {
            return;
        }
        let floor = self.now.max(self.opened);
        let start = wait.start.max(floor);
        if wait.start < self.now && wait.start >= self.opened {
            self.late += self.now.min(wait.end).since(wait.start);
        }
        let end = wait.end.max(start);
        let woken = wait.woken.clamp(start, end);
        let (was_woken, end) = (wait.woken > Nanos::ZERO, end);
        let number = self.number();
        self.rows.push_back(Some(Row::Wait(wait)));
        self.enter(start, number, 0);
        if was_woken {
            self.enter(woken, number, 1);
        }
        self.enter(end, number, 2);
    }

    fn call(&mut self, call: Call) {
        let at = call.end.max(self.now);
        self.enter(at, self.number(), 2);
        self.rows.push_back(Some(Row::Call(call)));
    }

    fn task(&mut self, task: Task) {
        let at = task.end.max(self.now);
        self.enter(at, self.number(), 2);
        self.rows.push_back(Some(Row::Task(Box::new(task))));
    }

    fn drain(&mut self, until: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        self.order();
        while let Some(&(at, mark)) = self.marks.get(self.done) {
            let at = Nanos(at);
            if at > until {
                break;
            }
            self.done += 1;
            self.now = self.now.max(at);
            let phase = mark & ((1 << PHASE_BITS) - 1);
            let place = (mark >> PHASE_BITS).checked_sub(self.first);
            let Some(place) = place.and_then(|place| usize::try_from(place).ok()) else {
                continue;
            };
            let Some(row) = self.rows.get_mut(place) else {
                continue;
            };
            match row {
                Some(Row::Wait(wait)) => self.threads.phase(wait, phase, at, listen),
                Some(Row::Call(call)) => {
                    self.threads.meet(call.tid, call.pid, at, listen);
                    listen(Step::Call(call));
                }
                Some(Row::Task(task)) => self.threads.life(task, at, listen),
                None => {}
            }
            if phase < 2 {
                continue;
            }
            *row = None;
            while let Some(None) = self.rows.front() {
                self.rows.pop_front();
                self.first += 1;
            }
        }
    }
}

/// What each thread does now.
#[derive(Debug, Default)]
struct Threads(HashMap<Tid, Thread>);

impl Threads {
    /// A thread met in a row before its own birth was seen: it was there since the window opened, running as far as we know.
    fn meet(&mut self, tid: Tid, pid: Pid, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        if let Entry::Vacant(place) = self.0.entry(tid) {
            place.insert(Thread {
                pid,
                since: at,
                state: State::Absent,
            });
            self.change(tid, at, State::Running, Waker::default(), listen);
        }
    }

    fn phase(&mut self, wait: &Wait, phase: u64, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        self.meet(wait.tid, wait.pid, at, listen);
        match phase {
            0 => self.change(wait.tid, at, State::of_wait(wait), Waker::default(), listen),
            1 => self.change(wait.tid, at, State::Queued, wait.waker, listen),
            _ if wait.continues => {}
            _ => {
                let waker = if wait.woken > Nanos::ZERO {
                    Waker::default()
                } else {
                    wait.waker
                };
                self.change(wait.tid, at, State::Running, waker, listen);
            }
        }
    }

    fn life(&mut self, task: &Task, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        if task.role != TaskRole::Bystander {
            match task.fact {
                TaskFact::Seen | TaskFact::Born => {
                    let thread = self.0.entry(task.tid).or_default();
                    if thread.state == State::Absent {
                        (thread.pid, thread.since) = (task.pid, at);
                        self.change(task.tid, at, State::Running, Waker::default(), listen);
                    }
                }
                TaskFact::Exited => {
                    self.change(task.tid, at, State::Absent, Waker::default(), listen);
                    self.0.remove(&task.tid);
                }
                TaskFact::Exec => {
                    if task.parent_tid != task.tid && task.parent_tid != Tid(0) {
                        self.change(task.parent_tid, at, State::Absent, Waker::default(), listen);
                        self.0.remove(&task.parent_tid);
                    }
                }
                TaskFact::Named | TaskFact::BooksOpened | TaskFact::BooksClosed => {}
            }
        }
        listen(Step::Task(task));
    }

    fn change(
        &mut self,
        tid: Tid,
        at: Nanos,
        now: State,
        waker: Waker,
        listen: &mut dyn FnMut(Step<'_>),
    ) {
        let Some(thread) = self.0.get_mut(&tid) else {
            return;
        };
        if thread.state == now && now != State::Absent {
            return;
        }
        let was = Piece {
            start: thread.since,
            end: at,
            state: thread.state,
        };
        (thread.state, thread.since) = (now, at);
        let pid = thread.pid;
        listen(Step::Change {
            tid,
            pid,
            was,
            now,
            waker,
        });
    }
}
