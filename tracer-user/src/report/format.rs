//! What every format can do.

use super::Report;

/// How a report is to look. Formats ignore what does not concern them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns there are.
    pub width: usize,
    /// Colours may be used.
    pub colour: bool,
    /// Everything known, not just what fits one screen.
    pub details: bool,
}

impl Look {
    /// Columns when nobody says how many there are: a file, a pipe.
    pub const WIDTH: usize = 100;
}

impl Default for Look {
    fn default() -> Self {
        Self {
            width: Self::WIDTH,
            colour: false,
            details: false,
        }
    }
}

/// A way to print a report.
pub trait Format {
    /// The report as text that ends with a newline. The same report and look give the same bytes.
    fn print(&self, report: &Report, look: &Look) -> String;
}
