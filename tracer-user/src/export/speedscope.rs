//! speedscope's own format (speedscope.app/file-format-schema.json): what [`super::folded`] sums up, as two profiles of one file.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;

use super::folded::{Folded, Time};
use super::{Export, ExportError};
use crate::row::{Meta, RowSource};

/// The form.
#[derive(Debug)]
pub struct Speedscope {
    waiting: Folded,
    running: Folded,
}

impl Speedscope {
    /// Of a trace that says this of itself.
    #[must_use]
    pub fn new(meta: &Meta) -> Self {
        Self {
            waiting: Folded::new(meta, Time::OffCpu),
            running: Folded::new(meta, Time::OnCpu),
        }
    }
}

#[derive(Serialize)]
struct File {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: &'static str,
    shared: Shared,
    profiles: Vec<Profile>,
}

#[derive(Default, Serialize)]
struct Shared {
    frames: Vec<Frame>,
}

#[derive(Serialize)]
struct Frame {
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    r#type: &'static str,
    name: &'static str,
    unit: &'static str,
    start_value: u64,
    end_value: u64,
    samples: Vec<Vec<usize>>,
    weights: Vec<u64>,
}

/// Frames by their number in the file.
#[derive(Default)]
struct Frames {
    numbers: HashMap<String, usize>,
    all: Vec<Frame>,
}

impl Frames {
    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.all.len();
        self.numbers.insert(name.to_owned(), number);
        self.all.push(Frame {
            name: name.to_owned(),
        });
        number
    }

    fn profile(&mut self, folded: &Folded, name: &'static str, unit: &'static str) -> Profile {
        let (mut samples, mut weights) = (Vec::new(), Vec::new());
        for (line, sum) in folded.lines() {
            samples.push(line.split(';').map(|frame| self.number(frame)).collect());
            weights.push(sum);
        }
        Profile {
            r#type: "sampled",
            name,
            unit,
            start_value: 0,
            end_value: weights.iter().sum(),
            samples,
            weights,
        }
    }
}

impl Export for Speedscope {
    fn write(&mut self, source: &dyn RowSource, out: &mut dyn Write) -> Result<(), ExportError> {
        for batch in source.batches() {
            let batch = batch?;
            self.waiting.take(&batch);
            self.running.take(&batch);
        }
        let mut frames = Frames::default();
        let waiting = frames.profile(&self.waiting, "waiting", "microseconds");
        let running = frames.profile(&self.running, "on a CPU, in samples", "none");
        let file = File {
            schema: "https://www.speedscope.app/file-format-schema.json",
            exporter: concat!("holdup ", env!("CARGO_PKG_VERSION")),
            shared: Shared { frames: frames.all },
            profiles: vec![waiting, running],
        };
        serde_json::to_writer(&mut *out, &file).map_err(io::Error::from)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::export::export;
    use crate::script;

    #[test]
    fn each_stack_has_the_time_that_folded_stacks_give_it() {
        let source = script::workload("4 workers: fetch A 5ms; lock L held 4ms");
        let mut out = Vec::new();
        export(&source, &mut Speedscope::new(&source.meta), &mut out).expect("in memory");
        let file: Value = serde_json::from_slice(&out).expect("JSON");
        let waiting = &file["profiles"][0];
        let frames = file["shared"]["frames"].as_array().expect("frames");
        let stacks = waiting["samples"].as_array().expect("samples");
        let lines: Vec<String> = (stacks
            .iter()
            .zip(waiting["weights"].as_array().expect("weights")))
        .map(|(stack, weight)| {
            let names = stack.as_array().expect("a stack").iter().map(|frame| {
                let frame =
                    &frames[usize::try_from(frame.as_u64().expect("a number")).expect("small")];
                frame["name"].as_str().expect("a name")
            });
            format!("{} {weight}\n", names.collect::<Vec<_>>().join(";"))
        })
        .collect();
        let mut folded = Vec::new();
        export(
            &source,
            &mut Folded::new(&source.meta, Time::OffCpu),
            &mut folded,
        )
        .expect("in memory");
        assert!(lines.len() > 1);
        assert_eq!(lines.concat(), String::from_utf8(folded).expect("text"));
        let sum: u64 = (waiting["weights"].as_array().expect("weights").iter())
            .filter_map(Value::as_u64)
            .sum();
        assert_eq!(waiting["endValue"].as_u64(), Some(sum));
        assert_eq!(file["profiles"][1]["samples"], Value::Array(Vec::new()));
    }
}
