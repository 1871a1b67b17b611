//! `holdup explain`: what a cause is, how it is told, and what helps.

use super::args::{Explain, ExplainFormat};
use super::exit::{Exit, Failure, OrExit};
use super::output;
use crate::report::{explain, markdown, text};

/// Explains the cause that is asked for, or lists all.
///
/// # Errors
/// [`Exit::BadInput`]: it cannot be written.
pub fn explain(wanted: &Explain) -> Result<Exit, Failure> {
    let page = match wanted.cause {
        Some(cause) => explain::page(cause, &wanted.language),
        None => explain::list(),
    };
    let told = match wanted.format {
        ExplainFormat::Text => text::print(&page, &output::look(false, true)),
        ExplainFormat::Markdown => markdown::print(&page),
    };
    output::put(told.as_bytes(), None).or_exit(Exit::BadInput)?;
    Ok(Exit::Done)
}
