//! Turns rows ordered by their ends into steps ordered by time.
//!
//! ```text
//! rows     A: |--wait A1--|          B: |----wait B1----|
//! steps    A blocks, B blocks, A queues, A runs, B queues, B runs
//! ```
//!
//! Batches stay as they came until all of their rows have ended. Two streams are merged: the ends, which the batches give in
//! order, and the marks, when waits begin and are woken, which are put in order here.

use std::collections::VecDeque;

use super::threads::{Phase, Threads};
use super::{Piece, State};
use crate::row::{Batch, Call, Nanos, Pid, Task, Tid, Wait, Waker};

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

impl Step<'_> {
    /// When.
    #[must_use]
    pub fn at(&self) -> Nanos {
        match self {
            Self::Change { was, .. } => was.end,
            Self::Call(call) => call.end,
            Self::Task(task) => task.end,
        }
    }
}

/// A wait among those that are held: number of its batch, index in the batch. Ordered as the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RowIndex {
    batch: u32,
    row: u32,
}

/// When a wait begins or is woken; then its index and the phase, which order what happens at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    at: Nanos,
    index: RowIndex,
    is_wake: bool,
}

/// The tables of a batch; of equal ends the first one's row comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Table {
    Tasks,
    Waits,
    Calls,
}

/// A batch, and how many rows of each table have ended.
#[derive(Debug, Default)]
struct Held {
    batch: Batch,
    tasks: usize,
    waits: usize,
    calls: usize,
}

impl Held {
    /// Which row ends next, and when.
    fn next(&self) -> Option<(Nanos, Table)> {
        let task = self.batch.tasks.get(self.tasks);
        let wait = self.batch.waits.get(self.waits);
        let call = self.batch.calls.get(self.calls);
        let mut first = call.map(|row| (row.end, Table::Calls));
        if let Some(wait) = wait
            && first.is_none_or(|(end, _)| wait.end <= end)
        {
            first = Some((wait.end, Table::Waits));
        }
        if let Some(task) = task
            && first.is_none_or(|(end, _)| task.end <= end)
        {
            first = Some((task.end, Table::Tasks));
        }
        first
    }
}

/// The sweep. Feed batches with [`Sweep::push`], then [`Sweep::finish`].
#[derive(Debug)]
pub struct Sweep {
    /// Marks in order; those before `done` are behind us.
    marks: Vec<Mark>,
    done: usize,
    /// Batches of which some row has not ended, and the number of the first.
    held: VecDeque<Held>,
    first: u32,
    threads: Threads,
    /// Where nothing, or not all, is known, in order.
    gaps: VecDeque<Gap>,
    opened: Nanos,
    lookahead: Nanos,
    now: Nanos,
    late: Nanos,
}

/// From when to when rows are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first that may be missing began then.
    pub from: Nanos,
    /// The last that may be missing ended then.
    pub to: Nanos,
    /// All rows are missing, as when a part of the trace is damaged. Else some are: a wait that has a row is known.
    pub all: bool,
}

impl Sweep {
    /// A sweep over a window that opens at `opened`; what lies before is cut off.
    #[must_use]
    pub fn new(opened: Nanos) -> Self {
        Self {
            marks: Vec::new(),
            done: 0,
            held: VecDeque::new(),
            first: 0,
            threads: Threads::new(opened),
            gaps: VecDeque::new(),
            opened,
            lookahead: LOOKAHEAD,
            now: opened,
            late: Nanos::ZERO,
        }
    }

    /// Rows are missing there. Gaps are told in order, before the rows that follow them.
    pub fn gap(&mut self, gap: Gap) {
        self.gaps.push_back(gap);
    }

    /// Rows of threads that had ended by then, which were passed over.
    #[must_use]
    pub fn after_end(&self) -> u64 {
        self.threads.after_end()
    }

    /// Up to when all steps were given.
    #[must_use]
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// Time that came too late to be placed: a thread's rows were not in order.
    #[must_use]
    pub fn late(&self) -> Nanos {
        self.late
    }

