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

/// Looks at the targets' connections to one address for what is on its way. On its way are many bytes that are sent and not confirmed
/// yet, or wait to be sent, while the other end has room for them. All counts are sums over looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transit {
    /// The address.
    pub remote: String,
    /// How often it was looked at.
    pub looks: u32,
    /// Looks that found something on its way there or back.
    pub used: u32,
    /// Connections that there were.
    pub connections: u32,
    /// Of them, those that were asked about.
    pub asked: u32,
    /// Of these, those with much on its way there.
    pub sending: u32,
    /// Those with as much for which the other end has no room: it does not read.
    pub unread: u32,
    /// Those with nothing on its way there and much on its way back, from an end that is on this host too.
    pub receiving: u32,
    /// Of those that send and those that receive the ones that wait longer for a confirmation than twice the shortest time it took: what
    /// they sent stands in a queue.
    pub queued: u32,
}

/// All of it; as new: nothing was told, as in traces before 1.3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// The targets' connections, by address.
    pub peers: Vec<TcpPeer>,
    /// Listeners that they may connect to.
    pub listeners: Vec<Listener>,
    /// What is on its way, by address.
    pub transits: Vec<Transit>,
    /// Connections that listeners of the namespace dropped, since their queue was full (`ListenOverflows`); absent: not known.
    pub overflows: Option<u64>,
    /// Connections that they dropped, for whatever reason (`ListenDrops`); absent: not known.
    pub drops: Option<u64>,
}
