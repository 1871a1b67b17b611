//! The tables of a trace: one file each, which says what columns there are and how rows become columns and come back.

mod call;
mod kernel;
mod open_request;
mod resource;
mod sample;
mod stack;
mod statement;
mod task;
mod task_seen;
mod wait;

use super::column::{Column, Values};
use super::damage::Damage;
use super::decode::Columns;
use crate::row::Batch;

/// A table of the trace, by its row.
pub(super) trait Table: Sized + Clone + 'static {
    /// Name of its files, without `.parquet`.
    const NAME: &'static str;
    /// Its columns. The first is the time that orders it: `end_ns`, or `since_ns` for what is named by other rows.
    const COLUMNS: &'static [Column];
    /// Ordered by `end_ns`: it must lie within the batch. Else `since_ns` is the watermark before the batch it came in.
    const ORDERED_BY_END: bool;

    /// Its rows in a batch.
    fn of(batch: &Batch) -> &Vec<Self>;
    /// When it ended, ns; what has no end gives 0.
    fn end(&self) -> u64;
    /// Columns of `rows`, in the order of [`Self::COLUMNS`]; `since` is the watermark before them.
    fn encode(rows: &[Self], since: u64) -> Vec<Values>;
    /// Rows of `columns`, put after those already in `rows`; may go on with the last of them.
    fn decode(columns: &Columns<'_>, rows: &mut Rows<Self>) -> Result<(), Damage>;
}

/// Decoded rows with the time that orders them.
#[derive(Debug)]
pub(super) struct Rows<T> {
    /// As many as rows.
    pub(super) keys: Vec<u64>,
    pub(super) rows: Vec<T>,
    /// Bytes of text in them.
    pub(super) text: usize,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            rows: Vec::new(),
            text: 0,
        }
    }
}

/// Calls a macro with every table: its field in [`Batch`] and its row.
macro_rules! for_each_table {
    ($call:ident) => {
        $call! {
            waits: crate::row::Wait,
            calls: crate::row::Call,
            samples: crate::row::Sample,
            tasks: crate::row::Task,
            resources: crate::row::Resource,
            stacks: crate::row::Stack,
            statements: crate::row::Statement,
            requests: crate::row::OpenRequest,
            tasks_seen: crate::row::TaskSeen,
            kernel: crate::row::KernelSpan,
        }
    };
}
pub(super) use for_each_table;

macro_rules! table_facts {
    ($($field:ident: $row:ty,)*) => {
        /// Name and columns of every table.
        pub(super) const TABLES: &[(&str, &[Column])] = &[$((<$row as Table>::NAME, <$row as Table>::COLUMNS)),*];
    };
}
for_each_table!(table_facts);
