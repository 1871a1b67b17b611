//! The statements of a trace, and which of them are kept apart.

use foldhash::HashMap;

use super::class::{ClassId, pattern};
use crate::row::{Statement, StatementId};

/// Most statements of one resource class that are told apart; the others count as none.
const APART: usize = 32;
/// Most statements of a trace; the capture gives out fewer.
const MOST: usize = 4096;

/// A statement by its text.
#[derive(Clone, Debug)]
struct Known {
    text: String,
    group: StatementId,
}

/// All statements that were met.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    known: HashMap<StatementId, Known>,
    groups: HashMap<String, StatementId>,
    apart: HashMap<ClassId, Vec<StatementId>>,
}

impl Statements {
    /// Learns the text of one.
    pub(super) fn learn(&mut self, row: &Statement) {
        if row.id == StatementId::NONE || self.known.len() >= MOST {
            return;
        }
        let text = row.text.clone();
        let group = if row.is_name() {
            row.id
        } else {
            *self.groups.entry(pattern(&text)).or_insert(row.id)
        };
        self.known.insert(row.id, Known { text, group });
    }

    /// The statement itself where it is one of those that are told apart at this class, else none.
    pub(super) fn apart(&mut self, class: ClassId, statement: StatementId) -> StatementId {
        if !self.known.contains_key(&statement) {
            return StatementId::NONE;
        }
        let apart = self.apart.entry(class).or_default();
        if apart.contains(&statement) {
            return statement;
        }
        if apart.len() >= APART {
            return StatementId::NONE;
        }
        apart.push(statement);
        statement
    }

    /// Its text without constants.
    #[must_use]
    pub fn text(&self, id: StatementId) -> Option<&str> {
        self.known.get(&id).map(|known| known.text.as_str())
    }

    /// What stands for all statements that differ in numbers within names only: `FROM t1` and `FROM t2`.
    #[must_use]
    pub fn group(&self, id: StatementId) -> StatementId {
        self.known.get(&id).map_or(id, |known| known.group)
    }
}

#[cfg(test)]
mod tests {
    use super::{APART, Statements};
    use crate::classify::ClassId;
    use crate::row::{Statement, StatementId};

    fn known(count: u32, text: impl Fn(u32) -> String) -> Statements {
        let mut statements = Statements::default();
        for id in 1..=count {
            statements.learn(&Statement {
                id: StatementId(id),
                text: text(id),
            });
        }
        statements
    }

    #[test]
    fn so_many_are_told_apart_at_a_class() {
        let mut statements = known(100, |id| format!("SELECT a FROM t{id}"));
        let mut apart = |class| {
            let kept = (0..=101).map(|id| statements.apart(class, StatementId(id)));
            kept.filter(|id| *id != StatementId::NONE).count()
        };
        assert_eq!((apart(ClassId(1)), apart(ClassId(2))), (APART, APART));
        assert_eq!(apart(ClassId(1)), APART);
    }

    #[test]
    fn statements_on_tables_of_one_sort_are_a_group() {
        let statements = known(5, |id| match id {
            3 => "SELECT b FROM t1".to_owned(),
            4 | 5 => format!("prepared S_{id}"),
            id => format!("SELECT a FROM t{id}"),
        });
        let group = |id| statements.group(StatementId(id)).0;
        assert_eq!([1, 2, 3, 4, 5, 9].map(group), [1, 1, 3, 4, 5, 9]);
        assert_eq!(statements.text(StatementId(2)), Some("SELECT a FROM t2"));
    }
}
