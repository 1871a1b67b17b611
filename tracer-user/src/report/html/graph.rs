//! Who waits for whom: waiters, what they wait for, and who has it.

use maud::{Markup, html};

use super::super::page::Phrase;
use super::super::{Blame, Report};
use super::numbers::px;
use crate::number::seconds;

/// Rows that are drawn; the heaviest come first.
const MOST: usize = 8;
/// The widest arrow.
const WIDEST: f64 = 12.0;
/// Length of an arrow's head.
const HEAD: u32 = 11;

/// The graph, one group for all that the same workers wait for.
pub fn graph(report: &Report) -> Markup {
    let rows = || report.blame.iter().take(MOST);
    let most = rows().map(|row| row.ns).max().unwrap_or(0);
    let mut groups: Vec<(&str, Vec<&Blame>)> = Vec::new();
    for row in rows() {
        match groups.iter_mut().find(|(waiter, _)| *waiter == row.waiter) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((&row.waiter, vec![row])),
        }
    }
    if groups.is_empty() {
        return html! { p { "Nobody was seen to wait for another." } };
    }
    html! {
        @for (waiter, rows) in groups {
            div.graph {
                div.node { (Phrase::new(waiter).text()) }
                div.edges {
                    @for row in rows { (edge(row, most, is_culprit(report, row))) }
                }
            }
        }
    }
}

fn is_culprit(report: &Report, row: &Blame) -> bool {
    let culprit = &report.verdict.culprit.name;
    !culprit.is_empty() && row.resource.contains(culprit.as_str())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a width on the screen, and a time for people"
)]
fn edge(row: &Blame, most: u64, serialises: bool) -> Markup {
    let width = (WIDEST * row.ns as f64 / most.max(1) as f64).max(1.5);
    let waited = seconds(row.ns as f64 / 1e9);
    let (resource, holder) = (Phrase::new(&row.resource), Phrase::new(&row.holder));
    let chain: Vec<Phrase> = row.chain.iter().map(Phrase::new).collect();
    html! {
        div.edge.serialises[serialises] {
            (arrow(width, &format!("{waited} of waiting")))
            div.node.resource {
                @if serialises { span.mark { "serialises" } " " }
                (resource.text())
            }
            @if !holder.text().is_empty() {
                (arrow(1.5, "held by"))
                div.node { (holder.text()) }
            }
            @if chain.len() > 1 {
                ol.chain {
                    @for link in &chain { li { (link.text()) } }
                }
            }
        }
    }
}

fn arrow(width: f64, told: &str) -> Markup {
    // The head stands beyond the end of the line.
    let half = (0.5 * width + 5.0).max(6.0);
    let head = format!("M-1 0 L{} {} L-1 {} Z", HEAD, px(half), px(2.0 * half));
    html! {
        div.arrow {
            svg width="100%" height=(px(2.0 * half)) aria-hidden="true" {
                line x1="0" x2="100%" y1=(px(half)) y2=(px(half)) stroke-width=(px(width)) {}
                svg x="100%" overflow="visible" { path d=(head) {} }
            }
            span { (told) }
        }
    }
}
