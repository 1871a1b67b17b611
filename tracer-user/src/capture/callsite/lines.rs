//! Source lines and inlined functions from DWARF.
//!
//! In: an ELF file with `.debug_info`. Out: the functions that lie inlined over an address, innermost first, each with its
//! line. Split DWARF (`.dwo`) is not followed: the path in it is the program's to choose.

use std::borrow::Cow;

use addr2line::Context;

use super::bytes::Bytes;
use super::dwarf::{self, Kept, Slice};

/// Most functions inlined over one address that are given.
const DEEPEST: usize = 32;

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
    _kept: Kept,
}

impl Lines {
    /// Opens the debug information in `file`; `None` where there is none, or too much of it.
    #[must_use]
    pub fn open(file: &Bytes) -> Option<Self> {
        let (dwarf, kept) = dwarf::open(file)?;
        Some(Self {
            context: Context::from_dwarf(dwarf).ok()?,
            _kept: kept,
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
