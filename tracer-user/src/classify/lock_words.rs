//! Which futex words are one lock.
//!
//! glibc's mutex is one word for all waiters. Java, Go, `parking_lot` and Python's conditions park each waiter on a word of
//! its own: words that never have two waiters at once, waited on from the same place of the same process, are one lock.
//! glibc's condition variable has two words in turn, beside each other; CPython's own lock is a mutex and two of these.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::class::ClassId;
use super::futex::{CallSiteId, FutexWords};

/// Words to locks.
#[derive(Clone, Debug, Default)]
pub struct LockWords {
    /// Words that are one lock with others, by the word that stands for all.
    of: HashMap<ClassId, ClassId>,
    /// Words that are parked on, by the place in the program.
    parked: HashMap<CallSiteId, ClassId>,
    places: HashMap<CallSiteId, CallSiteId>,
}

impl LockWords {
    /// Groups the words that were waited on so far.
    #[must_use]
    pub fn find(words: &FutexWords) -> Self {
        let mut groups = Self {
            places: places(words),
            ..Self::default()
        };
        let mut parked: BTreeMap<CallSiteId, Vec<ClassId>> = BTreeMap::new();
        for (word, of) in words.all() {
            if !of.shared && !of.is_sleep() {
                let place = groups.place(words.usual_site(of));
                parked.entry(place).or_default().push(word);
            } else if let Some(condition) = of.condition.filter(|condition| *condition != word) {
                let stands_for = words.get(condition).and_then(|of| of.condition);
                groups.of.insert(word, stands_for.unwrap_or(condition));
            }
        }
        for (place, members) in parked.into_iter().filter(|(_, of)| of.len() > 1) {
            groups
                .of
                .extend(members.iter().map(|word| (*word, members[0])));
            groups.parked.insert(place, members[0]);
        }
        groups
    }

    /// The lock a word belongs to; itself, if it stands alone.
    #[must_use]
    pub fn lock(&self, word: ClassId) -> ClassId {
        self.of.get(&word).copied().unwrap_or(word)
    }

    /// The lock of the words that are parked on at this place of the program; `None`: there is at most one.
    #[must_use]
    pub fn parked(&self, site: CallSiteId) -> Option<ClassId> {
        self.parked.get(&self.place(site)).copied()
    }

    /// Whether a word is one that is parked on, and has others beside it.
    #[must_use]
    pub fn is_parked(&self, word: ClassId, words: &FutexWords) -> bool {
        self.of.contains_key(&word) && words.get(word).is_some_and(|of| !of.shared)
    }

    fn place(&self, site: CallSiteId) -> CallSiteId {
        self.places.get(&site).copied().unwrap_or(site)
    }
}

/// Places that are another one, of which less was seen: an interpreter's frames cannot always be read, and what is left of such
/// a stack is the way through the runtime. Where all words that are waited on from there are else waited on from one known
/// call site, it is that one.
fn places(words: &FutexWords) -> HashMap<CallSiteId, CallSiteId> {
    let mut meant: BTreeMap<CallSiteId, BTreeSet<CallSiteId>> = BTreeMap::new();
    for (_, word) in words.all().into_iter().filter(|(_, word)| !word.shared) {
        let usual = words.usual_site(word);
        if words.is_named(usual) {
            let unnamed = word
                .call_sites
                .keys()
                .filter(|site| !words.is_named(**site));
            for site in unnamed {
                meant.entry(*site).or_default().insert(usual);
            }
        }
    }
    let only = |sites: BTreeSet<CallSiteId>| match sites.len() {
        1 => sites.first().copied(),
        _ => None,
    };
    let meant = meant.into_iter();
    meant
        .filter_map(|(site, of)| Some((site, only(of)?)))
        .collect()
}
