//! Source lines and inlined functions from DWARF.
//!
//! In: an ELF file with `.debug_info`. Out: the functions that lie inlined over an address, innermost first, each with its
//! line. Split DWARF (`.dwo`) is not followed: the path in it is the program's to choose.

use std::borrow::Cow;

use addr2line::Context;
use addr2line::gimli::{Dwarf, EndianSlice, RunTimeEndian, SectionId};
use object::{Object, ObjectSection};

use super::bytes::Bytes;

/// Most debug information that is read; beyond it call sites have symbols only.
const LARGEST: u64 = 1 << 30;
/// Most of it that is unpacked onto the heap, where its sections are compressed.
const LARGEST_UNPACKED: u64 = 48 << 20;
/// Most functions inlined over one address that are given.
const DEEPEST: usize = 32;

type Slice = EndianSlice<'static, RunTimeEndian>;

/// One function over an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Mangled name, empty: not known.
    pub function: String,
    /// Source file, empty: not known.
    pub file: String,
    /// Line in it, 0: not known.
    pub line: u32,
}

/// The debug information of one file.
pub struct Lines {
    // Before what it borrows from, so that it is dropped first.
    context: Context<Slice>,
    _unpacked: Vec<Box<[u8]>>,
    _file: Bytes,
}

impl Lines {
    /// Opens the debug information in `file`; `None` where there is none, or too much of it.
    #[must_use]
    pub fn open(file: &Bytes) -> Option<Self> {
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
            // SAFETY: `data` lies in the mapped file or in a boxed slice. Both are kept by the value built below for longer
            // than the context that borrows them, and neither moves its bytes nor changes them.
            Ok(EndianSlice::new(unsafe { &*data }, endian))
        };
        let context = Context::from_dwarf(Dwarf::load(load).ok()?).ok()?;
        Some(Self {
            context,
            _unpacked: unpacked,
            _file: file.clone(),
        })
    }

    /// The functions over `address` (as stated in the file), innermost first; empty where nothing is known.
    #[must_use]
    pub fn at(&self, address: u64) -> Vec<Line> {
        let Ok(mut frames) = self.context.find_frames(address).skip_all_loads() else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        while let (true, Ok(Some(frame))) = (lines.len() < DEEPEST, frames.next()) {
            let function = frame
                .function
                .as_ref()
                .and_then(|function| function.raw_name().ok());
            let (file, line) = frame
                .location
                .map_or(("", 0), |at| (at.file.unwrap_or(""), at.line.unwrap_or(0)));
            lines.push(Line {
                function: function.unwrap_or_default().into_owned(),
                file: file.to_owned(),
                line,
            });
        }
        lines
    }
}

/// Longest mangled name that is taken apart.
const LONGEST_NAME: usize = 4096;

/// A name as its author wrote it: Rust (both manglings, without the hash) and C++; any other stays.
#[must_use]
pub fn demangle(name: &str) -> String {
    // Without its mark a plain name can read as a mangled type: `w` as `wchar_t`.
    let is_mangled = name.starts_with("_Z") || name.starts_with("_R");
    if !is_mangled || name.len() > LONGEST_NAME {
        return name.to_owned();
    }
    addr2line::demangle_auto(Cow::Borrowed(name), None).into_owned()
}

#[cfg(test)]
mod tests {
    use super::demangle;

    #[test]
    fn names_are_demangled() {
        for (name, expect) in [
            ("work", "work"),
            ("w", "w"),
            ("_ZN6writer5flush17h0123456789abcdefE", "writer::flush"),
            ("_RNvCs1234_6writer5flush", "writer::flush"),
            ("_ZN5Store5flushERKSs", "Store::flush(std::string const&)"),
            ("_ZN", "_ZN"),
            ("", ""),
        ] {
            assert_eq!(demangle(name), expect);
        }
    }
}
