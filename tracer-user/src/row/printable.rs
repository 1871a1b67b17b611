//! Strings from outside (names, paths, arguments, symbols) made fit to print.
//!
//! In: text a stranger chose. Out: the same text on one line, with nothing in it that a terminal obeys or that shows
//! otherwise than it reads. Every printer calls this at its own edge; rows keep the raw text.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with control characters, escape sequences and invisible or direction-changing characters written out
/// (`\n`, `\x1b`, `\u{202e}`). Everything else, backslashes too, stays as it is.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if !is_unsafe(c) => out.push(c),
            c if u32::from(c) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

/// [`printable`] for bytes: what is no UTF-8 is written out as `\xNN`.
#[must_use]
pub fn printable_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&printable(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Characters a terminal obeys, or that hide or reorder what stands beside them: controls (C0, DEL, C1), line and paragraph
/// separators, zero-width characters, bidirectional controls (Unicode TR 9), blank fillers, tags.
#[must_use]
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expect: &str) {
        assert_eq!(printable(input), expect);
        assert!(!printable(input).chars().any(is_unsafe));
    }

    #[test]
    fn ordinary_text_stays_and_is_not_copied() {
        check("worker-7 /data/ö 数据 C:\\x", "worker-7 /data/ö 数据 C:\\x");
        assert!(matches!(printable("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_a_terminal_obeys_is_written_out() {
        check("\x1b]0;pwned\x07", "\\x1b]0;pwned\\x07");
        check("a\nb\rc\td", "a\\nb\\rc\\td");
        check("\u{9b}31m\x7f", "\\x9b31m\\x7f");
    }

    #[test]
    fn what_hides_or_reorders_is_written_out() {
        check("user\u{202e}gpj.exe", "user\\u{202e}gpj.exe");
        check(
            "a\u{200b}b\u{feff}c\u{2028}",
            "a\\u{200b}b\\u{feff}c\\u{2028}",
        );
        check("\u{e0041}", "\\u{e0041}");
    }

    #[test]
    fn bytes_that_are_no_utf8_are_shown() {
        assert_eq!(printable_bytes(b"ok\xff\xc3\x28\x1b"), "ok\\xff\\xc3(\\x1b");
        assert_eq!(printable_bytes("ö".as_bytes()), "ö");
    }
}
