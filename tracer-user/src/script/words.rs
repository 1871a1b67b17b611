//! A line of a script as words, read one after the other.

use super::Mistake;
use super::plan::Span;
use crate::row::Nanos;

/// Units of time, longest name first, in nanoseconds.
const UNITS: [(&str, f64); 4] = [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];
/// Marks that are words by themselves.
const MARKS: [char; 2] = [':', ';'];

/// The words of one line, and how far they are read.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    line: usize,
    /// Each word with its column.
    words: Vec<(usize, &'a str)>,
    next: usize,
    end: usize,
}

impl<'a> Words<'a> {
    /// The words of `text`, which is line `line` of the script; a comment runs from `#` to its end.
    pub(super) fn of(line: usize, text: &'a str) -> Self {
        let text = text.split('#').next().unwrap_or_default();
        let mut words = Vec::new();
        let mut start = None;
        for (at, c) in text.char_indices() {
            // A colon within a word is part of an address.
            let is_within =
                text[at + c.len_utf8()..].starts_with(|next: char| !next.is_whitespace());
            let is_mark = MARKS.contains(&c) && !(c == ':' && is_within);
            if is_mark || c.is_whitespace() {
                words.extend(start.take().map(|from: usize| (from + 1, &text[from..at])));
            } else if start.is_none() {
                start = Some(at);
            }
            if is_mark {
                words.push((at + 1, &text[at..=at]));
            }
        }
        words.extend(start.map(|from| (from + 1, &text[from..])));
        Self {
            line,
            words,
            next: 0,
            end: text.trim_end().len() + 1,
        }
    }

    /// The next word, which stays the next.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).map(|(_, word)| *word)
    }

    /// Whether all words are read.
    pub(super) fn is_done(&self) -> bool {
        self.next >= self.words.len()
    }

    /// Takes the next word, whatever it is.
    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    /// Takes the next word if it is this one.
    pub(super) fn accept(&mut self, word: &str) -> bool {
        let is_it = self.peek() == Some(word);
        self.next += usize::from(is_it);
        is_it
    }

    /// The next word should have been something else.
    pub(super) fn mistake(&self, expected: impl Into<String>) -> Mistake {
        let at = self.words.get(self.next);
        Mistake {
            line: self.line,
            column: at.map_or(self.end, |(column, _)| *column),
            expected: expected.into(),
            found: at.map(|(_, word)| (*word).to_owned()),
        }
    }

    /// Takes this very word.
    pub(super) fn expect(&mut self, word: &str) -> Result<(), Mistake> {
        if self.accept(word) {
            return Ok(());
        }
        Err(self.mistake(format!("{word:?}")))
    }

    /// Takes a word that is no mark.
    pub(super) fn name(&mut self, what: &str) -> Result<&'a str, Mistake> {
        match self.peek() {
            Some(word) if !word.starts_with(MARKS) => {
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.mistake(what)),
        }
    }

    /// Takes what `read` makes of the next word.
    pub(super) fn parse<T>(
        &mut self,
        what: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Mistake> {
        let value = self.peek().and_then(read);
        let value = value.ok_or_else(|| self.mistake(what))?;
        self.next += 1;
        Ok(value)
    }

    /// Takes a whole number above zero.
    pub(super) fn count(&mut self, what: &str) -> Result<u32, Mistake> {
        self.parse(what, |word| word.parse().ok().filter(|count| *count > 0))
    }

    /// Takes a number such as `0.7`.
    pub(super) fn factor(&mut self) -> Result<f64, Mistake> {
        self.parse("a number such as 0.7", |word| {
            word.parse()
                .ok()
                .filter(|factor| (0.0..1000.0).contains(factor))
        })
    }

    /// Takes a time such as `20ms`.
    pub(super) fn time(&mut self) -> Result<Nanos, Mistake> {
        self.parse("a time such as 20ms", time)
    }

    /// Takes a time that may vary, such as `20ms` or `20ms+-5ms`.
    pub(super) fn span(&mut self) -> Result<Span, Mistake> {
        self.parse("a time such as 20ms", span)
    }

    /// Takes a time that may vary if one stands there.
    pub(super) fn span_if_any(&mut self) -> Option<Span> {
        let span = self.peek().and_then(span)?;
        self.next += 1;
        Some(span)
    }

    /// Takes a rate such as `10/s`.
    pub(super) fn every(&mut self) -> Result<Nanos, Mistake> {
        self.parse("a rate such as 10/s", |word| {
            let per_second: f64 = word.strip_suffix("/s")?.parse().ok()?;
            (per_second > 0.0).then(|| nanos(1e9 / per_second))
        })
    }

    /// The line ends here.
    pub(super) fn end(&self) -> Result<(), Mistake> {
        if self.is_done() {
            return Ok(());
        }
        Err(self.mistake("the end of the line"))
    }
}

/// A time with its unit.
pub(super) fn time(word: &str) -> Option<Nanos> {
    let (number, scale) = UNITS
        .iter()
        .find_map(|(unit, scale)| Some((word.strip_suffix(unit)?, *scale)))?;
    let number: f64 = number.parse().ok().filter(|number| *number >= 0.0)?;
    Some(nanos(number * scale))
}

fn span(word: &str) -> Option<Span> {
    let (mean, spread) = match word.split_once("+-") {
        Some((mean, spread)) => (time(mean)?, time(spread)?),
        None => (time(word)?, Nanos::ZERO),
    };
    Some(Span { mean, spread })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times of a script, not negative and far below 2^53 ns"
)]
pub(super) fn nanos(ns: f64) -> Nanos {
    Nanos(ns.round() as u64)
}
