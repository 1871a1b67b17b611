//! Searches for the other end of a socket on this host: its socket, its process, and which of the two serves the other.
//!
//! A socket gets at once what is known, and is kept in the search for the rest. While any socket is, the tables of its network
//! namespace are read some times a second and the fds of all processes are swept, both within a budget. The server of a connection
//! that was closed before anybody looked is the process that listens at its remote end.

mod wanted;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use tracer_common::SocketEvent;

use super::address;
use super::budget::Budget;
use super::holders::Holders;
use super::look::Look;
use super::net::Sockets;
use crate::row::{Nanos, Pid, Resource, ResourceId, SocketRole};
use wanted::Wanted;

/// Shortest time between two rounds of the search.
const ROUND: Nanos = Nanos(50_000_000);
/// Tables of a namespace are read again when they are older than this, and older than half the time that its youngest socket is
/// searched for: each read walks the kernel's whole hash table of connections, which takes some milliseconds on a host with much
/// memory.
const TABLE_AGE: Nanos = Nanos(250_000_000);
/// Age from which the tables of the other namespaces of this host are read again.
const OTHERS_AGE: Nanos = Nanos::SECOND;
/// How long a socket is searched for.
const PATIENCE: Nanos = Nanos(3_000_000_000);
/// Most sockets that are searched for at once; any further one keeps what is known at first sight.
const MOST: usize = 4096;
/// Most processes of one namespace that are asked for its tables.
const ASKERS: usize = 4;
/// Most connections that are remembered.
const MET: usize = 1 << 15;
/// Most processes that share a listening socket and are looked at one by one.
const SHARERS: usize = 64;

/// A process on this host that serves a tracked one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPeer {
    /// The server.
    pub pid: Pid,
    /// The process it serves.
    pub of: Pid,
}

struct Table {
    read: Nanos,
    sockets: Sockets,
}

/// The sockets that are searched for, and what was found of them.
#[derive(Default)]
pub(super) struct Search {
    wanted: HashMap<ResourceId, Wanted>,
    tables: HashMap<u64, Table>,
    holders: Holders,
    budget: Budget,
    peers: Vec<LocalPeer>,
    told: HashSet<(Pid, Pid)>,
    advanced: Option<Nanos>,
    /// Connections of tracked processes by their own end and the other.
    met: HashMap<(SocketAddr, SocketAddr), u64>,
}

impl Search {
    /// Takes a socket that the kernel side told of.
    pub(super) fn socket(
        &mut self,
        row: Resource,
        event: &SocketEvent,
        look: &mut dyn Look,
        rows: &mut Vec<Resource>,
    ) {
        let now = row.end;
        let mut wanted = Wanted::new(row, event.netns, address::ends(event));
        self.holders.note(wanted.row.inode, wanted.row.pid);
        if let Some(ends) = wanted.ends.filter(|ends| ends.1.port() != 0) {
            if self.met.len() >= MET {
                self.met.clear();
            }
            self.met.insert(ends, wanted.row.inode);
        }
        self.complete(&mut wanted, now, look);
        rows.push(wanted.row.clone());
        self.wait_for(wanted);
    }

    /// Takes a socket that the kernel side has not told of.
    pub(super) fn unknown_socket(&mut self, row: Resource, look: &mut dyn Look) {
        let (namespace, _) = look.sockets_of(row.pid);
        self.wait_for(Wanted::new(row, namespace, None));
    }

    pub(super) fn take_local_peers(&mut self) -> Vec<LocalPeer> {
        std::mem::take(&mut self.peers)
    }

    fn wait_for(&mut self, wanted: Wanted) {
        if wanted.is_open() && self.wanted.len() < MOST {
            self.wanted.insert(wanted.row.id, wanted);
        } else {
            self.wanted.remove(&wanted.row.id);
        }
    }

    /// Looks on for what is wanted, as far as the budget goes.
    pub(super) fn advance(&mut self, now: Nanos, look: &mut dyn Look, rows: &mut Vec<Resource>) {
        self.budget.fill(now);
        let soon = self.advanced.is_some_and(|last| now.since(last) < ROUND);
        if self.wanted.is_empty() || soon {
            return;
        }
        self.advanced = Some(now);
        let Some(purse) = self.budget.open() else {
            return;
        };
        self.read_tables(now, look);
        // Sweep only for sockets whose number is known and whose process is not, or to learn of other namespaces.
        if self
            .wanted
            .values()
            .any(|wanted| wanted.row.peer_pid == Pid(0))
        {
            self.holders.sweep(now, &|| purse.has_more(), look);
        }
        let mut open = std::mem::take(&mut self.wanted);
        open.retain(|_, wanted| {
            let before = wanted.row.clone();
            self.complete(wanted, now, look);
            if wanted.row != before {
                wanted.row.end = now;
                rows.push(wanted.row.clone());
            }
            let since = *wanted.looked_for.get_or_insert(now);
            wanted.is_open() && now.since(since) < PATIENCE
        });
        self.wanted = open;
        self.budget.spend(purse.spent());
    }