    /// Takes a batch and gives all steps that are now certain.
    pub fn push(&mut self, batch: Batch, listen: &mut dyn FnMut(Step<'_>)) {
        // On a starved host a wait was not cut in time, and rows must be held back for as long.
        let longest = batch.waits.iter().map(|wait| wait.end.since(wait.start));
        self.lookahead = longest.fold(self.lookahead, Nanos::max);
        let certain = batch.watermark.since(self.lookahead);
        self.enter(&batch.waits);
        self.held.push_back(Held {
            batch,
            ..Held::default()
        });
        self.drain(certain, listen);
    }

    /// Gives the remaining steps, and ends every thread's last stretch at `closed`.
    pub fn finish(&mut self, closed: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        self.drain(closed, listen);
        // Rows that end after the window: their beginning still counts, and facts hold.
        self.now = closed;
        self.marks.clear();
        for held in std::mem::take(&mut self.held) {
            for task in held.batch.tasks.iter().skip(held.tasks) {
                listen(Step::Task(task));
            }
        }
        self.threads.close(closed, listen);
    }

    /// Puts the marks of a new batch among the others.
    fn enter(&mut self, waits: &[Wait]) {
        if self.done > self.marks.len() / 2 {
            self.marks.drain(..self.done);
            self.done = 0;
        }
        let old = self.marks.len();
        let floor = self.now.max(self.opened);
        let batch = self
            .first
            .wrapping_add(u32::try_from(self.held.len()).unwrap_or(u32::MAX));
        for (row, wait) in (0..=u32::MAX).zip(waits) {
            if wait.end <= self.opened {
                continue;
            }
            if wait.start < self.now && wait.start >= self.opened {
                self.late += self.now.min(wait.end).since(wait.start);
            }
            let index = RowIndex { batch, row };
            let start = wait.start.max(floor);
            let mut mark = |at: Nanos, is_wake| self.marks.push(Mark { at, index, is_wake });
            mark(start, false);
            if wait.woken > Nanos::ZERO {
                mark(wait.woken.clamp(start, wait.end.max(start)), true);
            }
        }
        self.marks[old..].sort_unstable();
        // Only the old marks after the first of the new ones lie among them.
        if let Some(first) = self.marks.get(old).copied() {
            let among = self.marks[self.done..old].partition_point(|mark| *mark < first);
            self.marks[self.done + among..].sort();
        }
    }

    fn drain(&mut self, until: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        let mut end = self.next_end();
        loop {
            let mark = self.marks.get(self.done).copied();
            match (mark, end) {
                (Some(mark), _) if end.is_none_or(|end| self.is_first(mark, end)) => {
                    if mark.at > until {
                        break;
                    }
                    self.pass_gaps(mark.at, listen);
                    self.done += 1;
                    self.now = self.now.max(mark.at);
                    if let Some(wait) = wait_at(&self.held, self.first, mark.index) {
                        let phase = if mark.is_wake {
                            Phase::Woken
                        } else {
                            Phase::Begins
                        };
                        self.threads.phase(wait, phase, mark.at, listen);
                    }
                }
                (_, Some((at, table))) => {
                    if at > until {
                        break;
                    }
                    self.pass_gaps(at, listen);
                    self.now = self.now.max(at);
                    self.end(table, listen);
                    end = self.next_end();
                }
                (_, None) => break,
            }
        }
    }

    /// Gaps that begin or end before what happens at `at`.
    fn pass_gaps(&mut self, at: Nanos, listen: &mut dyn FnMut(Step<'_>)) {
        while let Some(gap) = self.gaps.front().copied() {
            if !self.threads.is_in_gap() && gap.from < at {
                let from = gap.from.max(self.now);
                self.threads.lose(from, gap.all, listen);
                self.now = from;
            }
            if !self.threads.is_in_gap() || gap.to >= at {
                break;
            }
            self.threads.find();
            self.gaps.pop_front();
        }
    }

    /// When a row ends next, and of which table of the first batch it is.
    fn next_end(&mut self) -> Option<(Nanos, Table)> {
        loop {
            match self.held.front()?.next() {
                Some((end, table)) => return Some((end.max(self.now), table)),
                None => {
                    self.held.pop_front();
                    self.first = self.first.wrapping_add(1);
                }
            }
        }
    }

    /// Whether `mark` comes before the end that is next: a wait of an earlier row, or its own.
    fn is_first(&self, mark: Mark, (at, table): (Nanos, Table)) -> bool {
        if mark.at != at {
            return mark.at < at;
        }
        let Some(next) = self.held.front() else {
            return true;
        };
        match table {
            Table::Tasks => false,
            Table::Waits => mark.index.batch == self.first && mark.index.row as usize <= next.waits,
            Table::Calls => wait_at(&self.held, self.first, mark.index)
                .is_none_or(|wait| mark.index.batch == self.first && wait.end <= at),
        }
    }

    /// The next row of `table` ends.
    fn end(&mut self, table: Table, listen: &mut dyn FnMut(Step<'_>)) {
        let Some(held) = self.held.front_mut() else {
            return;
        };
        match table {
            Table::Tasks => {
                let task = &held.batch.tasks[held.tasks];
                held.tasks += 1;
                self.threads.life(task, self.now, listen);
            }
            Table::Waits => {
                let wait = &held.batch.waits[held.waits];
                held.waits += 1;
                if wait.end > self.opened {
                    self.threads.phase(wait, Phase::Ends, self.now, listen);
                }
            }
            Table::Calls => {
                let call = &held.batch.calls[held.calls];
                held.calls += 1;
                self.threads.called(call.tid, call.pid, self.now, listen);
                listen(Step::Call(call));
            }
        }
    }
}

/// The wait at `index`, unless its batch is done.
fn wait_at(held: &VecDeque<Held>, first: u32, index: RowIndex) -> Option<&Wait> {
    let held = held.get(index.batch.wrapping_sub(first) as usize)?;
    held.batch.waits.get(index.row as usize)
}

#[cfg(test)]
mod tests;
