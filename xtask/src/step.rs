//! A list of steps that all run, and the table of how each went.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::bail;

/// How a step ended when it did not fail.
pub enum Done {
    /// It ran and passed.
    Passed,
    /// It could not run here, and that is no failure; why.
    Skipped(String),
}

enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

struct Record {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// Runs steps one after the other and remembers each.
#[derive(Default)]
pub struct Steps {
    records: Vec<Record>,
}

impl Steps {
    /// Runs a step; a failure is kept for the end, so that one run shows everything that is wrong.
    pub fn run(&mut self, name: &'static str, step: impl FnOnce() -> anyhow::Result<Done>) {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let outcome = match step() {
            Ok(Done::Passed) => Outcome::Passed,
            Ok(Done::Skipped(why)) => Outcome::Skipped(why),
            Err(error) => {
                eprintln!("error: {error:#}");
                Outcome::Failed(format!("{error:#}"))
            }
        };
        self.records.push(Record {
            name,
            outcome,
            took: start.elapsed(),
        });
    }

    fn table(&self) -> String {
        let width = self
            .records
            .iter()
            .map(|record| record.name.chars().count())
            .max()
            .unwrap_or(0);
        let mut table = String::new();
        for Record {
            name,
            outcome,
            took,
        } in &self.records
        {
            let (word, why) = match outcome {
                Outcome::Passed => ("passed", ""),
                Outcome::Skipped(why) => ("skipped", why.as_str()),
                Outcome::Failed(why) => ("FAILED", why.lines().next().unwrap_or("")),
            };
            let line = format!(
                "{name:width$}  {word:7}  {:7.1} s  {why}",
                took.as_secs_f64()
            );
            let _ = writeln!(table, "{}", line.trim_end());
        }
        table
    }

    /// Prints the table, and fails with the names of the steps that failed.
    ///
    /// # Errors
    /// When a step failed.
    pub fn finish(self) -> anyhow::Result<()> {
        println!("\n{}", self.table());
        let failed: Vec<&str> = self
            .records
            .iter()
            .filter(|r| matches!(r.outcome, Outcome::Failed(_)))
            .map(|r| r.name)
            .collect();
        if !failed.is_empty() {
            bail!(
                "{} of {} steps failed: {}",
                failed.len(),
                self.records.len(),
                failed.join(", ")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_steps_run_and_the_failed_ones_are_named() {
        let mut steps = Steps::default();
        steps.run("first", || bail!("broken\nin two lines"));
        steps.run("second step", || Ok(Done::Skipped("no kernel".to_owned())));
        steps.run("third", || Ok(Done::Passed));
        assert_eq!(
            steps.table(),
            "first        FAILED       0.0 s  broken\n\
             second step  skipped      0.0 s  no kernel\n\
             third        passed       0.0 s\n"
        );
        assert_eq!(
            steps.finish().expect_err("one failed").to_string(),
            "1 of 3 steps failed: first"
        );
    }

    #[test]
    fn skipped_steps_are_no_failure() {
        let mut steps = Steps::default();
        steps.run("only", || Ok(Done::Skipped("not here".to_owned())));
        assert!(steps.finish().is_ok());
    }
}
