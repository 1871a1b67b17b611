//! The serialization factor as a picture: all workers, and how many of them do work.

use maud::{Markup, html};

use super::super::Report;
use super::numbers::px;
use crate::cause::Cause;
use crate::number::{count, figure, range};

/// More workers are drawn as so many, each of which stands for several.
const MOST: u32 = 160;
/// Workers beside each other.
const COLUMNS: u32 = 16;
/// Side of a worker, and from one to the next.
const SIDE: f64 = 14.0;
const PITCH: f64 = 18.0;

/// The workers, of which those that do work are filled; nothing where that is not known.
pub fn crew(report: &Report) -> Markup {
    let parallel = &report.parallelism;
    let (workers, working) = (report.workers.count, parallel.effective_workers);
    let is_told = report.verdict.cause != Cause::Unknown && report.items.count > 0;
    if workers == 0 || !is_told || !working.is_finite() {
        return html! {};
    }
    let drawn = workers.min(MOST);
    let each = f64::from(workers) / f64::from(drawn);
    let columns = drawn.min(COLUMNS);
    let rows = drawn.div_ceil(columns);
    let told = format!(
        "{} workers do the work of {}",
        count(workers.into()),
        figure(working)
    );
    html! {
        figure.crew {
            svg viewBox=(format!("0 0 {} {}", px(f64::from(columns) * PITCH - PITCH + SIDE), px(f64::from(rows) * PITCH - PITCH + SIDE)))
                role="img" aria-label=(told) {
                @for index in 0..drawn {
                    @let share = (working / each - f64::from(index)).clamp(0.0, 1.0);
                    @let (x, y) = (f64::from(index % columns) * PITCH, f64::from(index / columns) * PITCH);
                    rect.held x=(px(x)) y=(px(y)) width=(px(SIDE)) height=(px(SIDE)) rx="2" {}
                    @if share > 0.0 {
                        rect.works x=(px(x)) y=(px(y + SIDE * (1.0 - share))) width=(px(SIDE)) height=(px(SIDE * share)) rx="2" {}
                    }
                }
            }
            figcaption {
                "The work of " b { (figure(working)) " of " (count(workers.into())) } " workers is done"
                br;
                span.faint {
                    "SF " (figure(parallel.serialization_factor)) ", " (range(parallel.interval, figure))
                    @if each > 1.0 { "; each square is " (figure(each)) " workers" }
                }
            }
        }
    }
}
