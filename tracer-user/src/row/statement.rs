//! Statements that databases were asked to run.

use super::StatementId;

/// A statement met in this trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Its id.
    pub id: StatementId,
    /// Its text with every constant taken out (`UPDATE hot SET n = n + ? WHERE id = ?`); ends in `...` where only its beginning was
    /// seen. Of a prepared statement whose text was not seen its name (`prepared S_1`), of a Redis request the command.
    pub text: String,
}

impl Statement {
    /// How the text of a prepared statement begins of which only the name is known.
    pub const PREPARED: &str = "prepared ";

    /// Only its name is known.
    #[must_use]
    pub fn is_name(&self) -> bool {
        self.text.starts_with(Self::PREPARED)
    }
}
