//! A file met for the first time.

use crate::{Header, RawResource, assert_size};

/// Bytes of the last path component that are kept.
pub const NAME_BYTES: usize = 64;

/// Sent once for each file identity, by the first tracked thread that used it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct FileEvent {
    /// Kind [`crate::EventKind::File`].
    pub header: Header,
    /// Identity and the fd it was named by.
    pub resource: RawResource,
    /// Process that used it.
    pub pid: u32,
    /// `i_mode`: what sort of file.
    pub mode: u32,
    /// Magic number of the file system (`s_magic`), which tells epoll, eventfd and pipes from files.
    pub magic: u64,
    /// Last component of its path, 0-padded.
    pub name: [u8; NAME_BYTES],
}
assert_size!(FileEvent, 120);
