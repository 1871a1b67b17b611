//! Wait sites: one interned key of what is waited for.

use foldhash::HashMap;

use super::class::{ClassId, ClassKind};
use super::operation::{OperationId, OperationKind};
use crate::row::Syscall;

/// In what way a thread is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitKind {
    /// On a futex: a lock, a condition, a queue, parking.
    Futex,
    /// In flock or fcntl, or asleep between two refused attempts at one of them.
    FileLock,
    /// In the fsync family.
    Sync,
    /// On a socket, for the reply of a peer or for room to send to it.
    Request,
    /// For a connection to a peer.
    Connect,
    /// On a socket that this side serves: for the next request, or for the next connection.
    Service,
    /// Reading an empty pipe.
    PipeRead,
    /// Writing to a full pipe.
    PipeWrite,
    /// Reading, writing or renaming a file.
    File,
    /// In a sleep.
    Sleep,
    /// In a poll of which it is not known what it waits for.
    Poll,
    /// A task whose reply has come, for the thread that carries it.
    Carrier,
    /// A task, in its process: for a timer, a lock, a pool, a queue, which nothing outside shows.
    Parked,
    /// For a child process.
    Child,
    /// In no call: a page fault.
    Fault,
    /// For a lock of the kernel.
    KernelLock,
    /// For memory that the kernel takes back from somebody, or reads again.
    Memory,
    /// In another call.
    Other,
}

impl WaitKind {
    /// The kind of a wait in `call` for something of this class.
    #[must_use]
    pub fn of(call: Syscall, class: ClassKind) -> Self {
        match (call, class) {
            (Syscall::Futex | Syscall::FutexWaitv, ClassKind::Timer) => Self::Sleep,
            (Syscall::Futex | Syscall::FutexWaitv, _) => Self::Futex,
            (Syscall::Flock | Syscall::Fcntl, _) => Self::FileLock,
            (call, _) if call.is_sync() => Self::Sync,
            (call, _) if call.is_sleep() => Self::Sleep,
            (Syscall::Wait, _) => Self::Child,
            (Syscall::None, _) => Self::Fault,
            (Syscall::Connect, _) => Self::Connect,
            (Syscall::Accept, _) => Self::Service,
            (_, ClassKind::Peer) => Self::Request,
            (_, ClassKind::Service) => Self::Service,
            (call, ClassKind::Pipe) if call.is_output() => Self::PipeWrite,
            (_, ClassKind::Pipe) => Self::PipeRead,
            (call, _) if call.is_poll() => Self::Poll,
            (_, ClassKind::Files) => Self::File,
            _ => Self::Other,
        }
    }

    /// The operation that a wait of this kind in `call` is part of, apart from requests, whose verb decides.
    #[must_use]
    pub(super) fn operation(self, call: Syscall) -> Option<OperationKind> {
        Some(match self {
            Self::Sync => OperationKind::Sync,
            Self::PipeRead => OperationKind::Take,
            Self::PipeWrite => OperationKind::Give,
            Self::File if call.is_input() => OperationKind::Read,
            Self::File => OperationKind::Write,
            _ => return None,
        })
    }
}

/// What is waited for, and within which operation. Waits for the replies to two kinds of request are two wait sites of one
/// station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitSite {
    /// In what way.
    pub kind: WaitKind,
    /// For what.
    pub class: ClassId,
    /// The operation it is part of; [`OperationId::NONE`]: none that is known (a lock, a sleep, a poll).
    pub operation: OperationId,
}

impl WaitSite {
    /// A wait site that is part of no operation.
    #[must_use]
    pub const fn plain(kind: WaitKind, class: ClassId) -> Self {
        Self {
            kind,
            class,
            operation: OperationId::NONE,
        }
    }

    /// What stands for all wait sites of this kind and class, whatever the operation.
    #[must_use]
    pub const fn station(self) -> Self {
        Self::plain(self.kind, self.class)
    }
}

/// Number of a wait site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteId(pub u32);

/// All wait sites of an analysis.
#[derive(Clone, Debug, Default)]
pub struct WaitSites {
    ids: HashMap<WaitSite, SiteId>,
    sites: Vec<WaitSite>,
}

impl WaitSites {
    /// The number of a wait site.
    pub fn intern(&mut self, site: WaitSite) -> SiteId {
        let next = SiteId(u32::try_from(self.sites.len()).unwrap_or(u32::MAX));
        let id = *self.ids.entry(site).or_insert(next);
        if id == next {
            self.sites.push(site);
        }
        id
    }

    /// The wait site behind a number.
    #[must_use]
    pub fn get(&self, id: SiteId) -> WaitSite {
        self.sites
            .get(id.0 as usize)
            .copied()
            .unwrap_or(WaitSite::plain(WaitKind::Other, ClassId(0)))
    }

    /// All, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (SiteId, WaitSite)> {
        (0..).map(SiteId).zip(self.sites.iter().copied())
    }
}
