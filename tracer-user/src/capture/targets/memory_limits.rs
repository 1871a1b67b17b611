//! Limits on the memory of the targets, by control groups and by what the host has, and what the kernel did to keep to them.
//!
//! In: processes. Out: each limit of their groups and of those above, and the host itself, with how often memory had to be taken back
//! because of it between [`MemoryLimits::open`] and [`MemoryLimits::totals`], and how much was read that had been in memory before. A
//! limit whose figures cannot be read at the end, since its group is gone, is left out. Both versions of control groups are read: 1 (`memory.limit_in_bytes`, `memory.failcnt`) and 2 (`memory.high`,
//! `memory.max`, `memory.events`). What cannot be read counts as no limit.

use std::fs;
use std::path::{Path, PathBuf};

use super::groups::groups;
use crate::row::{MemoryLimit, Pid};

/// Version 1 has no word for "no limit": it is a number of pages near the largest (`PAGE_COUNTER_MAX`, include/linux/page_counter.h).
const NO_LIMIT: u64 = 1 << 62;

/// Files with limits, where it is counted how often each is reached, and behind which words; none: all of the file.
const FILES: [(&str, &str, &[&str]); 3] = [
    ("memory.limit_in_bytes", "memory.failcnt", &[]),
    ("memory.high", "memory.events", &["high"]),
    ("memory.max", "memory.events", &["max"]),
];

/// Pages that were read again, in `memory.stat` of version 1, which counts groups below apart, of version 2, and in `/proc/vmstat`.
const REFAULTS: [&[&str]; 2] = [
    &[
        "total_workingset_refault_anon",
        "total_workingset_refault_file",
    ],
    &["workingset_refault_anon", "workingset_refault_file"],
];

/// Direct reclaims of the host, by zone (`/proc/vmstat`).
const RECLAIMS: &[&str] = &[
    "allocstall_dma",
    "allocstall_dma32",
    "allocstall_normal",
    "allocstall_movable",
];

/// The limits on some processes, and what had been counted when they were found.
#[derive(Debug, Default)]
pub struct MemoryLimits(Vec<Found>);

#[derive(Debug)]
struct Found {
    place: Place,
    limit: MemoryLimit,
    before: Counted,
}

/// Where the figures of a limit are.
#[derive(Debug)]
enum Place {
    Host,
    Group {
        folder: PathBuf,
        file: &'static str,
        words: &'static [&'static str],
    },
}

/// How often a limit was reached, and how many pages were read again.
#[derive(Clone, Copy, Debug)]
struct Counted {
    reached: u64,
    refaults: u64,
}

impl MemoryLimits {
    /// Finds the limits on `pids` now.
    #[must_use]
    pub fn open(pids: &[Pid]) -> Self {
        let mut found = Vec::new();
        found.extend(Found::new(
            Place::Host,
            MemoryLimit {
                bytes: host_bytes("MemTotal").unwrap_or(0),
                ..MemoryLimit::default()
            },
        ));
        for group in groups(pids, "memory") {
            let folder = group.folder();
            for (of, file, words) in FILES {
                if let Some(bytes) = limit(&read(&folder, of)) {
                    let place = Place::Group {
                        folder: folder.clone(),
                        file,
                        words,
                    };
                    let limit = MemoryLimit {
                        group: group.name(),
                        bytes,
                        ..MemoryLimit::default()
                    };
                    found.extend(Found::new(place, limit));
                }
            }
        }
        Self(found)
    }

    /// The limits, each with what is used of it now and what was counted since they were found.
    #[must_use]
    pub fn totals(&self) -> Vec<MemoryLimit> {
        let page = page_bytes();
        let total = |found: &Found| {
            let now = found.place.counted()?;
            let refaults = now.refaults.saturating_sub(found.before.refaults);
            Some(MemoryLimit {
                used: found.place.used(found.limit.bytes),
                reached: now.reached.saturating_sub(found.before.reached),
                read_again: refaults.saturating_mul(page),
                ..found.limit.clone()
            })
        };
        self.0.iter().filter_map(total).collect()
    }
}

impl Found {
    /// `None`: its figures cannot be read.
    fn new(place: Place, limit: MemoryLimit) -> Option<Self> {
        Some(Self {
            before: place.counted()?,
            place,
            limit,
        })
    }
}

impl Place {
    /// `None`: it cannot be read (any more).
    fn counted(&self) -> Option<Counted> {
        let (reached, refaulted) = match self {
            Self::Host => {
                let text = fs::read_to_string("/proc/vmstat").ok()?;
                (sum(&text, RECLAIMS), text)
            }
            Self::Group {
                folder,
                file,
                words,
            } => {
                let text = read(folder, file);
                let reached = match words.is_empty() {
                    true => number(&text),
                    false => sum(&text, words),
                };
                (reached, read(folder, "memory.stat"))
            }
        };
        Some(Counted {
            reached: reached?,
            refaults: refaults(&refaulted),
        })
    }

    /// Bytes in use, of so many.
    fn used(&self, bytes: u64) -> u64 {
        match self {
            Self::Host => bytes.saturating_sub(host_bytes("MemAvailable").unwrap_or(0)),
            Self::Group { folder, .. } => {
                let used = number(&read(folder, "memory.usage_in_bytes"));
                used.or_else(|| number(&read(folder, "memory.current")))
                    .unwrap_or(0)
            }
        }
    }
}

fn page_bytes() -> u64 {
    // SAFETY: a number for a number.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(bytes).unwrap_or(0)
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_default()
}

/// A figure of `/proc/meminfo`, which has them in kB.
fn host_bytes(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes = line.trim_start_matches(':').trim_end_matches("kB");
    Some(number(kilobytes)? << 10)
}

/// A limit in bytes; `None`: there is none.
fn limit(text: &str) -> Option<u64> {
    number(text).filter(|bytes| *bytes < NO_LIMIT)
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

fn refaults(text: &str) -> u64 {
    let sums = REFAULTS.iter().find_map(|words| sum(text, words));
    sums.unwrap_or(0)
}

/// The sum of the numbers behind these words, each on a line of its own; `None`: none of them is there.
fn sum(text: &str, words: &[&str]) -> Option<u64> {
    let of_line = |line: &str| {
        let (word, count) = line.split_once(' ')?;
        words.contains(&word).then(|| number(count)).flatten()
    };
    text.lines().filter_map(of_line).reduce(u64::saturating_add)
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
        let events = "low 0\nhigh 4\nmax 12\noom 0\noom_kill 0\n";
        assert_eq!(sum(events, &["max"]), Some(12));
        assert_eq!(sum(events, &["high", "max"]), Some(16));
        assert_eq!(sum(events, &["none"]), None);
    }

    #[test]
    fn pages_that_were_read_again() {
        let first = "workingset_refault_file 3\ntotal_workingset_refault_anon 4\ntotal_workingset_refault_file 9\n";
        assert_eq!(refaults(first), 13);
        let second = "workingset_refault_anon 1\nworkingset_refault_file 3\n";
        assert_eq!(refaults(second), 4);
        assert_eq!(refaults("pgfault 7\n"), 0);
    }

    #[test]
    fn the_host_has_memory_and_uses_some() {
        let limits = MemoryLimits::open(&[]).totals();
        assert!(limits[0].group.is_empty() && limits[0].bytes > limits[0].used);
        assert!(limits[0].used > 0);
    }
}
