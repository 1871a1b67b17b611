//! Traces in the forms of other viewers.
//!
//! In: a trace. Out: bytes. Each form is one file or folder behind one trait and takes batches as they come: memory is bounded by a batch and by
//! what is summed up. Nothing is concluded here.

mod folded;
mod perfetto;

use std::io::{self, Write};

use crate::row::{RowSource, SourceError};

pub use folded::{Folded, Time};
pub use perfetto::Perfetto;

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
    /// Writes `source` to `out`, as its batches come or what they come to.
    ///
    /// # Errors
    /// [`ExportError`].
    fn write(&mut self, source: &dyn RowSource, out: &mut dyn Write) -> Result<(), ExportError>;
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
    export.write(source, out)?;
    out.flush()?;
    Ok(())
}
