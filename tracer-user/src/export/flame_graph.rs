//! A flame graph as one SVG file, made by inferno: its widths are those of [`super::folded`]. It opens in any browser; a click goes into a frame.

use std::io::Write;

use inferno::flamegraph::{self, Options};

use super::folded::{Folded, Time};
use super::{Export, ExportError};
use crate::row::{Meta, RowSource};

/// The form.
#[derive(Debug)]
pub struct FlameGraph {
    folded: Folded,
    time: Time,
}

impl FlameGraph {
    /// Of a trace that says this of itself.
    #[must_use]
    pub fn new(meta: &Meta, time: Time) -> Self {
        Self {
            folded: Folded::new(meta, time),
            time,
        }
    }
}

impl Export for FlameGraph {
    fn write(&mut self, source: &dyn RowSource, out: &mut dyn Write) -> Result<(), ExportError> {
        for batch in source.batches() {
            self.folded.take(&batch?);
        }
        let lines: Vec<String> = (self.folded.lines().into_iter())
            .map(|(line, sum)| format!("{line} {sum}"))
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        let mut options = Options::default();
        (options.title, options.count_name) = match self.time {
            Time::OffCpu => ("Waiting, by call stack".to_owned(), "us".to_owned()),
            Time::OnCpu => ("CPU time, by call stack".to_owned(), "samples".to_owned()),
        };
        let lines = lines.iter().map(String::as_str);
        Ok(flamegraph::from_lines(&mut options, lines, out)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::export;
    use crate::script;

    #[test]
    fn waiting_is_drawn_by_call_stack_and_names_are_escaped() {
        let mut source = script::workload("4 workers: fetch A 5ms; lock L held 4ms");
        for stack in &mut source.batches[0].stacks {
            for frame in &mut stack.frames {
                frame.symbol = "take<&T>".to_owned();
            }
        }
        let mut out = Vec::new();
        let mut form = FlameGraph::new(&source.meta, Time::OffCpu);
        export(&source, &mut form, &mut out).expect("in memory");
        let svg = String::from_utf8(out).expect("text");
        assert!(svg.contains("<svg") && svg.contains("Waiting, by call stack"));
        assert!(
            svg.contains("take&lt;&amp;T&gt;") && !svg.contains("take<"),
            "{svg}"
        );
        let mut out = Vec::new();
        let mut form = FlameGraph::new(&source.meta, Time::OnCpu);
        export(&source, &mut form, &mut out).expect("in memory");
        assert!(out.is_empty(), "no sample was taken");
    }
}
