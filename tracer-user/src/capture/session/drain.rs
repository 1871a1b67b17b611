//! Reads records from the ring buffer and releases rows in order of time.
//!
//! In: records of all CPUs, nearly in order. Out: batches, each closed by a watermark: the clock is read, the ring buffer is
//! drained, and rows older than the clock by [`SLACK`] are released in order. A row that comes later than its watermark is
//! dropped and counted, since readers rely on the order.

use aya::{
    Ebpf,
    maps::{MapData, RingBuf},
};

use super::settings::RING_BYTES;
use super::trace_clock::{Marks, TraceClock};
use crate::capture::CaptureError;
use crate::capture::decode::{self, Destination, Resources, Stacks, Statements, Threads};
use crate::capture::overhead::threads::Tally;
use crate::capture::probes::object;
use crate::row::{Batch, Nanos};

/// How long after its event a record may reach the ring buffer: the host of a virtual machine may take the CPU away between
/// reading the clock and submitting the record.
pub const SLACK: Nanos = Nanos(250_000_000);

/// Drains the ring buffer, and sorts and releases rows.
pub struct Drain {
    ring: RingBuf<MapData>,
    /// As much as the ring buffer holds, or more.
    ring_bytes: usize,
    pending: Batch,
    statements: Statements,
    watermark: Nanos,
    /// Turns the kernel's times into times of the trace.
    pub clock: TraceClock,
    /// Records received so far.
    pub received: u64,
    /// How the records of the present period are spread over threads.
    pub tally: Tally,
    /// Rows that came after their watermark.
    pub late: u64,
    /// Records that could not be decoded.
    pub undecodable: u64,
}

/// The tables that give names while records are decoded.
pub struct Names<'a> {
    /// Names resources.
    pub resources: &'a mut dyn Resources,
    /// Names stacks.
    pub stacks: &'a mut dyn Stacks,
    /// Names threads.
    pub threads: &'a mut dyn Threads,
}

impl Drain {
    /// Takes the ring buffer, for which `ring_bytes` were asked, out of the object.
    ///
    /// # Errors
    /// [`CaptureError::Map`].
    pub fn new(ebpf: &mut Ebpf, ring_bytes: u32) -> Result<Self, CaptureError> {
        let asked = usize::try_from(ring_bytes.max(*RING_BYTES.start())).unwrap_or(usize::MAX);
        Ok(Self {
            ring: object::take(ebpf, "EVENTS")?,
            // Its size is the next power of two.
            ring_bytes: asked.saturating_mul(2),
            pending: Batch::default(),
            statements: Statements::default(),
            watermark: Nanos::ZERO,
            clock: TraceClock::default(),
            received: 0,
            tally: Tally::default(),
            late: 0,
            undecodable: 0,
        })
    }

    /// Decodes all records that are in the ring buffer. Those that come meanwhile are taken too, but no more than it holds: where they
    /// come faster than they are decoded, there would be no end, and nobody to decide that less is recorded.
    pub fn drain(&mut self, names: &mut Names<'_>) {
        let marks = Marks::of(&self.pending);
        let mut to = Destination {
            resources: names.resources,
            stacks: names.stacks,
            threads: names.threads,
            statements: &mut self.statements,
            rows: &mut self.pending,
        };
        let mut bytes = 0;
        while bytes <= self.ring_bytes
            && let Some(record) = self.ring.next()
        {
            self.received += 1;
            bytes += record.len();
            if decode::decode(&record, &mut to).is_err() {
                self.undecodable += 1;
            }
        }
        self.tally.look(marks.since(&self.pending));
        self.clock.place(&mut self.pending, marks);
    }

    /// The rows that wait for their watermark; the session adds rows of its own to them.
    pub fn pending(&mut self) -> &mut Batch {
        &mut self.pending
    }

    /// Takes out the rows that ended up to `watermark`, sorted. Rows that ended before `begin` are dropped, but for facts about
    /// threads, which hold on.
    pub fn release(&mut self, watermark: Nanos, begin: Nanos) -> Batch {
        let mut batch = Batch {
            watermark,
            ..Batch::default()
        };
        let before = self.watermark;
        let late = &mut self.late;
        macro_rules! move_rows {
            ($($table:ident from $begin:expr),*) => {$(
                batch.$table = cut(&mut self.pending.$table, |row| row.end, [$begin, before, watermark], late);
            )*};
        }
        move_rows!(waits from begin, calls from begin, samples from begin, kernel from begin, tasks from Nanos::ZERO, requests from begin, tasks_seen from begin);
        // Resources, stacks and statements must not come after the rows that name them.
        batch.resources = std::mem::take(&mut self.pending.resources);
        batch.stacks = std::mem::take(&mut self.pending.stacks);
        batch.statements = std::mem::take(&mut self.pending.statements);
        self.watermark = watermark;
        batch
    }

    /// The latest end of any row that waits for its watermark.
    #[must_use]
    pub fn latest(&self) -> Nanos {
        let waits = self.pending.waits.iter().map(|row| row.end);
        let calls = self.pending.calls.iter().map(|row| row.end);
        let tasks = self.pending.tasks.iter().map(|row| row.end);
        let kernel = self.pending.kernel.iter().map(|row| row.end);
        waits
            .chain(calls)
            .chain(tasks)
            .chain(kernel)
            .max()
            .unwrap_or_default()
    }

    /// Drops rows that began after the window closed.
    pub fn close(&mut self, closed: Nanos) {
        self.pending.waits.retain(|row| row.start < closed);
        self.pending.calls.retain(|row| row.end <= closed);
        self.pending.samples.retain(|row| row.end <= closed);
        self.pending.kernel.retain(|row| row.start < closed);
        self.pending.tasks.retain(|row| row.end <= closed);
        self.pending.tasks_seen.retain(|row| row.end <= closed);
    }
}

/// Takes the rows that end up to the watermark out of `rows`, in order. `bounds` holds the time before which rows are dropped
/// silently, the former watermark, and the watermark.
fn cut<T>(
    rows: &mut Vec<T>,
    end: impl Fn(&T) -> Nanos,
    bounds: [Nanos; 3],
    late: &mut u64,
) -> Vec<T> {
    let [begin, before, watermark] = bounds;
    // This sort is stable, and quick on rows that are nearly in order.
    rows.sort_by_key(&end);
    let up_to = rows.partition_point(|row| end(row) <= watermark);
    if up_to == 0 {
        return Vec::new();
    }
    let rest = rows.split_off(up_to);
    let mut released = std::mem::replace(rows, rest);
    let too_late = released.partition_point(|row| before != Nanos::ZERO && end(row) <= before);
    *late += released.drain(..too_late).count() as u64;
    let too_early = released.partition_point(|row| end(row) < begin);
    released.drain(..too_early);
    released
}

#[cfg(test)]
mod tests {
    use super::{Nanos, cut};

    #[test]
    fn rows_leave_in_order_and_late_ones_are_counted() {
        let mut rows = vec![7, 3, 12, 5, 20];
        let mut late = 0;
        let bounds = |before, watermark| [Nanos(4), Nanos(before), Nanos(watermark)];
        assert_eq!(
            cut(&mut rows, |row| Nanos(*row), bounds(0, 10), &mut late),
            [5, 7]
        );
        assert_eq!((rows.clone(), late), (vec![12, 20], 0));
        rows.push(9);
        assert_eq!(
            cut(&mut rows, |row| Nanos(*row), bounds(10, 15), &mut late),
            [12]
        );
        assert_eq!((rows, late), (vec![20], 1));
    }
}
