//! The values of one column in one row group of a file, read in pieces.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Encoding, Repetition, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor, ColumnPath, Type};

use super::column::{Kind, Names, Values};

/// Names in a dictionary that are read: the lists that this release knows have fewer than a hundred.
const MAX_NAMES: usize = 4096;

/// Reads the values of one column.
pub(super) enum Cells {
    U16(ColumnReaderImpl<Int32Type>),
    U32(ColumnReaderImpl<Int32Type>),
    U64(ColumnReaderImpl<Int64Type>),
    I64(ColumnReaderImpl<Int64Type>),
    Bool(ColumnReaderImpl<BoolType>),
    Text(ColumnReaderImpl<ByteArrayType>),
    Name {
        positions: ColumnReaderImpl<Int32Type>,
        names: Arc<[ByteArray]>,
    },
}

impl Cells {
    /// Reads the column `described`, which is of `kind`, from `pages`.
    pub(super) fn open(
        kind: Kind,
        described: ColumnDescPtr,
        pages: Box<dyn PageReader>,
    ) -> Result<Self, ParquetError> {
        Ok(match kind {
            Kind::U16 => Self::U16(ColumnReaderImpl::new(described, pages)),
            Kind::U32 => Self::U32(ColumnReaderImpl::new(described, pages)),
            Kind::U64 => Self::U64(ColumnReaderImpl::new(described, pages)),
            Kind::I64 => Self::I64(ColumnReaderImpl::new(described, pages)),
            Kind::Bool => Self::Bool(ColumnReaderImpl::new(described, pages)),
            Kind::Text => Self::Text(ColumnReaderImpl::new(described, pages)),
            Kind::Name => {
                let (pages, names) = NumberPages::of(pages)?;
                Self::Name {
                    positions: ColumnReaderImpl::new(position_column()?, Box::new(pages)),
                    names,
                }
            }
        })
    }

    /// The next `rows` values.
    pub(super) fn read(&mut self, rows: usize) -> Result<Values, ParquetError> {
        Ok(match self {
            // A number that does not fit loses its upper half, as in every cast between widths.
            Self::U16(reader) => {
                Values::U16(next(reader, rows)?.into_iter().map(|v| v as u16).collect())
            }
            // Conversions of the same width happen in place.
            Self::U32(reader) => Values::U32(
                next(reader, rows)?
                    .into_iter()
                    .map(i32::cast_unsigned)
                    .collect(),
            ),
            Self::U64(reader) => Values::U64(
                next(reader, rows)?
                    .into_iter()
                    .map(i64::cast_unsigned)
                    .collect(),
            ),
            Self::I64(reader) => Values::I64(next(reader, rows)?),
            Self::Bool(reader) => Values::Bool(next(reader, rows)?),
            Self::Text(reader) => Values::Text(next(reader, rows)?),
            Self::Name { positions, names } => Values::Name(Names {
                positions: next(positions, rows)?,
                names: Arc::clone(names),
            }),
        })
    }
}

/// The next `rows` values of `reader`; fewer are an error.
fn next<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
) -> Result<Vec<T::T>, ParquetError> {
    let mut values = Vec::with_capacity(rows);
    reader.read_records(rows, None, None, &mut values)?;
    if values.len() == rows {
        Ok(values)
    } else {
        Err(ParquetError::General("a column ends early".to_owned()))
    }
}

/// A column of the positions that stand for names.
fn position_column() -> Result<ColumnDescPtr, ParquetError> {
    let column = Type::primitive_type_builder("position", Physical::INT32)
        .with_repetition(Repetition::REQUIRED)
        .build()?;
    let path = ColumnPath::from("position");
    Ok(Arc::new(ColumnDescriptor::new(
        Arc::new(column),
        0,
        0,
        path,
    )))
}

/// The pages of a column of names as those of a column of numbers: its dictionary is taken out and replaced by one in which the
/// name at each position is that position. So the library, which knows no way to the positions, decodes them instead of
/// the same few names over and over.
struct NumberPages {
    dictionary: Option<Page>,
    rest: Box<dyn PageReader>,
}

impl NumberPages {
    fn of(mut pages: Box<dyn PageReader>) -> Result<(Self, Arc<[ByteArray]>), ParquetError> {
        let Some(Page::DictionaryPage {
            buf, num_values, ..
        }) = pages.get_next_page()?
        else {
            return Err(not_a_dictionary());
        };
        let names = names(&buf, num_values)?;
        let numbers: Vec<u8> = (0..num_values).flat_map(u32::to_le_bytes).collect();
        let dictionary = Page::DictionaryPage {
            buf: numbers.into(),
            num_values,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let numbers = Self {
            dictionary: Some(dictionary),
            rest: pages,
        };
        Ok((numbers, names))
    }
}

/// The entries of a dictionary page: a length of four bytes, and as many bytes, for each.
fn names(page: &Bytes, count: u32) -> Result<Arc<[ByteArray]>, ParquetError> {
    let count = usize::try_from(count)
        .ok()
        .filter(|count| *count <= MAX_NAMES);
    let count = count.ok_or_else(not_a_dictionary)?;
    let mut names = Vec::with_capacity(count);
    let mut at = 0;
    for _ in 0..count {
        let rest = page.get(at..).unwrap_or_default();
        let (length, rest) = rest.split_first_chunk().ok_or_else(not_a_dictionary)?;
        let length = u32::from_le_bytes(*length) as usize;
        let name = rest.get(..length).ok_or_else(not_a_dictionary)?;
        if str::from_utf8(name).is_err() {
            return Err(not_a_dictionary());
        }
        names.push(page.slice_ref(name).into());
        at += size_of::<u32>() + length;
    }
    Ok(names.into())
}

fn not_a_dictionary() -> ParquetError {
    ParquetError::General("a column of names has no sound dictionary".to_owned())
}

impl PageReader for NumberPages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        if let Some(dictionary) = self.dictionary.take() {
            return Ok(Some(dictionary));
        }
        let page = self.rest.get_next_page()?;
        let by_position = page.as_ref().is_none_or(|page| {
            let encoding = page.encoding();
            page.is_data_page()
                && matches!(
                    encoding,
                    Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY
                )
        });
        if by_position {
            Ok(page)
        } else {
            Err(not_a_dictionary())
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.rest.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.rest.skip_next_page()
    }
}

impl Iterator for NumberPages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
