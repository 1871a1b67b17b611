//! Tasks of a runtime (goroutines, asyncio tasks), as its own memory shows them at a moment.

use super::{Nanos, Pid, StackId};

/// What a task does. Append-only numbers.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskState {
    /// It runs on a thread.
    #[default]
    Running = 1,
    /// It could run, and has no thread.
    Ready = 2,
    /// It waits for something that its runtime knows of.
    Waiting = 3,
    /// Its thread is in a call, and nobody else runs on it.
    InCall = 4,
}

impl TaskState {
    /// The state behind a stored number.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            1 => Self::Running,
            2 => Self::Ready,
            3 => Self::Waiting,
            4 => Self::InCall,
            _ => return None,
        })
    }
}

/// Tasks of one process that did the same when it was looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskSeen {
    /// When it was looked: all rows of one look have the same.
    pub end: Nanos,
    /// Process.
    pub pid: Pid,
    /// What they do.
    pub state: TaskState,
    /// What they wait for, in the runtime's own word: `chan receive`; of an asyncio task the type of what it awaits, or
    /// [`Self::EXECUTOR`]. Empty: nothing.
    pub reason: String,
    /// Where, innermost first; the outermost frame is what the task runs.
    pub stack: StackId,
    /// How many the channel holds that they wait at; 0: it holds none, or it is no channel.
    pub slots: u32,
    /// How many they are; 0: nothing was found by this look.
    pub count: u32,
}

impl TaskSeen {
    /// The reason of an asyncio task that awaits what it has handed to a thread.
    pub const EXECUTOR: &str = "run_in_executor";
}
