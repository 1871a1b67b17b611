//! From the kernel to rows: host facts, targets, probes, decoding, names of resources and call sites. Linux only.
//!
//! In: [`Settings`] that say whom to record and how. Out: batches of rows, handed to a [`crate::row::RowSink`] while the window
//! is open, and the [`crate::row::Meta`] that describes them. [`Session`] puts the parts below together; none of them knows it.

pub mod clock;
mod error;
mod mappings;
mod memory;

pub mod host;
pub mod targets;

pub mod probes;

pub mod decode;

pub mod callsite;
pub mod resources;

pub mod overhead;

pub mod session;

pub use error::CaptureError;
pub use session::{DEFAULT_RING_BYTES, Flow, Progress, RING_BYTES, Session, Settings};
pub use targets::TargetSpec;
