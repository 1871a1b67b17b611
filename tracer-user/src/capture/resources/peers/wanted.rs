//! A socket of which something is not known yet.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use super::super::address::text;
use super::super::net::Sockets;
use crate::row::{Nanos, Pid, Resource, SocketRole};

/// Its row so far, and what the row does not say.
pub(super) struct Wanted {
    pub(super) row: Resource,
    /// Its network namespace.
    pub(super) namespace: u64,
    /// Own end and the other, of an internet socket.
    pub(super) ends: Option<(SocketAddr, SocketAddr)>,
    /// Since when it is looked for.
    pub(super) looked_for: Option<Nanos>,
}

impl Wanted {
    pub(super) fn new(
        row: Resource,
        namespace: u64,
        ends: Option<(SocketAddr, SocketAddr)>,
    ) -> Self {
        Self {
            looked_for: None,
            row,
            namespace,
            ends,
        }
    }

    /// Something is missing that may still be found.
    pub(super) fn is_open(&self) -> bool {
        if self.row.role == SocketRole::Listener {
            return false;
        }
        match self.row.family.as_str() {
            "tcp" | "tcp6" | "unix" => {
                self.row.role == SocketRole::Unknown
                    || self.lacks_path()
                    || self.row.peer_pid == Pid(0)
                    || self.row.peer_inode == 0
            }
            // Nothing is known of it yet.
            "" => self.row.local.is_empty() && self.row.remote.is_empty(),
            _ => false,
        }
    }

    /// A client of a known server whose path is not known.
    pub(super) fn lacks_path(&self) -> bool {
        self.row.family == "unix"
            && self.row.role == SocketRole::Client
            && self.row.peer_pid != Pid(0)
            && self.row.path.is_empty()
    }

    /// Its other end is not on this host's own addresses as far as is known: a container's, or another host's.
    pub(super) fn is_strange(&self) -> bool {
        self.row.peer_inode == 0
            && self
                .ends
                .is_some_and(|ends| ends.1.port() != 0 && !is_near(ends))
    }

    /// Both ends, from the table, of a socket that the kernel side has not told of.
    pub(super) fn fill_ends(&mut self, sockets: &Sockets) {
        if self.ends.is_some() || self.row.inode == 0 {
            return;
        }
        if let Some(entry) = sockets.by_inode.get(&self.row.inode) {
            self.ends = Some((entry.local, entry.remote));
            self.row.local = text(entry.local);
            self.row.remote = text(entry.remote);
            if self.row.family.is_empty() {
                self.row.family = if entry.v6 { "tcp6" } else { "tcp" }.to_owned();
            }
        } else if self.row.family.is_empty() && sockets.unix.contains_key(&self.row.inode) {
            self.row.family = "unix".to_owned();
        }
    }

    /// Which end it is, when nobody saw it connect or accept. A socket at a port that this namespace listens at was accepted
    /// there; another one connected when its own port is one of those the system picks (`ephemeral`). Else it stays unknown.
    pub(super) fn fill_role(&mut self, sockets: &Sockets, ephemeral: RangeInclusive<u16>) {
        if self.row.role != SocketRole::Unknown {
            return;
        }
        let Some((local, remote)) = self.ends else {
            return;
        };
        if sockets
            .by_inode
            .get(&self.row.inode)
            .is_some_and(|entry| entry.listens)
        {
            self.row.role = SocketRole::Listener;
            return;
        }
        if remote.port() == 0 {
            return;
        }
        let listens_here = sockets.listener(local).is_some();
        let listens_there = self.listener(sockets).is_some();
        self.row.role = match (listens_here, listens_there) {
            (true, false) => SocketRole::Server,
            (false, true) => SocketRole::Client,
            (false, false)
                if ephemeral.contains(&local.port()) && !ephemeral.contains(&remote.port()) =>
            {
                SocketRole::Client
            }
            _ => SocketRole::Unknown,
        };
    }

    /// Path and role of a Unix socket: an accepted one bears the path of the socket it came from.
    pub(super) fn fill_unix(&mut self, sockets: &Sockets) {
        if self.row.family != "unix" {
            return;
        }
        if let Some(own) = sockets.unix.get(&self.row.inode) {
            self.row.local.clone_from(&own.path);
            if own.listens {
                self.row.role = SocketRole::Listener;
            } else if self.row.role == SocketRole::Unknown && !own.path.is_empty() {
                self.row.role = SocketRole::Server;
            }
        }
        if let Some(peer) = sockets.unix.get(&self.row.peer_inode) {
            self.row.remote.clone_from(&peer.path);
            if self.row.role == SocketRole::Unknown && !peer.path.is_empty() {
                self.row.role = SocketRole::Client;
            }
        }
        let named = if self.row.local.is_empty() {
            &self.row.remote
        } else {
            &self.row.local
        };
        self.row.path.clone_from(named);
    }

    /// The socket that listens at the other end, when that end is an address of this namespace: a socket that listens at
    /// all addresses says nothing of a stranger's.
    pub(super) fn listener(&self, sockets: &Sockets) -> Option<u64> {
        let ends = self.ends.filter(|ends| is_near(*ends))?;
        sockets.listener(ends.1)
    }
}

/// The other end is the loopback, or the very address that this end has.
fn is_near((local, remote): (SocketAddr, SocketAddr)) -> bool {
    remote.ip().is_loopback() || remote.ip() == local.ip()
}
