//! The verb of an SQL statement, or of a command tag, by its first word.

use crate::row::Verb;

const READS: [&str; 9] = [
    "select", "with", "show", "fetch", "values", "table", "explain", "describe", "desc",
];
const WRITES: [&str; 14] = [
    "insert", "update", "delete", "copy", "commit", "replace", "merge", "upsert", "truncate",
    "create", "drop", "alter", "load", "end",
];

/// Functions that take a lock and read nothing: PostgreSQL's, as they begin, and those of MySQL.
const LOCKS: [&str; 4] = [
    "pg_advisory_",
    "pg_try_advisory_",
    "get_lock",
    "release_lock",
];

/// Statements that only frame others.
const FRAMES: [&str; 10] = [
    "begin",
    "start",
    "set",
    "reset",
    "savepoint",
    "release",
    "rollback",
    "discard",
    "lock",
    "unlock",
];

/// Reads, writes, or neither; `None` for what is not SQL. A word that the message cuts short counts when it has at least four
/// letters of a known one.
pub(super) fn verb(statement: &[u8]) -> Option<Verb> {
    let word = first_word(statement)?;
    let cut = word.len() >= 4 && word.as_ptr_range().end == statement.as_ptr_range().end;
    let matches = |known: &&str| {
        known.as_bytes().eq_ignore_ascii_case(word)
            || cut
                && known
                    .as_bytes()
                    .get(..word.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    if READS.iter().any(matches) && takes_lock(statement, word) {
        Some(Verb::SqlOther)
    } else if READS.iter().any(matches) {
        Some(Verb::SqlRead)
    } else if WRITES.iter().any(matches) {
        Some(Verb::SqlWrite)
    } else if FRAMES.iter().any(matches) {
        Some(Verb::SqlOther)
    } else {
        None
    }
}

/// What is selected is a call of one of [`LOCKS`].
fn takes_lock(statement: &[u8], first: &[u8]) -> bool {
    let after = first.as_ptr_range().end as usize - statement.as_ptr_range().start as usize;
    let called = statement
        .get(after..)
        .unwrap_or_default()
        .trim_ascii_start();
    LOCKS.iter().any(|name| {
        called
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// The first word after blanks, opening brackets and comments.
fn first_word(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let start = text
            .iter()
            .position(|byte| !(byte.is_ascii_whitespace() || *byte == b'('))?;
        text = text.get(start..)?;
        if let Some(comment) = text.strip_prefix(b"/*") {
            let end = comment.windows(2).position(|pair| pair == b"*/")?;
            text = comment.get(end + 2..)?;
        } else if let Some(comment) = text.strip_prefix(b"--") {
            let end = comment.iter().position(|byte| *byte == b'\n')?;
            text = comment.get(end..)?;
        } else {
            let end = text
                .iter()
                .position(|byte| !byte.is_ascii_alphabetic())
                .unwrap_or(text.len());
            return text.get(..end).filter(|word| !word.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::verb;
    use crate::row::Verb;

    #[test]
    fn first_words() {
        let check = |text: &str, expect| assert_eq!(verb(text.as_bytes()), expect, "{text}");
        check("SELECT 1", Some(Verb::SqlRead));
        check("  (select 1) union", Some(Verb::SqlRead));
        check("/* trace */ INSERT INTO", Some(Verb::SqlWrite));
        check("-- hello\nUpdate t", Some(Verb::SqlWrite));
        check("/* never ends", None);
        check("INSE", Some(Verb::SqlWrite));
        check("INS", None);
        check("INSE ", None);
        check("SELECTED", None);
        check("BEGIN", Some(Verb::SqlOther));
        check("set search_path to x", Some(Verb::SqlOther));
        check(
            "SELECT pg_advisory_xact_lock(0, 4711)",
            Some(Verb::SqlOther),
        );
        check("select GET_LOCK(?, 10)", Some(Verb::SqlOther));
        check("select locks from t", Some(Verb::SqlRead));
        check("SELECT", Some(Verb::SqlRead));
        check("LOCK TABLE t", Some(Verb::SqlOther));
        check("", None);
    }
}
