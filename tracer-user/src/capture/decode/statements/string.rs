//! Where a quoted text ends.

/// Where a quoted text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// After so many bytes, quotes included.
    End(usize),
    /// Not in these bytes.
    Open,
    /// Whether a backslash takes the meaning from the quote behind it depends on settings of the server.
    Doubtful,
}

/// The end of the quoted text at the start of `text`. A doubled quote is one within it; with `escapes` a backslash takes the next
/// byte's meaning.
pub(super) fn end(text: &[u8], quote: u8, escapes: bool) -> Found {
    let (mut at, mut backslashes) = (1, 0_usize);
    while let Some(byte) = text.get(at) {
        if *byte == b'\\' {
            backslashes += 1;
        } else {
            let is_odd = !backslashes.is_multiple_of(2);
            backslashes = 0;
            if *byte == quote && is_odd && !escapes {
                return Found::Doubtful;
            }
            if *byte == quote && !is_odd {
                match text.get(at + 1) {
                    Some(next) if *next == quote => at += 1,
                    // The last byte may be the first half of a doubled quote: either way nothing follows.
                    _ => return Found::End(at + 1),
                }
            }
        }
        at += 1;
    }
    Found::Open
}

/// How many bytes at the start of `text` are such.
pub(super) fn run(text: &[u8], is: impl Fn(u8) -> bool) -> usize {
    text.iter()
        .position(|byte| !is(*byte))
        .unwrap_or(text.len())
}
