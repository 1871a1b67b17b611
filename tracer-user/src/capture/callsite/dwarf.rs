//! The debug information of an ELF file, ready to be read.

use std::borrow::Cow;

use addr2line::gimli::{Dwarf, EndianSlice, RunTimeEndian, SectionId};
use object::{Object, ObjectSection};

use super::bytes::Bytes;

/// Most debug information that is read; beyond it call sites have symbols only.
const LARGEST: u64 = 1 << 30;
/// Most of it that is unpacked onto the heap, where its sections are compressed.
const LARGEST_UNPACKED: u64 = 48 << 20;

/// A part of a section.
pub(super) type Slice = EndianSlice<'static, RunTimeEndian>;

/// What the sections lie in. It must outlive all that was made of them.
pub(super) struct Kept {
    _unpacked: Vec<Box<[u8]>>,
    _file: Bytes,
}

/// Opens the debug information in `file`; `None` where there is none, or too much of it. What comes of it must be dropped before
/// what keeps it.
pub(super) fn open(file: &Bytes) -> Option<(Dwarf<Slice>, Kept)> {
    let elf = object::File::parse(&**file).ok()?;
    elf.section_by_name(".debug_info")
        .or_else(|| elf.section_by_name(".zdebug_info"))?;
    let (mut size, mut heap) = (0, 0);
    for section in elf
        .sections()
        .filter(|section| section.name().is_ok_and(|name| name.contains("debug_")))
    {
        let whole = section
            .compressed_file_range()
            .map_or(0, |range| range.uncompressed_size);
        size += whole;
        heap += if whole == section.file_range().map_or(0, |(_, len)| len) {
            0
        } else {
            whole
        };
    }
    if size > LARGEST || heap > LARGEST_UNPACKED {
        return None;
    }
    let endian = if elf.is_little_endian() {
        RunTimeEndian::Little
    } else {
        RunTimeEndian::Big
    };
    let mut unpacked = Vec::new();
    let load = |id: SectionId| -> Result<Slice, object::Error> {
        let Some(section) = elf.section_by_name(id.name()) else {
            return Ok(EndianSlice::new(&[], endian));
        };
        let data: *const [u8] = match section.uncompressed_data()? {
            Cow::Borrowed(data) => data,
            Cow::Owned(data) => {
                unpacked.push(data.into_boxed_slice());
                unpacked.last().map_or(&[], |data| &**data)
            }
        };
        // SAFETY: `data` lies in the mapped file or in a boxed slice. Both are in the value given beside what borrows them, which
        // is dropped later, and neither moves its bytes nor changes them.
        Ok(EndianSlice::new(unsafe { &*data }, endian))
    };
    let dwarf = Dwarf::load(load).ok()?;
    let kept = Kept {
        _unpacked: unpacked,
        _file: file.clone(),
    };
    Some((dwarf, kept))
}
