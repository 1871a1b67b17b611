//! The report as one page that opens anywhere, from disk or out of a mail: text, and pictures of what the trace showed.
//!
//! Everything is in the one file and nothing is fetched: its policy (a `Content-Security-Policy`) allows the one script and the one style sheet
//! that stand in it, by their hashes, and nothing from elsewhere. What names from outside say is text everywhere. What is told by a
//! picture is told in words or a table beside it too; without a script only the pictures that need one are missing.

mod blocks;
mod data;
mod numbers;

mod bars;
mod crew;
mod flame;
mod gain;
mod graph;
mod responses;
mod rows;

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::page::{Block, Page, Phrase, Section};
use super::{Drawing, Format, Look, Report, sections};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page for a browser.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html<'a> {
    drawing: Option<&'a Drawing>,
}

impl<'a> Html<'a> {
    /// A page that draws this beside the report; `None`: there is no trace to draw from.
    #[must_use]
    pub fn new(drawing: Option<&'a Drawing>) -> Self {
        Self { drawing }
    }
}

impl Format for Html<'_> {
    /// All that is known is on the page, whatever the look.
    fn print(&self, report: &Report, _look: &Look) -> String {
        let page = sections::page(report, true);
        let mut text = document(report, &page, self.drawing).into_string();
        text.push('\n');
        text
    }
}

/// What the page may do: run and be styled by what stands in it, and nothing else.
fn policy() -> String {
    let of = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        of(SCRIPT),
        of(STYLE)
    )
}

fn document(report: &Report, page: &Page, drawing: Option<&Drawing>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "holdup: " (page.verdict.text()) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                (patterns())
                header { (head(report, page)) }
                main {
                    (titled("stages", "Where the time of an item goes", &bars::bars(report)))
                    (titled("rows", "Every worker over time", &rows::rows(drawing)))
                    (titled("graph", "Who waits for whom", &graph::graph(report)))
                    (titled("flames", "Where in the code", &flame::flames(drawing)))
                    @if let Some(responses) = drawing.and_then(|drawing| drawing.responses.as_ref()) {
                        (titled("responses", "Response time by the number of requests under way", &responses::responses(responses)))
                    }
                    (titled("fix", "What to change", &fix(report, page)))
                    (titled("evidence", "What this rests on", &evidence(page)))
                }
                footer {
                    p { "Made by holdup " (env!("CARGO_PKG_VERSION")) ". This page holds all it shows and fetches nothing." }
                }
                @if let Some(drawing) = drawing {
                    script type="application/json" id="drawing" { (PreEscaped(data::json(drawing))) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Hatching that pictures refer to.
fn patterns() -> Markup {
    html! {
        svg.defs width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.hatch-ground width="6" height="6" {}
                    rect.hatch-line width="2.4" height="6" {}
                }
            }
        }
    }
}

/// The verdict, with how many workers' work is done.
fn head(report: &Report, page: &Page) -> Markup {
    let scaling = section(page, sections::SCALING);
    let target = Phrase::new(&report.target.command);
    html! {
        p.kicker {
            b { "holdup" }
            @if !target.text().is_empty() { " " span { (numbers::shortened(target.text(), 90)) } }
        }
        h1 { (verdict(page.verdict.text())) }
        div.hero {
            (crew::crew(report))
            div.scaling {
                @for block in scaling { (blocks::block(block)) }
            }
        }
    }
}

/// One sentence, whose first part says how bad it is and stands out.
fn verdict(sentence: &str) -> Markup {
    /// Longer ones are no headline.
    const HEADLINE: usize = 120;
    match sentence.split_once(": ") {
        Some((first, rest)) if first.len() <= HEADLINE => html! {
            span.headline { (first) ":" } " " span.lede { (rest) }
        },
        _ => html! { span.headline { (sentence) } },
    }
}

fn fix(report: &Report, page: &Page) -> Markup {
    html! {
        @for block in section(page, sections::FIX) { (blocks::block(block)) }
        h3 { "What it would bring" }
        (gain::gain(report))
        @for block in section(page, sections::GAIN) { (blocks::block(block)) }
    }
}

fn evidence(page: &Page) -> Markup {
    let part = |title: &'static str| {
        html! {
            h3 { (title) }
            @for block in section(page, title) { (blocks::block(block)) }
        }
    };
    html! {
        (part(sections::CAUSE))
        (part(sections::EVIDENCE))
        (part(sections::PROFILE))
        (part(sections::BASELINE))
    }
}

/// The blocks of a section of the page.
fn section<'p>(page: &'p Page, title: &str) -> &'p [Block] {
    let titled = |section: &&Section| section.title == title;
    let found = page.sections.iter().find(titled);
    found.map_or(&[], |section| &section.blocks)
}

fn titled(id: &str, title: &str, body: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby=(format!("{id}-title")) {
            h2 id=(format!("{id}-title")) { (title) }
            (body)
        }
    }
}
