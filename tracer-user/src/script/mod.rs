//! Traces for tests, written as a small text.
//!
//! In: one of two forms of text. [`workload`] describes crews of workers and what they contend for, and simulates them:
//! ```text
//! cpus 4
//! window 20s
//! peer A serves 1
//! 16 workers: fetch A 20ms+-5ms; lock L held 9ms sleeping; every 5 items fsync F 3ms
//! ```
//! [`timeline`] says of a few threads what each does from when on, in milliseconds:
//! ```text
//! 0 A runs; 3 A waits lock held by B; 9 B wakes A; 12 A exits
//! ```
//! Out: the rows that the capture would have written of it. A text that cannot be read is a [`Mistake`] with its line and
//! column. The same text gives the same rows: chance comes from numbers that only look random.

mod mistake;
mod words;

mod plan;
mod step;
mod workload;

mod names;
mod rows;
mod stations;

mod thread;

mod crew;
mod dice;

mod expand;
mod message;

mod barrier;
mod hand_over;
mod locks;
mod pause;
mod perform;

mod cpus;

mod machine;

mod split;
mod timeline;

mod tests;

pub(crate) use mistake::Mistake;
pub(crate) use split::{closed_at, in_batches};
pub(crate) use timeline::at;

use crate::row::MemorySource;

/// The trace of a workload, as [`try_workload`] gives it.
///
/// # Panics
/// When the text cannot be read; the message says where.
pub(crate) fn workload(text: &str) -> MemorySource {
    try_workload(text).unwrap_or_else(|mistake| panic!("{mistake}"))
}

/// The trace of a workload.
///
/// # Errors
/// [`Mistake`] when the text cannot be read.
pub(crate) fn try_workload(text: &str) -> Result<MemorySource, Mistake> {
    Ok(machine::simulate(&workload::parse(text)?))
}

/// The trace of a timeline, as [`try_timeline`] gives it.
///
/// # Panics
/// When the text cannot be read; the message says where.
pub(crate) fn timeline(text: &str) -> MemorySource {
    try_timeline(text).unwrap_or_else(|mistake| panic!("{mistake}"))
}

/// The trace of a timeline.
///
/// # Errors
/// [`Mistake`] when the text cannot be read.
pub(crate) fn try_timeline(text: &str) -> Result<MemorySource, Mistake> {
    timeline::parse(text)
}
