//! Stages as bars: being served and computing, and waiting for other workers.

use maud::{Markup, html};

use super::super::{Report, Stage, names};
use super::numbers::percent_of;
use crate::number::{millis, percent};

/// A bar for each stage, all to one scale.
pub fn bars(report: &Report) -> Markup {
    if report.stages.is_empty() {
        return html! { p { "No item was completed in the window." } };
    }
    html! {
        p.legend {
            span.entry { span.key.service {} "service" }
            span.entry { span.key.waiting {} "waiting for other workers" }
        }
        ol.bars {
            @for stage in &report.stages { (bar(stage, report.item_mean_ms)) }
        }
        p.faint { (millis(report.item_mean_ms)) " an item, all in all." }
    }
}

fn bar(stage: &Stage, whole: f64) -> Markup {
    let waits = stage.queue_ms > 0.0;
    html! {
        li {
            div.bar-head {
                b { (names::stage(stage.stage)) }
                span { (millis(stage.mean_ms)) span.faint { ", " (percent(stage.share)) } }
            }
            svg.bar width="100%" height="22" aria-hidden="true" {
                rect.ground width="100%" height="22" rx="2" {}
                rect.service width=(percent_of(stage.service_ms, whole) + "%") height="22" {}
                @if waits {
                    rect.waiting x=(percent_of(stage.service_ms, whole) + "%") width=(percent_of(stage.queue_ms, whole) + "%") height="22" {}
                }
            }
            p.faint {
                "service " (millis(stage.service_ms)) ", waiting for others " (millis(stage.queue_ms))
            }
        }
    }
}
