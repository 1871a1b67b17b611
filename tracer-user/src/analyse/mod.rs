//! The way of the data from rows to the report: calls the stations in their order.
//!
//! In: batches of rows, once. Out: a [`Report`] and what is not yet settled, whenever asked. Live and recorded input go through
//! here alike. What an operation is, who works and which words are one lock is known for certain only at the end, so the
//! stations keep what they count by what is certain at once, and conclude when asked.

mod front;
mod stop_rule;

mod analyzer;

#[cfg(test)]
mod tests;

pub use analyzer::Analyzer;
pub use front::events;

use crate::report::{Drawing, Report};
use crate::row::{RowSource, SourceError};

/// What the user knows better than the analysis.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Items there are in all, for the time to the end.
    pub total_items: Option<u64>,
    /// Items done before the window opened.
    pub done_items: Option<u64>,
    /// Progress file to report on.
    pub checkpoint: Option<String>,
    /// What an item is, by the user's words (`write:PEER`, `exchange:PEER`, `fsync:PATH`, `read:PATH`, `call:NAME`).
    pub item: Option<String>,
    /// Workers there are, by the user's count: some may be tasks that wait where nothing shows them.
    pub workers: Option<u32>,
    /// What stage a peer or file belongs to, by the user's words (`fetch:PEER`).
    pub stages: Vec<String>,
    /// What the workers do over time is kept, for a page that draws it.
    pub draw: bool,
}

/// The report, and whether a longer window would make it better.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Analysis {
    /// What is known now.
    pub report: Report,
    /// Why a longer window would help; empty: it would not.
    pub unsettled: Vec<String>,
    /// What a page draws beside the report, where that was asked for and the window has ended.
    pub drawing: Option<Drawing>,
}

/// Why there is no analysis.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The rows cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A rule of the user cannot be read.
    #[error(transparent)]
    Rule(#[from] crate::work::RuleError),
    /// The user's item cannot be read or does not occur.
    #[error(transparent)]
    Item(#[from] crate::work::ItemError),
}

/// Analyses all rows of `source`.
///
/// # Errors
/// [`AnalysisError`] when the rows cannot be read, or a rule of the user makes no sense.
pub fn analyse(source: &dyn RowSource, options: &Options) -> Result<Analysis, AnalysisError> {
    let mut analyzer = Analyzer::new(source.meta(), options)?;
    for batch in source.batches() {
        analyzer.observe(batch?);
    }
    analyzer.finish(source.meta())
}
