//! Traces in the forms of other viewers.
//!
//! In: a trace. Out: text. Each form is one file behind one trait and takes batches as they come: memory is bounded by a batch and by what is
//! summed up. Nothing is concluded here.

mod folded;

use std::io::{self, Write};

use crate::row::{Batch, RowSource, SourceError};

pub use folded::{Folded, Time};

/// Why a trace could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What came of it cannot be written.
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
}

/// A form for another viewer.
pub trait Export {
    /// Takes the next batch.
    fn take(&mut self, batch: &Batch);

    /// Writes what came of all of them.
    ///
    /// # Errors
    /// What `out` says.
    fn finish(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// Writes `source` to `out` in the form of `export`.
///
/// # Errors
/// [`ExportError`].
pub fn export(
    source: &dyn RowSource,
    export: &mut dyn Export,
    out: &mut dyn Write,
) -> Result<(), ExportError> {
    for batch in source.batches() {
        export.take(&batch?);
    }
    export.finish(out)?;
    out.flush()?;
    Ok(())
}
