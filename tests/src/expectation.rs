//! What lies beside a recorded trace: how it was made, and what a report on it must say.
//!
//! The truth is the workload's own: its label, and its own clocks. Nothing in it comes from a report.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use holdup::cause::Cause;
use holdup::report::Report;
use serde::{Deserialize, Serialize};

use crate::wanted::{Wanted, describe, is_cause};

/// A file beside a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// How the trace was made.
    pub recipe: Recipe,
    /// What is so.
    pub truth: Truth,
}

/// How a trace was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Makes it anew.
    pub command: String,
    /// Of the workload's parameters.
    pub seed: u64,
    /// Commit of the project, of holdup and the workload.
    pub commit: String,
    /// Kernel release.
    pub kernel: String,
    /// CPUs online.
    pub cpus: u32,
    /// Source of the workload below `tests/programs`.
    pub program: String,
    /// How it was started.
    pub run: String,
    /// What it was told.
    pub settings: BTreeMap<String, String>,
    /// What it talked to.
    pub servers: Vec<ServerRecipe>,
    /// Writes a second that it was allowed to send to its disk.
    pub write_limit: Option<u32>,
    /// Reads a second that it was allowed to make of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_limit: Option<u32>,
    /// Bytes of memory that it was allowed to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
    /// How it was recorded.
    pub holdup: String,
    /// Workers there are by the user's word; absent: nothing is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<u32>,
}

/// A server of a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerRecipe {
    /// `input` or `output`.
    pub role: String,
    /// How it was started.
    pub run: String,
    /// What it was told.
    pub settings: BTreeMap<String, String>,
}

/// What a report must say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// The cause to name.
    pub cause: Cause,
    /// What cannot be told apart from it from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or: Option<Cause>,
    /// The culprit to name.
    pub culprit: Wanted,
    /// Of what kind it is; absent: nothing in particular holds the workers up.
    pub culprit_kind: Option<String>,
    /// Workers.
    pub workers: u32,
    /// Where the serialization factor lies: its spread over the untraced rounds, with the tolerance.
    pub factor: [f64; 2],
    /// Where the rate of the window lies by the workload's own clocks, with the tolerance, items/s.
    pub rate: [f64; 2],
}

impl Truth {
    /// How `report` differs, in full sentences.
    #[must_use]
    pub fn faults(&self, report: &Report) -> Vec<String> {
        let mut faults = Vec::new();
        let mut fault = |wrong: bool, text: String| {
            if wrong {
                faults.push(text);
            }
        };
        let verdict = &report.verdict;
        fault(
            !is_cause(self.cause, self.or, verdict.cause, &verdict.alternatives),
            format!("the cause is {}, not {}", self.cause, verdict.cause),
        );
        let kind = verdict.culprit.kind.id();
        fault(
            !self.culprit.is(&verdict.culprit)
                || self.culprit_kind.as_deref().is_some_and(|it| it != kind),
            format!(
                "the culprit is {:?} of kind {}, not {:?}",
                self.culprit,
                self.culprit_kind.as_deref().unwrap_or("any"),
                describe(&verdict.culprit)
            ),
        );
        fault(
            report.workers.count != self.workers,
            format!(
                "there are {} workers, not {}",
                self.workers, report.workers.count
            ),
        );
        for (name, [low, high], said) in [
            ("SF", self.factor, report.parallelism.serialization_factor),
            ("rate", self.rate, report.items.rate_per_s),
        ] {
            fault(
                !(low..=high).contains(&said),
                format!("the {name} lies from {low:.2} to {high:.2}, and is not {said:.2}"),
            );
        }
        fault(
            report.coverage.conservation_error_ns != 0,
            format!("{} ns not conserved", report.coverage.conservation_error_ns),
        );
        fault(
            report.coverage.lost != 0,
            format!("{} records lost", report.coverage.lost),
        );
        faults
    }
}

impl Expectation {
    /// Reads the one in `file`.
    ///
    /// # Errors
    /// It cannot be read, or is not one; the message names the file.
    pub fn read(file: &Path) -> io::Result<Self> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
        let text = std::fs::read(file).map_err(named)?;
        serde_json::from_slice(&text).map_err(|error| named(error.into()))
    }

    /// Writes it to `file`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        std::fs::write(file, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth() -> Truth {
        Truth {
            cause: Cause::UserLock,
            or: None,
            culprit: Wanted::CallSite("append".to_owned()),
            culprit_kind: Some("lock".to_owned()),
            workers: 8,
            factor: [3.5, 4.5],
            rate: [98.0, 102.0],
        }
    }

    fn report() -> Report {
        let mut report = Report::default();
        report.verdict.cause = Cause::UserLock;
        report.verdict.culprit.kind = holdup::diagnose::CulpritKind::Lock;
        report.verdict.culprit.call_site = "append (worker.c:3)".to_owned();
        report.workers.count = 8;
        report.parallelism.serialization_factor = 4.0;
        report.items.rate_per_s = 100.0;
        report
    }

    fn check(change: impl FnOnce(&mut Report), expect: &[&str]) {
        let mut report = report();
        change(&mut report);
        let faults = truth().faults(&report);
        assert_eq!(faults.len(), expect.len(), "{faults:?}");
        for (fault, part) in faults.iter().zip(expect) {
            assert!(fault.contains(part), "{fault:?} says nothing of {part:?}");
        }
    }

    #[test]
    fn each_difference_to_the_truth_is_found() {
        check(|_| (), &[]);
        check(
            |it| it.verdict.cause = Cause::Pool,
            &["user-lock, not pool"],
        );
        check(|it| it.verdict.culprit.call_site.clear(), &["culprit"]);
        check(
            |it| it.verdict.culprit.kind = holdup::diagnose::CulpritKind::File,
            &["of kind lock"],
        );
        check(|it| it.workers.count = 7, &["8 workers, not 7"]);
        check(
            |it| it.parallelism.serialization_factor = 4.6,
            &["SF lies from 3.50"],
        );
        check(|it| it.items.rate_per_s = 97.0, &["rate lies"]);
        check(|it| it.coverage.conservation_error_ns = 1, &["1 ns"]);
        check(|it| it.coverage.lost = 2, &["2 records"]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("case.json");
        let expectation = Expectation {
            recipe: Recipe {
                command: "cargo xtask record-cases case --seed 1".to_owned(),
                seed: 1,
                commit: "4d3c2b1a".to_owned(),
                kernel: "6.18".to_owned(),
                cpus: 2,
                program: "threads.rs".to_owned(),
                run: "./worker".to_owned(),
                settings: BTreeMap::from([("workers".to_owned(), "8".to_owned())]),
                servers: Vec::new(),
                write_limit: None,
                read_limit: None,
                memory_limit: None,
                holdup: "holdup record".to_owned(),
                told: Some(8),
            },
            truth: truth(),
        };
        expectation.write(&file).expect("written");
        assert_eq!(Expectation::read(&file).expect("read"), expectation);
        std::fs::write(&file, "{}").expect("written");
        let error = Expectation::read(&file).expect_err("no recipe");
        assert!(error.to_string().contains("case.json"), "{error}");
    }
}
