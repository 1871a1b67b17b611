//! The report as a page: sections of tables, points and code, before any format gives them a form.
//!
//! In: nothing. Out: values whose every string is already fit to print, because a [`Phrase`] cannot be made otherwise.

use crate::row::printable;

/// How a phrase is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// The thing to see.
    Strong,
    /// Of less weight.
    Faint,
    /// All is well.
    Good,
    /// Worth a look.
    Minor,
    /// Hurts.
    Warning,
    /// Hurts most.
    Critical,
}

/// Text on one line, without anything a terminal obeys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrase {
    text: String,
    tone: Tone,
}

impl Phrase {
    /// `text`, escaped.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self {
            text: printable(text.as_ref()).into_owned(),
            tone: Tone::Plain,
        }
    }

    /// The same text in another tone.
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How it is meant.
    pub fn meant(&self) -> Tone {
        self.tone
    }
}

impl From<&str> for Phrase {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Phrase {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Names and their values.
    Fields(Vec<(&'static str, Phrase)>),
    /// A table; columns after the first hold numbers when `numbers` is set.
    Table {
        /// Titles of the columns.
        head: Vec<&'static str>,
        /// As many cells as the head has.
        rows: Vec<Vec<Phrase>>,
        /// Align all columns but the first to the right.
        numbers: bool,
    },
    /// A sentence or two.
    Prose(Phrase),
    /// A list.
    Points(Vec<Phrase>),
    /// Code as it is and as it should be, by lines.
    Change {
        /// For the highlighter of whoever shows it.
        language: Phrase,
        /// As it probably is.
        before: Vec<Phrase>,
        /// As it should be.
        after: Vec<Phrase>,
    },
}

/// A titled part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its title.
    pub title: &'static str,
    /// What it holds; sections without blocks are not printed.
    pub blocks: Vec<Block>,
}

/// Everything to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The first line.
    pub verdict: Phrase,
    /// In order.
    pub sections: Vec<Section>,
}

/// `code` by lines, each escaped; tabs become four spaces.
pub fn code_lines(code: &str) -> Vec<Phrase> {
    code.trim_end()
        .lines()
        .map(|line| Phrase::new(line.replace('\t', "    ")))
        .collect()
}
