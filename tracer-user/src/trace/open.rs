//! One table's file opened for reading: checked against its description and the schema, then decoded piece by piece. Panics
//! of the Parquet library on hostile bytes stop here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use super::column::{Column, Kind};
use super::damage::Damage;
use super::disk::read_file;
use super::epoch::TableFile;
use super::pages::{check_footer, check_pages};

/// Longest file of a table that is read, bytes.
const MAX_FILE: u64 = 128 * 1024 * 1024;
/// Rows that a file may have.
const MAX_ROWS: u64 = 16 * 1024 * 1024;
/// Rows a byte of a file may stand for, beside [`FREE_ROWS`]: what differs in time does not pack tighter.
const ROWS_PER_BYTE: u64 = 1024;
const FREE_ROWS: u64 = 64 * 1024;
/// Rows decoded at once.
const ROWS_AT_ONCE: usize = 16 * 1024;
/// The same where texts may be long.
const TEXT_ROWS_AT_ONCE: usize = 256;

/// The bytes of a table's file, if they are what was written.
pub(super) fn load(folder: &Path, table: &str, declared: &TableFile) -> Result<Bytes, Damage> {
    let file = format!("{table}.parquet");
    let too_large = |what, found, limit| Damage::TooLarge {
        file: file.clone(),
        what,
        found,
        limit,
    };
    if declared.rows > MAX_ROWS {
        return Err(too_large("number of rows", declared.rows, MAX_ROWS));
    }
    let plausible = declared
        .bytes
        .saturating_mul(ROWS_PER_BYTE)
        .saturating_add(FREE_ROWS);
    if declared.rows > plausible {
        return Err(too_large(
            "number of rows for its length",
            declared.rows,
            plausible,
        ));
    }
    let bytes = read_file(folder, &file, MAX_FILE)?;
    if bytes.len() as u64 != declared.bytes {
        return Err(Damage::Length {
            file,
            found: bytes.len() as u64,
            expected: declared.bytes,
        });
    }
    if crc32fast::hash(&bytes) != declared.crc32 {
        return Err(Damage::Checksum { file });
    }
    Ok(bytes.into())
}

/// Reads the rows of one file in order, as Arrow columns.
pub(super) struct TableReader {
    file: String,
    reader: ParquetRecordBatchReader,
    left: u64,
}

impl TableReader {
    /// Opens `bytes`, the file of `table` in a trace of minor schema version `minor`.
    pub(super) fn open(
        bytes: Bytes,
        table: &str,
        columns: &[Column],
        minor: u32,
        rows: u64,
    ) -> Result<Self, Damage> {
        let file = format!("{table}.parquet");
        let reader = guard(&file, || {
            let wrong = |what: &dyn ToString| Damage::invalid(&*file, what.to_string());
            check_footer(&file, &bytes)?;
            let found =
                ArrowReaderMetadata::load(&bytes, options()).map_err(|error| wrong(&error))?;
            let in_file = found.metadata().file_metadata().num_rows();
            if u64::try_from(in_file) != Ok(rows) {
                return Err(wrong(&format!("{in_file} rows instead of {rows}")));
            }
            let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
            check_pages(&file, &bytes, found.metadata(), &known)?;
            let schema = wanted(found.schema(), columns, minor).map_err(|what| wrong(&what))?;
            let found = ArrowReaderMetadata::try_new(
                Arc::clone(found.metadata()),
                options().with_schema(schema),
            )
            .map_err(|error| wrong(&error))?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, found);
            let mask = ProjectionMask::columns(builder.parquet_schema(), known.iter().copied());
            builder
                .with_projection(mask)
                .with_batch_size(at_once(columns))
                .build()
                .map_err(|error| wrong(&error))
        })?;
        Ok(Self {
            file,
            reader,
            left: rows,
        })
    }

    /// The next rows; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, Damage> {
        let reader = &mut self.reader;
        let batch = guard(&self.file, || {
            reader
                .next()
                .transpose()
                .map_err(|error| Damage::invalid(&*self.file, error))
        })?;
        let rows = batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
        let ended_early = batch.is_none() && self.left > 0;
        self.left = self
            .left
            .checked_sub(rows)
            .filter(|_| !ended_early)
            .ok_or_else(|| Damage::invalid(&*self.file, "another number of rows than it says"))?;
        Ok(batch)
    }

    /// Name of the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }
}

/// Rows of a table that are decoded at once.
pub(super) fn at_once(columns: &[Column]) -> usize {
    let text = columns.iter().any(|column| column.kind == Kind::Text);
    if text {
        TEXT_ROWS_AT_ONCE
    } else {
        ROWS_AT_ONCE
    }
}

fn options() -> ArrowReaderOptions {
    ArrowReaderOptions::new().with_skip_arrow_metadata(true)
}

/// The schema in which to read a file that has `found`: texts as dictionaries. Fails when a column is missing that the
/// version of the trace has, or has another type. Columns nobody knows are left out later.
fn wanted(found: &Schema, columns: &[Column], minor: u32) -> Result<Arc<Schema>, String> {
    for column in columns {
        match found.column_with_name(column.name) {
            None if column.since > minor => {}
            None => return Err(format!("the column {} is missing", column.name)),
            Some(_) => {}
        }
    }
    let mut fields = Vec::with_capacity(found.fields().len());
    for field in found.fields() {
        let Some(column) = columns.iter().find(|column| column.name == field.name()) else {
            fields.push(Arc::clone(field));
            continue;
        };
        let stored = column.kind.stored();
        if *field.data_type() != stored {
            return Err(format!(
                "the column {} is {}, not {stored}",
                column.name,
                field.data_type()
            ));
        }
        fields.push(Arc::new(Field::new(
            column.name,
            column.kind.read(),
            field.is_nullable(),
        )));
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// Runs `read`; a panic in it is damage of `file`.
fn guard<T>(file: &str, read: impl FnOnce() -> Result<T, Damage>) -> Result<T, Damage> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Damage::invalid(file, "the Parquet library gave it up")))
}
