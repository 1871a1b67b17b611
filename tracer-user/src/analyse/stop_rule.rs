//! Whether a longer window would make the report better.

use crate::diagnose::{Conclusion, Findings};

/// Cycles each worker should have gone through.
const CYCLES: f64 = 3.0;
/// Completions that should have been seen.
const COMPLETIONS: u64 = 100;
/// The SF interval should be within this share of its value.
const INTERVAL: f64 = 0.1;
/// The first cause should be ahead of the second by this share.
const AHEAD: f64 = 0.2;

/// What is not yet settled, as sentences; empty: all is.
pub(super) fn unsettled(findings: &Findings<'_>, conclusion: &Conclusion) -> Vec<String> {
    let mut open = Vec::new();
    let wanted = COMPLETIONS;
    if findings.items < wanted {
        open.push(format!("{} of {wanted} items", findings.items));
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of items")]
    let cycles = findings.items as f64 / findings.count().max(1.0);
    if cycles < CYCLES {
        open.push(format!("{cycles:.1} of {CYCLES:.0} cycles per worker"));
    }
    let [low, high] = conclusion.factor.interval;
    if high - low > 2.0 * INTERVAL * conclusion.factor.value {
        open.push(format!("SF between {low:.1} and {high:.1}"));
    }
    if let [first, second, ..] = conclusion.candidates.as_slice()
        && first.lost().likely > 0.0
        && second.lost().likely > (1.0 - AHEAD) * first.lost().likely
    {
        open.push(format!("{} or {}", first.cause, second.cause));
    }
    open
}
