//! The report as one value, and the formats that print it. Nothing is computed here.
//!
//! In: the conclusions of the stations above. Out: text, markdown, JSON. The JSON form of [`Report`] is the contract
//! `holdup.report/1`: fields are added, never changed.

mod value;

mod names;
mod number;
mod page;

mod sections;

mod format;
mod json;
mod markdown;
mod text;

#[cfg(test)]
mod example;
#[cfg(test)]
mod tests;

pub use crate::work::StageName;
pub use format::{Format, Look};
pub use json::Json;
pub use markdown::Markdown;
pub use number::{count, figure, millis, percent, range, rate, seconds};
pub use text::{Text, folded};
pub use value::{
    Blame, CauseRow, Checkpoint, Coverage, Culprit, Fix, Items, Parallelism, Prediction,
    RateSource, Report, Resource, SCHEMA, Severity, Stage, TargetSummary, Verdict, Workers,
};
