//! A report to a page: what stands where. Chooses, orders and words; computes nothing but the
//! profile's total row.

mod cause;
mod change;
mod evidence;
mod figures;

use super::page::{Block, Page, Phrase, Section};
use super::{Report, names};
use crate::number::count;

/// Title: rate, workers, target.
pub const BASELINE: &str = "Baseline Metrics";
/// Title: time by stage.
pub const PROFILE: &str = "Profiling Results";
/// Title: how far it scales.
pub const SCALING: &str = "Parallelization Analysis";
/// Title: the cause, and what speaks for it.
pub const CAUSE: &str = "Root Cause";
/// Title: what to change.
pub const FIX: &str = "Recommended Fix";
/// Title: what that would bring.
pub const GAIN: &str = "Expected Improvement";
/// Title: blame, resources, coverage.
pub const EVIDENCE: &str = "Evidence";

/// What fits one screen; `details` lifts these.
struct Limits {
    evidence: usize,
    causes: usize,
    /// Lesser causes are named only from this share of the lost time on.
    least_share: f64,
    chains: usize,
    resources: usize,
    notes: usize,
}

impl Limits {
    const SCREEN: Self = Self {
        evidence: 2,
        causes: 2,
        least_share: 0.05,
        chains: 2,
        resources: 2,
        notes: 3,
    };
    const NONE: Self = Self {
        evidence: usize::MAX,
        causes: usize::MAX,
        least_share: f64::NEG_INFINITY,
        chains: usize::MAX,
        resources: usize::MAX,
        notes: usize::MAX,
    };

    /// Whether everything known is shown.
    fn all(&self) -> bool {
        self.evidence == Self::NONE.evidence
    }
}

/// The page of `report`; with `details` everything known.
pub fn page(report: &Report, details: bool) -> Page {
    let limits = if details {
        Limits::NONE
    } else {
        Limits::SCREEN
    };
    let verdict = &report.verdict;
    let sentence = if verdict.sentence.is_empty() {
        "No verdict was reached."
    } else {
        &verdict.sentence
    };
    Page {
        verdict: Phrase::new(sentence).tone(names::severity(verdict.severity).1),
        sections: vec![
            section(BASELINE, figures::baseline(report, details)),
            section(PROFILE, figures::profile(report)),
            section(SCALING, figures::parallel(report, details)),
            section(CAUSE, cause::root_cause(report, &limits)),
            section(FIX, change::fix(report)),
            section(GAIN, change::expected(report)),
            section(EVIDENCE, evidence::evidence(report, &limits, details)),
        ],
    }
}

fn section(title: &'static str, blocks: Vec<Block>) -> Section {
    Section { title, blocks }
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}

fn plural(number: u64, noun: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{} {noun}{end}", count(number))
}
