//! Turns rows ordered by their ends into steps ordered by time.
//!
//! ```text
//! rows     A: |--wait A1--|          B: |----wait B1----|
//! steps    A blocks, B blocks, A queues, A runs, B queues, B runs
//! ```

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};

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

/// `(time, order of insertion, slot of the row, phase)`: phase 0 begins a wait, 1 wakes, 2 ends; calls and tasks use 2.
type Mark = Reverse<(Nanos, u64, u32, u8)>;

#[derive(Debug, Default)]
struct Thread {
    pid: Pid,
    since: Nanos,
    state: State,
}

/// The sweep. Feed batches with [`Sweep::push`], then [`Sweep::finish`].
#[derive(Debug)]
pub struct Sweep {
    heap: BinaryHeap<Mark>,
    rows: Vec<Option<Row>>,
    free: Vec<u32>,
    inserted: u64,
    threads: HashMap<Tid, Thread>,
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
            heap: BinaryHeap::new(),
            rows: Vec::new(),
            free: Vec::new(),
            inserted: 0,
            threads: HashMap::new(),
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
        self.heap.clear();
        self.rows.clear();
        let mut tids: Vec<Tid> = self.threads.keys().copied().collect();
        tids.sort_unstable();
        for tid in tids {
            self.change(tid, closed, State::Absent, Waker::default(), listen);
        }
    }

    fn slot(&mut self, row: Row) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.rows[slot as usize] = Some(row);
            return slot;
        }
        self.rows.push(Some(row));
        u32::try_from(self.rows.len() - 1).unwrap_or(u32::MAX)
    }

    fn enter(&mut self, at: Nanos, slot: u32, phase: u8) {
        self.heap.push(Reverse((at, self.inserted, slot, phase)));
        self.inserted += 1;
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
        let slot = self.slot(Row::Wait(wait));
        self.enter(start, slot, 0);
        if was_woken {
            self.enter(woken, slot, 1);
        }
        self.enter(end, slot, 2);
    }

    fn call(&mut self, call: Call) {
        let at = call.end.max(self.now);
        let slot = self.slot(Row::Call(call));
        self.enter(at, slot, 2);
    }

    fn task(&mut self, task: Task) {
        let at = task.end.max(self.now);
        let slot = self.slot(Row::Task(Box::new(task)));
        self.enter(at, slot, 2);
    }

    fn drain(&mut self, until: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        while let Some(&Reverse((at, _, slot, phase))) = self.heap.peek() {
            if at > until {
                break;
            }
            self.heap.pop();
            self.now = self.now.max(at);
            let Some(row) = self.rows.get_mut(slot as usize).and_then(Option::take) else {
                continue;
            };
            match &row {
                Row::Wait(wait) => self.phase(wait, phase, at, listen),
                Row::Call(call) => {
                    self.meet(call.tid, call.pid, at, listen);
                    listen(Step::Call(call));
                }
                Row::Task(task) => self.life(task, at, listen),
            }
            if phase < 2 {
                self.rows[slot as usize] = Some(row);
            } else {
                self.free.push(slot);
            }
        }
    }

    /// A thread met in a row before its own birth was seen: it was there since the window opened, running as far as we know.
    fn meet(&mut self, tid: Tid, pid: Pid, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        if let Entry::Vacant(place) = self.threads.entry(tid) {
            place.insert(Thread {
                pid,
                since: at,
                state: State::Absent,
            });
            self.change(tid, at, State::Running, Waker::default(), listen);
        }
    }

    fn phase(&mut self, wait: &Wait, phase: u8, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
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
                    let thread = self.threads.entry(task.tid).or_default();
                    if thread.state == State::Absent {
                        (thread.pid, thread.since) = (task.pid, at);
                        self.change(task.tid, at, State::Running, Waker::default(), listen);
                    }
                }
                TaskFact::Exited => {
                    self.change(task.tid, at, State::Absent, Waker::default(), listen);
                    self.threads.remove(&task.tid);
                }
                TaskFact::Exec => {
                    if task.parent_tid != task.tid && task.parent_tid != Tid(0) {
                        self.change(task.parent_tid, at, State::Absent, Waker::default(), listen);
                        self.threads.remove(&task.parent_tid);
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
        let Some(thread) = self.threads.get_mut(&tid) else {
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
