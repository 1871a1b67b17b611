//! What a call means for the work: an operation on a resource class.

use foldhash::HashMap;

use super::class::{ClassId, ClassKind};
use crate::row::{Call, StatementId, Syscall, Verb};

/// `FUTEX_WAKE`, `FUTEX_WAKE_OP`, `FUTEX_WAKE_BITSET`, `FUTEX_UNLOCK_PI`, `FUTEX_REQUEUE`, `FUTEX_CMP_REQUEUE` and the PI
/// requeue (include/uapi/linux/futex.h): the caller lets go of something.
const FUTEX_RELEASES: [u32; 7] = [1, 5, 10, 7, 3, 4, 12];

/// `LOCK_UN` of flock (include/uapi/asm-generic/fcntl.h); `LOCK_NB` is 4.
const FLOCK_UNLOCK: u32 = 8;

/// `EAGAIN`, `EACCES`: a lock that is held, asked for without waiting.
const HELD: [i64; 2] = [-11, -13];

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationKind {
    /// A request to a peer, answered or under way.
    Request(Verb),
    /// A request that the peer refused for now: it is tried again, and is no progress.
    Refused(Verb),
    /// A reply to a request that was sent before the window. What was asked is taken to be what is asked of that peer most.
    Reply,
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

impl OperationKind {
    /// Belongs to a stage of the work by itself: it moves input or output. Locks and sleeps belong where their neighbours do.
    #[must_use]
    pub fn is_staged(self) -> bool {
        match self {
            Self::Request(verb) | Self::Refused(verb) => verb != Verb::SqlOther,
            Self::Reply | Self::Read | Self::Write | Self::Sync | Self::Take | Self::Give => true,
            Self::Serve
            | Self::LockFile
            | Self::LockRefused
            | Self::UnlockFile
            | Self::Wait
            | Self::Release
            | Self::Sleep => false,
        }
    }
}

/// What is done, to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// What is done.
    pub kind: OperationKind,
    /// To what.
    pub class: ClassId,
    /// Of a request the statement that it runs; [`StatementId::NONE`]: whichever.
    pub statement: StatementId,
}

impl Operation {
    /// What is done, whichever statement does it.
    #[must_use]
    pub const fn of(kind: OperationKind, class: ClassId) -> Self {
        Self {
            kind,
            class,
            statement: StatementId::NONE,
        }
    }

    /// The same, whichever statement does it.
    #[must_use]
    pub const fn any(self) -> Self {
        Self::of(self.kind, self.class)
    }
}

/// Number of an operation; 0 is [`OperationId::NONE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub u16);

impl OperationId {
    /// No operation.
    pub const NONE: Self = Self(0);
}

/// All operations of an analysis, in order of first sight.
#[derive(Clone, Debug, Default)]
pub struct Operations {
    ids: HashMap<Operation, OperationId>,
    list: Vec<Operation>,
}

impl Operations {
    /// The number of an operation; beyond 65,534 of them there is none any more.
    pub fn intern(&mut self, operation: Operation) -> OperationId {
        if let Some(id) = self.ids.get(&operation) {
            return *id;
        }
        let Some(next) = u16::try_from(self.list.len() + 1).ok().map(OperationId) else {
            return OperationId::NONE;
        };
        self.ids.insert(operation, next);
        self.list.push(operation);
        next
    }

    /// The number of an operation that was met.
    #[must_use]
    pub fn id(&self, operation: Operation) -> Option<OperationId> {
        self.ids.get(&operation).copied()
    }

    /// The operation behind a number.
    #[must_use]
    pub fn get(&self, id: OperationId) -> Option<Operation> {
        self.list.get(usize::from(id.0).checked_sub(1)?).copied()
    }

    /// How many were met.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// None was met.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All, with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (OperationId, Operation)> {
        (1..).map(OperationId).zip(self.list.iter().copied())
    }
}

/// What a call on something that is no socket does; `None`: it says nothing about the work.
pub(super) fn without_socket(call: &Call, class: ClassKind) -> Option<OperationKind> {
    Some(match (class, call.call) {
        (_, name) if name.is_sleep() => OperationKind::Sleep,
        // A futex word that a runtime sleeps on.
        (ClassKind::Timer, Syscall::Futex) if call.blocked => OperationKind::Sleep,
        (ClassKind::Futex, _) => return futex(call),
        (ClassKind::Files, Syscall::Flock | Syscall::Fcntl) => file_lock(call),
        (ClassKind::Files, name) if name.is_sync() => OperationKind::Sync,
        (ClassKind::Files, name) if name.is_input() => OperationKind::Read,
        (ClassKind::Files, name) if name.is_output() => OperationKind::Write,
        (
            ClassKind::Files,
            Syscall::Rename | Syscall::Unlink | Syscall::Truncate | Syscall::Fallocate,
        ) => OperationKind::Write,
        (ClassKind::Pipe, name) if name.is_input() => OperationKind::Take,
        (ClassKind::Pipe, name) if name.is_output() => OperationKind::Give,
        _ => return None,
    })
}

fn futex(call: &Call) -> Option<OperationKind> {
    if FUTEX_RELEASES.contains(&call.op) {
        return Some(OperationKind::Release);
    }
    // A futex wait that returned at once (EAGAIN: the word had changed) was no wait.
    call.blocked.then_some(OperationKind::Wait)
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
