//! Traces in the forms of other viewers.
//!
//! In: a trace. Out: bytes. Each form is one file or folder behind one trait and takes batches as they come: memory is bounded by a batch and by
//! what is summed up. Nothing is concluded here.

mod dot;
mod flame_graph;
mod folded;
mod perfetto;
mod pprof;
mod speedscope;

use std::io::{self, Write};

use crate::analyse::AnalysisError;
use crate::row::{RowSource, SourceError};

pub use dot::WaitForGraph;
pub use flame_graph::FlameGraph;
pub use folded::{Folded, Time};
pub use perfetto::Perfetto;
pub use pprof::Pprof;
pub use speedscope::Speedscope;

/// Why a trace could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What it comes to cannot be found.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
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
