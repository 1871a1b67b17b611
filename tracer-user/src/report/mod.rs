//! The report as one value, the words for what was found, and the formats that print it. Nothing is computed here but how
//! the same figures are shown.
//!
//! In: the findings, the conclusion, the advice. Out: a [`Report`], and where a page is to
//! draw it a [`Drawing`]; text, markdown, HTML, JSON, gauges for Prometheus. The JSON form of [`Report`] is the contract
//! `holdup.report/1`: fields are added, never changed.

mod drawing;
mod value;

mod words;

mod assemble;

pub(crate) mod names;
pub(crate) mod page;

mod sections;

mod format;
mod html;
pub(crate) mod json;
pub(crate) mod markdown;
mod prometheus;
pub(crate) mod text;

pub(crate) mod explain;

#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod tests;

pub use assemble::{Asked, assemble, draw};
pub use drawing::{
    ActorRow, Doing, DoingKind, Drawing, Responses, RowSegment, StackTime, WaitDetail,
};
pub use format::{Format, Look};
pub use html::Html;
pub use json::Json;
pub use markdown::Markdown;
pub use prometheus::Prometheus;
pub use text::{Text, folded};
pub use value::{
    Blame, Carriers, CauseRow, Checkpoint, Coverage, CpuFunction, CpuTime, Items, Parallelism,
    PeerStatements, Prediction, Recorded, RefutedRow, Report, Resource, SCHEMA, Stage,
    StatementRow, TargetSummary, Verdict, WorkerPlace, Workers,
};
