//! The thing to look at.

use serde::{Deserialize, Serialize};

/// Of what kind a culprit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CulpritKind {
    /// A lock in user space.
    Lock,
    /// A file, or the lock on it.
    File,
    /// What is at the other end of sockets.
    Peer,
    /// A disk, or the limit on it.
    Device,
    /// A thread that carries tasks.
    Thread,
    /// The processors.
    Cpu,
    /// Passing time.
    Timer,
    /// A queue, a pipe, a pool.
    Queue,
    /// There is none.
    #[default]
    None,
}

impl CulpritKind {
    /// Its id in the contract, which is also its word in print.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::File => "file",
            Self::Peer => "peer",
            Self::Device => "device",
            Self::Thread => "thread",
            Self::Cpu => "cpu",
            Self::Timer => "timer",
            Self::Queue => "queue",
            Self::None => "none",
        }
    }
}

/// The thing to look at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Culprit {
    /// Of what kind.
    pub kind: CulpritKind,
    /// Name to print.
    pub name: String,
    /// Where in the code (`flush_batch (writer.rs:88)`), empty: not known.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub call_site: String,
    /// Address of a peer, empty: none.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub address: String,
    /// Process behind a local peer, empty: not known.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub process: String,
    /// How many it serves at once, 0: not known.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub capacity: f64,
    /// What it completes, per second, 0: not known.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub rate_per_s: f64,
    /// Connections that may wait at a listener until they are accepted, 0: not known, or none.
    #[serde(skip_serializing_if = "is_none", default)]
    pub backlog: u32,
    /// Mean time of one service, ms, 0: not known.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub service_ms: f64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn is_none(count: &u32) -> bool {
    *count == 0
}

fn is_zero(value: &f64) -> bool {
    *value == 0.0
}
