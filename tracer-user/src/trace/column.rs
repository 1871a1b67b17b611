//! Columns of a table: their types and packing, and the way from rows to Arrow arrays.

use std::sync::Arc;

use arrow_array::types::UInt8Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Int64Array, StringArray, UInt8Array, UInt16Array,
    UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};

use super::names::Word;

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
    Word,
}

impl Kind {
    /// As it is handed to the Parquet writer.
    fn written(self) -> DataType {
        match self {
            Self::U16 => DataType::UInt16,
            Self::U32 => DataType::UInt32,
            Self::U64 => DataType::UInt64,
            Self::I64 => DataType::Int64,
            Self::Bool => DataType::Boolean,
            Self::Text => DataType::Utf8,
            Self::Word => DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)),
        }
    }

    /// As the Parquet reader finds it.
    pub(super) fn stored(self) -> DataType {
        match self {
            Self::Word => DataType::Utf8,
            other => other.written(),
        }
    }

    /// As it is asked from the Parquet reader: texts stay dictionaries, so that a long text used a million times is there once.
    pub(super) fn read(self) -> DataType {
        match self {
            Self::Text | Self::Word => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            other => other.written(),
        }
    }
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

/// The Arrow schema behind `columns`.
pub(super) fn schema(columns: &[Column]) -> Arc<Schema> {
    Arc::new(Schema::new(
        columns
            .iter()
            .map(|c| Field::new(c.name, c.kind.written(), false))
            .collect::<Vec<_>>(),
    ))
}

pub(super) fn u16s<R>(rows: &[R], get: impl Fn(&R) -> u16) -> ArrayRef {
    Arc::new(UInt16Array::from_iter_values(rows.iter().map(get)))
}

pub(super) fn u32s<R>(rows: &[R], get: impl Fn(&R) -> u32) -> ArrayRef {
    Arc::new(UInt32Array::from_iter_values(rows.iter().map(get)))
}

pub(super) fn u64s<R>(rows: &[R], get: impl Fn(&R) -> u64) -> ArrayRef {
    Arc::new(UInt64Array::from_iter_values(rows.iter().map(get)))
}

pub(super) fn i64s<R>(rows: &[R], get: impl Fn(&R) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.iter().map(get)))
}

pub(super) fn bools<R>(rows: &[R], get: impl Fn(&R) -> bool) -> ArrayRef {
    Arc::new(BooleanArray::from(rows.iter().map(get).collect::<Vec<_>>()))
}

/// Longest text that is stored, bytes; longer ones are cut and end in `…`.
pub(super) const MAX_TEXT: usize = 16 * 1024;

pub(super) fn texts<'r, R>(rows: &'r [R], get: impl Fn(&'r R) -> &'r str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(
        rows.iter().map(|row| shortened(get(row))),
    ))
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

pub(super) fn words<R, W: Word>(rows: &[R], get: impl Fn(&R) -> W) -> ArrayRef {
    let keys = UInt8Array::from_iter_values(rows.iter().map(|row| get(row).number()));
    let names = Arc::new(StringArray::from_iter_values(W::names()));
    // Every number of a `Word` is a position in its names, so that this cannot fail.
    Arc::new(DictionaryArray::<UInt8Type>::new(keys, names))
}
