//! A file mapped into memory, and parts of it that keep the whole alive.

use std::fs::File;
use std::ops::{Deref, Range};
use std::sync::Arc;

use memmap2::Mmap;

/// Largest file that is mapped: address space, not memory.
const LARGEST: u64 = 8 << 30;

/// A part of a mapped file. Only pages that are looked at become resident, and the kernel may drop them again.
#[derive(Clone, Debug)]
pub struct Bytes {
    map: Arc<Mmap>,
    range: Range<usize>,
}

impl Bytes {
    /// Maps a whole regular file; `None` where it cannot be mapped or is too large.
    #[must_use]
    pub fn map(file: &File) -> Option<Self> {
        let meta = file.metadata().ok()?;
        if !meta.is_file() || meta.len() == 0 || meta.len() > LARGEST {
            return None;
        }
        // SAFETY: nobody writes to it through this map. The file is the code of a running process: cutting it short would
        // raise SIGBUS here as it does in that process, and the kernel refuses to write to a program that runs (ETXTBSY).
        let map = unsafe { Mmap::map(file) }.ok()?;
        let range = 0..map.len();
        Some(Self {
            map: Arc::new(map),
            range,
        })
    }

    /// A part of it, given by offset and length in the whole file.
    #[must_use]
    pub fn part(&self, offset: u64, len: u64) -> Option<Self> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        (end <= self.map.len()).then(|| Self {
            map: Arc::clone(&self.map),
            range: start..end,
        })
    }
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.map[self.range.clone()]
    }
}
