//! The text of a statement without its constants.
//!
//! In: the beginning of an SQL statement. Out: the same with every number and string as `?`, lists of them as one, comments and
//! runs of blanks as one blank. In doubt what could be part of a constant is left out, with all that follows it. Pure; takes any
//! bytes, in one pass.

use super::string::{self, Found};
use super::token::{Kind, Tokens};

/// Whose rules a text is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Dialect {
    /// `"..."` is a name, `$1` a parameter, `E'\''` and `$tag$...$tag$` strings.
    Postgres,
    /// `"..."` is a string, `?` a parameter, `#` begins a comment.
    MySql,
}

/// A statement as a message holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Text<'a> {
    /// Its beginning.
    pub(in super::super) bytes: &'a [u8],
    /// That is all of it.
    pub(in super::super) whole: bool,
    /// Whose rules it is read by.
    pub(in super::super) dialect: Dialect,
}

/// A text without constants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Plain {
    /// The text.
    pub(in super::super) text: String,
    /// It stands for all of the statement.
    pub(in super::super) whole: bool,
}

/// Takes the constants out of `text`.
pub(in super::super) fn plain(text: Text<'_>) -> Plain {
    let mut scan = Scan {
        text: text.bytes,
        at: 0,
        dialect: text.dialect,
        cut: !text.whole,
        out: Tokens::default(),
    };
    while scan.step() {}
    let whole = !scan.cut;
    Plain {
        text: scan.out.into_text(whole),
        whole,
    }
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    dialect: Dialect,
    /// More follows that is not known.
    cut: bool,
    out: Tokens,
}

impl Scan<'_> {
    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.rest().get(ahead).copied()
    }

    /// What follows cannot be read.
    fn stop(&mut self) {
        self.cut = true;
        self.at = self.text.len();
    }

    /// Takes the next token; `false`: there is none.
    fn step(&mut self) -> bool {
        let Some(byte) = self.peek(0) else {
            return false;
        };
        match byte {
            _ if byte.is_ascii_whitespace() || byte.is_ascii_control() => {
                self.at += 1;
                self.out.blank();
            }
            b'-' if self.peek(1) == Some(b'-') => self.line_comment(),
            b'#' if self.dialect == Dialect::MySql => self.line_comment(),
            b'/' if self.peek(1) == Some(b'*') => self.comment(),
            b'\'' => self.string(b'\'', false),
            b'"' if self.dialect == Dialect::MySql => self.string(b'"', false),
            b'"' | b'`' => self.quoted_name(byte),
            b'?' if self.dialect == Dialect::MySql => self.constant(1),
            b'$' => self.dollar(),
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit())
                && !self.out.ends_with_name() =>
            {
                self.number();
            }
            _ if is_name_start(byte) => self.name(),
            _ => {
                self.at += 1;
                self.out.push(Kind::Sign(byte));
            }
        }
        true
    }

    fn constant(&mut self, length: usize) {
        self.at += length;
        self.out.push(Kind::Constant);
    }

    fn line_comment(&mut self) {
        match self.rest().iter().position(|byte| *byte == b'\n') {
            Some(end) => self.at += end,
            None => self.at = self.text.len(),
        }
        self.out.blank();
    }

    /// Comments nest in some dialects; where they do not, more is taken for a comment than is one.
    fn comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            let (open, close) = (
                self.rest().starts_with(b"/*"),
                self.rest().starts_with(b"*/"),
            );
            self.at += if open || close { 2 } else { 1 };
            depth = depth + usize::from(open) - usize::from(close);
            if depth == 0 {
                break;
            }
        }
        self.out.blank();
    }

    fn string(&mut self, quote: u8, escapes: bool) {
        self.out.push(Kind::Constant);
        match string::end(self.rest(), quote, escapes) {
            Found::End(length) => self.at += length,
            Found::Open | Found::Doubtful => self.stop(),
        }
    }

    fn quoted_name(&mut self, quote: u8) {
        match string::end(self.rest(), quote, false) {
            Found::End(length) => {
                let name = String::from_utf8_lossy(self.rest().get(..length).unwrap_or_default())
                    .into_owned();
                self.at += length;
                self.out.push(Kind::Name(name));
            }
            Found::Open | Found::Doubtful => self.stop(),
        }
    }

    /// `$1`, `$tag$ ... $tag$`, or a sign.
    fn dollar(&mut self) {
        let rest = self.rest();
        let length = 1 + string::run(rest.get(1..).unwrap_or_default(), is_name_inner);
        let tag = rest.get(..length).unwrap_or_default();
        if rest.get(length) == Some(&b'$') && !tag.get(1).is_some_and(u8::is_ascii_digit) {
            let delimiter = rest.get(..=length).unwrap_or_default();
            let body = rest.get(delimiter.len()..).unwrap_or_default();
            let end = body
                .windows(delimiter.len())
                .position(|part| part == delimiter);
            let end = end.map(|end| end + 2 * delimiter.len());
            self.out.push(Kind::Constant);
            match end {
                Some(length) => self.at += length,
                None => self.stop(),
            }
        } else if length == rest.len() && self.cut {
            // A tag or a parameter that goes on.
            self.out.push(Kind::Constant);
            self.stop();
        } else if tag.get(1).is_some_and(u8::is_ascii_digit) {
            self.constant(length);
        } else {
            self.at += 1;
            self.out.push(Kind::Sign(b'$'));
        }
    }

    /// Digits and all that hangs on them: `0xff`, `1.5e-7`, `1_000`, and what no dialect knows.
    fn number(&mut self) {
        let rest = self.rest();
        let is_hex = rest.len() > 1 && matches!(rest.get(..2), Some(b"0x" | b"0X"));
        let mut length = 0;
        while let Some(byte) = rest.get(length) {
            let is_sign = matches!(byte, b'+' | b'-')
                && !is_hex
                && length > 0
                && matches!(rest.get(length - 1), Some(b'e' | b'E'))
                && rest.get(length + 1).is_none_or(u8::is_ascii_digit);
            if !(is_sign || *byte == b'.' || *byte == b'$' || is_name_inner(*byte)) {
                break;
            }
            length += 1;
        }
        self.constant(length);
    }

    fn name(&mut self) {
        let rest = self.rest();
        let length = string::run(rest, |byte| byte == b'$' || is_name_inner(byte));
        let name = rest.get(..length).unwrap_or_default();
        if length == rest.len() && self.cut {
            // It may go on.
            self.stop();
            return;
        }
        if rest.get(length) == Some(&b'\'')
            && matches!(
                name,
                [b'e' | b'E' | b'x' | b'X' | b'b' | b'B' | b'n' | b'N']
            )
        {
            let escapes = self.dialect == Dialect::Postgres && matches!(name, [b'e' | b'E']);
            self.at += length;
            self.string(b'\'', escapes);
            return;
        }
        let name = String::from_utf8_lossy(name).into_owned();
        self.at += length;
        self.out.push(Kind::Name(name));
    }
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_name_inner(byte: u8) -> bool {
    is_name_start(byte) || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests;
