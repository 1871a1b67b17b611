//! What a call means for the work: the act and the place it is done to.

use super::place::{PlaceId, PlaceKind, Places};
use super::turn::{Turn, Turns};
use crate::row::{Call, Syscall, Verb};

/// `FUTEX_WAKE`, `FUTEX_WAKE_OP`, `FUTEX_WAKE_BITSET`, `FUTEX_UNLOCK_PI`, `FUTEX_REQUEUE`, `FUTEX_CMP_REQUEUE` and the PI
/// requeue (include/uapi/linux/futex.h): the caller lets go of something.
const FUTEX_RELEASES: [u32; 7] = [1, 5, 10, 7, 3, 4, 12];

/// `LOCK_UN` of flock (include/uapi/asm-generic/fcntl.h); `LOCK_NB` is 4.
const FLOCK_UNLOCK: u32 = 8;

/// `EAGAIN`, `EACCES`: a lock that is held, asked for without waiting.
const HELD: [i64; 2] = [-11, -13];

/// The act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// A request to a peer, or its reply.
    Exchange(Verb),
    /// A request served, or its reply.
    Serve,
    /// Reading a file.
    Read,
    /// Writing a file, its name or its length.
    Write,
    /// Making a file durable.
    Sync,
    /// Taking a file lock.
    LockFile,
    /// A file lock was asked for and is held by somebody.
    LockRefused,
    /// Letting go of a file lock.
    UnlockFile,
    /// Taking from a pipe.
    Take,
    /// Giving to a pipe.
    Give,
    /// Waiting on a futex.
    Wait,
    /// Waking a futex.
    Release,
    /// Sleeping.
    Sleep,
}

/// An act on a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// What is done.
    pub act: Act,
    /// To what.
    pub place: PlaceId,
}

/// The operation a call is, or `None` for a call that says nothing about the work. `turns` is kept up to date; the turn
/// that the call moved on is given too.
pub fn operation(
    call: &Call,
    places: &mut Places,
    turns: &mut Turns,
) -> (Option<Operation>, Option<Turn>) {
    let place = places.of(call.resource);
    let of = |act| (Some(Operation { act, place }), None);
    match (places.kind(place), call.call) {
        (_, name) if name.is_sleep() => of(Act::Sleep),
        (PlaceKind::Futex, _) => (futex(call, place), None),
        // A word that a runtime sleeps on: see `Places::pass_time`.
        (PlaceKind::Timer, Syscall::Futex) if call.blocked => of(Act::Sleep),
        (PlaceKind::Peer, name) if name.is_input() || name.is_output() => {
            let turn = turns.client(call);
            let verb = turns.verb(call.resource, place);
            (
                verb.map(|verb| Operation {
                    act: Act::Exchange(verb),
                    place,
                }),
                turn,
            )
        }
        (PlaceKind::Service, name) if name.is_input() || name.is_output() => {
            let turn = turns.server(call);
            (
                Some(Operation {
                    act: Act::Serve,
                    place,
                }),
                turn,
            )
        }
        (PlaceKind::Files, Syscall::Flock | Syscall::Fcntl) => of(file_lock(call)),
        (PlaceKind::Files, name) if name.is_sync() => of(Act::Sync),
        (PlaceKind::Files, name) if name.is_input() => of(Act::Read),
        (PlaceKind::Files, name) if name.is_output() => of(Act::Write),
        (
            PlaceKind::Files,
            Syscall::Rename | Syscall::Unlink | Syscall::Truncate | Syscall::Fallocate,
        ) => of(Act::Write),
        (PlaceKind::Pipe, name) if name.is_input() => of(Act::Take),
        (PlaceKind::Pipe, name) if name.is_output() => of(Act::Give),
        _ => (None, None),
    }
}

fn futex(call: &Call, place: PlaceId) -> Option<Operation> {
    let act = if FUTEX_RELEASES.contains(&call.op) {
        Act::Release
    } else {
        Act::Wait
    };
    // A futex wait that returned at once (EAGAIN: the word had changed) was no wait.
    (act == Act::Release || call.blocked).then_some(Operation { act, place })
}

fn file_lock(call: &Call) -> Act {
    /// `F_UNLCK` in the lock type of [`Call::op`] (include/uapi/asm-generic/fcntl.h).
    const FCNTL_UNLOCK: u32 = 2 << 16;
    let unlocks = match call.call {
        Syscall::Flock => call.op & FLOCK_UNLOCK != 0,
        _ => call.op & FCNTL_UNLOCK != 0,
    };
    if unlocks {
        Act::UnlockFile
    } else if HELD.contains(&call.ret) {
        Act::LockRefused
    } else {
        Act::LockFile
    }
}
