//! A row group while it is written: each column is packed into pages in memory, and all go to the file when it is full.
//!
//! The file wants one column after the other, the rows bring a part of all at once, so each column has its own buffer.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::column::page::{CompressedPage, PageWriteSpec, PageWriter};
use parquet::column::writer::{ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::SchemaDescriptor;

use super::column::{Names, Values};

/// The columns of the row group under way.
pub(super) struct Group {
    columns: Vec<PackedColumn>,
    rows: usize,
}

/// One column of it.
struct PackedColumn {
    writer: ColumnWriter<'static>,
    pages: Buffer,
}

impl Group {
    pub(super) fn new(schema: &SchemaDescriptor, properties: &WriterPropertiesPtr) -> Self {
        let columns = schema.columns().iter().map(|column| {
            let pages = Buffer::default();
            let sink = Box::new(Pages(TrackedWrite::new(pages.clone())));
            let writer = get_column_writer(Arc::clone(column), Arc::clone(properties), sink);
            PackedColumn { writer, pages }
        });
        Self {
            columns: columns.collect(),
            rows: 0,
        }
    }

    /// Rows in it so far.
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Adds rows as columns.
    pub(super) fn write(&mut self, columns: Vec<Values>) -> Result<(), ParquetError> {
        let rows = columns.first().map_or(0, Values::len);
        let alike = columns.iter().all(|values| values.len() == rows);
        if columns.len() != self.columns.len() || !alike {
            return Err(ParquetError::General("columns do not match".to_owned()));
        }
        self.rows += rows;
        for (column, values) in self.columns.iter_mut().zip(columns) {
            pack(&mut column.writer, values)?;
        }
        Ok(())
    }

    /// Puts it into the file.
    pub(super) fn close<W: Write + Send>(
        self,
        file: &mut SerializedFileWriter<W>,
    ) -> Result<(), ParquetError> {
        let mut group = file.next_row_group()?;
        for PackedColumn { writer, pages } in self.columns {
            let described = writer.close()?;
            group.append_column(&pages.take(), described)?;
        }
        group.close()?;
        Ok(())
    }
}

/// Hands `values` to the writer of their type. Unsigned numbers are stored in the signed ones of their width.
fn pack(writer: &mut ColumnWriter<'_>, values: Values) -> Result<(), ParquetError> {
    use ColumnWriter::{
        BoolColumnWriter, ByteArrayColumnWriter, Int32ColumnWriter, Int64ColumnWriter,
    };
    match (writer, values) {
        (Int32ColumnWriter(writer), Values::U16(values)) => {
            let values: Vec<i32> = values.into_iter().map(i32::from).collect();
            writer.write_batch(&values, None, None)?
        }
        (Int32ColumnWriter(writer), Values::U32(values)) => {
            let values: Vec<i32> = values.into_iter().map(u32::cast_signed).collect();
            writer.write_batch(&values, None, None)?
        }
        (Int64ColumnWriter(writer), Values::U64(values)) => {
            let values: Vec<i64> = values.into_iter().map(u64::cast_signed).collect();
            writer.write_batch(&values, None, None)?
        }
        (Int64ColumnWriter(writer), Values::I64(values)) => {
            writer.write_batch(&values, None, None)?
        }
        (BoolColumnWriter(writer), Values::Bool(values)) => {
            writer.write_batch(&values, None, None)?
        }
        (ByteArrayColumnWriter(writer), Values::Text(values)) => {
            writer.write_batch(&values, None, None)?
        }
        (ByteArrayColumnWriter(writer), Values::Name(names)) => {
            writer.write_batch(&spelled(&names)?, None, None)?
        }
        _ => return Err(ParquetError::General("type of a column".to_owned())),
    };
    Ok(())
}

/// The name of each row.
fn spelled(column: &Names) -> Result<Vec<ByteArray>, ParquetError> {
    let name = |position: &i32| {
        let position = usize::try_from(*position).ok();
        position.and_then(|position| column.names.get(position).cloned())
    };
    let names: Option<Vec<ByteArray>> = column.positions.iter().map(name).collect();
    names.ok_or_else(|| ParquetError::General("a name without a position".to_owned()))
}

/// Lays pages one after the other.
struct Pages(TrackedWrite<Buffer>);

impl PageWriter for Pages {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        SerializedPageWriter::new(&mut self.0).write_page(page)
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        Ok(self.0.flush()?)
    }
}

/// Bytes that one writes and another takes.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn take(&self) -> Bytes {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
