//! The writer: rows in, epochs out.
//!
//! Rows go to the files of the epoch under way as they come; it lies in a hidden folder and appears by one rename when two
//! seconds or a million rows are full. What is in doubt (rows behind the watermark) is counted, see `cut`. When the disk is
//! full the epoch under way is given up, those before stay.

use std::fs;
use std::path::{Path, PathBuf};

use super::compact;
use super::create::{Options, RESERVE_FILE};
use super::cut;
use super::epoch::Epoch;
use super::error::TraceError;
use super::meta_file::MetaFile;
use super::staging::OpenEpoch;
use crate::row::{Batch, Meta, Nanos, RowSink, SCHEMA, SinkError};

/// An epoch ends after this time,
const EPOCH_LENGTH: Nanos = Nanos(2_000_000_000);
/// or with this many rows.
const EPOCH_ROWS: usize = 1_000_000;

/// Writes a trace.
pub struct Writer {
    folder: PathBuf,
    /// Small epochs are joined at the end.
    join: bool,
    open: Option<OpenEpoch>,
    closed: Vec<Epoch>,
    /// Of the last batch taken.
    watermark: Option<Nanos>,
    late: u64,
    unwritten: u64,
    /// Why nothing more is taken.
    failed: Option<String>,
}

impl Writer {
    /// Writes to `folder`, where a new trace was begun.
    pub(super) const fn new(folder: PathBuf, join: bool) -> Self {
        Self {
            folder,
            join,
            open: None,
            closed: Vec::new(),
            watermark: None,
            late: 0,
            unwritten: 0,
            failed: None,
        }
    }

    /// Starts a trace in the new folder `path`; see [`Options`] for one that may replace another.
    ///
    /// # Errors
    /// [`TraceError`] when there is something already, or it cannot be written.
    pub fn create(path: &Path, meta: &Meta) -> Result<Self, TraceError> {
        Options::default().create(path, meta)
    }

    /// Where it writes.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Watermark up to which rows are on disk and can be read.
    #[must_use]
    pub fn on_disk(&self) -> Option<Nanos> {
        self.closed.last().map(|epoch| epoch.watermark)
    }

    /// Closes the last epoch, joins small ones and marks the trace complete. `meta` is what is known at the end; rows that were
    /// late or could not be written are added to its counters.
    ///
    /// # Errors
    /// [`TraceError`] when the last rows or `meta.json` cannot be written; what is on disk can be read nevertheless.
    pub fn finish(mut self, meta: &Meta) -> Result<(), TraceError> {
        let last = self.close_epoch();
        if let Err(error) = &last {
            self.fail(error);
        }
        let _ = fs::remove_file(self.folder.join(RESERVE_FILE));
        let mut meta = Meta {
            schema: SCHEMA,
            complete: true,
            ..meta.clone()
        };
        meta.counters.late += self.late;
        meta.counters.unwritten += self.unwritten;
        if let Some(why) = &self.failed {
            meta.closed = meta
                .closed
                .min(self.on_disk().unwrap_or(meta.opened))
                .max(meta.opened);
            meta.notes.push(format!(
                "recording stopped early: {why}; {} rows were not kept",
                self.unwritten
            ));
        } else if self.join {
            // Only saves room: the trace is whole without it.
            if let Err(error) = compact::join_small(&self.folder, &self.closed) {
                tracing::warn!("small epochs stay as they are: {error}");
            }
        }
        MetaFile {
            meta,
            last_epoch: Some(self.closed.last().map_or(0, |epoch| epoch.last)),
        }
        .write(&self.folder)?;
        last
    }

    /// Writes `batch`, closing epochs as they fill up.
    fn take(&mut self, mut batch: Batch) -> Result<(), TraceError> {
        self.late += cut::tidy(&mut batch, self.watermark);
        loop {
            let begin = self
                .watermark
                .or_else(|| cut::first_end(&batch))
                .unwrap_or(batch.watermark);
            let (started, room) = match &self.open {
                Some(open) => (open.started, EPOCH_ROWS.saturating_sub(open.rows)),
                // An idle time is no epoch: the next one starts with its first row.
                None => (
                    cut::first_end(&batch).unwrap_or(batch.watermark).max(begin),
                    EPOCH_ROWS,
                ),
            };
            let mut end = started + EPOCH_LENGTH;
            if batch.len() > room {
                end = end.min(cut::instant_of(&batch, room));
            }
            let whole = batch.watermark < end;
            let part = if whole {
                std::mem::take(&mut batch)
            } else {
                cut::split(&mut batch, end)
            };
            let watermark = part.watermark;
            if !part.is_empty() {
                self.append(&part, begin, started)?;
            }
            self.watermark = Some(watermark);
            if whole {
                return Ok(());
            }
            self.close_epoch()?;
            if batch.is_empty() && batch.watermark <= watermark {
                return Ok(());
            }
        }
    }

    /// Adds rows to the epoch under way.
    fn append(&mut self, part: &Batch, begin: Nanos, started: Nanos) -> Result<(), TraceError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => OpenEpoch::create(
                &self.folder,
                self.closed.last().map_or(1, |epoch| epoch.last + 1),
                begin,
                started,
            )?,
        };
        let result = open.write(part, begin);
        self.open = Some(open);
        result
    }

    /// Makes the epoch under way appear.
    fn close_epoch(&mut self) -> Result<(), TraceError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let (rows, staging) = (open.rows, open.staging.clone());
        match open.close(&self.folder, self.watermark.unwrap_or_default()) {
            Ok(epoch) => {
                self.closed.push(epoch);
                Ok(())
            }
            Err(error) => {
                let _ = fs::remove_dir_all(staging);
                self.unwritten += rows as u64;
                Err(error)
            }
        }
    }

    /// Gives up the epoch under way: from now on nothing is taken.
    fn fail(&mut self, why: &TraceError) {
        if let Some(open) = self.open.take() {
            self.unwritten += open.rows as u64;
            let staging = open.staging.clone();
            drop(open);
            let _ = fs::remove_dir_all(staging);
        }
        self.failed = Some(why.to_string());
    }
}

impl RowSink for Writer {
    fn accept(&mut self, batch: Batch) -> Result<(), SinkError> {
        let path = self.folder.display().to_string();
        if let Some(why) = &self.failed {
            self.unwritten += batch.len() as u64;
            return Err(SinkError::Write {
                path,
                source: why.clone().into(),
            });
        }
        let rows = batch.len() as u64;
        self.take(batch).map_err(|error| {
            self.unwritten += rows;
            self.fail(&error);
            match error {
                TraceError::DiskFull { .. } => SinkError::DiskFull { path },
                other => SinkError::Write {
                    path,
                    source: Box::new(other),
                },
            }
        })
    }
}
