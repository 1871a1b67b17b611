//! The findings: what a fact means for holdup, and what to do about it.

use std::fmt;

use crate::row::printable;

/// How much a finding limits holdup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing is missing.
    Fine,
    /// holdup works, but with less.
    Limited,
    /// holdup cannot attach.
    Impossible,
}

/// One line of the examination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub subject: &'static str,
    /// How much it limits holdup.
    pub state: State,
    /// What was found, and what it means.
    pub text: String,
    /// What to do about it; empty when nothing is missing.
    pub way_out: String,
}

/// The host or the rights do not allow to attach.
#[derive(Debug)]
pub struct HostError {
    /// All findings that forbid it; there is at least one.
    pub obstacles: Vec<Finding>,
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, obstacle) in self.obstacles.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            write!(
                f,
                "{gap}{}; {}",
                printable(&obstacle.text),
                obstacle.way_out
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for HostError {}

/// Findings as text, one a line, what to do under it.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub &'a [Finding]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .0
            .iter()
            .map(|finding| finding.subject.len())
            .max()
            .unwrap_or(0);
        for finding in self.0 {
            let mark = match finding.state {
                State::Fine => "ok        ",
                State::Limited => "limited   ",
                State::Impossible => "impossible",
            };
            writeln!(
                f,
                "{mark}  {:width$}  {}",
                finding.subject,
                printable(&finding.text)
            )?;
            if !finding.way_out.is_empty() {
                writeln!(f, "            {:width$}  -> {}", "", finding.way_out)?;
            }
        }
        let worst = self
            .0
            .iter()
            .map(|finding| finding.state)
            .max()
            .unwrap_or(State::Fine);
        f.write_str(match worst {
            State::Fine => "\nholdup can attach here, with all it has.\n",
            State::Limited => "\nholdup can attach here, with the limits above.\n",
            State::Impossible => {
                "\nholdup cannot attach here. `holdup report` reads traces taken elsewhere.\n"
            }
        })
    }
}
