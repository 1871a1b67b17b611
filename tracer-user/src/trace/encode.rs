//! One table's file while it is written: rows go in as they come, in memory are only the packed pages of one row group.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::column::{Column, Kind, Packing, Values};
use super::epoch::TableFile;
use super::error::TraceError;
use super::group::Group;
use super::schema::schema;

/// Rows of a row group at most.
pub(super) const MAX_GROUP_ROWS: usize = 1_000_000;
/// Rows that become columns at once.
const CHUNK_ROWS: usize = 16 * 1024;
/// Rows of a page: as many as keep a page of eight-byte numbers at a quarter of a megabyte.
const PAGE_ROWS: usize = 32 * 1024;
/// zstd level: the fastest, since what is packed first leaves it little to find.
const LEVEL: i32 = 1;

/// Writes one table's file.
pub(super) struct Encoder {
    path: PathBuf,
    writer: SerializedFileWriter<Summed>,
    /// The row group under way.
    group: Option<Group>,
    rows: u64,
}

impl Encoder {
    /// Starts the file at `path`.
    pub(super) fn create(path: PathBuf, columns: &[Column]) -> Result<Self, TraceError> {
        let file = File::create(&path).map_err(|error| TraceError::writing(&path, error))?;
        let writer = schema(columns).and_then(|schema| {
            SerializedFileWriter::new(Summed::new(file), schema, Arc::new(properties(columns)))
        });
        let writer = writer.map_err(|error| TraceError::writing(&path, error))?;
        Ok(Self {
            path,
            writer,
            group: None,
            rows: 0,
        })
    }

    /// Adds rows, given as a function from rows to columns.
    pub(super) fn write_rows<R>(
        &mut self,
        rows: &[R],
        encode: impl Fn(&[R]) -> Vec<Values>,
    ) -> Result<(), TraceError> {
        rows.chunks(CHUNK_ROWS)
            .try_for_each(|chunk| self.write(encode(chunk)))
    }

    /// Adds rows as columns, in the order of the table's columns; at most as many rows as go into a row group.
    pub(super) fn write(&mut self, columns: Vec<Values>) -> Result<(), TraceError> {
        self.add(columns)
            .map_err(|error| TraceError::writing(&self.path, error))
    }

    fn add(&mut self, columns: Vec<Values>) -> Result<(), ParquetError> {
        let rows = columns.first().map_or(0, Values::len);
        let fits = |group: &Group| group.rows() + rows <= MAX_GROUP_ROWS;
        if !self.group.as_ref().is_none_or(fits) {
            self.end_group()?;
        }
        self.rows += rows as u64;
        let group = match &mut self.group {
            Some(group) => group,
            none => none.insert(Group::new(
                self.writer.schema_descr(),
                self.writer.properties(),
            )),
        };
        group.write(columns)
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        match self.group.take() {
            Some(group) => group.close(&mut self.writer),
            None => Ok(()),
        }
    }

    /// Completes the file.
    pub(super) fn close(mut self) -> Result<TableFile, TraceError> {
        self.end_group()
            .and_then(|()| self.writer.finish())
            .map_err(|error| TraceError::writing(&self.path, error))?;
        let sum = self.writer.inner();
        Ok(TableFile {
            rows: self.rows,
            bytes: sum.bytes,
            crc32: sum.hasher.clone().finalize(),
        })
    }
}

/// How the columns are laid out and compressed.
fn properties(columns: &[Column]) -> WriterProperties {
    // Statistics only where a query can skip by them: rows are ordered by the first column.
    let mut builder = WriterProperties::builder()
        .set_created_by("holdup".to_owned())
        .set_compression(Compression::ZSTD(
            ZstdLevel::try_new(LEVEL).unwrap_or_default(),
        ))
        .set_max_row_group_row_count(Some(MAX_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    if columns.iter().any(|column| column.kind == Kind::Text) {
        // The page size is checked between batches of this many rows; texts can be long.
        builder = builder.set_write_batch_size(64);
    }
    for (index, column) in columns.iter().enumerate() {
        let path = ColumnPath::from(column.name);
        if index == 0 {
            builder = builder.set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk);
        }
        builder = match column.packing {
            Packing::Delta => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED),
            Packing::Split => builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT),
            Packing::Few => builder.set_column_dictionary_enabled(path, column.kind != Kind::Bool),
        };
    }
    builder.build()
}

/// A file that sums up what is written to it.
struct Summed {
    file: File,
    hasher: crc32fast::Hasher,
    bytes: u64,
}

impl Summed {
    fn new(file: File) -> Self {
        Self {
            file,
            hasher: crc32fast::Hasher::new(),
            bytes: 0,
        }
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Path of a table's file in the folder of an epoch.
pub(super) fn table_path(folder: &Path, table: &str) -> PathBuf {
    folder.join(format!("{table}.parquet"))
}
