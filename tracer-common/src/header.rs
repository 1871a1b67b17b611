//! The first sixteen bytes of every record in the ring buffer.

use crate::assert_size;

/// What a record is. Numbers are append-only: a recorded object file and its reader may differ by one release.
#[repr(u16)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// [`crate::WaitEvent`]
    Wait = 1,
    /// [`crate::CallEvent`]
    Call = 2,
    /// [`crate::TaskEvent`]
    Task = 3,
    /// [`crate::FileEvent`]
    File = 4,
    /// [`crate::SocketEvent`]
    Socket = 5,
    /// [`crate::KernelEvent`]
    Kernel = 6,
    /// [`crate::StackEvent`]
    Stack = 7,
    /// [`crate::MessageEvent`]
    Message = 8,
    /// A thread was found running: a [`crate::StackEvent`] that no wait names.
    Sample = 9,
}

impl EventKind {
    /// The kind behind a number read from the ring buffer, or `None` for a number nobody gave out.
    #[must_use]
    pub const fn from_raw(raw: u16) -> Option<Self> {
        Some(match raw {
            1 => Self::Wait,
            2 => Self::Call,
            3 => Self::Task,
            4 => Self::File,
            5 => Self::Socket,
            6 => Self::Kernel,
            7 => Self::Stack,
            8 => Self::Message,
            9 => Self::Sample,
            _ => return None,
        })
    }
}

/// Starts every record. `end` orders the records of all CPUs.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Header {
    /// When the fact was complete, ns.
    pub end: u64,
    /// An [`EventKind`].
    pub kind: u16,
    /// The CPU that wrote the record.
    pub cpu: u16,
    /// Length of the whole record in bytes, this header included.
    pub len: u32,
}
assert_size!(Header, 16);
