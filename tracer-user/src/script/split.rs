//! A trace cut into batches as they come while recording.

use crate::row::{Batch, MemorySource, Nanos, Waker};

/// The same rows in so many batches of equal time.
pub(crate) fn in_batches(source: &MemorySource, count: u64) -> MemorySource {
    let (opened, closed) = (source.meta.opened, source.meta.closed);
    let mut rest = source.joined();
    let mut batches = Vec::new();
    for number in 1..=count {
        let watermark = Nanos(opened.0 + (closed - opened).0 * number / count);
        batches.push(take(&mut rest, watermark));
    }
    MemorySource::new(source.meta.clone(), batches)
}

/// The trace of a window that closed at `at`: what goes on then is told of up to there.
pub(crate) fn closed_at(source: &MemorySource, at: Nanos) -> MemorySource {
    let mut all = source.joined();
    for wait in all.waits.iter_mut().filter(|wait| wait.end > at) {
        wait.end = at;
        wait.continues = true;
        if wait.woken > at {
            (wait.woken, wait.waker) = (Nanos::ZERO, Waker::default());
        }
    }
    all.waits.retain(|wait| wait.start < at);
    all.waits.sort_by_key(|wait| wait.end);
    let mut source = source.clone();
    source.meta.closed = at;
    source.batches = vec![take(&mut all, at)];
    source
}

/// Takes out the rows that ended up to `watermark`, and all resources and stacks.
fn take(rest: &mut Batch, watermark: Nanos) -> Batch {
    let waits = rest.waits.partition_point(|row| row.end <= watermark);
    let calls = rest.calls.partition_point(|row| row.end <= watermark);
    let tasks = rest.tasks.partition_point(|row| row.end <= watermark);
    Batch {
        watermark,
        waits: rest.waits.drain(..waits).collect(),
        calls: rest.calls.drain(..calls).collect(),
        tasks: rest.tasks.drain(..tasks).collect(),
        resources: std::mem::take(&mut rest.resources),
        stacks: std::mem::take(&mut rest.stacks),
        statements: std::mem::take(&mut rest.statements),
        ..Batch::default()
    }
}
