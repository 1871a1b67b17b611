//! Spots: in what way, and at which resource class, a thread is blocked.

use super::class::{ClassId, ClassKind, ResourceClasses};
use crate::row::Syscall;
use crate::timeline::Blocked;

/// In what way a thread is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WaitKind {
    /// On a futex: a lock, a condition, a queue, parking.
    Futex,
    /// In flock, fcntl, or between two refused attempts at one of them.
    FileLock,
    /// In the fsync family.
    Sync,
    /// On a socket to a peer.
    Exchange,
    /// On a socket that this side serves.
    Service,
    /// On a pipe.
    Pipe,
    /// SharingEstimate, writing or renaming a file.
    File,
    /// In a sleep.
    Sleep,
    /// In a poll on something that is not known.
    Poll,
    /// For a child process.
    Child,
    /// In no call: a page fault.
    Fault,
    /// In another call.
    Other,
}

/// WaitKind and resource class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitSite {
    /// In what way.
    pub kind: WaitKind,
    /// Where.
    pub class: ClassId,
}

impl WaitSite {
    /// Where a blocked thread is.
    pub fn of(blocked: &Blocked, classes: &mut ResourceClasses) -> Self {
        let class = classes.of(blocked.resource);
        let kind = match (blocked.call, classes.kind(class)) {
            (Syscall::Futex | Syscall::FutexWaitv, ClassKind::Timer) => WaitKind::Sleep,
            (Syscall::Futex | Syscall::FutexWaitv, _) => WaitKind::Futex,
            (Syscall::Flock | Syscall::Fcntl, _) => WaitKind::FileLock,
            (call, _) if call.is_sync() => WaitKind::Sync,
            (call, _) if call.is_sleep() => WaitKind::Sleep,
            (Syscall::Wait, _) => WaitKind::Child,
            (Syscall::None, _) => WaitKind::Fault,
            (_, ClassKind::Peer) => WaitKind::Exchange,
            (_, ClassKind::Service) => WaitKind::Service,
            (_, ClassKind::Pipe) => WaitKind::Pipe,
            (call, _) if call.is_poll() => WaitKind::Poll,
            (_, ClassKind::Files) => WaitKind::File,
            _ => WaitKind::Other,
        };
        Self { kind, class }
    }
}
