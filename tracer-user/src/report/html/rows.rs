//! Every worker as a row over time. The script draws it; a table says the same in shares.

use maud::{Markup, html};

use super::super::{ActorRow, Doing, DoingKind, Drawing};
use super::numbers::shortened;
use crate::number::{count, millis, percent};

/// The part of the page that the script fills, and the table.
pub fn rows(drawing: Option<&Drawing>) -> Markup {
    let Some(drawing) = drawing else {
        return html! {
            p.faint { "This report came without its trace, so what each worker did over time is not drawn." }
        };
    };
    if drawing.rows.is_empty() {
        return html! { p { "No worker was seen." } };
    }
    html! {
        div.rows data-rows hidden {
            div.tools {
                div.legend data-legend {}
                div.zoom role="group" aria-label="Zoom" {
                    button type="button" data-zoom="out" aria-label="Zoom out" { "-" }
                    button type="button" data-zoom="in" aria-label="Zoom in" { "+" }
                    button type="button" data-zoom="all" { "All" }
                }
            }
            div.canvas {
                canvas tabindex="0" role="application" aria-roledescription="timeline" aria-label="Workers over time"
                    aria-describedby="rows-keys" {}
                div.hair hidden {}
                div.tip hidden {}
            }
            p.faint id="rows-keys" {
                "Drag to move, + and - or Ctrl and the wheel to zoom; with the keyboard arrows move from wait to wait and row to row. "
                (said(drawing))
            }
            p.unseen aria-live="polite" data-live {}
        }
        noscript { p.faint { "Drawing the rows needs this page's script." } }
        details {
            summary { "The same as a table" }
            (table(drawing))
        }
    }
}

/// What is drawn, and what is not.
fn said(drawing: &Drawing) -> String {
    /// Steps that a reader could see.
    const COARSE: f64 = 1e-4;
    let mut said = "Small ticks, where there is room: an item is done.".to_owned();
    if drawing.step_s > COARSE {
        said.push_str(&format!(
            " Drawn in steps of {}; what is shorter has its share of the steps.",
            millis(1e3 * drawing.step_s)
        ));
    }
    if drawing.left_out > 0 {
        said.push_str(&format!(
            " {} more workers are not drawn.",
            count(drawing.left_out as u64)
        ));
    }
    if drawing.unseen > 0 {
        said.push_str(&format!(
            " {} more wait inside their process, where no event shows them one by one.",
            count(drawing.unseen as u64)
        ));
    }
    said
}

/// Shares of a row's time.
#[derive(Default)]
struct Shares {
    running: f64,
    queued: f64,
    serialised: f64,
    waiting: f64,
    lived: f64,
}

impl Shares {
    fn of(row: &ActorRow, doings: &[Doing]) -> Self {
        let mut shares = Self::default();
        for segment in &row.segments {
            let Some(doing) = doings.get(segment.doing as usize) else {
                continue;
            };
            let steps = f64::from(segment.steps);
            let part = match doing.kind {
                DoingKind::Absent => continue,
                _ if doing.serialises => &mut shares.serialised,
                DoingKind::Running => &mut shares.running,
                DoingKind::Queued => &mut shares.queued,
                _ => &mut shares.waiting,
            };
            *part += steps;
            shares.lived += steps;
        }
        shares
    }
}

fn table(drawing: &Drawing) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Workers over time, as a table" {
            table.numbers {
                thead {
                    tr {
                        th scope="col" { "Row" }
                        th scope="col" { "Running" }
                        th scope="col" { "Ready, no CPU" }
                        th scope="col" { "In what serialises" }
                        th scope="col" { "Other waits" }
                        th scope="col" { "Items" }
                    }
                }
                tbody {
                    @for row in &drawing.rows {
                        @let shares = Shares::of(row, &drawing.doings);
                        @let share = |part: f64| percent(part / shares.lived.max(1.0));
                        tr {
                            td { (shortened(&row.name, 60)) " " span.faint { (row.what) } }
                            td { (share(shares.running)) }
                            td { (share(shares.queued)) }
                            td { (share(shares.serialised)) }
                            td { (share(shares.waiting)) }
                            td { @if !row.carries { (count(row.ticks.len() as u64)) } }
                        }
                    }
                }
            }
        }
    }
}
