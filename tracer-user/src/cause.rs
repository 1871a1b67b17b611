//! The closed list of causes: the one place where a cause has its id, its name in words and its definition.
//!
//! Reports, help texts, the JSON contract and docs/GLOSSARY.md all take them from here. Only what a rule can name is on the
//! list; a `match` that tells causes apart has no `_`, so that a new one does not compile until everybody has thought of it.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What serialises the workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A lock in user space.
    UserLock,
    /// An interpreter that runs one thread's code at a time.
    InterpreterLock,
    /// A lock on a file.
    FileLock,
    /// One progress file that all workers rewrite.
    Checkpoint,
    /// Durable writes.
    Fsync,
    /// A saturated device.
    Disk,
    /// A control group's limit on I/O.
    Quota,
    /// A lock of the kernel.
    KernelLock,
    /// Memory that has to be taken back.
    Memory,
    /// A peer that serves fewer at a time than come.
    RemoteSerial,
    /// Fewer connections, threads or permits than workers.
    Pool,
    /// A throttled rate.
    RateLimit,
    /// Connections that are dropped, or a way that is full.
    Network,
    /// One thread, or task, that does everybody's work.
    SingleThread,
    /// Waiting that burns CPU.
    Spin,
    /// More runnable work than CPUs.
    Cpu,
    /// Computing that takes longer beside others.
    CpuInflation,
    /// Nobody feeds the workers.
    Starved,
    /// A barrier at which all wait for the last.
    Imbalance,
    /// All threads of a process stopped together by its runtime.
    RuntimePause,
    /// It scales.
    None,
    /// Not settled.
    #[default]
    Unknown,
}

/// A row of the list.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which.
    pub cause: Cause,
    /// Its id in the contract.
    pub id: &'static str,
    /// What it is called in a sentence.
    pub title: &'static str,
    /// What it is, without an end stop.
    pub definition: &'static str,
}

/// The list, in the order in which it is shown.
pub const ENTRIES: [Entry; 22] = [
    Entry {
        cause: Cause::UserLock,
        id: "user-lock",
        title: "a lock in the program",
        definition: "a mutex, rwlock or semaphore in user space, in one process or in shared memory",
    },
    Entry {
        cause: Cause::InterpreterLock,
        id: "interpreter-lock",
        title: "an interpreter that runs one thread at a time",
        definition: "CPython's lock (GIL): threads of one process that compute in Python take turns",
    },
    Entry {
        cause: Cause::FileLock,
        id: "file-lock",
        title: "a lock on a file",
        definition: "flock, fcntl locks, SQLite's busy waiting",
    },
    Entry {
        cause: Cause::Checkpoint,
        id: "checkpoint",
        title: "one progress file that all workers rewrite",
        definition: "all workers rewrite one small file under a lock",
    },
    Entry {
        cause: Cause::Fsync,
        id: "fsync",
        title: "durable writes",
        definition: "syncs that queue at the device or in the journal",
    },
    Entry {
        cause: Cause::Disk,
        id: "disk",
        title: "a disk that is saturated",
        definition: "reads, writes and page faults that queue at a disk, with no sync involved",
    },
    Entry {
        cause: Cause::Quota,
        id: "quota",
        title: "a control group's I/O limit",
        definition: "a control group's limit on I/O that is used up: the wait for it shows in reads and writes of files, in page faults, or as fsync",
    },
    Entry {
        cause: Cause::KernelLock,
        id: "kernel-lock",
        title: "a lock in the kernel",
        definition: "a lock that the kernel takes for its own: of an address space (mmap_lock), of a file",
    },
    Entry {
        cause: Cause::Memory,
        id: "memory",
        title: "too little memory",
        definition: "memory is short, so that the kernel takes pages back from the workers and reads them again",
    },
    Entry {
        cause: Cause::RemoteSerial,
        id: "remote-serial",
        title: "a peer that serves fewer at a time than come",
        definition: "a peer that serves K at a time, and more come",
    },
    Entry {
        cause: Cause::Pool,
        id: "pool",
        title: "fewer slots than workers",
        definition: "workers wait in their own process for one of too few connections, threads or permits",
    },
    Entry {
        cause: Cause::RateLimit,
        id: "rate-limit",
        title: "a rate limit",
        definition: "the peer or the client throttles",
    },
    Entry {
        cause: Cause::Network,
        id: "network",
        title: "the network",
        definition: "connections that find the queue of their listener full, or are lost on the way, and are asked for again after a second or more; or a way that is full of what the workers send and are sent",
    },
    Entry {
        cause: Cause::SingleThread,
        id: "single-thread",
        title: "one that does everybody's work",
        definition: "an event loop that computes, or sleeps in a call, while replies to its tasks lie unread; or a task that does what all others hand over",
    },
    Entry {
        cause: Cause::Spin,
        id: "spin",
        title: "waiting that burns CPU",
        definition: "workers wait for each other in loops that keep a CPU: spin locks, and yielding again and again",
    },
    Entry {
        cause: Cause::Cpu,
        id: "cpu",
        title: "more runnable work than cores",
        definition: "workers that are ready to run wait for a CPU that other workers have",
    },
    Entry {
        cause: Cause::CpuInflation,
        id: "cpu-inflation",
        title: "computing that takes longer beside others",
        definition: "workers need more CPU time while others compute: they write the same cache lines, or want more of memory than it delivers",
    },
    Entry {
        cause: Cause::Starved,
        id: "starved",
        title: "nobody feeds the workers",
        definition: "workers wait for input that a producer outside of them is slow to give",
    },
    Entry {
        cause: Cause::Imbalance,
        id: "imbalance",
        title: "a barrier at which all wait for the last",
        definition: "workers meet at a barrier in every round, and all wait there for the one that comes last",
    },
    Entry {
        cause: Cause::RuntimePause,
        id: "runtime-pause",
        title: "a runtime that stops all threads",
        definition: "the runtime of a process stops all its threads together, again and again, mostly to collect garbage",
    },
    Entry {
        cause: Cause::None,
        id: "none",
        title: "nothing serialises the workers",
        definition: "it scales, and nearly all worker time is seen to be work",
    },
    Entry {
        cause: Cause::Unknown,
        id: "unknown",
        title: "not settled: the evidence is too thin",
        definition: "the evidence is too thin, or too much was lost",
    },
];

