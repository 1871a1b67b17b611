//! `holdup export`: a recording in the form of another viewer.

use std::io::Write;

use super::args::{Export, ExportForm};
use super::exit::{Exit, Failure, OrExit};
use super::output;
use crate::export::{self as exporting, Folded, Time};
use crate::row::RowSource;
use crate::trace::Reader;

/// Exports as asked.
///
/// # Errors
/// [`Exit::BadInput`]: the recording cannot be read, or the file cannot be written.
pub fn export(wanted: &Export) -> Result<Exit, Failure> {
    if let Some(file) = &wanted.output {
        output::check(file).or_exit(Exit::BadInput)?;
        if file.exists() && !wanted.overwrite {
            return Err(anyhow::anyhow!(
                "{} is there already: give another name, or say --overwrite",
                file.display()
            ))
            .or_exit(Exit::BadInput);
        }
    }
    let reader = Reader::open(&wanted.trace).or_exit(Exit::BadInput)?;
    let time = match wanted.to {
        ExportForm::Folded => Time::OffCpu,
        ExportForm::FoldedCpu => Time::OnCpu,
    };
    let mut form = Folded::new(reader.meta(), time);
    let mut text = Vec::new();
    exporting::export(&reader, &mut form, &mut text).or_exit(Exit::BadInput)?;
    if text.is_empty() {
        let nothing = match wanted.to {
            ExportForm::Folded => "no thread of the target waited",
            ExportForm::FoldedCpu => "no sample of a running thread was taken",
        };
        let _ = writeln!(std::io::stderr(), "holdup: in this recording {nothing}");
    }
    output::put(&text, wanted.output.as_deref()).or_exit(Exit::BadInput)?;
    Ok(Exit::Done)
}
