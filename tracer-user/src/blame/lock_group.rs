//! Which futex words are one lock.
//!
//! glibc's mutex is one word for all waiters. Java, Go, `parking_lot` and Python's conditions park each waiter on a word of
//! its own: words that never have two waiters at once, waited on from the same place of the same process, are taken as one. glibc's condition
//! variable has two words in turn, which the classifier knows by their neighbourhood.

use foldhash::HashMap;
use std::collections::BTreeMap;

use super::lock::{LockStats, Locks};
use crate::classify::{CallSiteId, ClassId, Classifier, FutexWord, LockId};
use crate::row::{Nanos, Stack};

/// Words to locks, with their statistics.
#[derive(Clone, Debug, Default)]
pub struct LockGroups {
    of: HashMap<ClassId, ClassId>,
    stats: BTreeMap<ClassId, LockStats>,
    files: BTreeMap<ClassId, LockStats>,
    /// Call sites of each lock, with their count, most frequent first.
    pub sites: HashMap<ClassId, Vec<(String, u64)>>,
}

impl LockGroups {
    /// Groups the words that were waited on up to `at`.
    #[must_use]
    pub fn find(classifier: &Classifier, locks: &Locks, at: Nanos) -> Self {
        let mut groups = Self::default();
        let mut stats = locks.at(at);
        let words = classifier.futexes.all();
        groups.join_parked(&words, &mut stats);
        groups.join_conditions(classifier, &words, &mut stats);
        for (key, of) in stats {
            match key {
                LockId::File(file) => {
                    groups.files.insert(file, of);
                }
                LockId::Word(word) if !groups.of.contains_key(&word) => {
                    groups.stats.insert(word, of);
                }
                LockId::Word(_) | LockId::Parked(_) => {}
            }
        }
        groups.find_call_sites(classifier, &words);
        groups
    }

    fn join_parked(
        &mut self,
        words: &[(ClassId, &FutexWord)],
        stats: &mut BTreeMap<LockId, LockStats>,
    ) {
        let mut parked: BTreeMap<CallSiteId, Vec<ClassId>> = BTreeMap::new();
        for (word, of) in words.iter().filter(|(_, of)| !of.is_sleep()) {
            if !of.shared {
                parked.entry(of.usual_site()).or_default().push(*word);
            }
        }
        for (site, members) in parked.into_iter().filter(|(_, members)| members.len() > 1) {
            let first = members[0];
            self.of.extend(members.iter().map(|word| (*word, first)));
            if let Some(of) = stats.remove(&LockId::Parked(site)) {
                self.stats.insert(first, of);
            }
        }
    }

    /// Words of one condition variable. What was counted for each before several waited on it comes to the rest.
    fn join_conditions(
        &mut self,
        classifier: &Classifier,
        words: &[(ClassId, &FutexWord)],
        stats: &mut BTreeMap<LockId, LockStats>,
    ) {
        for (word, _) in words {
            let lock = classifier.futexes.condition(*word);
            if lock == *word || self.of.contains_key(word) {
                continue;
            }
            self.of.insert(*word, lock);
            if let Some(of) = stats.remove(&LockId::Word(*word)) {
                stats.entry(LockId::Word(lock)).or_default().merge(&of);
            }
        }
    }

    fn find_call_sites(&mut self, classifier: &Classifier, words: &[(ClassId, &FutexWord)]) {
        let mut sites: BTreeMap<ClassId, BTreeMap<String, u64>> = BTreeMap::new();
        for (word, of) in words {
            let mut stacks: Vec<_> = of.stacks.iter().collect();
            stacks.sort_unstable();
            for (stack, count) in stacks {
                let frame = classifier.stacks.get(stack).and_then(Stack::call_site);
                if let Some(frame) = frame {
                    let by_name = sites.entry(self.lock(*word)).or_default();
                    *by_name.entry(frame.to_string()).or_default() += count;
                }
            }
        }
        for (lock, by_name) in sites {
            let mut list: Vec<(String, u64)> = by_name.into_iter().collect();
            list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            self.sites.insert(lock, list);
        }
    }

    /// The lock a word belongs to; itself, if it stands alone.
    #[must_use]
    pub fn lock(&self, word: ClassId) -> ClassId {
        self.of.get(&word).copied().unwrap_or(word)
    }

    /// Statistics of the lock that this word stands for.
    #[must_use]
    pub fn stats(&self, lock: ClassId) -> Option<&LockStats> {
        self.stats.get(&lock)
    }

    /// Statistics of the lock of a file.
    #[must_use]
    pub fn file(&self, file: ClassId) -> Option<&LockStats> {
        self.files.get(&file)
    }

    /// All futex locks, by the word that stands for each.
    pub fn all(&self) -> impl Iterator<Item = (ClassId, &LockStats)> {
        self.stats.iter().map(|(lock, of)| (*lock, of))
    }

    /// All file locks.
    pub fn all_files(&self) -> impl Iterator<Item = (ClassId, &LockStats)> {
        self.files.iter().map(|(file, of)| (*file, of))
    }
}
