//! What the fix would bring, as a range beside what is now.

use maud::{Markup, html};

use super::super::Report;
use super::numbers::percent_of;
use crate::number::rate;

/// A scale from nothing to the highest rate, with what is now and where it would be.
pub fn gain(report: &Report) -> Markup {
    let Some(prediction) = &report.prediction else {
        return html! {};
    };
    let now = report.parallelism.actual_rate_per_s;
    let [low, high] = prediction.interval;
    let all = [now, low, high, prediction.rate_per_s];
    let whole = all.into_iter().fold(0.0, f64::max);
    if !(all.iter().all(|value| value.is_finite()) && whole > 0.0 && high > low) {
        return html! {};
    }
    html! {
        figure.gain {
            svg width="100%" height="40" role="img"
                aria-label=(format!("now {}; expected {}, between {} and {}", rate(now), rate(prediction.rate_per_s), rate(low), rate(high))) {
                rect.ground y="14" width="100%" height="12" rx="2" {}
                rect.range x=(percent_of(low, whole) + "%") y="14" width=(percent_of(high - low, whole) + "%") height="12" {}
                rect.now y="14" width=(percent_of(now, whole) + "%") height="12" {}
                svg x=(percent_of(prediction.rate_per_s, whole) + "%") overflow="visible" {
                    path.expected d="M0 4 L0 36" {}
                }
            }
            figcaption.legend {
                span.entry { span.key.now {} "now " (rate(now)) }
                span.entry { span.key.expected {} "expected " (rate(prediction.rate_per_s)) }
                span.entry { span.key.range {} "range " (rate(low)) " to " (rate(high)) }
            }
        }
    }
}
