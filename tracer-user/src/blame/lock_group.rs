//! Which futex words are one lock.
//!
//! glibc's mutex is one word for all waiters. Java, Go, `parking_lot` and Python's conditions park each waiter on a word of
//! its own: words with a single waiter, waited on from the same resource class of the same process, are taken as one.

use foldhash::HashMap;
use std::collections::BTreeMap;

use crate::row::{Pid, Stack, StackId};
use crate::work::{ClassId, Inventory};

/// LockGroups to locks.
#[derive(Debug, Default)]
pub struct LockGroups {
    of: HashMap<ClassId, ClassId>,
    /// Call sites of each lock, with their count, most frequent first.
    pub sites: HashMap<ClassId, Vec<(String, u64)>>,
    /// Stacks that stand for each lock's most frequent call site.
    pub stacks: HashMap<ClassId, StackId>,
    /// Locks made of many words.
    pub parked: Vec<ClassId>,
}

impl LockGroups {
    /// Groups the words of a inventory.
    #[must_use]
    pub fn group(inventory: &Inventory) -> Self {
        let mut words = Self::default();
        let mut parked: BTreeMap<(Pid, String), Vec<ClassId>> = BTreeMap::new();
        for (class, totals) in &inventory.words {
            if totals.waiters.len() == 1 {
                let site = totals.stacks.iter().max_by_key(|(_, count)| **count);
                let site = site.map_or(String::new(), |(stack, _)| way_in(inventory, *stack));
                parked.entry((totals.pid, site)).or_default().push(*class);
            }
        }
        for classes in parked.into_values().filter(|classes| classes.len() > 1) {
            words.parked.push(classes[0]);
            for class in &classes {
                words.of.insert(*class, classes[0]);
            }
        }
        let mut sites: HashMap<ClassId, BTreeMap<String, (u64, StackId)>> = HashMap::default();
        for (class, totals) in &inventory.words {
            for (stack, count) in &totals.stacks {
                if let Some(site) = site_name(inventory, *stack) {
                    let entry = sites
                        .entry(words.lock(*class))
                        .or_default()
                        .entry(site)
                        .or_insert((0, *stack));
                    entry.0 += count;
                }
            }
        }
        for (class, by_site) in sites {
            let mut list: Vec<(String, u64, StackId)> = by_site
                .into_iter()
                .map(|(site, (count, stack))| (site, count, stack))
                .collect();
            list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            if let Some(first) = list.first() {
                words.stacks.insert(class, first.2);
            }
            words.sites.insert(
                class,
                list.into_iter()
                    .map(|(site, count, _)| (site, count))
                    .collect(),
            );
        }
        words
    }

    /// The lock a word belongs to; itself, if it stands alone.
    #[must_use]
    pub fn lock(&self, word: ClassId) -> ClassId {
        self.of.get(&word).copied().unwrap_or(word)
    }
}

/// What tells the waits of one lock from those of others: the call site; where it is not known, the way through the runtime to
/// the wait.
fn way_in(inventory: &Inventory, stack: StackId) -> String {
    /// Frames that tell a monitor from a queue, and both from the threads of the runtime itself.
    const FRAMES: usize = 6;
    site_name(inventory, stack).unwrap_or_else(|| {
        let frames = inventory.stacks.get(&stack).map(|stack| &stack.frames);
        let names = frames.into_iter().flatten().take(FRAMES);
        names
            .map(|frame| frame.symbol.as_str())
            .collect::<Vec<_>>()
            .join(" < ")
    })
}

fn site_name(inventory: &Inventory, stack: StackId) -> Option<String> {
    inventory
        .stacks
        .get(&stack)
        .and_then(Stack::call_site)
        .map(ToString::to_string)
}
