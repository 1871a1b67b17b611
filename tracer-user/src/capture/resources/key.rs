//! What makes two resources the same.

use tracer_common::{RawResource, ResourceTag};

use crate::row::{Nanos, Pid, Resource, ResourceId, ResourceKind};

/// Identity of a resource within one trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A futex word of one process. The process is part of it because the kernel uses the address of a dead process's
    /// `mm_struct` again.
    Private { pid: Pid, mm: u64, address: u64 },
    /// A futex word in memory that processes share.
    SharedWord {
        device: u64,
        inode: u64,
        offset: u64,
    },
    /// A file by device, generation and inode. Epolls, eventfds and the like have one inode together; the kernel side puts
    /// what tells them apart in place of the generation.
    File {
        device: u64,
        generation: u64,
        inode: u64,
    },
    /// A socket by its number in sockfs.
    Socket { inode: u64 },
    /// All sleeps.
    Timer,
    /// A lock of the kernel.
    KernelLock { address: u64 },
    /// The lock of a process's address space; the process is part of it for the same reason as above.
    AddressSpace { pid: Pid, address: u64 },
}

impl Key {
    /// The identity `raw` tells by itself; `None`: none, or one that needs the process's mappings too.
    pub(super) fn of(raw: &RawResource, user: Pid) -> Option<Self> {
        Some(match ResourceTag::from_raw(raw.tag)? {
            ResourceTag::None | ResourceTag::FutexShared => return None,
            ResourceTag::FutexPrivate => Self::private(raw, user),
            ResourceTag::File => Self::File {
                device: raw.a >> 32,
                generation: raw.a & 0xffff_ffff,
                inode: raw.b,
            },
            ResourceTag::Socket => Self::Socket { inode: raw.b },
            ResourceTag::Timer => Self::Timer,
            ResourceTag::KernelLock if raw.a != 0 => Self::AddressSpace {
                pid: user,
                address: raw.b,
            },
            ResourceTag::KernelLock => Self::KernelLock { address: raw.b },
        })
    }

    /// A futex word that only process `user` has.
    pub(super) fn private(raw: &RawResource, user: Pid) -> Self {
        Self::Private {
            pid: user,
            mm: raw.a,
            address: raw.b,
        }
    }

    /// The row that says no more than the identity does.
    pub(super) fn row(self, id: ResourceId, user: Pid, at: Nanos) -> Resource {
        let row = Resource {
            end: at,
            id,
            pid: user,
            ..Resource::default()
        };
        match self {
            Self::Private { address, .. } => Resource {
                kind: ResourceKind::FutexPrivate,
                address,
                ..row
            },
            Self::SharedWord {
                device,
                inode,
                offset,
            } => Resource {
                kind: ResourceKind::FutexShared,
                device,
                inode,
                address: offset,
                ..row
            },
            Self::File { device, inode, .. } => Resource {
                kind: ResourceKind::File,
                device,
                inode,
                ..row
            },
            Self::Socket { inode } => Resource {
                kind: ResourceKind::Socket,
                inode,
                ..row
            },
            Self::Timer => Resource {
                kind: ResourceKind::Timer,
                pid: Pid(0),
                ..row
            },
            Self::KernelLock { address } => Resource {
                kind: ResourceKind::KernelLock,
                address,
                ..row
            },
            Self::AddressSpace { address, .. } => Resource {
                kind: ResourceKind::AddressSpace,
                address,
                ..row
            },
        }
    }
}
