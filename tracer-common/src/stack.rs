//! A piece of a thread's user stack, from which user space finds the call site of a wait, or what the thread computes. Used in memory
//! and dropped.

use crate::{Header, assert_size};

/// Most bytes of user stack that one record carries.
pub const SNAPSHOT_BYTES: usize = 8192;

/// Of the waits of one thread for one resource, after the first ones, one in so many has a snapshot; a power of two.
pub const SITES_EVERY: u32 = 32;

/// Bits of [`StackEvent::flags`].
pub mod stack_flag {
    /// Of a sample: the thread is held up by memory, as with [`crate::wait_flag::MEMORY_STALL`].
    pub const MEMORY_STALL: u32 = 1;
}

/// The registers that an unwinder starts from.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct UserRegisters {
    /// Program counter.
    pub ip: u64,
    /// Stack pointer.
    pub sp: u64,
    /// Frame pointer (or whatever the program keeps there).
    pub bp: u64,
}

/// Registers and the stack from `sp` upwards; `len` bytes follow this struct in the record.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct StackEvent {
    /// Kind [`crate::EventKind::Stack`] or [`crate::EventKind::Sample`].
    pub header: Header,
    /// The key under which waits name this stack ([`crate::WaitEvent::stack`]); of a sample the kernel's program counter, 0: the thread runs
    /// in user mode.
    pub stack: u64,
    /// Thread.
    pub tid: u32,
    /// Process.
    pub pid: u32,
    /// Where it stood.
    pub registers: UserRegisters,
    /// How many bytes of stack follow.
    pub len: u32,
    /// Bits of [`stack_flag`].
    pub flags: u32,
}
assert_size!(StackEvent, 64);
