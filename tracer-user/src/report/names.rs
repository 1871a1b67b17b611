//! What the ids of the contract are called in print.

use super::page::Tone;
use crate::cause::Cause;
use crate::diagnose::Level;
use crate::scaling::{RateSource, Severity};
use crate::work::StageName;

/// A cause in words, with its id.
pub fn cause(cause: Cause) -> String {
    format!("{} ({})", cause.title(), cause.id())
}

/// A stage as the title of a row.
pub fn stage(name: StageName) -> &'static str {
    match name {
        StageName::Fetch => "Fetch",
        StageName::Transform => "Transform",
        StageName::Write => "Write",
        StageName::Other => "Other",
    }
}

/// A severity, and the tone to say it in.
pub fn severity(severity: Severity) -> (&'static str, Tone) {
    match severity {
        Severity::Critical => ("critical", Tone::Critical),
        Severity::Warning => ("warning", Tone::Warning),
        Severity::Minor => ("minor", Tone::Minor),
        Severity::Good => ("good", Tone::Good),
        Severity::Unknown => ("not settled", Tone::Plain),
    }
}

/// How far the verdict may be believed.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Strong => "strong",
        Level::Fair => "fair",
        Level::Weak => "weak",
    }
}

/// Where the single-worker rate comes from.
pub fn rate_source(source: RateSource) -> &'static str {
    match source {
        RateSource::Measured => "measured",
        RateSource::Observed => "observed",
        RateSource::Modelled => "modelled",
    }
}

/// A language id as people write it.
pub fn language(id: &str) -> &str {
    match id {
        "python" => "Python",
        "typescript" => "TypeScript",
        "javascript" => "JavaScript",
        "java" => "Java",
        "go" => "Go",
        "rust" => "Rust",
        "c" => "C",
        other => other,
    }
}
