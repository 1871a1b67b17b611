//! What a workload did, by its own clocks: counters in a file mapped by the workers and by whoever wants the truth.
//!
//! In: a worker says which stage it enters and when an item is done ([`Stopwatch`]). Out: at any time, by another process,
//! the sums up to that instant, the stages under way included ([`Sample`]); two of them give a window ([`Span`]). Nothing
//! is asked of the kernel on the way, so that keeping the books does not show in what is watched.
//!
//! Layout, for writers in other languages: a header of 128 bytes (magic, number of slots), then one slot of 128 bytes a worker, all
//! fields u64 of the machine: sequence (odd while being changed), stage (0 none, 1 fetch, 2 transform, 3 write, 4 other),
//! entered at (`CLOCK_MONOTONIC`, ns), items, ns spent in stages 0 to 4.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use serde::{Deserialize, Serialize};

use super::clock::monotonic;
use crate::row::Nanos;
use crate::work::StageName;

/// First field of the file.
const MAGIC: u64 = 0x686f_6c64_7570_0001;
/// Bytes of the header and of each slot: two cache lines, so that workers do not disturb each other.
const SLOT_BYTES: usize = 128;

#[repr(C)]
struct Slot {
    sequence: AtomicU64,
    stage: AtomicU64,
    since: AtomicU64,
    items: AtomicU64,
    spent: [AtomicU64; 5],
    unused: [AtomicU64; 7],
}
const _: () = assert!(size_of::<Slot>() == SLOT_BYTES);

/// The mapped file.
#[derive(Debug)]
pub struct GroundTruth {
    base: *mut Slot,
    slots: usize,
}

// SAFETY: the mapping lives as long as the value, and all access to it is through atomics.
unsafe impl Send for GroundTruth {}
// SAFETY: as above.
unsafe impl Sync for GroundTruth {}

impl GroundTruth {
    /// A new file with room for `slots` workers.
    ///
    /// # Errors
    /// The file cannot be made or mapped.
    pub fn create(path: &Path, slots: usize) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)?;
        file.set_len(((slots + 1) * SLOT_BYTES) as u64)?;
        let ground_truth = Self::map(&file, slots)?;
        let header = ground_truth.header();
        header.stage.store(slots as u64, Ordering::Relaxed);
        header.sequence.store(MAGIC, Ordering::Release);
        Ok(ground_truth)
    }

    /// The file another process made.
    ///
    /// # Errors
    /// The file cannot be opened or mapped, or is no ground_truth.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let bytes = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if bytes < SLOT_BYTES || bytes % SLOT_BYTES != 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{bytes} bytes are no ground_truth"),
            ));
        }
        let ground_truth = Self::map(&file, bytes / SLOT_BYTES - 1)?;
        if ground_truth.header().sequence.load(Ordering::Acquire) != MAGIC {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "not a ground_truth",
            ));
        }
        Ok(ground_truth)
    }

    fn map(file: &File, slots: usize) -> io::Result<Self> {
        // SAFETY: a fresh shared mapping of the whole file, whose length the callers have set or checked; no address is asked for.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                (slots + 1) * SLOT_BYTES,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            base: base.cast(),
            slots,
        })
    }

    fn header(&self) -> &Slot {
        // SAFETY: the mapping begins with a header of a slot's size, page-aligned.
        unsafe { &*self.base }
    }

    fn slot(&self, index: usize) -> &Slot {
        assert!(index < self.slots, "slot {index} of {}", self.slots);
        // SAFETY: the mapping holds a header and `slots` slots, and `index` is one of them.
        unsafe { &*self.base.add(index + 1) }
    }

    /// Number of workers there is room for.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Everything up to now.
    #[must_use]
    pub fn sample(&self) -> Sample {
        let mut sum = Sample::default();
        for index in 0..self.slots {
            let one = self.read(index);
            sum.items += one.items;
            sum.busy += u32::from(one.items > 0);
            for (total, part) in sum.spent.iter_mut().zip(one.spent) {
                *total += part;
            }
        }
        sum.at = monotonic();
        sum
    }

    /// One worker up to now; read again until the writer was not in between.
    fn read(&self, index: usize) -> Sample {
        let slot = self.slot(index);
        loop {
            let before = slot.sequence.load(Ordering::Acquire);
            let stage = slot.stage.load(Ordering::Relaxed);
            let since = Nanos(slot.since.load(Ordering::Relaxed));
            let items = slot.items.load(Ordering::Relaxed);
            let mut spent: [Nanos; 4] =
                std::array::from_fn(|k| Nanos(slot.spent[k + 1].load(Ordering::Relaxed)));
            fence(Ordering::Acquire);
            if before % 2 == 1 || slot.sequence.load(Ordering::Relaxed) != before {
                std::hint::spin_loop();
                continue;
            }
            if let Some(under_way) = usize::try_from(stage)
                .ok()
                .and_then(|stage| spent.get_mut(stage.wrapping_sub(1)))
            {
                *under_way += monotonic().since(since);
            }
            return Sample {
                at: Nanos::ZERO,
                items,
                busy: 0,
                spent,
            };
        }
    }
}

impl Drop for GroundTruth {
    fn drop(&mut self) {
        // SAFETY: unmaps exactly what `map` mapped; no reference into it outlives `self`.
        unsafe { libc::munmap(self.base.cast(), (self.slots + 1) * SLOT_BYTES) };
    }
}

/// One worker's clock.
#[derive(Debug)]
pub struct Stopwatch {
    ground_truth: Arc<GroundTruth>,
    index: usize,
}

