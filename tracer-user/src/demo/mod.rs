//! Built-in contended workloads, to be diagnosed before the user's eyes.
//!
//! In: a [`Scenario`], and whether its fix is in. Out: a process to attach to, fed and hindered by peers that are processes
//! of their own, and the truth of what it did by its own clocks ([`GroundTruth`]), which the analysis never sees. Everything
//! stays on loopback and in one temporary folder, is bounded in time, and ends with [`Running`] or with this process,
//! whichever ends first.

mod scenario;

#[cfg(target_os = "linux")]
mod clock;
#[cfg(target_os = "linux")]
mod ground_truth;
#[cfg(target_os = "linux")]
mod record;

#[cfg(target_os = "linux")]
mod http;

#[cfg(target_os = "linux")]
mod limit;

#[cfg(target_os = "linux")]
mod peer;
#[cfg(target_os = "linux")]
mod program;

#[cfg(target_os = "linux")]
mod launch;
#[cfg(target_os = "linux")]
mod role;

pub use scenario::Scenario;

#[cfg(target_os = "linux")]
pub use clock::monotonic;
#[cfg(target_os = "linux")]
pub use ground_truth::{GroundTruth, Sample, Span, Stopwatch};
#[cfg(target_os = "linux")]
pub use launch::{DemoError, Running, spawn};
#[cfg(target_os = "linux")]
pub use limit::{GroupLimit, LimitError};
#[cfg(target_os = "linux")]
pub use record::Record;
#[cfg(target_os = "linux")]
pub use role::workload_main;
