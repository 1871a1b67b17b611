//! What can be wrong with one epoch, table or page. Collected into notes by the reader, never a panic.

/// Why an epoch cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    /// It is not there.
    #[error("missing")]
    Missing,
    /// A file of it is not there.
    #[error("{file} is missing")]
    FileMissing { file: String },
    /// A link, pipe or device where a file should be: never opened.
    #[error("{file} is not a regular file")]
    NotAFile { file: String },
    /// Length differs from what was written.
    #[error("{file} has {found} bytes instead of {expected}")]
    Length {
        file: String,
        found: u64,
        expected: u64,
    },
    /// The bytes are not those that were written.
    #[error("the checksum of {file} does not match")]
    Checksum { file: String },
    /// The system could not read it.
    #[error("{file} cannot be read: {what}")]
    Unreadable { file: String, what: String },
    /// It says nonsense.
    #[error("{file} is not valid: {what}")]
    Invalid { file: String, what: String },
    /// Larger than anything holdup writes.
    #[error("{file}: {what} is {found}, the limit is {limit}")]
    TooLarge {
        file: String,
        what: &'static str,
        found: u64,
        limit: u64,
    },
}

impl Damage {
    /// `what` is wrong with `file`.
    pub(super) fn invalid(file: impl Into<String>, what: impl ToString) -> Self {
        Self::Invalid {
            file: file.into(),
            what: printable(&what.to_string()),
        }
    }
}

/// A text from outside, made safe to print: cut at 200 characters, control characters escaped.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .take(200)
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}
