//! Which stage of the work an operation belongs to.
//!
//! Evidence, strongest first: the user's rule; the verb; bytes out against bytes in; for files whether they are only read.

use foldhash::HashMap;

use serde::{Deserialize, Serialize};

use super::class::ClassId;
use super::inventory::Inventory;
use super::operation::{Operation, OperationKind};
use super::wait_site::{WaitKind, WaitSite};
use crate::row::{Syscall, Verb};

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
        let stage = match stage.trim() {
            "fetch" => StageName::Fetch,
            "transform" => StageName::Transform,
            "write" => StageName::Write,
            "other" => StageName::Other,
            _ => return Err(error()),
        };
        if part.trim().is_empty() {
            return Err(error());
        }
        Ok(Self {
            stage,
            part: part.trim().to_owned(),
        })
    }
}

/// Stages of all operations met in the inventory.
#[derive(Debug, Default)]
pub struct Stages {
    by_operation: HashMap<Operation, StageName>,
    by_class: HashMap<ClassId, StageName>,
}

impl Stages {
    /// Classifies the operations of a inventory.
    #[must_use]
    pub fn classify(inventory: &Inventory, rules: &[UserRule]) -> Self {
        let mut stages = Self::default();
        for operation in &inventory.alphabet {
            if let Some(stage) = classify(*operation, inventory, rules) {
                stages.by_operation.insert(*operation, stage);
                // Where a resource class is both read from and written to, a wait there that never returned is a write.
                let at = stages.by_class.entry(operation.class).or_insert(stage);
                if stage == StageName::Write {
                    *at = stage;
                }
            }
        }
        // ResourceClasses at which somebody is still blocked in his first request.
        for (class, totals) in &inventory.totals {
            for verb in totals.bytes.keys() {
                let operation = Operation {
                    kind: OperationKind::Exchange(*verb),
                    class: *class,
                };
                if let Some(stage) = classify(operation, inventory, rules) {
                    stages.by_operation.entry(operation).or_insert(stage);
                    stages.by_class.entry(*class).or_insert(stage);
                }
            }
        }
        stages
    }

    /// The stage of an operation; `None`: it says nothing about it (a lock, a sleep).
    #[must_use]
    pub fn of(&self, operation: Operation) -> Option<StageName> {
        self.by_operation.get(&operation).copied()
    }

    /// The stage of waiting at a wait site in `call`, for calls whose end was not seen.
    #[must_use]
    pub fn of_wait(&self, site: WaitSite, call: Syscall) -> Option<StageName> {
        // One pipe or file may be read by some and written by others.
        let kind = match (site.kind, call.is_input()) {
            (WaitKind::Pipe, true) => OperationKind::Take,
            (WaitKind::Pipe, false) => OperationKind::Give,
            (WaitKind::File, true) => OperationKind::Read,
            (WaitKind::File, false) => OperationKind::Write,
            (WaitKind::Sync, _) => OperationKind::Sync,
            (WaitKind::Exchange, _) => return self.at(site.class),
            _ => return None,
        };
        let class = site.class;
        self.of(Operation { kind, class })
            .or_else(|| self.at(class))
    }

    /// The stage of what is done at a resource class as a whole.
    #[must_use]
    pub fn at(&self, class: ClassId) -> Option<StageName> {
        self.by_class.get(&class).copied()
    }
}

/// A database whose changes go to a file beside it (`data.db-wal`, `data.db-journal`).
fn has_journal(name: &str, inventory: &Inventory) -> bool {
    let beside = |other: &str| {
        other
            .strip_prefix(name)
            .is_some_and(|end| end.starts_with('-'))
    };
    let written = inventory.totals.iter().filter(|(_, totals)| totals.written);
    !name.is_empty()
        && written
            .into_iter()
            .any(|(class, _)| beside(inventory.classes.name(*class)))
}

fn classify(operation: Operation, inventory: &Inventory, rules: &[UserRule]) -> Option<StageName> {
    let name = inventory.classes.name(operation.class);
    if let Some(rule) = rules
        .iter()
        .find(|rule| !name.is_empty() && name.contains(&rule.part))
    {
        return Some(rule.stage);
    }
    let totals = inventory.totals.get(&operation.class);
    Some(match operation.kind {
        OperationKind::Exchange(Verb::HttpRead | Verb::SqlRead | Verb::RedisRead) => {
            StageName::Fetch
        }
        OperationKind::Exchange(Verb::HttpWrite | Verb::SqlWrite | Verb::RedisWrite) => {
            StageName::Write
        }
        OperationKind::Exchange(Verb::SqlOther) => return None,
        OperationKind::Exchange(verb) => {
            let (out, inward) = totals.and_then(|totals| totals.bytes.get(&verb)).copied()?;
            if out > inward {
                StageName::Write
            } else {
                StageName::Fetch
            }
        }
        // SharingEstimate back what is also written is part of writing: a database page, a progress file.
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
