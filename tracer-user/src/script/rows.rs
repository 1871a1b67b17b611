//! Rows as the capture writes them: of the window only, waits in parts, in order of their ends.

use crate::row::{
    Batch, Call, MemorySource, Meta, Nanos, Reason, ResourceId, StackId, Syscall, Task, TaskFact,
    Tid, Wait, Waker,
};

/// The kernel side cuts waits this often.
const PART: Nanos = Nanos::SECOND;

/// A call as it was entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Which call.
    pub call: Syscall,
    /// Its operation.
    pub op: u32,
    /// What it is about.
    pub resource: ResourceId,
    /// Where in the program.
    pub stack: StackId,
}

impl Entry {
    /// A call without an operation, from a place that is not told.
    pub(super) fn of(call: Syscall, resource: ResourceId) -> Self {
        Self {
            call,
            resource,
            ..Self::default()
        }
    }
}

/// A thread's time off its CPU.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OffCpu {
    /// Since when.
    pub since: Nanos,
    /// Why.
    pub reason: Reason,
    /// When it was woken; zero: it was not.
    pub woken: Nanos,
    /// Who woke it.
    pub waker: Waker,
    /// The call it is in.
    pub entry: Entry,
    /// Owner by the lock's own word.
    pub owner: Tid,
}

/// The rows of a window.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// When the window opens.
    pub opened: Nanos,
    /// When it closes.
    pub closed: Nanos,
    /// The rows so far, in no order.
    pub batch: Batch,
}

impl Rows {
    /// No rows yet.
    pub(super) fn new(opened: Nanos, closed: Nanos) -> Self {
        Self {
            opened,
            closed,
            batch: Batch::default(),
        }
    }

    /// A thread came back to a CPU at `end`, or the window closed then and it goes on waiting.
    pub(super) fn wait(&mut self, who: &Task, off: &OffCpu, end: Nanos, goes_on: bool) {
        let row = Wait {
            tid: who.tid,
            pid: who.pid,
            reason: off.reason,
            uninterruptible: off.entry.call.is_sync() || off.entry.call == Syscall::None,
            call: off.entry.call,
            op: off.entry.op,
            resource: off.entry.resource,
            owner: off.owner,
            stack: off.entry.stack,
            ..Wait::default()
        };
        let begin = off.since.max(self.opened);
        let mut start = begin;
        while start < end || (start == begin && start == end && !goes_on) {
            let to = end.min(start + PART);
            let is_woken = off.woken > Nanos::ZERO && off.woken <= to;
            let part = Wait {
                start,
                end: to,
                woken: if is_woken { off.woken } else { Nanos::ZERO },
                waker: if is_woken {
                    off.waker
                } else {
                    Waker::default()
                },
                continues: to < end || goes_on,
                continuation: start > begin || off.since < self.opened,
                ..row
            };
            if to > self.opened && to <= self.closed {
                self.batch.waits.push(part);
            }
            if to == start {
                break;
            }
            start = to;
        }
    }

    /// A call returned. One that was under way when the window opened is known from then on.
    pub(super) fn call(&mut self, call: Call) {
        if call.end > self.opened && call.end <= self.closed {
            let start = call.start.max(self.opened);
            self.batch.calls.push(Call {
                start,
                inside: call.end.since(start),
                count: 1,
                ..call
            });
        }
    }

    /// Something is told of a thread at `end`; what lies before the window is not.
    pub(super) fn task(&mut self, who: &Task, fact: TaskFact, end: Nanos) {
        if end >= self.opened && end <= self.closed {
            self.batch.tasks.push(Task {
                end,
                fact,
                ..who.clone()
            });
        }
    }

    /// The trace, with one batch.
    pub(super) fn finish(mut self, cpus: u32) -> MemorySource {
        let batch = &mut self.batch;
        batch.waits.sort_by_key(|row| row.end);
        batch.calls.sort_by_key(|row| row.end);
        batch.tasks.sort_by_key(|row| row.end);
        batch.watermark = self.closed;
        let mut meta = Meta {
            opened: self.opened,
            closed: self.closed,
            complete: true,
            ..Meta::default()
        };
        meta.host.cpus = cpus;
        meta.counters.events = self.batch.len() as u64;
        MemorySource::new(meta, vec![self.batch])
    }
}
