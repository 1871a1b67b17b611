//! What the kernel counted of TCP meanwhile: of the targets' connections, and of the listeners that they connect to.

use serde::{Deserialize, Serialize};

use super::Pid;

/// The targets' connections to one address that were there when a window closed. What they had counted before is taken off; connections
/// that were closed by then are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TcpPeer {
    /// The address, as sockets have it in [`super::Resource::remote`].
    pub remote: String,
    /// Segments sent.
    pub segments: u64,
    /// Of them, those that were sent again, the first of a connection among them.
    pub retransmitted: u64,
}

/// A socket that listens in the targets' network namespace, at a port that they connect to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Listener {
    /// Where it listens (`127.0.0.1:8080`, `0.0.0.0:8080`).
    pub local: String,
    /// How many connections may wait until they are accepted; one more is taken in, and what comes then is dropped.
    pub backlog: u32,
    /// How often it was looked at.
    pub looks: u32,
    /// How often the next connection would have been dropped.
    pub full: u32,
    /// Most that were seen to wait.
    pub most: u32,
    /// A process that has it, where it had no room; 0: not known.
    pub pid: Pid,
    /// Its name.
    pub process: String,
}

/// All of it; as new: nothing was told, as in traces before 1.3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// The targets' connections, by address.
    pub peers: Vec<TcpPeer>,
    /// Listeners that they may connect to.
    pub listeners: Vec<Listener>,
    /// Connections that listeners of the namespace dropped, since their queue was full (`ListenOverflows`); absent: not known.
    pub overflows: Option<u64>,
    /// Connections that they dropped, for whatever reason (`ListenDrops`); absent: not known.
    pub drops: Option<u64>,
}
