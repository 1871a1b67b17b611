//! An epoch: a folder with a file a table, and `epoch.json`, which says what must be in them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::damage::Damage;
use crate::row::{Batch, Nanos};

/// Name of the file that describes an epoch.
pub(super) const EPOCH_FILE: &str = "epoch.json";
/// Longest `epoch.json` that is read, bytes.
const MAX_EPOCH_FILE: u64 = 64 * 1024;

/// One table's file in an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableFile {
    /// Rows of the file (of stacks: frames).
    pub(super) rows: u64,
    /// Length of the file.
    pub(super) bytes: u64,
    /// CRC-32 (IEEE) of the file.
    pub(super) crc32: u32,
}

/// `epoch.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Epoch {
    /// Number of the epoch; of several joined into one the first's.
    pub(super) first: u32,
    /// Of several joined into one the last's.
    pub(super) last: u32,
    /// Watermark before it: no row is older.
    pub(super) from: Nanos,
    /// Watermark after it: no row is younger.
    pub(super) watermark: Nanos,
    /// What its batches said of the time: a recording that is cut off has no other place for it.
    #[serde(default, flatten)]
    pub(super) times: Times,
    /// The tables that have rows, by name.
    pub(super) tables: BTreeMap<String, TableFile>,
}

/// What batches say of the time besides their rows: [`Batch::joins`] and [`Batch::gaps`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Times {
    pub(super) joins: Vec<Nanos>,
    pub(super) gaps: Vec<(Nanos, Nanos)>,
}

impl Times {
    /// Takes what a later batch says.
    pub(super) fn append(&mut self, batch: &Batch) {
        self.joins.extend(&batch.joins);
        self.gaps.extend(&batch.gaps);
    }

    /// What all of these epochs say.
    pub(super) fn of(epochs: &[Epoch]) -> Self {
        let times = || epochs.iter().map(|epoch| &epoch.times);
        Self {
            joins: times().flat_map(|times| times.joins.clone()).collect(),
            gaps: times().flat_map(|times| times.gaps.clone()).collect(),
        }
    }
}

impl Epoch {
    /// Name of its folder: `epoch-00000007`, or `epoch-00000007-00000009` for three joined into one.
    pub(super) fn folder(&self) -> String {
        if self.first == self.last {
            format!("epoch-{:08}", self.first)
        } else {
            format!("epoch-{:08}-{:08}", self.first, self.last)
        }
    }

    /// First and last number in the name of a folder; `None` for one that is no epoch.
    pub(super) fn numbers(folder: &str) -> Option<(u32, u32)> {
        let digits = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |text: &str| digits(text).then(|| text.parse::<u32>().ok()).flatten();
        let rest = folder.strip_prefix("epoch-")?;
        let (first, last) = match rest.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(rest)?, number(rest)?),
        };
        (first <= last).then_some((first, last))
    }

    /// Rows of all tables.
    pub(super) fn rows(&self) -> u64 {
        self.tables
            .values()
            .fold(0, |sum, table| sum.saturating_add(table.rows))
    }

    /// Reads `epoch.json` of `folder`.
    pub(super) fn read(folder: &Path) -> Result<Self, Damage> {
        let text = super::disk::read_file(folder, EPOCH_FILE, MAX_EPOCH_FILE)?;
        serde_json::from_slice(&text).map_err(|error| Damage::invalid(EPOCH_FILE, error))
    }
}

#[cfg(test)]
mod tests {
    use super::Epoch;

    #[test]
    fn folder_names_lead_back_to_numbers() {
        for (first, last) in [(1, 1), (7, 9), (99_999_999, 99_999_999)] {
            let epoch = Epoch {
                first,
                last,
                ..Epoch::default()
            };
            assert_eq!(Epoch::numbers(&epoch.folder()), Some((first, last)));
        }
        let others = [
            "",
            "epoch-",
            "epoch-1",
            "epoch-00000002-00000001",
            "epoch-+0000001",
            "epoch-00000001.tmp",
            ".epoch-00000001",
        ];
        for other in others {
            assert_eq!(Epoch::numbers(other), None, "{other}");
        }
    }
}
