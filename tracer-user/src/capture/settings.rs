//! What to watch and how, and what is told while watching.

use std::time::Duration;

use super::targets::TargetSpec;

/// Smallest and largest ring buffer, bytes.
pub const RING_BYTES: std::ops::RangeInclusive<u32> = 64 * 1024..=256 * 1024 * 1024;
/// Ring buffer unless the user says otherwise: three seconds of 50,000 records a second.
pub const DEFAULT_RING_BYTES: u32 = 16 * 1024 * 1024;

/// What to watch and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whom.
    pub targets: Vec<TargetSpec>,
    /// The arguments as typed, for the report.
    pub words: Vec<String>,
    /// How long; `None`: until told to stop, the targets end, or a signal comes.
    pub duration: Option<Duration>,
    /// Look at the first bytes of messages for their verb.
    pub peek: bool,
    /// Size of the ring buffer, bytes; rounded up to a power of two within [`RING_BYTES`].
    pub ring_bytes: u32,
    /// Take the call sites of lock waits.
    pub call_sites: bool,
    /// Record calls; without them waits alone, which costs least and tells no stages.
    pub calls: bool,
    /// What watching may cost, percent of the watched processes' CPU time; `None`: whatever it takes.
    pub max_overhead: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            words: Vec::new(),
            duration: None,
            peek: true,
            ring_bytes: DEFAULT_RING_BYTES,
            call_sites: true,
            calls: true,
            max_overhead: None,
        }
    }
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Close the window.
    Stop,
}

/// How far the capture is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Since the window opened.
    pub elapsed: Duration,
    /// Records received.
    pub events: u64,
    /// Records lost.
    pub lost: u64,
    /// Threads watched now.
    pub threads: usize,
    /// Why the window is about to close.
    pub ended: Option<String>,
}
