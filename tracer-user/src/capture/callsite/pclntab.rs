//! Go's own table from program counters to functions, files and lines, which stays in a binary that is stripped of all else.
//!
//! In: an ELF file with `.gopclntab`, of Go 1.18 or later. Out: the function over an address, its file and line; where a function
//! begins. The format is that of `debug/gosym/pclntab.go` and `runtime/symtab.go` (`pcHeader`, `_func`). Functions that are inlined have
//! no entry here: their lines are told with the name of the function around them. No crate reads files and lines from it.

use std::ops::Range;

use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSection};

use super::bytes::Bytes;
use super::lines::Line;

/// First word of the table: Go 1.18 and 1.19, Go 1.20 and later.
const MAGIC: [u32; 2] = [0xffff_fff0, 0xffff_fff1];
/// Where the table lies; with `-buildmode=pie` among what is relocated.
const SECTIONS: [&str; 2] = [".gopclntab", ".data.rel.ro.gopclntab"];
/// Most steps of a table from program counters to values that are followed; a function has some thousands of lines at most.
const MOST_STEPS: usize = 100_000;
/// Longest name, bytes.
const LONGEST: usize = 1024;

/// Members of `_func` that are read, as numbers of 32-bit words.
const NAME: usize = 1;
const STACK: usize = 4;
const FILE: usize = 5;
const LINE: usize = 6;
const UNIT: usize = 8;

/// The table of one file.
#[derive(Clone, Debug)]
pub struct PcTable {
    table: Bytes,
    /// Address that entries are told from.
    text: u64,
    /// Bytes of the shortest instruction.
    quantum: u64,
    functions: usize,
    /// Where the parts begin.
    names: usize,
    units: usize,
    files: usize,
    values: usize,
    index: usize,
}

impl PcTable {
    /// The table in `file`; `None`: it has none, or one of another version.
    #[must_use]
    pub fn open(file: &Bytes) -> Option<Self> {
        let elf = ElfFile64::<Endianness>::parse(&**file).ok()?;
        let mut sections = SECTIONS.iter();
        let section = sections.find_map(|name| elf.section_by_name(name))?;
        let (at, len) = section.file_range()?;
        let start = elf.section_by_name(".text")?.address();
        Self::read(file.part(at, len)?, start)
    }

    fn read(table: Bytes, start: u64) -> Option<Self> {
        let magic = u32::from_le_bytes(*table.first_chunk()?);
        let (quantum, width) = (*table.get(6)?, *table.get(7)?);
        if !MAGIC.contains(&magic) || width != 8 || quantum == 0 {
            return None;
        }
        let word = |index: usize| {
            let bytes = table.get(8 + 8 * index..)?.first_chunk()?;
            Some(u64::from_le_bytes(*bytes))
        };
        let offset = |index| usize::try_from(word(index)?).ok();
        let found = Self {
            functions: offset(0)?,
            // It is relocated where the program may lie anywhere, and then not in the file.
            text: match word(2)? {
                0 => start,
                told => told,
            },
            names: offset(3)?,
            units: offset(4)?,
            files: offset(5)?,
            values: offset(6)?,
            index: offset(7)?,
            quantum: quantum.into(),
            table: table.clone(),
        };
        // The last entry of the index says where the last function ends.
        found.entry(found.functions)?;
        Some(found)
    }

    /// What lies at an address as stated in the file.
    #[must_use]
    pub fn at(&self, address: u64) -> Option<Line> {
        let (range, function) = self.function(address)?;
        let value = |member| self.value(function, member, &range, address);
        Some(Line {
            function: self.name(function)?,
            file: value(FILE)
                .and_then(|number| self.file(function, number))
                .unwrap_or_default(),
            line: value(LINE).unwrap_or(0),
        })
    }

    /// How far above the stack pointer the return address lies, in bytes, at an address as stated in the file.
    #[must_use]
    pub fn frame_size(&self, address: u64) -> Option<u64> {
        let (range, function) = self.function(address)?;
        self.value(function, STACK, &range, address).map(u64::from)
    }