impl Stopwatch {
    /// The clock of worker `index`, which is the only one to use that slot.
    #[must_use]
    pub fn new(ground_truth: &Arc<GroundTruth>, index: usize) -> Self {
        Self {
            ground_truth: Arc::clone(ground_truth),
            index,
        }
    }

    /// Ends the stage under way and begins `stage`.
    pub fn enter(&self, stage: StageName) {
        self.change(stage, 0);
    }

    /// Ends the stage under way, which completes `items` items, and begins `stage`.
    pub fn done(&self, items: u64, stage: StageName) {
        self.change(stage, items);
    }

    fn change(&self, stage: StageName, items: u64) {
        let slot = self.ground_truth.slot(self.index);
        let sequence = slot.sequence.load(Ordering::Relaxed);
        slot.sequence.store(sequence + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        let now = monotonic();
        let since = Nanos(slot.since.load(Ordering::Relaxed));
        let left = usize::try_from(slot.stage.load(Ordering::Relaxed)).unwrap_or_default();
        if let Some(spent) = slot.spent.get(left) {
            spent.store(
                spent.load(Ordering::Relaxed) + now.since(since).0,
                Ordering::Relaxed,
            );
        }
        slot.items.store(
            slot.items.load(Ordering::Relaxed) + items,
            Ordering::Relaxed,
        );
        slot.stage
            .store(position(stage) as u64 + 1, Ordering::Relaxed);
        slot.since.store(now.0, Ordering::Relaxed);
        slot.sequence.store(sequence + 2, Ordering::Release);
    }
}

/// Place of a stage in [`Sample::spent`].
fn position(stage: StageName) -> usize {
    match stage {
        StageName::Fetch => 0,
        StageName::Transform => 1,
        StageName::Write => 2,
        StageName::Other => 3,
    }
}

/// Sums of all workers from their start to one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The instant, on `CLOCK_MONOTONIC`.
    pub at: Nanos,
    /// Items completed.
    pub items: u64,
    /// Workers that have completed one.
    pub busy: u32,
    /// Worker time in fetch, transform, write, other.
    pub spent: [Nanos; 4],
}

impl Sample {
    /// What happened from `earlier` to `self`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Span {
        let spent = std::array::from_fn(|k| self.spent[k].since(earlier.spent[k]));
        Span {
            length: self.at.since(earlier.at),
            items: self.items.saturating_sub(earlier.items),
            spent,
        }
    }

    /// The sums at `instant`, on the straight line through `self` and a later one.
    #[must_use]
    pub fn towards(&self, later: &Self, instant: Nanos) -> Self {
        let whole = later.at.since(self.at).0.max(1);
        let part = instant.since(self.at).0.min(whole);
        let between = |a: u64, b: u64| {
            a + u64::try_from(
                u128::from(b.saturating_sub(a)) * u128::from(part) / u128::from(whole),
            )
            .unwrap_or(u64::MAX)
        };
        Self {
            at: instant,
            items: between(self.items, later.items),
            busy: self.busy,
            spent: std::array::from_fn(|k| Nanos(between(self.spent[k].0, later.spent[k].0))),
        }
    }
}

/// What happened in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its length.
    pub length: Nanos,
    /// Items completed in it.
    pub items: u64,
    /// Worker time in fetch, transform, write, other.
    pub spent: [Nanos; 4],
}

impl Span {
    /// Items per second.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a demo completes fewer than 2^53 items"
    )]
    pub fn rate(&self) -> f64 {
        self.items as f64 / self.length.seconds().max(1e-9)
    }

    /// Worker time in `stage` per item completed, ms; items under way count for the time they took in the window.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a demo completes fewer than 2^53 items"
    )]
    pub fn mean_ms(&self, stage: StageName) -> f64 {
        self.spent[position(stage)].millis() / self.items.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_mapping_sees_items_and_stages_under_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ground_truth");
        let writer = Arc::new(GroundTruth::create(&path, 3).expect("a ground_truth"));
        let reader = GroundTruth::open(&path).expect("the same ground_truth");

        let start = reader.sample();
        let watch = Stopwatch::new(&writer, 1);
        watch.enter(StageName::Fetch);
        std::thread::sleep(Duration::from_millis(20));
        watch.enter(StageName::Write);
        watch.done(2, StageName::Fetch);
        std::thread::sleep(Duration::from_millis(10));

        let span = reader.sample().since(&start);
        assert_eq!(span.items, 2);
        let fetch = span.spent[0].millis();
        assert!(
            (30.0..span.length.millis()).contains(&fetch),
            "20 ms done and 10 ms under way: {fetch} of {span:?}"
        );
        assert_eq!(span.spent[1], Nanos::ZERO);
        assert_eq!(reader.sample().busy, 1);
    }

    #[test]
    fn between_two_samples_lies_a_straight_line() {
        let early = Sample {
            at: Nanos(100),
            items: 10,
            busy: 1,
            spent: [Nanos(1000); 4],
        };
        let late = Sample {
            at: Nanos(200),
            items: 20,
            busy: 2,
            spent: [Nanos(3000); 4],
        };
        let middle = early.towards(&late, Nanos(150));
        assert_eq!((middle.items, middle.spent[2]), (15, Nanos(2000)));
        assert_eq!(early.towards(&late, Nanos(900)).items, 20);
    }

    #[test]
    fn what_is_no_ledger_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ground_truth");
        for bytes in [0, 100, 256] {
            std::fs::write(&path, vec![0; bytes]).expect("a file");
            assert_eq!(
                GroundTruth::open(&path)
                    .expect_err("no ground_truth")
                    .kind(),
                io::ErrorKind::InvalidData
            );
        }
    }
}
