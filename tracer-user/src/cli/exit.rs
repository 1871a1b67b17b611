//! How the program ends: its exit code, and the error that led there.

use std::process::ExitCode;

/// Exit codes; part of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The report is there.
    Done = 0,
    /// The answer is there, and worse than `--fail-above` or `--fail-below` allow.
    Worse = 1,
    /// Bad arguments, or input that cannot be read.
    BadInput = 2,
    /// The host or the rights do not allow it.
    Host = 3,
    /// The target ended before anything was seen, or did no work.
    NoWork = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error and the exit code it leads to.
#[derive(Debug)]
pub struct Failure {
    /// With which code to end.
    pub exit: Exit,
    /// What to say.
    pub error: anyhow::Error,
}

/// Gives an error its exit code.
pub trait OrExit<T> {
    /// The value, or the error with `exit`.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            exit,
            error: error.into(),
        })
    }
}
