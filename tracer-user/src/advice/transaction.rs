//! What a transaction holds until it ends, taken late and by few.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::row::printable;

/// The remedy. It is the statements that change, in whatever language they are sent.
pub const REMEDY: Remedy = Remedy {
    title: "Lock what all need last, and commit at once",
    why,
    code: &[Code {
        language: Language::Sql,
        before: r#"
BEGIN;
UPDATE totals SET n = n + 1 WHERE id = 1;
-- all others wait from here on
INSERT INTO rows VALUES (...);
COMMIT;
"#,
        after: r#"
BEGIN;
INSERT INTO rows VALUES (...);
UPDATE totals SET n = n + 1 WHERE id = 1;
COMMIT;  -- nothing slow before it

-- or a row for each worker, summed up when read
UPDATE totals SET n = n + 1
WHERE id = 1 AND part = $1;
"#,
    }],
};

/// Not more of a statement than a sentence bears.
fn cut(statement: &str) -> String {
    const LENGTH: usize = 100;
    match statement.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{} ...", &statement[..end]),
        None => statement.to_owned(),
    }
}

fn why(input: &FixInput<'_>) -> String {
    let what = match input.statement {
        "" => "A row, a table or a key".to_owned(),
        statement => format!("What {} locks", printable(&cut(statement))),
    };
    format!(
        "{what} in {} stays locked until the transaction ends, and the others wait that long. Take it last and do nothing slow before \
         COMMIT; spread a row that all change over several, and use a key of its own for each resource. More rows in a transaction hold it longer.",
        called(input.culprit)
    )
}
