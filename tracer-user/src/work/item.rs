//! What an item is, in the user's own words.

use super::census::Census;
use super::cycle::{Cycle, ItemMark};
use super::operation::{Act, Operation};

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
    pub fn name_item(&mut self, item: &str, census: &Census) -> Result<(), ItemError> {
        let form = || ItemError::Form {
            item: item.to_owned(),
        };
        let (what, part) = item.split_once(':').ok_or_else(form)?;
        let fits: fn(Act) -> bool = match what {
            "write" => |act| matches!(act, Act::Exchange(_) | Act::Write | Act::Give),
            "exchange" => |act| matches!(act, Act::Exchange(_) | Act::Serve),
            "fsync" => |act| act == Act::Sync,
            "read" => |act| matches!(act, Act::Read | Act::Take),
            "call" => |_| true,
            _ => return Err(form()),
        };
        let count = |operation: &Operation| {
            let threads = self
                .workers
                .iter()
                .filter_map(|tid| census.threads.get(tid));
            threads
                .filter_map(|thread| thread.operations.get(operation))
                .sum::<u64>()
        };
        let named = |operation: &Operation| match what {
            "call" => act_name(operation.act) == part,
            _ => census.places.name(operation.place).contains(part),
        };
        let best = census
            .alphabet
            .iter()
            .filter(|op| fits(op.act) && named(op))
            .max_by_key(|op| count(op));
        match best {
            Some(operation) => {
                self.times = 1;
                self.mark = Some(ItemMark::Each(*operation));
                self.regular.insert(*operation, count(operation));
                Ok(())
            }
            None => Err(ItemError::NotSeen {
                item: item.to_owned(),
                seen: seen(census),
            }),
        }
    }
}

fn act_name(act: Act) -> &'static str {
    match act {
        Act::Exchange(_) => "exchange",
        Act::Serve => "serve",
        Act::Read => "read",
        Act::Write => "write",
        Act::Sync => "fsync",
        Act::LockFile | Act::LockRefused => "lock",
        Act::UnlockFile => "unlock",
        Act::Take => "take",
        Act::Give => "give",
        Act::Wait => "wait",
        Act::Release => "release",
        Act::Sleep => "sleep",
    }
}

fn seen(census: &Census) -> String {
    let mut list: Vec<String> = census
        .alphabet
        .iter()
        .map(|operation| {
            format!(
                "{} {}",
                act_name(operation.act),
                census.places.name(operation.place)
            )
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
