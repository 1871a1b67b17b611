//! The reader: a folder in, rows out.
//!
//! A trace that is still being written, was cut short or is damaged gives its sound epochs; what is missing is said in the
//! notes of its meta. Everything it reads may come from a stranger.

use std::fs;
use std::path::{Path, PathBuf};

use super::check::{Epochs, Lost};
use super::damage::printable;
use super::epoch::{Epoch, Times};
use super::error::TraceError;
use super::merge::Merge;
use super::meta_file::MetaFile;
use crate::row::{Batch, Meta, Nanos, RowSource, SourceError};

/// Reads a trace.
#[derive(Debug)]
pub struct Reader {
    pub(super) folder: PathBuf,
    pub(super) meta: Meta,
    pub(super) epochs: Vec<Epoch>,
}

impl Reader {
    /// Opens the trace in the folder `path`.
    ///
    /// # Errors
    /// [`TraceError`] when there is none, or nothing of it can be read.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let facts = fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => TraceError::Missing {
                path: path.to_path_buf(),
            },
            _ => TraceError::reading(path, error),
        })?;
        if !facts.is_dir() {
            return Err(TraceError::NotAFolder {
                path: path.to_path_buf(),
            });
        }
        if fs::read_dir(path)
            .map_err(|error| TraceError::reading(path, error))?
            .next()
            .is_none()
        {
            return Err(TraceError::Empty {
                path: path.to_path_buf(),
            });
        }
        let (mut meta, Epochs { sound, lost, gaps }) = look(path)?;
        if !meta.complete {
            meta.closed = sound
                .last()
                .map_or(meta.opened, |epoch| epoch.watermark)
                .max(meta.opened);
            meta.notes.push(UNFINISHED.to_owned());
        }
        if meta.joins.is_empty() {
            // `meta.json` of a recording that was cut off is that of its beginning.
            meta.joins = Times::of(&sound).joins;
        }
        let window = (meta.opened, meta.closed);
        let cut = |(from, to): (Nanos, Nanos)| (from.max(window.0), to.min(window.1));
        meta.gaps = gaps
            .into_iter()
            .map(cut)
            .filter(|(from, to)| from < to)
            .collect();
        if !lost.is_empty() {
            meta.notes.push(lost_text(&lost, sound.len()));
        }
        Ok(Self {
            folder: path.to_path_buf(),
            meta,
            epochs: sound,
        })
    }

    /// The batches with rows after `watermark`, in order: what has come since an earlier look at a recording that goes on.
    pub fn batches_after(
        &self,
        watermark: Nanos,
    ) -> impl Iterator<Item = Result<Batch, SourceError>> + '_ {
        let seen = |epoch: &Epoch| epoch.watermark <= watermark;
        let from = if watermark == Nanos::ZERO {
            0
        } else {
            self.epochs.partition_point(seen)
        };
        let batches = Batches {
            reader: self,
            epochs: self.epochs[from..].iter(),
            current: None,
        };
        // Small epochs may have been joined since.
        batches.map(move |batch| batch.map(|batch| batch.after(watermark)))
    }

    fn error(&self, epoch: &Epoch, what: &dyn std::fmt::Display) -> SourceError {
        let what = format!(
            "{}; it was sound when the trace was opened: open it again",
            printable(&what.to_string())
        );
        SourceError {
            path: self.folder.join(epoch.folder()).display().to_string(),
            what,
        }
    }
}

/// Reads what there is. While a recording is being finished its small epochs are joined: one that was listed and is gone a
/// moment later is in a joined one by then, so it is looked for again.
fn look(path: &Path) -> Result<(Meta, Epochs), TraceError> {
    const ATTEMPTS: usize = 3;
    let mut attempt = 1;
    loop {
        let MetaFile { meta, last_epoch } = MetaFile::read(path)?;
        let epochs = Epochs::find(path, meta.schema.1, last_epoch)?;
        if meta.complete || epochs.lost.is_empty() || attempt == ATTEMPTS {
            return Ok((meta, epochs));
        }
        attempt += 1;
    }
}

/// Note on a trace that was not finished.
const UNFINISHED: &str = "the recording was not finished: it is still going on, or holdup was killed; \
                          the last two seconds may be missing";

/// Note on epochs that cannot be used.
fn lost_text(lost: &[Lost], sound: usize) -> String {
    /// Epochs named one by one.
    const NAMED: usize = 3;
    let count: u64 = lost
        .iter()
        .map(|lost| u64::from(lost.last - lost.first) + 1)
        .sum();
    let name = |lost: &Lost| match lost {
        Lost { first, last, why } if first == last => format!("epoch {first}: {why}"),
        Lost { first, last, why } => format!("epochs {first} to {last}: {why}"),
    };
    let mut named: Vec<String> = lost.iter().take(NAMED).map(name).collect();
    if lost.len() > NAMED {
        named.push("...".to_owned());
    }
    format!(
        "{count} epochs of the trace are missing or damaged and left out ({}); the rest, {sound} stored epochs, is sound",
        named.join("; ")
    )
}

impl RowSource for Reader {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn batches(&self) -> Box<dyn Iterator<Item = Result<Batch, SourceError>> + '_> {
        Box::new(self.batches_after(Nanos::ZERO))
    }
}

/// Goes through the epochs.
struct Batches<'a> {
    reader: &'a Reader,
    epochs: std::slice::Iter<'a, Epoch>,
    current: Option<(&'a Epoch, Merge)>,
}

impl Iterator for Batches<'_> {
    type Item = Result<Batch, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (epoch, result) = match &mut self.current {
                Some((epoch, merge)) => (*epoch, merge.next()),
                None => {
                    let epoch = self.epochs.next()?;
                    let folder = self.reader.folder.join(epoch.folder());
                    match Merge::open(&folder, epoch.clone(), self.reader.meta.schema.1) {
                        Ok(merge) => {
                            self.current = Some((epoch, merge));
                            continue;
                        }
                        Err(damage) => (epoch, Err(damage)),
                    }
                }
            };
            match result {
                Ok(Some(batch)) => return Some(Ok(batch)),
                Ok(None) => self.current = None,
                Err(damage) => {
                    // Nothing after an error: what followed would look like a whole trace.
                    self.current = None;
                    self.epochs = [].iter();
                    return Some(Err(self.reader.error(epoch, &damage)));
                }
            }
        }
    }
}
