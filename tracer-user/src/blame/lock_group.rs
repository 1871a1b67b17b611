//! Statistics by lock, where a lock is several futex words.

use foldhash::HashMap;
use std::collections::BTreeMap;

use super::lock::{LockStats, Locks};
use crate::classify::{ClassId, Classifier, FutexWord, LockId, LockWords};
use crate::row::{Nanos, Stack};

/// Words to locks, with their statistics.
#[derive(Clone, Debug, Default)]
pub struct LockGroups {
    words: LockWords,
    stats: BTreeMap<ClassId, LockStats>,
    files: BTreeMap<ClassId, LockStats>,
    kernel: BTreeMap<ClassId, LockStats>,
    /// Call sites of each lock, with their count, most frequent first.
    pub sites: HashMap<ClassId, Vec<(String, u64)>>,
}

impl LockGroups {
    /// Groups the words that were waited on up to `at`.
    #[must_use]
    pub fn find(classifier: &Classifier, locks: &Locks, at: Nanos) -> Self {
        let mut groups = Self {
            words: LockWords::find(&classifier.futexes),
            ..Self::default()
        };
        let words = classifier.futexes.all();
        for (key, of) in locks.at(at) {
            match key {
                LockId::File(file) => {
                    groups.files.insert(file, of);
                }
                LockId::Kernel(lock) => {
                    groups.kernel.insert(lock, of);
                }
                LockId::Parked(site) => {
                    if let Some(lock) = groups.words.parked(site) {
                        groups.stats.entry(lock).or_default().merge(&of);
                    }
                }
                // What is counted for a parked word is counted for its call site too.
                LockId::Word(word) if groups.words.is_parked(word, &classifier.futexes) => {}
                // What was counted for a word of a condition before several waited on it comes to the rest.
                LockId::Word(word) => {
                    let lock = groups.lock(word);
                    groups.stats.entry(lock).or_default().merge(&of);
                }
            }
        }
        groups.find_call_sites(classifier, &words);
        groups
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
        for (lock, stacks) in classifier.kernel_locks.all() {
            for (stack, count) in stacks {
                let frame = classifier.stacks.get(stack).and_then(Stack::call_site);
                if let Some(frame) = frame {
                    let by_name = sites.entry(lock).or_default();
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
        self.words.lock(word)
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

    /// Statistics of a lock of the kernel.
    #[must_use]
    pub fn kernel(&self, lock: ClassId) -> Option<&LockStats> {
        self.kernel.get(&lock)
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
