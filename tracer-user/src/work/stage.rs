//! Which stage of the work an operation belongs to.
//!
//! Evidence, strongest first: the user's rule; the verb; bytes out against bytes in; for files whether they are only read.

use foldhash::HashMap;

use serde::{Deserialize, Serialize};

use super::census::Census;
use super::operation::{Act, Operation};
use super::place::PlaceId;
use super::spot::{Spot, Way};
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

/// A rule of the user: places whose name contains `part` belong to `stage`.
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
    "cannot read the stage rule {rule:?}: write STAGE=NAME with STAGE one of fetch, transform, write, other (fetch=127.0.0.1:8080)"
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
        let (stage, part) = rule.split_once('=').ok_or_else(error)?;
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

/// Stages of all operations met in the census.
#[derive(Debug, Default)]
pub struct Stages {
    by_operation: HashMap<Operation, StageName>,
    by_place: HashMap<PlaceId, StageName>,
}

impl Stages {
    /// Classifies the operations of a census.
    #[must_use]
    pub fn classify(census: &Census, rules: &[UserRule]) -> Self {
        let mut stages = Self::default();
        for operation in &census.alphabet {
            if let Some(stage) = classify(*operation, census, rules) {
                stages.by_operation.insert(*operation, stage);
                // Where a place is both read from and written to, a wait there that never returned is a write.
                let at = stages.by_place.entry(operation.place).or_insert(stage);
                if stage == StageName::Write {
                    *at = stage;
                }
            }
        }
        // Places at which somebody is still blocked in his first request.
        for (place, totals) in &census.totals {
            for verb in totals.bytes.keys() {
                let operation = Operation {
                    act: Act::Exchange(*verb),
                    place: *place,
                };
                if let Some(stage) = classify(operation, census, rules) {
                    stages.by_operation.entry(operation).or_insert(stage);
                    stages.by_place.entry(*place).or_insert(stage);
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

    /// The stage of waiting at a spot in `call`, for calls whose end was not seen.
    #[must_use]
    pub fn of_wait(&self, spot: Spot, call: Syscall) -> Option<StageName> {
        // One pipe or file may be read by some and written by others.
        let act = match (spot.way, call.is_input()) {
            (Way::Pipe, true) => Act::Take,
            (Way::Pipe, false) => Act::Give,
            (Way::File, true) => Act::Read,
            (Way::File, false) => Act::Write,
            (Way::Sync, _) => Act::Sync,
            (Way::Exchange, _) => return self.at(spot.place),
            _ => return None,
        };
        let place = spot.place;
        self.of(Operation { act, place }).or_else(|| self.at(place))
    }

    /// The stage of what is done at a place as a whole.
    #[must_use]
    pub fn at(&self, place: PlaceId) -> Option<StageName> {
        self.by_place.get(&place).copied()
    }
}

/// A database whose changes go to a file beside it (`data.db-wal`, `data.db-journal`).
fn has_journal(name: &str, census: &Census) -> bool {
    let beside = |other: &str| {
        other
            .strip_prefix(name)
            .is_some_and(|end| end.starts_with('-'))
    };
    let written = census.totals.iter().filter(|(_, totals)| totals.written);
    !name.is_empty()
        && written
            .into_iter()
            .any(|(place, _)| beside(census.places.name(*place)))
}

fn classify(operation: Operation, census: &Census, rules: &[UserRule]) -> Option<StageName> {
    let name = census.places.name(operation.place);
    if let Some(rule) = rules
        .iter()
        .find(|rule| !name.is_empty() && name.contains(&rule.part))
    {
        return Some(rule.stage);
    }
    let totals = census.totals.get(&operation.place);
    Some(match operation.act {
        Act::Exchange(Verb::HttpRead | Verb::SqlRead | Verb::RedisRead) => StageName::Fetch,
        Act::Exchange(Verb::HttpWrite | Verb::SqlWrite | Verb::RedisWrite) => StageName::Write,
        Act::Exchange(Verb::SqlOther) => return None,
        Act::Exchange(verb) => {
            let (out, inward) = totals.and_then(|totals| totals.bytes.get(&verb)).copied()?;
            if out > inward {
                StageName::Write
            } else {
                StageName::Fetch
            }
        }
        // Reading back what is also written is part of writing: a database page, a progress file.
        Act::Read if totals.is_some_and(|totals| totals.written) || has_journal(name, census) => {
            StageName::Write
        }
        Act::Read | Act::Take => StageName::Fetch,
        Act::Write | Act::Sync | Act::Give => StageName::Write,
        Act::Serve
        | Act::LockFile
        | Act::LockRefused
        | Act::UnlockFile
        | Act::Wait
        | Act::Release
        | Act::Sleep => return None,
    })
}
