//! The tracked processes and their roles: the kernel side's table, seen from user space.
//!
//! In: targets and their local peers, as they are found. Out: the role of a process, and the thread that a lock's futex word names
//! as its owner. The kernel side adds children and removes processes that end by itself.

use std::collections::HashMap;

use aya::Ebpf;
use aya::maps::{HashMap as BpfHashMap, MapData};
use foldhash::fast::RandomState;
use tracer_common::process_role;

use super::namespaces::Namespaces;
use crate::capture::CaptureError;
use crate::capture::decode::Threads;
use crate::capture::probes::object;
use crate::row::{Nanos, Pid, TaskRole, Tid};

const TABLE: &str = "PROCESSES";
/// A peer of a peer of a peer of a target is tracked, but no peer of that one.
const DEEPEST: u8 = 3;
/// Most peers that are tracked: more would cost more than they tell.
const MOST_PEERS: usize = 64;
/// How long a thread that was found alive or dead counts as such.
const REMEMBERED: Nanos = Nanos::SECOND;
/// Most owners of locks that are remembered at once.
const MOST_OWNERS: usize = 4096;

/// The tracked processes.
pub struct TrackedProcesses {
    table: BpfHashMap<MapData, u32, u32>,
    roles: HashMap<Pid, Entry, RandomState>,
    peers: usize,
    owners: HashMap<u32, Owner, RandomState>,
    namespaces: Namespaces,
}

#[derive(Clone, Copy)]
struct Entry {
    role: TaskRole,
    /// How many steps from peer to peer lie between the process and a target.
    depth: u8,
}

#[derive(Clone, Copy)]
struct Owner {
    pid: Option<Pid>,
    looked: Nanos,
}

impl TrackedProcesses {
    /// Takes the table out of the object.
    ///
    /// # Errors
    /// [`CaptureError::Map`].
    pub fn new(ebpf: &mut Ebpf) -> Result<Self, CaptureError> {
        Ok(Self {
            table: object::take(ebpf, TABLE)?,
            roles: HashMap::default(),
            peers: 0,
            owners: HashMap::default(),
            namespaces: Namespaces::default(),
        })
    }

    /// Tracks a target.
    ///
    /// # Errors
    /// [`CaptureError::Map`].
    pub fn add_target(&mut self, pid: Pid) -> Result<(), CaptureError> {
        let entry = Entry {
            role: TaskRole::Target,
            depth: 0,
        };
        self.insert(pid, entry, process_role::TARGET)
    }

    /// Tracks a process that serves `of`, unless it is tracked already or too far from any target. Returns whether it is new.
    ///
    /// # Errors
    /// [`CaptureError::Map`].
    pub fn add_peer(&mut self, pid: Pid, of: Pid) -> Result<bool, CaptureError> {
        let depth = self.entry(of).map_or(0, |entry| entry.depth) + 1;
        let known = pid.0 == std::process::id() || self.table.get(&pid.0, 0).is_ok();
        if known || depth > DEEPEST || self.peers >= MOST_PEERS {
            return Ok(false);
        }
        self.peers += 1;
        let entry = Entry {
            role: TaskRole::Peer,
            depth,
        };
        self.insert(pid, entry, process_role::PEER)?;
        Ok(true)
    }

    fn insert(&mut self, pid: Pid, entry: Entry, role: u32) -> Result<(), CaptureError> {
        self.table.insert(pid.0, role, 0).map_err(map_error)?;
        self.roles.insert(pid, entry);
        Ok(())
    }

    /// Tracked processes that live, targets and peers.
    #[must_use]
    pub fn living(&self) -> Vec<Pid> {
        self.table.keys().flatten().map(Pid).collect()
    }

    /// Whether any target still lives.
    ///
    /// # Errors
    /// [`CaptureError::Map`].
    pub fn has_target(&self) -> Result<bool, CaptureError> {
        for entry in self.table.iter() {
            let (_, role) = entry.map_err(map_error)?;
            if role == process_role::TARGET {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn entry(&self, pid: Pid) -> Option<Entry> {
        let known = self.roles.get(&pid).copied();
        known.or_else(|| {
            // It is a child, which the kernel side took in with its parent's role.
            let role = match self.table.get(&pid.0, 0).ok()? {
                process_role::PEER => TaskRole::Peer,
                _ => TaskRole::Target,
            };
            let depth = u8::from(role == TaskRole::Peer);
            Some(Entry { role, depth })
        })
    }

    /// The tracked process that thread `tid` belongs to, if that lives.
    fn process_of(&mut self, tid: u32, at: Nanos) -> Option<Pid> {
        if let Some(known) = self.owners.get(&tid)
            && at.since(known.looked).0 < REMEMBERED.0
        {
            return known.pid;
        }
        let status = std::fs::read_to_string(format!("/proc/{tid}/status")).ok();
        let pid = status.and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
            let pid = Pid(line.trim().parse().ok()?);
            self.table.get(&pid.0, 0).ok().map(|_| pid)
        });
        if self.owners.len() >= MOST_OWNERS {
            self.owners.clear();
        }
        self.owners.insert(tid, Owner { pid, looked: at });
        pid
    }
}

impl Threads for TrackedProcesses {
    fn role(&self, pid: Pid) -> TaskRole {
        self.entry(pid).map_or(TaskRole::Target, |entry| entry.role)
    }

    /// Processes that share memory share locks too, so the owner may live in another process than the waiter. The futex word
    /// names it by its number in its own PID namespace.
    fn owner(&mut self, pid: Pid, futex_word: u32, at: Nanos) -> Tid {
        // A robust or priority-inheriting lock keeps flags in the upper bits (FUTEX_WAITERS, FUTEX_OWNER_DIED).
        let number = futex_word & 0x3fff_ffff;
        if number == 0 {
            return Tid(0);
        }
        let Some(tid) = self.namespaces.thread(pid, number, at) else {
            return Tid(0);
        };
        self.process_of(tid.0, at).map_or(Tid(0), |_| tid)
    }
}

fn map_error(source: aya::maps::MapError) -> CaptureError {
    CaptureError::Map {
        name: TABLE,
        source: Box::new(source),
    }
}
