//! The rows of one epoch as batches of bounded size: all tables advance together to a common watermark.

use std::path::Path;

use super::damage::Damage;
use super::epoch::{Epoch, Times};
use super::open::{TableReader, at_once, load};
use super::table::{Rows, Table, for_each_table};
use crate::row::{Batch, Nanos};

/// Rows of a table that may have the same time; no clock gives more.
const MAX_SIMULTANEOUS: usize = 1_000_000;
/// Text of rows of the same time, bytes.
const MAX_SIMULTANEOUS_TEXT: usize = 64 * 1024 * 1024;

/// One table of the epoch: what is decoded and not yet given out.
struct Cursor<T> {
    reader: Option<TableReader>,
    rows: Rows<T>,
}

impl<T: Table> Cursor<T> {
    fn open(folder: &Path, epoch: &Epoch, minor: u32) -> Result<Self, Damage> {
        let mut reader = None;
        if let Some(declared) = epoch.tables.get(T::NAME) {
            let bytes = load(folder, T::NAME, declared)?;
            reader = Some(TableReader::open(
                bytes,
                T::NAME,
                T::COLUMNS,
                minor,
                declared.rows,
            )?);
        }
        Ok(Self {
            reader,
            rows: Rows::default(),
        })
    }

    /// Decodes until a good number of rows is there, or all. Returns the time of the last one when more may follow.
    ///
    /// Rows ordered by their end are then of at least two times, and final up to that of the last.
    fn fill(&mut self, epoch: &Epoch) -> Result<Option<u64>, Damage> {
        loop {
            let keys = &self.rows.keys;
            let Some(reader) = &mut self.reader else {
                return Ok(None);
            };
            let advances = !T::ORDERED_BY_END || keys.first() < keys.last();
            if advances && keys.len() >= at_once(T::COLUMNS) / 2 {
                return Ok(keys.last().copied());
            }
            if keys.len() > MAX_SIMULTANEOUS || self.rows.text > MAX_SIMULTANEOUS_TEXT {
                return Err(Damage::invalid(
                    reader.file(),
                    "too many rows of the same time",
                ));
            }
            let Some(piece) = reader.next()? else {
                self.reader = None;
                return Ok(None);
            };
            let rows = &mut self.rows;
            rows.text += reader.decode(&piece, |columns| {
                T::decode(columns, rows)?;
                Ok(columns.text())
            })?;
            let keys = &self.rows.keys;
            let in_order = keys.is_sorted()
                && keys.first().is_none_or(|key| *key >= epoch.from.0)
                && keys.last().is_none_or(|key| *key <= epoch.watermark.0);
            if !in_order {
                return Err(Damage::invalid(reader.file(), "rows out of order"));
            }
        }
    }

    /// Takes out the rows up to and including `at`; of rows that others name all that are whole.
    fn take(&mut self, at: u64) -> Vec<T> {
        let count = if T::ORDERED_BY_END {
            self.rows.keys.partition_point(|key| *key <= at)
        } else if self.reader.is_some() {
            // The last may go on in the next piece.
            self.rows.keys.len().saturating_sub(1)
        } else {
            self.rows.keys.len()
        };
        self.rows.text = 0;
        self.rows.keys.drain(..count);
        let rest = self.rows.rows.split_off(count);
        std::mem::replace(&mut self.rows.rows, rest)
    }
}

/// Gives the rows of one table of the epoch in `folder` to `take`, one after the other.
pub(super) fn each_row<T: Table>(
    folder: &Path,
    epoch: &Epoch,
    minor: u32,
    take: &mut dyn FnMut(T),
) -> Result<(), Damage> {
    let mut cursor = Cursor::<T>::open(folder, epoch, minor)?;
    loop {
        let last = cursor.fill(epoch)?;
        cursor
            .take(last.unwrap_or(u64::MAX))
            .into_iter()
            .for_each(&mut *take);
        if last.is_none() {
            return Ok(());
        }
    }
}

macro_rules! merge {
    ($($field:ident: $row:ty,)*) => {
        /// The batches of one epoch.
        pub(super) struct Merge {
            epoch: Epoch,
            /// Watermark of the batch before.
            at: u64,
            done: bool,
            $($field: Cursor<$row>,)*
        }

        impl Merge {
            /// Opens the tables of the epoch in `folder`.
            pub(super) fn open(folder: &Path, epoch: Epoch, minor: u32) -> Result<Self, Damage> {
                Ok(Self { $($field: Cursor::open(folder, &epoch, minor)?,)* at: epoch.from.0, done: false, epoch })
            }

            /// The next batch; `None` after that with the watermark of the epoch.
            pub(super) fn next(&mut self) -> Result<Option<Batch>, Damage> {
                if self.done {
                    return Ok(None);
                }
                let mut bound = None::<u64>;
                $(
                    if let Some(last) = self.$field.fill(&self.epoch)? {
                        bound = Some(bound.map_or(last, |bound| bound.min(last)));
                    }
                )*
                self.done = bound.is_none();
                // Of `bound` itself more rows may come, or what they name.
                self.at = bound.map_or(self.epoch.watermark.0, |bound| bound.saturating_sub(1).max(self.at));
                // The first batch of the epoch says all that is said of its time.
                let Times { joins, gaps } = std::mem::take(&mut self.epoch.times);
                Ok(Some(Batch { watermark: Nanos(self.at), joins, gaps, $($field: self.$field.take(self.at),)* }))
            }
        }
    };
}
for_each_table!(merge);
