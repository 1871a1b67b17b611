//! One table's file opened for reading: checked against its description and the schema, then decoded piece by piece. Panics
//! of the Parquet library on hostile bytes stop here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::serialized_reader::SerializedPageReader;

use super::cells::Cells;
use super::column::{Column, Kind};
use super::damage::Damage;
use super::decode::{Columns, Piece};
use super::disk::read_file;
use super::epoch::TableFile;
use super::pages::{check_footer, check_pages};
use super::schema::positions;

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

/// Reads the rows of one file in order, as columns.
pub(super) struct TableReader {
    file: String,
    bytes: Arc<Bytes>,
    metadata: ParquetMetaData,
    columns: &'static [Column],
    /// Where each column is in the file.
    positions: Vec<Option<usize>>,
    /// Row groups that were begun.
    groups: usize,
    /// The columns of the last one, and the rows that are left in it.
    cells: Vec<Option<Cells>>,
    left_in_group: usize,
    left: u64,
}

impl TableReader {
    /// Opens `bytes`, the file of `table` in a trace of minor schema version `minor`.
    pub(super) fn open(
        bytes: Bytes,
        table: &str,
        columns: &'static [Column],
        minor: u32,
        rows: u64,
    ) -> Result<Self, Damage> {
        let file = format!("{table}.parquet");
        let (metadata, positions) = guard(&file, || {
            let wrong = |what: &dyn ToString| Damage::invalid(&*file, what.to_string());
            check_footer(&file, &bytes)?;
            let found = ParquetMetaDataReader::new()
                .parse_and_finish(&bytes)
                .map_err(|error| wrong(&error))?;
            let facts = found.file_metadata();
            if u64::try_from(facts.num_rows()) != Ok(rows) {
                return Err(wrong(&format!(
                    "{} rows instead of {rows}",
                    facts.num_rows()
                )));
            }
            let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
            check_pages(&file, &bytes, &found, &known)?;
            let positions =
                positions(facts.schema_descr(), columns, minor).map_err(|what| wrong(&what))?;
            Ok((found, positions))
        })?;
        Ok(Self {
            file,
            bytes: Arc::new(bytes),
            metadata,
            columns,
            positions,
            groups: 0,
            cells: Vec::new(),
            left_in_group: 0,
            left: rows,
        })
    }

    /// The next rows; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, Damage> {
        let file = self.file.clone();
        let piece = guard(&file, || {
            self.next_in_file()
                .map_err(|error| Damage::invalid(&*file, error))
        })?;
        let rows = piece.as_ref().map_or(0, |piece| piece.rows as u64);
        let ended_early = piece.is_none() && self.left > 0;
        self.left = self
            .left
            .checked_sub(rows)
            .filter(|_| !ended_early)
            .ok_or_else(|| Damage::invalid(file, "another number of rows than it says"))?;
        Ok(piece)
    }

    fn next_in_file(&mut self) -> Result<Option<Piece>, ParquetError> {
        while self.left_in_group == 0 {
            if self.groups == self.metadata.num_row_groups() {
                return Ok(None);
            }
            self.begin_group()?;
        }
        let rows = self.left_in_group.min(at_once(self.columns));
        self.left_in_group -= rows;
        let mut columns = Vec::with_capacity(self.cells.len());
        for cells in &mut self.cells {
            columns.push(match cells {
                Some(cells) => Some(cells.read(rows)?),
                None => None,
            });
        }
        Ok(Some(Piece { rows, columns }))
    }

    fn begin_group(&mut self) -> Result<(), ParquetError> {
        let group = self.metadata.row_group(self.groups);
        self.groups += 1;
        self.cells.clear();
        let rows = usize::try_from(group.num_rows())
            .map_err(|_| ParquetError::General("number of rows of a row group".to_owned()))?;
        self.left_in_group = rows;
        if rows == 0 {
            return Ok(());
        }
        for (column, position) in self.columns.iter().zip(&self.positions) {
            let Some(position) = *position else {
                self.cells.push(None);
                continue;
            };
            let chunk = group.column(position);
            let pages = SerializedPageReader::new(Arc::clone(&self.bytes), chunk, rows, None)?;
            let described = chunk.column_descr_ptr();
            self.cells
                .push(Some(Cells::open(column.kind, described, Box::new(pages))?));
        }
        Ok(())
    }

    /// What `decode` makes of `piece`, which this reader gave.
    pub(super) fn decode<T>(
        &self,
        piece: &Piece,
        decode: impl FnOnce(&Columns<'_>) -> Result<T, Damage>,
    ) -> Result<T, Damage> {
        guard(&self.file, || {
            decode(&Columns::new(&self.file, self.columns, piece))
        })
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

/// Runs `read`; a panic in it is damage of `file`.
fn guard<T>(file: &str, read: impl FnOnce() -> Result<T, Damage>) -> Result<T, Damage> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Damage::invalid(file, "the Parquet library gave it up")))
}
