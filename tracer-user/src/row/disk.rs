//! Disks under the targets' files: what they did during the window, and the limits that control groups set on them.

use serde::{Deserialize, Serialize};

use super::Nanos;

/// What a [`DiskLimit`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskUnit {
    /// Write requests.
    #[default]
    Writes,
    /// Bytes written.
    Bytes,
    /// Read requests.
    Reads,
    /// Bytes read.
    ReadBytes,
}

impl DiskUnit {
    /// It counts what is read, and not what is written.
    #[must_use]
    pub const fn is_read(self) -> bool {
        match self {
            Self::Reads | Self::ReadBytes => true,
            Self::Writes | Self::Bytes => false,
        }
    }
}

/// A limit of a control group on how fast the targets may read from a disk or write to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskLimit {
    /// The control group, below its mount.
    pub group: String,
    /// The disk, `major:minor`.
    pub device: String,
    /// What is counted.
    pub unit: DiskUnit,
    /// How many a second are allowed.
    pub per_second: u64,
    /// How many went through during the window.
    pub used: u64,
}

/// What was read from a disk, or written to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskUse {
    /// Requests that were completed.
    pub requests: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// How long they took from when they came to the device's queue, together.
    pub time: Nanos,
}

/// What a block device did between two readings of its figures, whoever used it (Linux 6.18, Documentation/admin-guide/iostats.rst).
/// It goes on in pauses of the trace, so its rates are those of the time between the readings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Disk {
    /// Its name (`sda`).
    pub name: String,
    /// The devices that lie on it, itself first, `major:minor`.
    pub devices: Vec<String>,
    /// The file systems of the targets' files that lie on it, as files name them ([`super::Resource::device`]).
    pub file_systems: Vec<u64>,
    /// The host swaps to it.
    pub swaps: bool,
    /// Time between the readings.
    pub over: Nanos,
    /// What was read.
    pub read: DiskUse,
    /// What was written.
    pub written: DiskUse,
    /// Time in which it had something to do.
    pub busy: Nanos,
    /// How long all its requests took, also those that discard or flush, together.
    pub under_way: Nanos,
}

impl Disk {
    /// Share of the time in which it had something to do, 0 to 1.
    #[must_use]
    pub fn busy_share(&self) -> f64 {
        (self.busy.seconds() / self.over.seconds().max(1e-9)).min(1.0)
    }

    /// Requests that it had at once, on average.
    #[must_use]
    pub fn at_once(&self) -> f64 {
        self.under_way.seconds() / self.over.seconds().max(1e-9)
    }

    /// Bytes that went to it and came from it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.read.bytes.saturating_add(self.written.bytes)
    }
}

/// What the targets themselves had read from disks and written to them, by the kernel's account of each process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnBytes {
    /// Bytes read from disks.
    pub read: u64,
    /// Bytes that are to go to disks.
    pub written: u64,
    /// Time between the two readings of the account.
    pub over: Nanos,
}

impl OwnBytes {
    /// Both.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.read.saturating_add(self.written)
    }
}
