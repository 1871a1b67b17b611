//! What TCP counts of the targets' connections while windows are open.
//!
//! In: the connections that there are as a window opens and as it closes. Out: the difference, by the address at the other end; what was
//! counted in a pause between two windows is in none of them. Of a connection that is closed before its window nothing is told.

use std::collections::{BTreeMap, HashMap};

use super::address;
use super::tcp_diag::{Connection, TcpCounts};
use crate::row::TcpPeer;

/// Most addresses that are told.
const MOST: usize = 256;

/// The books of one trace.
#[derive(Debug, Default)]
pub(super) struct TcpBooks {
    /// What connections had counted when the present window opened.
    before: HashMap<u64, TcpCounts>,
    peers: BTreeMap<String, TcpPeer>,
}

impl TcpBooks {
    /// A window opens.
    pub(super) fn open(&mut self) {
        self.before.clear();
    }

    /// This connection is there as the window opens.
    pub(super) fn begin(&mut self, connection: &Connection) {
        self.before.insert(connection.inode, connection.counts);
    }

    /// The window closes, with these connections, each of them once.
    pub(super) fn close<'a>(&mut self, connections: impl IntoIterator<Item = &'a Connection>) {
        for connection in connections {
            let remote = address::text(connection.remote);
            if self.peers.len() >= MOST && !self.peers.contains_key(&remote) {
                continue;
            }
            let before = self.before.remove(&connection.inode).unwrap_or_default();
            let now = connection.counts;
            let peer = self.peers.entry(remote.clone()).or_insert(TcpPeer {
                remote,
                ..TcpPeer::default()
            });
            peer.segments += now.segments.saturating_sub(before.segments);
            peer.retransmitted += now.retransmitted.saturating_sub(before.retransmitted);
        }
        self.before.clear();
    }

    /// What was counted so far, by address.
    pub(super) fn peers(&self) -> Vec<TcpPeer> {
        self.peers.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(inode: u64, segments: u64, retransmitted: u64) -> Connection {
        Connection {
            inode,
            is_v6: false,
            local: ([10, 0, 0, 1], 40_000).into(),
            remote: ([10, 0, 0, 2], 8123).into(),
            is_server: false,
            waits_for: None,
            counts: TcpCounts {
                segments,
                retransmitted,
            },
        }
    }

    #[test]
    fn what_was_counted_before_a_window_and_between_two_is_in_neither() {
        let mut books = TcpBooks::default();
        books.open();
        books.begin(&connection(1, 100, 9));
        books.close(&[connection(1, 140, 10), connection(2, 5, 1)]);
        // Ten segments are sent in the pause.
        books.open();
        books.begin(&connection(1, 150, 12));
        books.close(&[connection(1, 151, 12)]);
        let peers = books.peers();
        assert_eq!(peers.len(), 1, "{peers:?}");
        let peer = &peers[0];
        assert_eq!(peer.remote, "10.0.0.2:8123");
        assert_eq!((peer.segments, peer.retransmitted), (40 + 5 + 1, 1 + 1));
    }
}
