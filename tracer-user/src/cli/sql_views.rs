//! `holdup sql-views`: a recording as views of DuckDB.

use std::io::Write;

use super::args::SqlViews;
use super::exit::{Exit, Failure, OrExit};
use super::output::Sink;
use crate::row::{RowSource, printable};
use crate::trace::{Reader, ViewsError};

/// Prints the statements that make them.
///
/// # Errors
/// [`Exit::BadInput`]: the recording cannot be read, or the statements cannot be written.
pub fn sql_views(wanted: &SqlViews) -> Result<Exit, Failure> {
    let reader = Reader::open(&wanted.trace).or_exit(Exit::BadInput)?;
    let mut sink = Sink::open(wanted.output.as_deref()).or_exit(Exit::BadInput)?;
    match reader.write_views(&wanted.schema, &mut sink) {
        Ok(()) => {}
        Err(ViewsError::Write(error)) => {
            return sink
                .failed(error)
                .map(|()| Exit::Done)
                .or_exit(Exit::BadInput);
        }
        Err(error) => return Err(error).or_exit(Exit::BadInput),
    }
    sink.finish().or_exit(Exit::BadInput)?;
    for note in &reader.meta().notes {
        let _ = writeln!(std::io::stderr(), "holdup: {}", printable(note));
    }
    Ok(Exit::Done)
}
