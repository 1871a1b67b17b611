//! From the rows to the report and the exit code; the same for a live spool and for a recording.

use std::path::Path;

use super::args::{FormatName, Output, Work};
use super::exit::{Exit, Failure, OrExit};
use super::output;
use crate::analyse::{self, Analysis, Options};
use crate::report::{Format, Html, Json, Markdown, Prometheus, Report, Text};
use crate::trace::Reader;

/// What the user knows better than the analysis, and whether the report is to be drawn.
pub fn options(work: &Work, wanted: &Output) -> Options {
    Options {
        total_items: work.total_items,
        done_items: work.done_items,
        checkpoint: work.checkpoint.clone(),
        item: work.item.clone(),
        workers: work.workers,
        stages: work.stages.clone(),
        draw: wanted.format == FormatName::Html,
    }
}

/// Analyses the trace in `folder`.
///
/// # Errors
/// [`Exit::BadInput`]: there is no trace, or none that can be read.
pub fn read(folder: &Path, options: &Options) -> Result<Analysis, Failure> {
    let reader = Reader::open(folder).or_exit(Exit::BadInput)?;
    analyse::analyse(&reader, options).or_exit(Exit::BadInput)
}

/// The report as it is to be written.
pub fn print(analysis: &Analysis, wanted: &Output) -> String {
    let page = Html::new(analysis.drawing.as_ref());
    let format: &dyn Format = match wanted.format {
        FormatName::Text => &Text,
        FormatName::Markdown => &Markdown,
        FormatName::Html => &page,
        FormatName::Json => &Json,
        FormatName::Prometheus => &Prometheus,
    };
    format.print(
        &analysis.report,
        &output::look(wanted.output.is_some(), wanted.details),
    )
}

/// Writes the report where it is wanted, and says how the program ends.
///
/// # Errors
/// [`Exit::BadInput`]: it cannot be written.
pub fn write(analysis: &Analysis, wanted: &Output) -> Result<Exit, Failure> {
    output::put(print(analysis, wanted).as_bytes(), wanted.output.as_deref())
        .or_exit(Exit::BadInput)?;
    Ok(exit(&analysis.report, wanted.fail_above))
}

/// No item: no answer. Else whether the serialization factor is what the user can live with.
fn exit(report: &Report, fail_above: Option<f64>) -> Exit {
    if report.items.count == 0 {
        return Exit::NoWork;
    }
    match fail_above {
        Some(limit) if report.parallelism.serialization_factor > limit => Exit::Worse,
        _ => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_it_ends() {
        let report = |items, factor| {
            let mut report = Report::default();
            report.items.count = items;
            report.parallelism.serialization_factor = factor;
            report
        };
        assert_eq!(exit(&report(0, 0.0), None), Exit::NoWork);
        assert_eq!(exit(&report(0, 99.0), Some(2.0)), Exit::NoWork);
        assert_eq!(exit(&report(9, 99.0), None), Exit::Done);
        assert_eq!(exit(&report(9, 2.0), Some(2.0)), Exit::Done);
        assert_eq!(exit(&report(9, 2.1), Some(2.0)), Exit::Worse);
        assert_eq!(exit(&report(9, f64::NAN), Some(2.0)), Exit::Done);
    }
}
