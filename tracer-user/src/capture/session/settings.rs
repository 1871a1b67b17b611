//! What to record and how, and what the session tells while it records.

use std::time::Duration;

use crate::capture::targets::TargetSpec;

/// Smallest and largest size of the ring buffer, in bytes.
pub const RING_BYTES: std::ops::RangeInclusive<u32> = 64 * 1024..=256 * 1024 * 1024;
/// Size of the ring buffer unless the user asks for another: it holds three seconds of 50,000 records a second.
pub const DEFAULT_RING_BYTES: u32 = 16 * 1024 * 1024;

/// What to record and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The processes to record.
    pub targets: Vec<TargetSpec>,
    /// The arguments as typed, which the report repeats.
    pub argv: Vec<String>,
    /// The whole command line as typed, which the trace keeps; empty: there was none.
    pub command: Vec<String>,
    /// How long to record. `None`: until `on_tick` says stop, the targets end, or a signal comes.
    pub duration: Option<Duration>,
    /// Whether the first bytes of messages are looked at for their verb.
    pub peek: bool,
    /// Size of the ring buffer in bytes, rounded up to a power of two within [`RING_BYTES`].
    pub ring_bytes: u32,
    /// Whether the call sites of waits are taken.
    pub call_sites: bool,
    /// Whether the tasks of runtimes are read from the memory of the targets.
    pub runtime: bool,
    /// Whether calls are recorded. Without them only waits are, which costs least but tells no stages.
    pub calls: bool,
    /// What recording may cost, in percent of the work's throughput and of the host's CPUs. `None`: no limit.
    pub max_overhead: Option<f64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            targets: Vec::new(),
            argv: Vec::new(),
            command: Vec::new(),
            duration: None,
            peek: true,
            ring_bytes: DEFAULT_RING_BYTES,
            call_sites: true,
            runtime: true,
            calls: true,
            max_overhead: None,
        }
    }
}

/// Whether the session goes on recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The window stays open.
    Continue,
    /// The window closes now.
    Stop,
}

/// How far the recording has come.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Time since the window opened.
    pub elapsed: Duration,
    /// Records received from the kernel side.
    pub events: u64,
    /// Records lost for any reason.
    pub lost: u64,
    /// Threads of tracked processes now.
    pub threads: usize,
    /// Why the window is about to close; `None` while it stays open.
    pub ended: Option<String>,
}
