//! `holdup export`: a recording in the form of another viewer.

use std::io::{IsTerminal, Write};

use super::args::{Export, ExportForm};
use super::exit::{Exit, Failure, OrExit};
use super::output::{self, Sink};
use crate::export::{
    self as exporting, ExportError, FlameGraph, Folded, Perfetto, Pprof, Speedscope, Time,
    WaitForGraph,
};
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
    let is_text = match wanted.to {
        ExportForm::Folded
        | ExportForm::FoldedCpu
        | ExportForm::Svg
        | ExportForm::SvgCpu
        | ExportForm::Speedscope
        | ExportForm::Dot => true,
        ExportForm::Perfetto | ExportForm::Pprof => false,
    };
    if !is_text && wanted.output.is_none() && std::io::stdout().is_terminal() {
        return Err(anyhow::anyhow!(
            "this form is no text for a terminal: say where it should go, with --output FILE"
        ))
        .or_exit(Exit::BadInput);
    }
    let reader = Reader::open(&wanted.trace).or_exit(Exit::BadInput)?;
    let mut form: Box<dyn exporting::Export> = match wanted.to {
        ExportForm::Folded => Box::new(Folded::new(reader.meta(), Time::OffCpu)),
        ExportForm::FoldedCpu => Box::new(Folded::new(reader.meta(), Time::OnCpu)),
        ExportForm::Svg => Box::new(FlameGraph::new(reader.meta(), Time::OffCpu)),
        ExportForm::SvgCpu => Box::new(FlameGraph::new(reader.meta(), Time::OnCpu)),
        ExportForm::Speedscope => Box::new(Speedscope::new(reader.meta())),
        ExportForm::Dot => Box::new(WaitForGraph),
        ExportForm::Perfetto => Box::new(Perfetto),
        ExportForm::Pprof => Box::new(Pprof),
    };
    let mut sink = Sink::open(wanted.output.as_deref()).or_exit(Exit::BadInput)?;
    match exporting::export(&reader, form.as_mut(), &mut sink) {
        Ok(()) => {}
        Err(ExportError::Write(error)) => {
            return sink
                .failed(error)
                .map(|()| Exit::Done)
                .or_exit(Exit::BadInput);
        }
        Err(error) => return Err(error).or_exit(Exit::BadInput),
    }
    if sink.finish().or_exit(Exit::BadInput)? == 0 {
        let nothing = match wanted.to {
            ExportForm::Folded | ExportForm::Svg => "no thread of the target waited",
            ExportForm::FoldedCpu | ExportForm::SvgCpu => "no sample of a running thread was taken",
            ExportForm::Speedscope | ExportForm::Dot | ExportForm::Perfetto | ExportForm::Pprof => {
                "nothing happened"
            }
        };
        let _ = writeln!(std::io::stderr(), "holdup: in this recording {nothing}");
    }
    Ok(Exit::Done)
}
