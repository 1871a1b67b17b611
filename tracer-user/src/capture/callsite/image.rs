//! One ELF file with code that some process runs: how to unwind in it, and what stands where.
//!
//! In: the file. Out: its sections for the unwinder, and for an address in it the functions and lines, as rows. Kept once for
//! all processes that run it.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use framehop::ExplicitModuleSectionInfo;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Endianness, Object, ObjectSection, elf};

use super::bytes::Bytes;
use super::lines::{Lines, demangle};
use super::pclntab::PcTable;
use super::symbols::Symbols;
use crate::row::Frame;

/// Longest symbol that a row keeps, in characters; names of C++ templates can fill pages.
const LONGEST: usize = 256;

/// Folders of the system's libraries. Lines in them interest nobody, and their debug information is large.
const SYSTEM: &[&str] = &["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"];

/// A loadable segment with code.
#[derive(Clone, Debug)]
struct Segment {
    /// Part of the file.
    file: Range<u64>,
    /// Where it wants to lie.
    address: u64,
}

/// Debug information of a file, opened when first asked for and dropped again to bound memory.
#[derive(Default)]
enum Debug {
    #[default]
    Unopened,
    Opened(Box<Lines>),
    Absent,
}

/// A file with code.
pub struct Image {
    /// Path as its process sees it.
    path: String,
    bytes: Bytes,
    segments: Vec<Segment>,
    /// Sections by which framehop unwinds.
    sections: ExplicitModuleSectionInfo<Bytes>,
    symbols: Option<Symbols>,
    /// Names as their authors wrote them, by where they stand in the mapped file.
    demangled: HashMap<usize, String>,
    /// The separate debug file (`/usr/lib/debug/...`), where there is one.
    debug_file: Option<Bytes>,
    debug: Debug,
    /// Go's table of functions, once it was looked for.
    go: Option<Option<PcTable>>,
}

impl Image {
    /// Reads the ELF file in `bytes`; `path` is what its process calls it, `roots` are the folders under which separate debug
    /// files are looked for (the root of the process's file system, and the host's). `None`: no 64-bit ELF file.
    #[must_use]
    pub fn open(bytes: Bytes, path: &str, roots: &[PathBuf]) -> Option<Self> {
        let file = ElfFile64::<Endianness>::parse(&*bytes).ok()?;
        let endian = file.endian();
        let segments = file
            .elf_program_headers()
            .iter()
            .filter(|header| {
                header.p_type(endian) == elf::PT_LOAD && header.p_flags(endian) & elf::PF_X != 0
            })
            .map(|header| {
                let (start, len) = header.file_range(endian);
                Segment {
                    file: start..start.saturating_add(len),
                    address: header.p_vaddr(endian),
                }
            })
            .collect();
        let sections = sections(&file, &bytes);
        let debug_file = debug_file(&file, path, roots);
        Some(Self {
            path: path.to_owned(),
            segments,
            sections,
            symbols: None,
            demangled: HashMap::new(),
            debug_file,
            debug: Debug::Unopened,
            go: None,
            bytes,
        })
    }

    /// What to add to an address as stated in the file to get the one in a process that has mapped it from `offset` on to
    /// `start`. `None`: no code lies there.
    #[must_use]
    pub fn bias(&self, start: u64, offset: u64) -> Option<u64> {
        // A mapping begins at a page: it may reach below the segment it was made for.
        const PAGE: u64 = 0x1_0000;
        let inside = |segment: &&Segment| {
            offset < segment.file.end
                && offset >= segment.file.start.saturating_sub(segment.file.start % PAGE)
        };
        let segment = self.segments.iter().find(inside)?;
        let stated = segment
            .address
            .wrapping_add(offset.wrapping_sub(segment.file.start));
        Some(start.wrapping_sub(stated))
    }

    /// Sections by which framehop unwinds.
    #[must_use]
    pub fn sections(&self) -> ExplicitModuleSectionInfo<Bytes> {
        self.sections.clone()
    }

    /// The functions over `address` (as stated in the file), innermost first: several where some are inlined, at least one.
    pub fn frames(&mut self, address: u64) -> Vec<Frame> {
        let by_table = self.go_table().and_then(|table| table.at(address));
        let source = self.debug_file.as_ref().unwrap_or(&self.bytes);
        let symbols = self.symbols.get_or_insert_with(|| symbols(source));
        let symbol = symbols
            .name(address, source)
            .map_or_else(String::new, |name| {
                let known = self.demangled.entry(name.as_ptr() as usize);
                known.or_insert_with(|| demangle(name)).clone()
            });
        let frame = |symbol: &str, file: String, line| Frame {
            module: self.path.clone(),
            symbol: symbol.chars().take(LONGEST).collect(),
            file,
            line,
            offset: address,
        };
        let wanted = !SYSTEM.iter().any(|folder| self.path.starts_with(folder));
        if wanted && matches!(self.debug, Debug::Unopened) {
            self.debug =
                Lines::open(source).map_or(Debug::Absent, |lines| Debug::Opened(Box::new(lines)));
        }
        let mut lines = match &self.debug {
            Debug::Opened(lines) if wanted => lines.at(address),
            _ => Vec::new(),
        };
        // The outermost is the function itself, whose symbol says more than the bare name of line tables.
        let mut outermost = lines.pop().unwrap_or_default();
        if let Some(found) = by_table.filter(|_| outermost.file.is_empty()) {
            outermost = found;
        }
        let mut frames: Vec<Frame> = lines
            .into_iter()
            .map(|line| frame(&demangle(&line.function), line.file, line.line))
            .collect();
        let symbol = if symbol.is_empty() {
            demangle(&outermost.function)
        } else {
            symbol
        };
        frames.push(frame(&symbol, outermost.file, outermost.line));
        frames
    }

