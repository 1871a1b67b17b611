//! Which futex words are one lock.
//!
//! glibc's mutex is one word for all waiters. Java, Go, `parking_lot` and Python's conditions park each waiter on a word of
//! its own: words with a single waiter, waited on from the same place of the same process, are taken as one.

use foldhash::HashMap;
use std::collections::BTreeMap;

use crate::row::{Pid, Stack, StackId};
use crate::work::{Census, PlaceId};

/// Words to locks.
#[derive(Debug, Default)]
pub struct Words {
    of: HashMap<PlaceId, PlaceId>,
    /// Call sites of each lock, with their count, most frequent first.
    pub sites: HashMap<PlaceId, Vec<(String, u64)>>,
    /// Stacks that stand for each lock's most frequent call site.
    pub stacks: HashMap<PlaceId, StackId>,
    /// Locks made of many words.
    pub parked: Vec<PlaceId>,
}

impl Words {
    /// Groups the words of a census.
    #[must_use]
    pub fn group(census: &Census) -> Self {
        let mut words = Self::default();
        let mut parked: BTreeMap<(Pid, String), Vec<PlaceId>> = BTreeMap::new();
        for (place, totals) in &census.words {
            if totals.waiters.len() == 1 {
                let site = totals.stacks.iter().max_by_key(|(_, count)| **count);
                let site = site.map_or(String::new(), |(stack, _)| way_in(census, *stack));
                parked.entry((totals.pid, site)).or_default().push(*place);
            }
        }
        for places in parked.into_values().filter(|places| places.len() > 1) {
            words.parked.push(places[0]);
            for place in &places {
                words.of.insert(*place, places[0]);
            }
        }
        let mut sites: HashMap<PlaceId, BTreeMap<String, (u64, StackId)>> = HashMap::default();
        for (place, totals) in &census.words {
            for (stack, count) in &totals.stacks {
                if let Some(site) = site_name(census, *stack) {
                    let entry = sites
                        .entry(words.lock(*place))
                        .or_default()
                        .entry(site)
                        .or_insert((0, *stack));
                    entry.0 += count;
                }
            }
        }
        for (place, by_site) in sites {
            let mut list: Vec<(String, u64, StackId)> = by_site
                .into_iter()
                .map(|(site, (count, stack))| (site, count, stack))
                .collect();
            list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            if let Some(first) = list.first() {
                words.stacks.insert(place, first.2);
            }
            words.sites.insert(
                place,
                list.into_iter()
                    .map(|(site, count, _)| (site, count))
                    .collect(),
            );
        }
        words
    }

    /// The lock a word belongs to; itself, if it stands alone.
    #[must_use]
    pub fn lock(&self, word: PlaceId) -> PlaceId {
        self.of.get(&word).copied().unwrap_or(word)
    }
}

/// What tells the waits of one lock from those of others: the call site; where it is not known, the way through the runtime to
/// the wait.
fn way_in(census: &Census, stack: StackId) -> String {
    /// Frames that tell a monitor from a queue, and both from the threads of the runtime itself.
    const FRAMES: usize = 6;
    site_name(census, stack).unwrap_or_else(|| {
        let frames = census.stacks.get(&stack).map(|stack| &stack.frames);
        let names = frames.into_iter().flatten().take(FRAMES);
        names
            .map(|frame| frame.symbol.as_str())
            .collect::<Vec<_>>()
            .join(" < ")
    })
}

fn site_name(census: &Census, stack: StackId) -> Option<String> {
    census
        .stacks
        .get(&stack)
        .and_then(Stack::call_site)
        .map(ToString::to_string)
}