    /// Reads the tables of the namespaces that sockets wait for, and of all others when something is not found in its own.
    fn read_tables(&mut self, now: Nanos, look: &mut dyn Look) {
        // Any process of a namespace shows its tables; one may have ended meanwhile.
        let mut askers: HashMap<u64, (Vec<Pid>, Nanos)> = HashMap::new();
        for wanted in self.wanted.values() {
            let waits = now.since(wanted.looked_for.unwrap_or(now));
            let (pids, age) = askers
                .entry(wanted.namespace)
                .or_insert((Vec::new(), PATIENCE));
            *age = (*age).min(TABLE_AGE.max(Nanos(waits.0 / 2)));
            if pids.len() < ASKERS && !pids.contains(&wanted.row.pid) {
                pids.push(wanted.row.pid);
            }
        }
        let any_strange = self.wanted.values().any(Wanted::is_strange);
        for (namespace, pid) in self.holders.namespaces() {
            match askers.get_mut(namespace) {
                Some((pids, _)) => pids.push(*pid),
                None if any_strange => {
                    askers.insert(*namespace, (vec![*pid], OTHERS_AGE));
                }
                None => {}
            }
        }
        for (namespace, (pids, age)) in askers {
            let table = self.tables.get(&namespace);
            if table.is_some_and(|table| now.since(table.read) < age) {
                continue;
            }
            if let Some(sockets) = pids.into_iter().find_map(|pid| look.sockets(pid)) {
                self.tables.insert(namespace, Table { read: now, sockets });
            }
        }
    }

    /// Fills in what the watched processes themselves showed, and what the tables and the sweeps know by now.
    fn complete(&mut self, wanted: &mut Wanted, now: Nanos, look: &mut dyn Look) {
        let nothing = Sockets::default();
        let table = self.tables.get(&wanted.namespace);
        let sockets = table.map_or(&nothing, |table| &table.sockets);
        wanted.fill_ends(sockets);
        if table.is_some() {
            wanted.fill_role(sockets, look.ephemeral_ports());
        }
        if wanted.row.family == "unix" && wanted.row.peer_inode == 0 {
            wanted.row.peer_inode = look.unix_peer(wanted.row.inode, wanted.namespace);
        }
        wanted.fill_unix(sockets);
        if let Some((local, remote)) = wanted.ends
            && wanted.row.peer_inode == 0
        {
            // The reverse of the connection is the same one in whatever namespace it is found.
            let met = self.met.get(&(remote, local)).copied();
            let listed = self
                .tables
                .values()
                .filter_map(|any| any.sockets.peer(local, remote));
            let own = sockets.peer(local, remote);
            let mut found = met.into_iter().chain(own).chain(listed);
            wanted.row.peer_inode = found.find(|inode| *inode != wanted.row.inode).unwrap_or(0);
        }
        let listener = wanted.listener(sockets);
        let own = wanted.row.pid;
        if let Some(pid) = self.holder(wanted.row.peer_inode, own, listener, now, look)
            && (pid != wanted.row.peer_pid || wanted.row.peer_name.is_empty())
        {
            wanted.row.peer_pid = pid;
            wanted.row.peer_name = look.name(pid);
            self.tell(&wanted.row);
        }
        if wanted.lacks_path() {
            self.path_of_server(wanted, now, look);
        }
    }

    /// The path of a Unix connection that no table showed while it lived: of the one socket its server listens at.
    fn path_of_server(&mut self, wanted: &mut Wanted, now: Nanos, look: &mut dyn Look) {
        let server = wanted.row.peer_pid;
        self.holders.visit_again(server, now, OTHERS_AGE, look);
        let Some(table) = self.tables.get(&wanted.namespace) else {
            return;
        };
        let holds = |inode: u64| {
            self.holders
                .of(inode)
                .is_some_and(|(first, sharers)| first == server || sharers.contains(&server))
        };
        let mut paths = table
            .sockets
            .unix
            .iter()
            .filter(|(inode, entry)| entry.listens && !entry.path.is_empty() && holds(**inode))
            .map(|(_, entry)| &entry.path);
        if let (Some(path), None) = (paths.next(), paths.next()) {
            wanted.row.remote.clone_from(path);
            wanted.row.path.clone_from(path);
        }
    }

    /// Who holds the socket `peer`, where several do another process than `own`, whose children have it too; else who listens where it
    /// came from.
    fn holder(
        &mut self,
        peer: u64,
        own: Pid,
        listener: Option<u64>,
        now: Nanos,
        look: &mut dyn Look,
    ) -> Option<Pid> {
        if let Some((first, sharers)) = self.holders.of(peer) {
            let others = std::iter::once(&first)
                .chain(sharers)
                .find(|pid| **pid != own);
            return Some(*others.unwrap_or(&first));
        }
        let (first, sharers) = self.holders.of(listener?)?;
        if sharers.is_empty() {
            return Some(first);
        }
        // Accepted by one of those that share the listening socket: look which of them has it now.
        let mut all = vec![first];
        all.extend_from_slice(sharers);
        if peer != 0 {
            for pid in all.iter().take(SHARERS) {
                self.holders.visit_again(*pid, now, TABLE_AGE, look);
            }
            if let Some((pid, _)) = self.holders.of(peer) {
                return Some(pid);
            }
        }
        // An init system that keeps the sockets of its services does not serve them.
        all.into_iter().find(|pid| *pid != Pid(1))
    }

    fn tell(&mut self, row: &Resource) {
        let own = Pid(std::process::id());
        if row.role == SocketRole::Client
            && row.peer_pid != row.pid
            && row.peer_pid != own
            && self.told.insert((row.peer_pid, row.pid))
        {
            self.peers.push(LocalPeer {
                pid: row.peer_pid,
                of: row.pid,
            });
        }
    }
}
