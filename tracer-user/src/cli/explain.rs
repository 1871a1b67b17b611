//! `holdup explain`: what a cause is, how it is told, and what helps.

use super::args::{Explain, ExplainFormat};
use super::exit::{Exit, Failure, OrExit};
use super::output;
use crate::report::explain;

/// Explains the cause that is asked for, or lists all.
///
/// # Errors
/// [`Exit::BadInput`]: it cannot be written.
pub fn explain(wanted: &Explain) -> Result<Exit, Failure> {
    let page = match wanted.cause {
        Some(cause) => explain::page(cause, &wanted.language),
        None => explain::list(),
    };
    let text = match wanted.format {
        ExplainFormat::Text => explain::as_text(&page, &output::look(false, true)),
        ExplainFormat::Markdown => explain::as_markdown(&page),
    };
    output::put(text.as_bytes(), None).or_exit(Exit::BadInput)?;
    Ok(Exit::Done)
}
