//! Looks over a Parquet file before it is decoded: is what it claims in proportion to what it is?
//!
//! Claims that the library would believe and allocate by: children of the schema, lengths in headers, uncompressed size of a
//! page, entries of a dictionary. Structures: parquet-format 2.11, src/main/thrift/parquet.thrift.

use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use super::damage::Damage;
use super::thrift::{Kind, Malformed, Walker};

/// Longest footer, bytes.
const MAX_FOOTER: usize = 1024 * 1024;
/// Largest page before compression, bytes; the writer cuts at one megabyte.
const MAX_PAGE: u64 = 16 * 1024 * 1024;
/// All pages of a file before compression, bytes.
const MAX_UNPACKED: u64 = 256 * 1024 * 1024;
/// Entries of a dictionary, of which some memory is taken for each; the writer cuts a dictionary at one megabyte.
const MAX_ENTRIES: i64 = 512 * 1024;
/// Row groups of a file.
const MAX_GROUPS: usize = 64;
/// Columns of a table, those of later releases included.
const MAX_COLUMNS: u64 = 256;

/// The encodings that the writer uses (`Encoding` of the format): plain, both dictionary ones, RLE, delta, byte stream split.
const ENCODINGS: [i64; 6] = [0, 2, 3, 5, 8, 9];

/// Checks the footer's own structure, which must be that of a flat table, before the library reads it.
pub(super) fn check_footer(file: &str, bytes: &[u8]) -> Result<(), Damage> {
    let invalid = || Damage::invalid(file, "its footer is not that of a table of a trace");
    let footer = footer(bytes).ok_or_else(invalid)?;
    if footer.len() > MAX_FOOTER {
        return Err(Damage::TooLarge {
            file: file.to_owned(),
            what: "length of the footer",
            found: footer.len() as u64,
            limit: MAX_FOOTER as u64,
        });
    }
    let mut flat = false;
    // FileMetaData, field 2: list of SchemaElement, the root first.
    let walk = Walker::new(footer).fields(|walker, field, kind| {
        if (field, kind) != (2, Kind::List) {
            return Ok(false);
        }
        let (elements, kind) = walker.list()?;
        if kind != Kind::Struct || elements > MAX_COLUMNS + 1 || flat {
            return Err(Malformed);
        }
        for element in 0..elements {
            let children = if element == 0 { elements as i64 - 1 } else { 0 };
            let mut found = 0;
            walker.fields(|walker, field, kind| {
                // SchemaElement, field 5: number of children.
                let wanted = (field, kind) == (5, Kind::Integer);
                if wanted {
                    found = walker.integer()?;
                }
                Ok(wanted)
            })?;
            if found != children {
                return Err(Malformed);
            }
        }
        flat = true;
        Ok(true)
    });
    if walk.is_ok() && flat {
        Ok(())
    } else {
        Err(invalid())
    }
}

/// The footer of a Parquet file: before its length (four bytes) and the magic.
fn footer(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes
        .strip_suffix(b"PAR1")
        .filter(|_| bytes.starts_with(b"PAR1"))?;
    let (rest, length) = rest.split_last_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    rest.get(rest.len().checked_sub(length)?..)
}

/// Checks every page of the columns in `known` against the limits.
pub(super) fn check_pages(
    file: &str,
    bytes: &[u8],
    found: &ParquetMetaData,
    known: &[&str],
) -> Result<(), Damage> {
    let too_large = |what, found, limit| Damage::TooLarge {
        file: file.to_owned(),
        what,
        found,
        limit,
    };
    if found.row_groups().len() > MAX_GROUPS {
        return Err(too_large(
            "number of row groups",
            found.row_groups().len() as u64,
            MAX_GROUPS as u64,
        ));
    }
    let mut unpacked = 0u64;
    for group in found.row_groups() {
        for column in group.columns() {
            if !known.contains(&column.column_descr().name()) {
                continue;
            }
            let chunk = chunk(bytes, column)
                .ok_or_else(|| Damage::invalid(file, "a column lies outside of it"))?;
            let sum = check_chunk(chunk, group.num_rows())
                .map_err(|Malformed| Damage::invalid(file, "a page is not sound"))?;
            unpacked = unpacked.saturating_add(sum);
        }
    }
    if unpacked > MAX_UNPACKED {
        Err(too_large("unpacked length", unpacked, MAX_UNPACKED))
    } else {
        Ok(())
    }
}

/// The bytes of one column in one row group: just those that the library reads, whatever the order of the offsets.
fn chunk<'a>(bytes: &'a [u8], column: &ColumnChunkMetaData) -> Option<&'a [u8]> {
    let start = column
        .dictionary_page_offset()
        .unwrap_or_else(|| column.data_page_offset());
    let start = usize::try_from(start).ok()?;
    let length = usize::try_from(column.compressed_size()).ok()?;
    bytes.get(start..start.checked_add(length)?)
}

/// What a page header says.
#[derive(Default)]
struct PageHeader {
    unpacked: i64,
    packed: i64,
    values: i64,
    encoding: i64,
    dictionary: bool,
}

/// Walks over the pages of a column; the sum of their unpacked sizes.
fn check_chunk(mut chunk: &[u8], rows: i64) -> Result<u64, Malformed> {
    let mut sum = 0u64;
    while !chunk.is_empty() {
        let mut walker = Walker::new(chunk);
        let page = page_header(&mut walker)?;
        let unpacked = u64::try_from(page.unpacked)
            .ok()
            .filter(|size| *size <= MAX_PAGE)
            .ok_or(Malformed)?;
        // An entry of a dictionary has at least four bytes.
        let values = if page.dictionary {
            (page.unpacked / 4).min(MAX_ENTRIES)
        } else {
            rows
        };
        if !(0..=values).contains(&page.values) || !ENCODINGS.contains(&page.encoding) {
            return Err(Malformed);
        }
        sum = sum.saturating_add(unpacked);
        let next = usize::try_from(page.packed)
            .ok()
            .and_then(|length| walker.at().checked_add(length))
            .ok_or(Malformed)?;
        chunk = chunk.get(next..).ok_or(Malformed)?;
    }
    Ok(sum)
}

fn page_header(walker: &mut Walker<'_>) -> Result<PageHeader, Malformed> {
    let mut page = PageHeader {
        encoding: -1,
        values: -1,
        ..PageHeader::default()
    };
    walker.fields(|walker, field, kind| {
        match (field, kind) {
            (2, Kind::Integer) => page.unpacked = walker.integer()?,
            (3, Kind::Integer) => page.packed = walker.integer()?,
            // DataPageHeader, DictionaryPageHeader, DataPageHeaderV2: number of values first; encoding second, in v2 fourth.
            (5 | 7 | 8, Kind::Struct) => {
                page.dictionary = field == 7;
                let encoding = if field == 8 { 4 } else { 2 };
                walker.fields(|walker, inner, kind| {
                    match (inner, kind) {
                        (1, Kind::Integer) => page.values = walker.integer()?,
                        (number, Kind::Integer) if number == encoding => {
                            page.encoding = walker.integer()?
                        }
                        _ => return Ok(false),
                    }
                    Ok(true)
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(page)
}