/// An id that is not on the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{id:?} is not the id of a cause; there are {}", ids())]
pub struct CauseError {
    /// As read.
    pub id: String,
}

impl Cause {
    /// Its row of the list.
    #[must_use]
    pub const fn entry(self) -> &'static Entry {
        // The rows stand in the order of the variants; a test holds that.
        &ENTRIES[self as usize]
    }

    /// Its id in the contract.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.entry().id
    }

    /// What it is called in a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.entry().title
    }

    /// Whether it is something at a place, and not the absence of a cause or of an answer.
    #[must_use]
    pub const fn is_named(self) -> bool {
        match self {
            Self::UserLock
            | Self::InterpreterLock
            | Self::FileLock
            | Self::Checkpoint
            | Self::Fsync
            | Self::Disk
            | Self::Quota
            | Self::KernelLock
            | Self::Memory
            | Self::RemoteSerial
            | Self::Pool
            | Self::RateLimit
            | Self::Network
            | Self::SingleThread
            | Self::Spin
            | Self::Cpu
            | Self::CpuInflation
            | Self::Starved
            | Self::Imbalance
            | Self::RuntimePause => true,
            Self::None | Self::Unknown => false,
        }
    }
}

impl Display for Cause {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.pad(self.id())
    }
}

impl FromStr for Cause {
    type Err = CauseError;

    fn from_str(id: &str) -> Result<Self, CauseError> {
        let entry = ENTRIES.iter().find(|entry| entry.id == id);
        entry
            .map(|entry| entry.cause)
            .ok_or_else(|| CauseError { id: id.to_owned() })
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Cause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        id.parse().map_err(serde::de::Error::custom)
    }
}

fn ids() -> String {
    ENTRIES.map(|entry| entry.id).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_its_own_row() {
        for (index, entry) in ENTRIES.iter().enumerate() {
            assert_eq!(entry.cause as usize, index, "{entry:?}");
            assert_eq!(entry.cause.entry().id, entry.id);
            assert_eq!(entry.id.parse(), Ok(entry.cause));
        }
    }

    #[test]
    fn the_glossary_lists_the_same_causes() {
        let glossary = include_str!("../../docs/GLOSSARY.md");
        let (_, listed) = glossary
            .split_once("## Causes")
            .expect("docs/GLOSSARY.md lists the causes");
        let listed: Vec<&str> = listed
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        let expect = ENTRIES.map(|entry| format!("| `{}` | {} |", entry.id, entry.definition));
        assert_eq!(listed, expect);
    }

    #[test]
    fn in_json_a_cause_is_its_id_and_another_word_is_an_error_that_says_so() {
        assert_eq!(
            serde_json::to_string(&Cause::RemoteSerial).expect("a string"),
            r#""remote-serial""#
        );
        let read = |text| serde_json::from_str::<Cause>(text);
        assert_eq!(
            read(r#""rate-limit""#).expect("on the list"),
            Cause::RateLimit
        );
        let error = read(r#""sunspots""#)
            .expect_err("not on the list")
            .to_string();
        assert!(
            error.contains(
                r#""sunspots" is not the id of a cause; there are user-lock, interpreter-lock"#
            ),
            "{error}"
        );
    }
}
