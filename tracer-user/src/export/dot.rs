//! Who waits for whom, as a graph for Graphviz: what the report says of blame, drawn.

use std::collections::HashMap;
use std::io::Write;

use super::{Export, ExportError};
use crate::analyse::{Options, analyse};
use crate::number::seconds;
use crate::report::{Blame, Report};
use crate::row::RowSource;

/// The widest arrow, in points; the others are thinner as they stand for less waiting.
const WIDEST: f64 = 6.0;

/// The form.
#[derive(Clone, Copy, Debug, Default)]
pub struct WaitForGraph;

impl Export for WaitForGraph {
    fn write(&mut self, source: &dyn RowSource, out: &mut dyn Write) -> Result<(), ExportError> {
        let report = analyse(source, &Options::default())?.report;
        Ok(out.write_all(graph(&report).as_bytes())?)
    }
}

/// Nodes by their names: what is the same is drawn once.
#[derive(Default)]
struct Nodes {
    numbers: HashMap<String, usize>,
    text: String,
}

impl Nodes {
    fn node(&mut self, name: &str, look: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.numbers.len();
        self.numbers.insert(name.to_owned(), number);
        self.text
            .push_str(&format!("  n{number} [label={}{look}];\n", quoted(name)));
        number
    }
}

fn graph(report: &Report) -> String {
    let rows = &report.blame;
    let most = rows.iter().map(|row| row.ns).max().unwrap_or(0);
    let culprit = &report.verdict.culprit.name;
    let is_culprit = |row: &Blame| !culprit.is_empty() && row.resource.contains(culprit.as_str());
    let mut nodes = Nodes::default();
    let mut edges = String::new();
    for row in rows {
        #[expect(clippy::cast_precision_loss, reason = "a width on the screen")]
        let width = (WIDEST * row.ns as f64 / most.max(1) as f64).max(1.0);
        let look = match is_culprit(row) {
            true => ", shape=hexagon, style=filled, fillcolor=\"#f4c7c3\"",
            false => ", shape=hexagon",
        };
        let waiter = nodes.node(&row.waiter, "");
        let resource = nodes.node(&row.resource, look);
        #[expect(clippy::cast_precision_loss, reason = "a time for people")]
        let waited = seconds(row.ns as f64 / 1e9);
        edges.push_str(&format!(
            "  n{waiter} -> n{resource} [label={}, penwidth={width:.1}];\n",
            quoted(&format!("{waited} of waiting"))
        ));
        if !row.holder.is_empty() {
            let holder = nodes.node(&row.holder, ", style=rounded");
            edges.push_str(&format!(
                "  n{resource} -> n{holder} [label=\"held by\", style=dashed];\n"
            ));
        }
    }
    format!(
        "digraph waiting {{\n  rankdir=LR;\n  label={};\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n{}{edges}}}\n",
        quoted(&report.verdict.sentence),
        nodes.text
    )
}

/// A string of the language: quotes and backslashes are escaped, and what is no letter of a line is none.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::export;
    use crate::script;

    fn drawn(text: &str) -> String {
        let source = script::workload(text);
        let mut out = Vec::new();
        export(&source, &mut WaitForGraph, &mut out).expect("in memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_lock_that_serialises_is_marked_and_has_its_waiters() {
        let text = drawn("16 workers: fetch A 20ms; lock L held 9ms sleeping");
        assert!(text.starts_with("digraph waiting {\n"), "{text}");
        let marked = text.lines().find(|line| line.contains("fillcolor"));
        let marked = marked.expect("the culprit is marked");
        assert!(marked.contains("lock taken in"), "{text}");
        let number = marked.trim().split(' ').next().expect("a node");
        assert!(text.contains(&format!("-> {number} [label=\"")), "{text}");
        assert!(text.contains("held by"), "{text}");
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }

    #[test]
    fn names_from_outside_do_not_end_their_string() {
        assert_eq!(quoted("a\"]; x [\\\n\u{1b}[2J"), r#""a\"]; x [\\  [2J""#);
    }
}
