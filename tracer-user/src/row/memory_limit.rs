//! What limits the memory of the targets.

use serde::{Deserialize, Serialize};

/// A limit on the memory of the targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemoryLimit {
    /// The control group, below its mount; empty: the host itself.
    pub group: String,
    /// What it allows, bytes.
    pub bytes: u64,
    /// What was used of it as the window closed, bytes.
    pub used: u64,
    /// How often more was asked for from the window's begin to its end, pauses included, so that memory had to be taken back.
    pub reached: u64,
    /// Bytes read meanwhile that had been in memory before and were taken back.
    pub read_again: u64,
}
