//! What a call means for the work: the act and the resource class it is done to.

use super::class::{ClassId, ClassKind, ResourceClasses};
use super::request::{Request, RequestTracker};
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
pub enum OperationKind {
    /// A request to a peer, or its reply.
    Exchange(Verb),
    /// A request served, or its reply.
    Serve,
    /// SharingEstimate a file.
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

/// An act on a resource class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// What is done.
    pub kind: OperationKind,
    /// To what.
    pub class: ClassId,
}

/// The operation a call is, or `None` for a call that says nothing about the work. `turns` is kept up to date; the turn
/// that the call moved on is given too.
pub fn operation(
    call: &Call,
    classes: &mut ResourceClasses,
    requests: &mut RequestTracker,
) -> (Option<Operation>, Option<Request>) {
    let class = classes.of(call.resource);
    let of = |kind| (Some(Operation { kind, class }), None);
    match (classes.kind(class), call.call) {
        (_, name) if name.is_sleep() => of(OperationKind::Sleep),
        (ClassKind::Futex, _) => (futex(call, class), None),
        // A word that a runtime sleeps on: see `ResourceClasses::pass_time`.
        (ClassKind::Timer, Syscall::Futex) if call.blocked => of(OperationKind::Sleep),
        (ClassKind::Peer, name) if name.is_input() || name.is_output() => {
            let request = requests.client(call);
            let verb = requests.verb(call.resource, class);
            (
                verb.map(|verb| Operation {
                    kind: OperationKind::Exchange(verb),
                    class,
                }),
                request,
            )
        }
        (ClassKind::Service, name) if name.is_input() || name.is_output() => {
            let request = requests.server(call);
            (
                Some(Operation {
                    kind: OperationKind::Serve,
                    class,
                }),
                request,
            )
        }
        (ClassKind::Files, Syscall::Flock | Syscall::Fcntl) => of(file_lock(call)),
        (ClassKind::Files, name) if name.is_sync() => of(OperationKind::Sync),
        (ClassKind::Files, name) if name.is_input() => of(OperationKind::Read),
        (ClassKind::Files, name) if name.is_output() => of(OperationKind::Write),
        (
            ClassKind::Files,
            Syscall::Rename | Syscall::Unlink | Syscall::Truncate | Syscall::Fallocate,
        ) => of(OperationKind::Write),
        (ClassKind::Pipe, name) if name.is_input() => of(OperationKind::Take),
        (ClassKind::Pipe, name) if name.is_output() => of(OperationKind::Give),
        _ => (None, None),
    }
}

fn futex(call: &Call, class: ClassId) -> Option<Operation> {
    let kind = if FUTEX_RELEASES.contains(&call.op) {
        OperationKind::Release
    } else {
        OperationKind::Wait
    };
    // A futex wait that returned at once (EAGAIN: the word had changed) was no wait.
    (kind == OperationKind::Release || call.blocked).then_some(Operation { kind, class })
}

fn file_lock(call: &Call) -> OperationKind {
    /// `F_UNLCK` in the lock type of [`Call::op`] (include/uapi/asm-generic/fcntl.h).
    const FCNTL_UNLOCK: u32 = 2 << 16;
    let unlocks = match call.call {
        Syscall::Flock => call.op & FLOCK_UNLOCK != 0,
        _ => call.op & FCNTL_UNLOCK != 0,
    };
    if unlocks {
        OperationKind::UnlockFile
    } else if HELD.contains(&call.ret) {
        OperationKind::LockRefused
    } else {
        OperationKind::LockFile
    }
}