    /// Whether a function begins at an address as stated in the file.
    #[must_use]
    pub fn is_entry(&self, address: u64) -> bool {
        let found = self.function(address);
        found.is_some_and(|(range, _)| range.start == address)
    }

    /// Where the function of this name lies, as stated in the file.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Range<u64>> {
        (0..self.functions).find_map(|index| {
            let (start, function) = self.entry(index)?;
            let at = self.names.checked_add(self.word(function, NAME)?)?;
            let rest = self.table.get(at..)?.strip_prefix(name.as_bytes())?;
            (rest.first() == Some(&0)).then_some(())?;
            Some(start..self.entry(index + 1)?.0)
        })
    }

    /// The function over an address: from where to where it reaches, and where its `_func` lies in the table.
    fn function(&self, address: u64) -> Option<(Range<u64>, usize)> {
        let (mut low, mut high) = (0, self.functions);
        // The last one that begins at or before it.
        while low + 1 < high {
            let middle = low.midpoint(high);
            match self.entry(middle)?.0 <= address {
                true => low = middle,
                false => high = middle,
            }
        }
        let ((start, function), (end, _)) = (self.entry(low)?, self.entry(low + 1)?);
        (start..end)
            .contains(&address)
            .then_some((start..end, function))
    }

    /// An entry of the index: address, and where its `_func` lies in the table.
    fn entry(&self, index: usize) -> Option<(u64, usize)> {
        let at = self.index.checked_add(index.checked_mul(8)?)?;
        let function = match index < self.functions {
            true => self.index.checked_add(self.number(at.checked_add(4)?)?)?,
            false => 0,
        };
        let offset = u64::try_from(self.number(at)?).ok()?;
        Some((self.text.checked_add(offset)?, function))
    }

    fn name(&self, function: usize) -> Option<String> {
        self.text_at(self.names.checked_add(self.word(function, NAME)?)?)
    }

    /// The file of this number in the function's unit of compilation.
    fn file(&self, function: usize, number: u32) -> Option<String> {
        let index = self
            .word(function, UNIT)?
            .checked_add(usize::try_from(number).ok()?)?;
        let at = self.units.checked_add(index.checked_mul(4)?)?;
        self.text_at(self.files.checked_add(self.number(at)?)?)
    }

    /// A value that changes along a function's code, at an address in it: pairs of steps, of the value and of the address, each a
    /// number of seven bits a byte; the step of the value has its sign in its lowest bit.
    fn value(
        &self,
        function: usize,
        member: usize,
        range: &Range<u64>,
        address: u64,
    ) -> Option<u32> {
        let mut at = self.values.checked_add(self.word(function, member)?)?;
        let (mut value, mut end) = (-1_i64, range.start);
        for step in 0..MOST_STEPS {
            let change = self.step(&mut at)?;
            if change == 0 && step > 0 {
                return None;
            }
            let change = (change >> 1).cast_signed() ^ -(change & 1).cast_signed();
            value = value.checked_add(change)?;
            let length = self.step(&mut at)?.checked_mul(self.quantum)?;
            end = end.checked_add(length)?;
            if address < end {
                return u32::try_from(value).ok();
            }
        }
        None
    }

    fn step(&self, at: &mut usize) -> Option<u64> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = *self.table.get(*at)?;
            *at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn word(&self, function: usize, member: usize) -> Option<usize> {
        self.number(function.checked_add(4 * member)?)
    }

    fn number(&self, at: usize) -> Option<usize> {
        let bytes = self.table.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }

    fn text_at(&self, at: usize) -> Option<String> {
        let rest = self.table.get(at..)?;
        let end = memchr::memchr(0, &rest[..rest.len().min(LONGEST)])?;
        Some(String::from_utf8_lossy(&rest[..end]).into_owned())
    }
}
