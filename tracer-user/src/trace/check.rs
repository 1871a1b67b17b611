//! What epochs a trace has, which of them are sound, and what is missing.

use std::fs;
use std::path::Path;

use super::damage::Damage;
use super::epoch::Epoch;
use super::error::TraceError;
use super::open::{TableReader, load};
use super::table::TABLES;
use crate::row::Nanos;

/// Epochs that are read: 69 hours of two seconds each.
const MAX_EPOCHS: usize = 125_000;

/// The epochs of a trace.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    /// Those that can be used, in order.
    pub(super) sound: Vec<Epoch>,
    /// Numbers of those that cannot, and why.
    pub(super) lost: Vec<Lost>,
    /// Times that no sound epoch covers; the last ends with the trace.
    pub(super) gaps: Vec<(Nanos, Nanos)>,
}

/// Epochs that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) why: Damage,
}

impl Epochs {
    /// Looks through `folder`. `last` is the number of the last epoch where the trace was finished. Every file is read once
    /// and compared with its checksum.
    pub(super) fn find(folder: &Path, minor: u32, last: Option<u32>) -> Result<Self, TraceError> {
        let mut epochs = Self::default();
        let mut next = 1;
        let mut watermark = Nanos::ZERO;
        // Losses that a gap stands for.
        let mut known = 0;
        for (first, last) in listed(folder)? {
            if first < next {
                continue; // Joined into the one before, whose parts were not yet deleted.
            }
            epochs.lose(next, first - 1, Damage::Missing);
            next = last.saturating_add(1);
            match sound(folder, first, last, minor, watermark) {
                Ok(epoch) => {
                    if epochs.lost.len() > known {
                        epochs.gaps.push((watermark, epoch.from));
                        known = epochs.lost.len();
                    }
                    watermark = epoch.watermark;
                    epochs.sound.push(epoch);
                }
                Err(why) => epochs.lose(first, last, why),
            }
        }
        epochs.lose(next, last.unwrap_or(0), Damage::Missing);
        if epochs.lost.len() > known {
            epochs.gaps.push((watermark, Nanos(u64::MAX)));
        }
        Ok(epochs)
    }

    fn lose(&mut self, first: u32, last: u32, why: Damage) {
        if first <= last {
            self.lost.push(Lost { first, last, why });
        }
    }
}

/// First and last numbers of all epoch folders, in order; of those that begin alike the longest first.
fn listed(folder: &Path) -> Result<Vec<(u32, u32)>, TraceError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| TraceError::reading(folder, error))? {
        let entry = entry.map_err(|error| TraceError::reading(folder, error))?;
        let name = entry.file_name();
        // A link could lead anywhere.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if let Some(range) = name.to_str().and_then(Epoch::numbers).filter(|_| is_folder) {
            numbers.push(range);
        }
        if numbers.len() > MAX_EPOCHS {
            return Err(TraceError::TooManyEpochs {
                path: folder.to_path_buf(),
                found: numbers.len(),
                limit: MAX_EPOCHS,
            });
        }
    }
    numbers.sort_by_key(|(first, last)| (*first, std::cmp::Reverse(*last)));
    Ok(numbers)
}

/// The epoch `first` to `last`, if it is as it was written.
fn sound(folder: &Path, first: u32, last: u32, minor: u32, after: Nanos) -> Result<Epoch, Damage> {
    let named = Epoch {
        first,
        last,
        ..Epoch::default()
    };
    let folder = folder.join(named.folder());
    let epoch = Epoch::read(&folder)?;
    if (epoch.first, epoch.last) != (first, last)
        || epoch.from < after
        || epoch.watermark < epoch.from
    {
        return Err(Damage::invalid(
            super::epoch::EPOCH_FILE,
            "it is not of this epoch",
        ));
    }
    for (table, columns) in TABLES {
        if let Some(declared) = epoch.tables.get(*table) {
            let bytes = load(&folder, table, declared)?;
            TableReader::open(bytes, table, columns, minor, declared.rows)?;
        }
    }
    Ok(epoch)
}
