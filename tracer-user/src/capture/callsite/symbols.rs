//! Function symbols of an ELF file, as a sorted table of sixteen bytes each; the names stay in the file.
//!
//! In: an ELF file in memory. Out: the symbol whose range covers an address. In a stripped library only exported functions
//! are known: an address between them has no symbol here, instead of the name of a wrong neighbour.

use object::read::elf::{ElfFile64, SectionTable, SymbolTable};
use object::{Endianness, elf};

/// Most symbols that are kept: 32 MB of table.
const MOST: usize = 2 << 20;

/// One function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Symbol {
    address: u64,
    /// 0: not said (assembler); then it reaches to the next one.
    size: u32,
    /// Where its name begins in the string table.
    name: u32,
}

/// The functions of one file.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    table: Vec<Symbol>,
    /// Where the string table lies in the file.
    strings: (usize, usize),
}

type Elf = elf::FileHeader64<Endianness>;

impl Symbols {
    /// The functions of `.symtab`, or of `.dynsym` where that is stripped.
    #[must_use]
    pub fn of(file: &ElfFile64<'_, Endianness>) -> Self {
        let (endian, data, sections) = (file.endian(), file.data(), file.elf_section_table());
        let table = |kind| -> Option<Self> {
            let symbols = sections.symbols(endian, data, kind).ok()?;
            Self::read(endian, sections, &symbols)
        };
        table(elf::SHT_SYMTAB)
            .or_else(|| table(elf::SHT_DYNSYM))
            .unwrap_or_default()
    }

    fn read(
        endian: Endianness,
        sections: &SectionTable<'_, Elf>,
        symbols: &SymbolTable<'_, Elf>,
    ) -> Option<Self> {
        use object::read::elf::{SectionHeader, Sym};
        let section = sections.section(symbols.string_section()).ok()?;
        let (at, len) = section.file_range(endian)?;
        let strings = (usize::try_from(at).ok()?, usize::try_from(len).ok()?);
        let function = |symbol: &elf::Sym64<Endianness>| {
            let code = matches!(symbol.st_type(), elf::STT_FUNC | elf::STT_GNU_IFUNC)
                && !symbol.is_undefined(endian);
            code.then(|| Symbol {
                address: symbol.st_value(endian),
                size: u32::try_from(symbol.st_size(endian)).unwrap_or(u32::MAX),
                name: symbol.st_name(endian),
            })
        };
        let mut table: Vec<Symbol> = symbols.iter().filter_map(function).take(MOST).collect();
        // Of several names for one address the plainest: fewest underscores before it, then the shortest.
        let plainness = |symbol: &Symbol| {
            let name = symbols.strings().get(symbol.name).unwrap_or_default();
            (
                name.iter().take_while(|byte| **byte == b'_').count(),
                name.len(),
            )
        };
        table.sort_by_cached_key(|symbol| (symbol.address, plainness(symbol)));
        table.dedup_by_key(|symbol| symbol.address);
        table.shrink_to_fit();
        (!table.is_empty()).then_some(Self { table, strings })
    }

    /// The name of the function that covers `address`, as it stands in `file`, the bytes this table was made of.
    #[must_use]
    pub fn name<'file>(&self, address: u64, file: &'file [u8]) -> Option<&'file str> {
        let next = self
            .table
            .partition_point(|symbol| symbol.address <= address);
        let covers = |symbol: &&Symbol| {
            symbol.size == 0 || address - symbol.address < u64::from(symbol.size)
        };
        let symbol = self.table[..next].last().filter(covers)?;
        let strings = file.get(self.strings.0..)?.get(..self.strings.1)?;
        let name = strings.get(usize::try_from(symbol.name).ok()?..)?;
        let end = memchr::memchr(0, name)?;
        std::str::from_utf8(&name[..end])
            .ok()
            .filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{Symbol, Symbols};

    #[test]
    fn an_address_between_functions_has_no_name() {
        let symbol = |address, size, name| Symbol {
            address,
            size,
            name,
        };
        let symbols = Symbols {
            table: vec![symbol(0x10, 4, 1), symbol(0x20, 0, 3), symbol(0x30, 8, 5)],
            strings: (2, 7),
        };
        let file = b"..\0a\0b\0c\0";
        let check = |address, expect: Option<&str>| {
            assert_eq!(symbols.name(address, file), expect, "{address:#x}")
        };
        check(0xf, None);
        check(0x10, Some("a"));
        check(0x13, Some("a"));
        check(0x14, None);
        check(0x2f, Some("b"));
        check(0x37, Some("c"));
        check(0x38, None);
        assert_eq!(symbols.name(0x10, b""), None);
    }
}
