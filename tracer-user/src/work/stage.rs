//! Which stage of the work an operation belongs to.
//!
//! Evidence, strongest first: the user's rule; the verb; bytes out against bytes in; for files whether they are only read.

use foldhash::HashMap;

use serde::{Deserialize, Serialize};

use super::inventory::Inventory;
use crate::classify::{ClassId, Operation, OperationId, OperationKind};
use crate::row::Verb;

/// Part of the work an item goes through.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum StageName {
    /// Getting input.
    Fetch,
    /// Computing.
    Transform,
    /// Making output durable or sending it.
    Write,
    /// Coordination that belongs to none.
    #[default]
    Other,
}

impl StageName {
    /// All of them in the order of the work, with what the contract and the user's rules call each.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Fetch, "fetch"),
        (Self::Transform, "transform"),
        (Self::Write, "write"),
        (Self::Other, "other"),
    ];

    /// What it is called.
    #[must_use]
    pub const fn id(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The one that is called so.
    #[must_use]
    pub fn called(id: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find_map(|(stage, name)| (name == id).then_some(stage))
    }
}

/// A rule of the user: resource classes whose name contains `part` belong to `stage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRule {
    /// Where to.
    pub stage: StageName,
    /// Part of an address or a path.
    pub part: String,
}

/// A rule that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot read the stage rule {rule:?}: write STAGE:NAME with STAGE one of fetch, transform, write, other (fetch:127.0.0.1:8080)"
)]
pub struct RuleError {
    /// As typed.
    pub rule: String,
}

impl std::str::FromStr for UserRule {
    type Err = RuleError;

    fn from_str(rule: &str) -> Result<Self, RuleError> {
        let error = || RuleError {
            rule: rule.to_owned(),
        };
        let (stage, part) = rule.split_once(':').ok_or_else(error)?;
        let stage = StageName::called(stage.trim()).ok_or_else(error)?;
        if part.trim().is_empty() {
            return Err(error());
        }
        Ok(Self {
            stage,
            part: part.trim().to_owned(),
        })
    }
}

impl UserRule {
    /// It holds for a resource class of this name.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        !name.is_empty() && name.contains(&self.part)
    }
}

/// Stages of all operations.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    by_operation: HashMap<OperationId, StageName>,
    by_class: HashMap<ClassId, StageName>,
}

impl Stages {
    /// Finds the stage of each operation that was met.
    #[must_use]
    pub fn find(inventory: &Inventory<'_>) -> Self {
        let mut stages = Self::default();
        for (id, operation) in inventory.classifier.operations.iter() {
            let counted = inventory.canonical(id);
            let what = inventory.operation(counted).unwrap_or(operation);
            if let Some(stage) = stage(what, inventory) {
                stages.by_operation.insert(id, stage);
                // Where a resource class is both read from and written to, a wait there that is part of no known operation
                // is a write.
                let at = stages.by_class.entry(operation.class).or_insert(stage);
                if stage == StageName::Write {
                    *at = stage;
                }
            }
        }
        stages
    }

    /// The stage of an operation; `None`: it says nothing about it (a lock, a sleep).
    #[must_use]
    pub fn of(&self, operation: OperationId) -> Option<StageName> {
        self.by_operation.get(&operation).copied()
    }

    /// The stage of what is done at a resource class as a whole.
    #[must_use]
    pub fn at(&self, class: ClassId) -> Option<StageName> {
        self.by_class.get(&class).copied()
    }
}

/// A database whose changes go to a file beside it (`data.db-wal`, `data.db-journal`).
fn has_journal(name: &str, inventory: &Inventory<'_>) -> bool {
    let is_beside = |other: &str| {
        other
            .strip_prefix(name)
            .is_some_and(|end| end.starts_with('-'))
    };
    !name.is_empty()
        && inventory
            .recorder
            .classes
            .iter()
            .filter(|(_, totals)| totals.written)
            .any(|(class, _)| is_beside(inventory.classes().name(*class)))
}

fn stage(operation: Operation, inventory: &Inventory<'_>) -> Option<StageName> {
    let name = inventory.classes().name(operation.class);
    let rules = inventory.recorder.rules();
    if let Some(rule) = rules.iter().find(|rule| rule.fits(name)) {
        return Some(rule.stage);
    }
    let totals = inventory.totals(operation.class);
    Some(match operation.kind {
        OperationKind::Request(verb) | OperationKind::Refused(verb) => match verb {
            Verb::HttpRead | Verb::SqlRead | Verb::RedisRead => StageName::Fetch,
            Verb::HttpWrite | Verb::SqlWrite | Verb::RedisWrite => StageName::Write,
            Verb::SqlOther => return None,
            Verb::Unknown | Verb::HttpPost | Verb::HttpReply | Verb::Tls => {
                by_bytes(totals?.bytes.get(&verb).copied())
            }
        },
        OperationKind::Take | OperationKind::Give if inventory.returns(operation.class) => {
            return None;
        }
        OperationKind::Reply => StageName::Fetch,
        // Reading back what is also written is part of writing: a database page, a progress file.
        OperationKind::Read
            if totals.is_some_and(|totals| totals.written) || has_journal(name, inventory) =>
        {
            StageName::Write
        }
        OperationKind::Read | OperationKind::Take => StageName::Fetch,
        OperationKind::Write | OperationKind::Sync | OperationKind::Give => StageName::Write,
        OperationKind::Serve
        | OperationKind::LockFile
        | OperationKind::LockRefused
        | OperationKind::UnlockFile
        | OperationKind::Wait
        | OperationKind::Release
        | OperationKind::Sleep => return None,
    })
}

/// More bytes out than in: a write.
fn by_bytes(bytes: Option<(u64, u64)>) -> StageName {
    match bytes {
        Some((out, inward)) if out > inward => StageName::Write,
        _ => StageName::Fetch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_called_the_same_everywhere() {
        for (stage, id) in StageName::ALL {
            assert_eq!((stage.id(), StageName::called(id)), (id, Some(stage)));
            assert_eq!(serde_json::to_value(stage).unwrap(), id);
        }
        assert_eq!(StageName::called("Fetch"), None);
    }
}
