//! The fix in the target's own language, and the bound of what it brings.
//!
//! In: a named cause with its culprit and a few figures ([`FixInput`]); the demands at each station ([`BoundsInput`]). Out: a
//! [`Fix`] with code before and after, and what it is [`Expected`] to bring. Pure functions. In the doubtful
//! case: a cause without a remedy gets none, and an unknown language gets the nearest one ([`Language::nearest`]).

mod language;
mod remedy;

mod address_space;
mod async_lock;
mod batch_fetch;
mod batch_write;
mod blocking_call;
mod blocking_lock;
mod checkpoint;
mod consumers;
mod critical_section;
mod disk;
mod even_work;
mod event_loop;
mod feed;
mod fewer_bytes;
mod fewer_workers;
mod file_lock;
mod fsync;
mod gate;
mod kept_connections;
mod kept_interpreter;
mod less_garbage;
mod less_memory;
mod more_workers;
mod own_data;
mod own_file;
mod pacing;
mod polled_lock;
mod pool;
mod processes;
mod shard;
mod sqlite;
mod thread_pool;
mod transaction;

mod bounds;
mod choose;
mod outlook;

pub use bounds::{BoundsInput, Expected, NextLimit, Station, bound, expected, knee};
pub use choose::fix;
pub use language::Language;
pub use outlook::{Advice, advise};
pub use remedy::{Fix, FixInput, Variant};

#[cfg(test)]
mod tests;
