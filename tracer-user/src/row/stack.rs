//! Call stacks, and samples of them.

use super::{Nanos, Pid, StackId, Tid};

/// One frame, innermost first in its stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Frame {
    /// File the code is in (`/usr/lib/.../libc.so.6`), empty: not known.
    pub module: String,
    /// Function, empty: not known.
    pub symbol: String,
    /// Source file, empty: not known.
    pub file: String,
    /// Line in it, 0: not known.
    pub line: u32,
    /// Offset of the program counter in the module.
    pub offset: u64,
}

/// A call stack met in this trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Its id.
    pub id: StackId,
    /// Process it was met in.
    pub pid: Pid,
    /// Innermost first.
    pub frames: Vec<Frame>,
}

/// A thread was found running here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub end: Nanos,
    /// Thread.
    pub tid: Tid,
    /// Process.
    pub pid: Pid,
    /// Where.
    pub stack: StackId,
    /// The code there waits in a loop.
    pub spins: bool,
    /// It waits for a lock of the kernel without letting go of its CPU.
    pub kernel_spins: bool,
    /// The kernel takes memory back on its behalf.
    pub memory_stall: bool,
}
