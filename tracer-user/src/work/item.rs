//! What an item is, in the user's own words.

use super::cycle::{Cycle, ItemMark};
use super::inventory::Inventory;
use crate::classify::{OperationId, OperationKind};

/// The user's item cannot be read, or nothing like it was seen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// Not of a known form.
    #[error(
        "cannot read the item {item:?}: write write:PEER, exchange:PEER, fsync:PATH, read:PATH or call:NAME"
    )]
    Form {
        /// As typed.
        item: String,
    },
    /// Well formed, but it never happened in the window.
    #[error("the item {item:?} was not seen in this window; what was seen: {seen}")]
    NotSeen {
        /// As typed.
        item: String,
        /// What could be named instead.
        seen: String,
    },
}

impl Cycle {
    /// Takes the user's word for what ends an item.
    ///
    /// # Errors
    /// [`ItemError`] when it cannot be read or never happened.
    pub fn name_item(&mut self, item: &str, inventory: &Inventory<'_>) -> Result<(), ItemError> {
        let form = || ItemError::Form {
            item: item.to_owned(),
        };
        let (what, part) = item.split_once(':').ok_or_else(form)?;
        let fits: fn(OperationKind) -> bool = match what {
            "write" => |kind| {
                matches!(
                    kind,
                    OperationKind::Request(_) | OperationKind::Write | OperationKind::Give
                )
            },
            "exchange" => |kind| matches!(kind, OperationKind::Request(_) | OperationKind::Serve),
            "fsync" => |kind| kind == OperationKind::Sync,
            "read" => |kind| matches!(kind, OperationKind::Read | OperationKind::Take),
            "call" => |_| true,
            _ => return Err(form()),
        };
        let count = |operation: OperationId| {
            let workers = self.workers.iter();
            workers
                .filter_map(|id| inventory.actors.get(id)?.operations.get(&operation))
                .sum::<u64>()
        };
        let best = inventory
            .classifier
            .operations
            .iter()
            .filter(|(_, operation)| *operation == operation.any())
            .filter(|(_, operation)| {
                let is_named = match what {
                    "call" => kind_name(operation.kind) == part,
                    _ => inventory.classes().name(operation.class).contains(part),
                };
                fits(operation.kind) && is_named
            })
            .max_by_key(|(id, _)| count(*id));
        match best {
            Some((id, _)) => {
                self.times = 1;
                self.mark = Some(ItemMark::Each(id));
                self.regular.insert(id, count(id));
                Ok(())
            }
            None => Err(ItemError::NotSeen {
                item: item.to_owned(),
                seen: seen(inventory),
            }),
        }
    }
}

fn kind_name(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Request(_) | OperationKind::Reply => "exchange",
        OperationKind::Refused(_) => "refused",
        OperationKind::Serve => "serve",
        OperationKind::Read => "read",
        OperationKind::Write => "write",
        OperationKind::Sync => "fsync",
        OperationKind::LockFile | OperationKind::LockRefused => "lock",
        OperationKind::UnlockFile => "unlock",
        OperationKind::Take => "take",
        OperationKind::Give => "give",
        OperationKind::Wait => "wait",
        OperationKind::Release => "release",
        OperationKind::Sleep => "sleep",
    }
}

fn seen(inventory: &Inventory<'_>) -> String {
    let mut list: Vec<String> = inventory
        .classifier
        .operations
        .iter()
        .map(|(_, operation)| {
            let name = inventory.classes().name(operation.class);
            format!("{} {name}", kind_name(operation.kind))
        })
        .map(|text| crate::row::printable(text.trim()).into_owned())
        .collect();
    list.sort();
    list.dedup();
    list.truncate(12);
    if list.is_empty() {
        "nothing".to_owned()
    } else {
        list.join(", ")
    }
}
