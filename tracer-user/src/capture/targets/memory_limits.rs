//! Limits that control groups set on the memory of the targets, and how often each was reached.
//!
//! In: processes. Out: each limit of their groups and of those above, with how often the kernel had to take memory back because of
//! it between [`MemoryLimits::open`] and [`MemoryLimits::totals`]. Both versions of control groups are read: 1
//! (`memory.limit_in_bytes`, `memory.failcnt`) and 2 (`memory.high`, `memory.max`, `memory.events`). What cannot be read counts as
//! no limit.

use std::fs;
use std::path::{Path, PathBuf};

use super::groups::groups;
use crate::row::{MemoryLimit, Pid};

/// Version 1 has no word for "no limit": it is a number of pages near the largest (`PAGE_COUNTER_MAX`, include/linux/page_counter.h).
const NO_LIMIT: u64 = 1 << 62;

/// The limits on some processes, and how often each had been reached when they were found.
#[derive(Debug, Default)]
pub struct MemoryLimits(Vec<Found>);

#[derive(Debug)]
struct Found {
    folder: PathBuf,
    limit: MemoryLimit,
    /// Which file says how often it was reached, and behind which word; empty: all of the file.
    counted: (&'static str, &'static str),
    before: u64,
}

/// Files with limits, and where it is counted how often each is reached.
const FILES: [(&str, &str, &str); 3] = [
    ("memory.limit_in_bytes", "memory.failcnt", ""),
    ("memory.high", "memory.events", "high"),
    ("memory.max", "memory.events", "max"),
];

impl MemoryLimits {
    /// Finds the limits on `pids` now.
    #[must_use]
    pub fn open(pids: &[Pid]) -> Self {
        let mut found = Vec::new();
        for group in groups(pids, "memory") {
            let folder = group.folder();
            for (file, counter, word) in FILES {
                let Some(bytes) = limit(&fs::read_to_string(folder.join(file)).unwrap_or_default())
                else {
                    continue;
                };
                found.push(Found {
                    limit: MemoryLimit {
                        group: group.name(),
                        bytes,
                        ..MemoryLimit::default()
                    },
                    counted: (counter, word),
                    before: reached(&folder, counter, word),
                    folder: folder.clone(),
                });
            }
        }
        Self(found)
    }

    /// The limits, each with what is used of it now and how often it was reached since they were found.
    #[must_use]
    pub fn totals(&self) -> Vec<MemoryLimit> {
        let total = |found: &Found| {
            let (counter, word) = found.counted;
            let read = |file: &str| number(&fs::read_to_string(found.folder.join(file)).ok()?);
            let used = read("memory.usage_in_bytes").or_else(|| read("memory.current"));
            MemoryLimit {
                used: used.unwrap_or(0),
                reached: reached(&found.folder, counter, word).saturating_sub(found.before),
                ..found.limit.clone()
            }
        };
        self.0.iter().map(total).collect()
    }
}

/// A limit in bytes; `None`: there is none.
fn limit(text: &str) -> Option<u64> {
    number(text).filter(|bytes| *bytes < NO_LIMIT)
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

fn reached(folder: &Path, file: &str, word: &str) -> u64 {
    let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
    count(&text, word).unwrap_or(0)
}

/// The number of a file that is one, or the one behind a word.
fn count(text: &str, word: &str) -> Option<u64> {
    if word.is_empty() {
        return number(text);
    }
    text.lines().find_map(|line| {
        let (own, count) = line.split_once(' ')?;
        (own == word).then(|| number(count)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_both_versions() {
        assert_eq!(limit("268435456\n"), Some(268_435_456));
        for none in ["max\n", "9223372036854771712\n", "", "x"] {
            assert_eq!(limit(none), None, "{none:?}");
        }
    }

    #[test]
    fn how_often_it_was_reached() {
        assert_eq!(count("17\n", ""), Some(17));
        let events = "low 0\nhigh 4\nmax 12\noom 0\noom_kill 0\n";
        assert_eq!(count(events, "max"), Some(12));
        assert_eq!(count(events, "high"), Some(4));
        assert_eq!(count(events, "none"), None);
    }
}
