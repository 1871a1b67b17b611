//! What a wait or a call is about, as the kernel tells it: a tag and two words. User space gives it a stable id and a name.

use crate::assert_size;

/// How the two words of a [`RawResource`] are to be read. Append-only.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceTag {
    /// Nothing known; both words are 0.
    None = 0,
    /// `a` = `task->mm` (the address space), `b` = the futex word's user address.
    FutexPrivate = 1,
    /// As `FutexPrivate`, but the word may be shared: user space turns it into (dev, inode, offset) by the process's maps.
    FutexShared = 2,
    /// Any file that is not a socket: `a` = `s_dev << 32 | i_generation`, `b` = `i_ino`.
    File = 3,
    /// `a` = 0, `b` = the socket's inode number in sockfs, the one `/proc/PID/net/tcp` shows.
    Socket = 4,
    /// A sleep: both words 0.
    Timer = 5,
    /// A kernel lock: `a` = 0, `b` = its address.
    KernelLock = 6,
}

impl ResourceTag {
    /// The tag behind a number read from the ring buffer.
    #[must_use]
    pub const fn from_raw(raw: u32) -> Option<Self> {
        Some(match raw {
            0 => Self::None,
            1 => Self::FutexPrivate,
            2 => Self::FutexShared,
            3 => Self::File,
            4 => Self::Socket,
            5 => Self::Timer,
            6 => Self::KernelLock,
            _ => return None,
        })
    }
}

/// Identity of a resource at the moment of the call.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RawResource {
    /// A [`ResourceTag`].
    pub tag: u32,
    /// The fd it was named by, or -1.
    pub fd: i32,
    /// First word, see [`ResourceTag`].
    pub a: u64,
    /// Second word, see [`ResourceTag`].
    pub b: u64,
}
assert_size!(RawResource, 24);