    /// Address of an exported variable, as stated in the file.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<u64> {
        use object::ObjectSymbol;
        let file = ElfFile64::<Endianness>::parse(&*self.bytes).ok()?;
        let mut symbols = file.dynamic_symbols().chain(file.symbols());
        let symbol = symbols.find(|symbol| symbol.is_definition() && symbol.name() == Ok(name))?;
        Some(symbol.address())
    }

    /// Exported variables whose names begin with `prefix`: the rest of the name, and the address as stated in the file.
    #[must_use]
    pub fn variables(&self, prefix: &str) -> HashMap<String, u64> {
        use object::ObjectSymbol;
        let Ok(file) = ElfFile64::<Endianness>::parse(&*self.bytes) else {
            return HashMap::new();
        };
        let symbols = file.dynamic_symbols();
        let symbols = symbols.filter(object::ObjectSymbol::is_definition);
        symbols
            .filter_map(|symbol| {
                let rest = symbol.name().ok()?.strip_prefix(prefix)?;
                Some((rest.to_owned(), symbol.address()))
            })
            .collect()
    }

    /// Go's table of functions, where it has one.
    pub fn go_table(&mut self) -> Option<&PcTable> {
        let bytes = &self.bytes;
        self.go.get_or_insert_with(|| PcTable::open(bytes)).as_ref()
    }

    /// Whether debug information is held in memory.
    #[must_use]
    pub const fn has_lines(&self) -> bool {
        matches!(self.debug, Debug::Opened(_))
    }

    /// Lets go of the debug information; it is opened again when asked for.
    pub fn drop_lines(&mut self) {
        if self.has_lines() {
            self.debug = Debug::Unopened;
        }
    }
}

fn symbols(bytes: &Bytes) -> Symbols {
    ElfFile64::<Endianness>::parse(&**bytes)
        .map(|file| Symbols::of(&file))
        .unwrap_or_default()
}

/// The sections framehop wants: addresses as stated in the file, and the data of those with unwind rules.
fn sections(file: &ElfFile64<'_, Endianness>, bytes: &Bytes) -> ExplicitModuleSectionInfo<Bytes> {
    let range = |name: &str| {
        let section = file.section_by_name(name)?;
        Some(section.address()..section.address().checked_add(section.size())?)
    };
    let data = |name: &str| {
        let (offset, len) = file.section_by_name(name)?.file_range()?;
        bytes.part(offset, len)
    };
    ExplicitModuleSectionInfo {
        base_svma: 0,
        text_svma: range(".text"),
        text: data(".text"),
        got_svma: range(".got"),
        eh_frame_svma: range(".eh_frame"),
        eh_frame: data(".eh_frame"),
        eh_frame_hdr_svma: range(".eh_frame_hdr"),
        eh_frame_hdr: data(".eh_frame_hdr"),
        stubs_svma: None,
        stub_helper_svma: None,
        unwind_info: None,
        debug_frame: None,
        text_segment_svma: None,
        text_segment: None,
    }
}

/// The separate debug file of a stripped one: by build id, else by its `.gnu_debuglink`; taken only when the build id is the
/// same.
fn debug_file(file: &ElfFile64<'_, Endianness>, path: &str, roots: &[PathBuf]) -> Option<Bytes> {
    if file.section_by_name(".symtab").is_some() {
        return None;
    }
    let id = file.build_id().ok()??;
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut candidates = vec![format!(
        "usr/lib/debug/.build-id/{}/{}.debug",
        hex.get(..2)?,
        hex.get(2..)?
    )];
    let link = file
        .gnu_debuglink()
        .ok()
        .flatten()
        .and_then(|(name, _)| std::str::from_utf8(name).ok());
    // A name with a slash would lead elsewhere.
    if let (Some(name), Some(folder)) = (
        link.filter(|name| !name.contains('/')),
        Path::new(path).parent(),
    ) {
        let folder = folder.to_string_lossy();
        let folder = folder.trim_start_matches('/');
        candidates.extend([
            format!("{folder}/{name}"),
            format!("{folder}/.debug/{name}"),
            format!("usr/lib/debug/{folder}/{name}"),
        ]);
    }
    let same_build = |bytes: &Bytes| {
        ElfFile64::<Endianness>::parse(&**bytes)
            .is_ok_and(|debug| debug.build_id().is_ok_and(|other| other == Some(id)))
    };
    let paths = roots
        .iter()
        .flat_map(|root| candidates.iter().map(move |candidate| root.join(candidate)));
    paths
        .filter_map(|path| Bytes::map(&super::open_regular(&path)?))
        .find(same_build)
}
