//! Spots: in what way, and at which place, a thread is blocked.

use super::place::{PlaceId, PlaceKind, Places};
use crate::row::Syscall;
use crate::timeline::Blocked;

/// In what way a thread is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
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
    /// Reading, writing or renaming a file.
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

/// Way and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// In what way.
    pub way: Way,
    /// Where.
    pub place: PlaceId,
}

impl Spot {
    /// Where a blocked thread is.
    pub fn of(blocked: &Blocked, places: &mut Places) -> Self {
        let place = places.of(blocked.resource);
        let way = match (blocked.call, places.kind(place)) {
            (Syscall::Futex | Syscall::FutexWaitv, PlaceKind::Timer) => Way::Sleep,
            (Syscall::Futex | Syscall::FutexWaitv, _) => Way::Futex,
            (Syscall::Flock | Syscall::Fcntl, _) => Way::FileLock,
            (call, _) if call.is_sync() => Way::Sync,
            (call, _) if call.is_sleep() => Way::Sleep,
            (Syscall::Wait, _) => Way::Child,
            (Syscall::None, _) => Way::Fault,
            (_, PlaceKind::Peer) => Way::Exchange,
            (_, PlaceKind::Service) => Way::Service,
            (_, PlaceKind::Pipe) => Way::Pipe,
            (call, _) if call.is_poll() => Way::Poll,
            (_, PlaceKind::Files) => Way::File,
            _ => Way::Other,
        };
        Self { way, place }
    }
}
