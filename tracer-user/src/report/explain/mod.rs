//! What a cause is, how it is told, and what helps: without a case at hand.
//!
//! In: a cause, a language. Out: a page.

mod signs;

use super::names;
use super::page::{Block, Page, Phrase, Section, Tone, code_lines};
use crate::advice::{FixInput, Variant, fix};
use crate::cause::{Cause, ENTRIES};
use crate::diagnose::Culprit;
use crate::work::StageName;
use signs::signs;

/// All causes, a line each.
#[must_use]
pub fn list() -> Page {
    let causes = ENTRIES
        .iter()
        .map(|entry| Phrase::new(format!("{}: {}", entry.id, entry.definition)));
    Page {
        verdict: Phrase::new("What a report can name; holdup explain CAUSE says more of one"),
        sections: vec![section("Causes", vec![Block::Points(causes.collect())])],
    }
}

/// `cause`, with what helps in code of `language` (an id as reports have it; what is not known reads as Python).
#[must_use]
pub fn page(cause: Cause, language: &str) -> Page {
    let entry = ENTRIES.iter().find(|entry| entry.cause == cause);
    let definition = entry.map_or("", |entry| entry.definition);
    let signs = signs(cause);
    let near = signs
        .near
        .iter()
        .map(|(other, apart)| Phrase::new(format!("{}: {apart}.", names::cause(*other))));
    Page {
        verdict: Phrase::new(format!("{}: {definition}", cause.id())).tone(Tone::Strong),
        sections: vec![
            section("What Must Be Seen", points(signs.seen)),
            section("What Clears It", points(signs.cleared)),
            section("What Looks Like It", vec![Block::Points(near.collect())]),
            section("What Helps", helps(cause, language)),
        ],
    }
}

fn section(title: &'static str, blocks: Vec<Block>) -> Section {
    Section { title, blocks }
}

fn points(sentences: &[&str]) -> Vec<Block> {
    vec![Block::Points(sentences.iter().map(Phrase::new).collect())]
}

/// What is usually changed, each remedy once.
fn helps(cause: Cause, language: &str) -> Vec<Block> {
    let culprit = Culprit {
        name: "see the report".to_owned(),
        ..Culprit::default()
    };
    let mut blocks = Vec::new();
    let mut titles: Vec<String> = Vec::new();
    for variant in Variant::ALL {
        for stage in [StageName::Write, StageName::Fetch] {
            let input = FixInput {
                cause,
                variant,
                stage,
                culprit: &culprit,
                statement: "",
                language,
                workers: 64,
                best_workers: 0,
                cpus: 8,
                rate_per_s: f64::NAN,
            };
            let Some(fix) = fix(&input).filter(|fix| !titles.contains(&fix.title)) else {
                continue;
            };
            blocks.push(Block::Prose(Phrase::new(&fix.title).tone(Tone::Strong)));
            blocks.push(Block::Change {
                language: Phrase::new(&fix.language),
                before: code_lines(&fix.before),
                after: code_lines(&fix.after),
            });
            titles.push(fix.title);
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::super::{Look, markdown, text};
    use super::*;

    #[test]
    fn every_cause_is_explained_and_those_that_look_alike_are_others() {
        for entry in &ENTRIES {
            let signs = signs(entry.cause);
            assert!(!signs.seen.is_empty(), "{}", entry.id);
            for (other, apart) in signs.near {
                assert_ne!(*other, entry.cause);
                assert!(!apart.ends_with('.'), "{}: {apart}", entry.id);
            }
            let text = text::print(&page(entry.cause, "go"), &Look::default());
            assert!(text.contains(entry.id), "{text}");
            let helps = text.contains("What Helps");
            assert_eq!(helps, entry.cause != Cause::Unknown, "{text}");
        }
    }

    #[test]
    fn each_remedy_stands_once_in_the_language_asked_for() {
        let text = markdown::print(&page(Cause::SingleThread, "rust"));
        assert_eq!(text.matches("\n```rust\n").count(), 6, "{text}");
        assert_eq!(text.matches("Do not stop the thread").count(), 1, "{text}");
        let other = markdown::print(&page(Cause::SingleThread, "c"));
        assert_eq!(other.matches("\n```c\n").count(), 6, "{other}");
    }

    #[test]
    fn the_list_has_all() {
        let text = text::print(&list(), &Look::default());
        assert!(
            ENTRIES.iter().all(|entry| text.contains(entry.id)),
            "{text}"
        );
    }
}
