//! What is wrong with a script, and where.

use std::fmt;

/// Something else stands in the script than is expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// Column of the first character, from 1.
    pub column: usize,
    /// What could stand there.
    pub expected: String,
    /// What does stand there; `None`: the line ends.
    pub found: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            column,
            expected,
            found,
        } = self;
        write!(f, "script:{line}:{column}: expected {expected}, found ")?;
        match found {
            Some(found) => write!(f, "{found:?}"),
            None => write!(f, "the end of the line"),
        }
    }
}
