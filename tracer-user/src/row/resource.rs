//! What is waited for, by name.

use super::{Nanos, Pid, ResourceId};

/// Sort of a resource. Append-only numbers.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// Not known.
    #[default]
    Unknown = 0,
    /// A futex word of one process: `pid`, `address`.
    FutexPrivate = 1,
    /// A futex word in shared memory: `device`, `inode`, `address` = offset in it; `path` where it has one.
    FutexShared = 2,
    /// A file that is not a socket; see `file`.
    File = 3,
    /// A socket; see `role`, `local`, `remote`, `family`.
    Socket = 4,
    /// A sleep.
    Timer = 5,
    /// A kernel lock: `address`.
    KernelLock = 6,
    /// The lock of a process's address space (`mmap_lock`): `pid`, `address`.
    AddressSpace = 7,
}

impl ResourceKind {
    /// The kind behind a stored number.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            0 => Self::Unknown,
            1 => Self::FutexPrivate,
            2 => Self::FutexShared,
            3 => Self::File,
            4 => Self::Socket,
            5 => Self::Timer,
            6 => Self::KernelLock,
            7 => Self::AddressSpace,
            _ => return None,
        })
    }
}

/// Sort of a file.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Not a file, or not known.
    #[default]
    Unknown = 0,
    /// A regular file.
    Regular = 1,
    /// A directory.
    Directory = 2,
    /// A pipe or FIFO.
    Pipe = 3,
    /// A character device (a terminal, /dev/null).
    Character = 4,
    /// A block device.
    Block = 5,
    /// An epoll instance.
    Epoll = 6,
    /// An eventfd.
    Event = 7,
    /// Another anonymous inode (timerfd, signalfd, io_uring ...).
    Anonymous = 8,
    /// procfs, sysfs, cgroupfs and the like: no device behind.
    Virtual = 9,
}

impl FileKind {
    /// The kind behind a stored number.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            0 => Self::Unknown,
            1 => Self::Regular,
            2 => Self::Directory,
            3 => Self::Pipe,
            4 => Self::Character,
            5 => Self::Block,
            6 => Self::Epoll,
            7 => Self::Event,
            8 => Self::Anonymous,
            9 => Self::Virtual,
            _ => return None,
        })
    }
}

/// Which end of its connection a socket is.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SocketRole {
    /// Not a socket, or not known.
    #[default]
    Unknown = 0,
    /// It connected.
    Client = 1,
    /// It was accepted.
    Server = 2,
    /// It listens.
    Listener = 3,
}

impl SocketRole {
    /// The role behind a stored number.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            0 => Self::Unknown,
            1 => Self::Client,
            2 => Self::Server,
            3 => Self::Listener,
            _ => return None,
        })
    }
}

/// All that is known of a resource. A later row of the same id replaces an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// When this was learned.
    pub end: Nanos,
    /// Its id; waits and calls name it by this.
    pub id: ResourceId,
    /// Sort.
    pub kind: ResourceKind,
    /// Process: of a private futex its owner; of others the first that used it.
    pub pid: Pid,
    /// User address (private futex), offset (shared futex), kernel address (kernel lock, address space), else 0.
    pub address: u64,
    /// Device (`major << 20 | minor`, as the kernel's `s_dev`), 0: none.
    pub device: u64,
    /// Inode number; for a socket the one in `/proc/PID/net/tcp`.
    pub inode: u64,
    /// Sort of file.
    pub file: FileKind,
    /// Path of a file, or of a Unix socket. Raw: printers must escape.
    pub path: String,
    /// End of a socket.
    pub role: SocketRole,
    /// `tcp`, `tcp6`, `udp`, `unix` ..., empty for others.
    pub family: String,
    /// Own address of a socket (`127.0.0.1:40332`).
    pub local: String,
    /// Peer's address of a socket (`127.0.0.1:8123`).
    pub remote: String,
    /// Inode of the other end's socket where that is on this host, else 0.
    pub peer_inode: u64,
    /// Process at the other end where it is on this host, else 0.
    pub peer_pid: Pid,
    /// That process's name.
    pub peer_name: String,
}
