//! The fix in the target's own language, and the bound of what it brings.
//!
//! In: a named cause with its culprit and a few figures ([`FixInput`]); the demands at each station ([`BoundsInput`]). Out: a
//! [`crate::report::Fix`] with code before and after, a [`crate::report::Prediction`]. Pure functions. In the doubtful
//! case: a cause without a remedy gets none, and an unknown language gets the nearest one ([`Language::nearest`]).

mod language;
mod remedy;

mod batch_fetch;
mod batch_write;
mod checkpoint;
mod critical_section;
mod feed;
mod fewer_workers;
mod file_lock;
mod fsync;
mod more_workers;
mod pacing;
mod pool;
mod shard;
mod sqlite;

mod bounds;
mod choose;

pub use bounds::{BoundsInput, Station, bound, expected, knee};
pub use choose::fix;
pub use language::Language;
pub use remedy::FixInput;

#[cfg(test)]
mod tests;
