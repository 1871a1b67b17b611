//! Columns of a table: their types and packing, and the way from rows to columns of values.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parquet::data_type::ByteArray;

use super::names::DictionaryName;

/// Type of a column. None is nullable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    U16,
    U32,
    U64,
    I64,
    Bool,
    /// Free text.
    Text,
    /// One of a closed list of names.
    Name,
}

/// How the values of a column are laid out in its pages, before zstd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// Differences of neighbours, bit-packed: times in order.
    Delta,
    /// First bytes together, second bytes together ...: numbers of all sizes.
    Split,
    /// Few different values: numbers of them, bit-packed.
    Few,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) packing: Packing,
    /// Minor version of the schema that brought it. Traces of an older one lack it and read as zero, false or empty.
    pub(super) since: u32,
}

/// A column of version 1.0.
pub(super) const fn column(name: &'static str, kind: Kind, packing: Packing) -> Column {
    Column {
        name,
        kind,
        packing,
        since: 0,
    }
}

impl Column {
    /// The same column, of a later minor version.
    pub(super) const fn since(self, minor: u32) -> Self {
        Self {
            since: minor,
            ..self
        }
    }
}

/// The values of a column in some rows.
#[derive(Clone, Debug)]
pub(super) enum Values {
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
    /// Equal texts share their bytes.
    Text(Vec<ByteArray>),
    Name(Names),
}

/// A column of names: a row holds the position of its name.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) positions: Vec<i32>,
    pub(super) names: Arc<[ByteArray]>,
}

impl Values {
    /// How many rows it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::U16(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U64(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::Name(names) => names.positions.len(),
        }
    }
}

pub(super) fn u16s<R>(rows: &[R], get: impl Fn(&R) -> u16) -> Values {
    Values::U16(rows.iter().map(get).collect())
}

pub(super) fn u32s<R>(rows: &[R], get: impl Fn(&R) -> u32) -> Values {
    Values::U32(rows.iter().map(get).collect())
}

pub(super) fn u64s<R>(rows: &[R], get: impl Fn(&R) -> u64) -> Values {
    Values::U64(rows.iter().map(get).collect())
}

pub(super) fn i64s<R>(rows: &[R], get: impl Fn(&R) -> i64) -> Values {
    Values::I64(rows.iter().map(get).collect())
}

pub(super) fn bools<R>(rows: &[R], get: impl Fn(&R) -> bool) -> Values {
    Values::Bool(rows.iter().map(get).collect())
}

/// Longest text that is stored, bytes; longer ones are cut and end in `…`.
pub(super) const MAX_TEXT: usize = 16 * 1024;

/// Each text that occurs is copied once: the dictionary of the file keeps what it is given, and must not keep all rows by it.
pub(super) fn texts<'r, R>(rows: &'r [R], get: impl Fn(&'r R) -> &'r str) -> Values {
    let mut copied = HashMap::<&str, ByteArray, foldhash::fast::RandomState>::default();
    let mut copy = |text| -> ByteArray {
        copied
            .entry(text)
            .or_insert_with(|| Bytes::copy_from_slice(shortened(text).as_bytes()).into())
            .clone()
    };
    Values::Text(rows.iter().map(|row| copy(get(row))).collect())
}

/// `text`, or as much of its start as fits into [`MAX_TEXT`] with a mark that it was cut.
fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= MAX_TEXT {
        return text.into();
    }
    let mut end = MAX_TEXT - '…'.len_utf8();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end]).into()
}

pub(super) fn names<R, N: DictionaryName>(rows: &[R], get: impl Fn(&R) -> N) -> Values {
    let name = |name: &'static str| Bytes::from_static(name.as_bytes()).into();
    Values::Name(Names {
        // Every number of a `DictionaryName` is a position in its names.
        positions: rows.iter().map(|row| get(row).number().into()).collect(),
        names: N::names().map(name).collect(),
    })
}
