//! Kernel to rows: host facts, targets, attach, drain, decode, names. Linux only.

pub mod clock;
mod error;
mod settings;

pub mod host;
pub mod targets;

mod btf;
mod offsets;

mod attach;
mod object;
pub mod run_stats;
mod seed;
pub mod verifier;

pub mod decode;
pub mod resources;
mod syscalls;
mod verbs;

mod watched_clock;

mod drain;
mod roster;

pub mod books;
pub mod callsite;
pub mod disk_limits;
pub mod language;
mod namespaces;

mod describe;
mod start;

pub mod budget;
mod cost;

mod govern;
mod session;
mod watch;

pub use error::CaptureError;
pub use session::Session;
pub use settings::{DEFAULT_RING_BYTES, Flow, Progress, RING_BYTES, Settings};
pub use targets::TargetSpec;
