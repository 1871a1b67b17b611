//! The comparison as a page, and the page as text or Markdown.

use super::value::{Change, Comparison, Direction, Kept, Side};
use crate::number::{count, figure, millis, percent, range, rate, seconds};
use crate::report::names;
use crate::report::page::{Block, Page, Phrase, Section, Tone};
use crate::report::{Look, markdown as in_markdown, text as in_text};

/// For a terminal.
#[must_use]
pub fn text(comparison: &Comparison, look: &Look) -> String {
    in_text::print(&page(comparison), look)
}

/// For a pull request.
#[must_use]
pub fn markdown(comparison: &Comparison) -> String {
    in_markdown::print(&page(comparison))
}

fn page(comparison: &Comparison) -> Page {
    let section = |title, blocks| Section { title, blocks };
    let notes: Vec<Phrase> = comparison.notes.iter().map(Phrase::new).collect();
    let notes = if notes.is_empty() {
        Vec::new()
    } else {
        vec![Block::Points(notes)]
    };
    Page {
        verdict: Phrase::new(capital(&comparison.sentence)).tone(tone(comparison.direction)),
        sections: vec![
            section("Before And After", vec![sides(comparison)]),
            section("Changes", vec![table(&comparison.changes)]),
            section("Promise", promise(comparison)),
            section("Mind", notes),
        ],
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn tone(direction: Direction) -> Tone {
    match direction {
        Direction::Better => Tone::Good,
        Direction::Worse => Tone::Critical,
        Direction::Same | Direction::NotTold | Direction::Changed => Tone::Plain,
    }
}

/// What each report named, and of what.
fn sides(comparison: &Comparison) -> Block {
    let told = |side: &Side| {
        let culprit = match side.culprit.name.as_str() {
            "" => String::new(),
            name => format!(": {name}"),
        };
        Phrase::new(format!(
            "{}{culprit}; confidence {}; {} items in {}",
            names::cause(side.cause),
            names::level(side.confidence_level),
            count(side.items),
            seconds(side.window_s)
        ))
    };
    let (before, after) = (&comparison.before, &comparison.after);
    Block::Fields(vec![
        ("Before", told(before)),
        ("After", told(after)),
        ("Item", Phrase::new(&after.unit)),
    ])
}

fn table(changes: &[Change]) -> Block {
    let rows = changes.iter().map(|change| {
        let print = |value: f64| match change.unit.as_str() {
            "items/s" => rate(value),
            "ms" => millis(value),
            _ => figure(value),
        };
        let times = if change.before > 0.0 {
            figure(change.after / change.before)
        } else {
            "-".to_owned()
        };
        let noise = change
            .ratio_interval
            .map_or_else(|| "-".to_owned(), |interval| range(interval, figure));
        vec![
            Phrase::new(capital(&change.figure)),
            print(change.before).into(),
            print(change.after).into(),
            times.into(),
            noise.into(),
            Phrase::new(direction(change.direction)).tone(tone(change.direction)),
        ]
    });
    Block::Table {
        head: vec!["", "Before", "After", "Times", "By the noise", ""],
        rows: rows.collect(),
        numbers: true,
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Better => "better",
        Direction::Worse => "worse",
        Direction::Same => "same",
        Direction::NotTold => "not told",
        Direction::Changed => "changed",
    }
}

fn promise(comparison: &Comparison) -> Vec<Block> {
    let Some(promise) = &comparison.promise else {
        return Vec::new();
    };
    let kept = match promise.kept {
        Kept::Below => "below the range: another fix was made, or something else limits it",
        Kept::Within => "in the range",
        Kept::Above => "above the range",
    };
    let gain = promise.gain_share.map_or_else(String::new, |share| {
        format!("; {} of the gain that was promised", percent(share))
    });
    vec![Block::Fields(vec![
        (
            "Promised",
            Phrase::new(format!(
                "{} ({})",
                rate(promise.rate_per_s),
                range(promise.interval, rate)
            )),
        ),
        (
            "Obtained",
            Phrase::new(format!("{}, {kept}{gain}", rate(promise.obtained_per_s))),
        ),
    ])]
}
