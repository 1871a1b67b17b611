//! What a thread does at an instant.

use crate::row::{Nanos, Reason, ResourceId, StackId, Syscall, Tid, Wait};

/// What a blocked thread waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocked {
    /// The call it waits in.
    pub call: Syscall,
    /// Operation of the call.
    pub op: u32,
    /// What it waits for.
    pub resource: ResourceId,
    /// Owner by the lock's own word; 0: not known.
    pub owner: Tid,
    /// Where in the code; 0: not taken.
    pub stack: StackId,
    /// In `D` state.
    pub uninterruptible: bool,
    /// For a lock of the kernel.
    pub kernel_lock: bool,
    /// For memory.
    pub memory_stall: bool,
}

impl From<&Wait> for Blocked {
    fn from(wait: &Wait) -> Self {
        Self {
            call: wait.call,
            op: wait.op,
            resource: wait.resource,
            owner: wait.owner,
            stack: wait.stack,
            uninterruptible: wait.uninterruptible,
            kernel_lock: wait.kernel_lock,
            memory_stall: wait.memory_stall,
        }
    }
}

/// State of a thread. Exactly one at each instant from birth to exit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Not yet born, or ended.
    #[default]
    Absent,
    /// Nothing is known: rows are missing.
    Unknown,
    /// On a CPU.
    Running,
    /// Could run, and has no CPU.
    Queued,
    /// Sleeps until woken.
    Blocked(Blocked),
    /// Stopped by a signal, a debugger or the freezer.
    Stopped,
}

impl State {
    /// The state a wait of this reason is in until it is woken.
    #[must_use]
    pub fn of_wait(wait: &Wait) -> Self {
        match wait.reason {
            Reason::Blocked => Self::Blocked(Blocked::from(wait)),
            Reason::Preempted | Reason::Yielded => Self::Queued,
            Reason::Stopped | Reason::Traced | Reason::Frozen => Self::Stopped,
        }
    }
}

/// A stretch of one thread's time in one state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Begin.
    pub start: Nanos,
    /// End.
    pub end: Nanos,
    /// In what state.
    pub state: State,
}

impl Piece {
    /// Its length.
    #[must_use]
    pub fn length(&self) -> Nanos {
        self.end.since(self.start)
    }
}
