//! Tasks that a runtime carries on its threads, read from the process's memory: nothing is stopped, nothing is injected, and what
//! changes under the read is left out.
//!
//! In: a process. Out: [`TaskSeen`] rows, one for all tasks that do the same at the same place. Each runtime is one file, which says of
//! which versions it knows how their memory lies; of others nothing is told but that.

mod asyncio;
mod go;
mod go_memory;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use self::asyncio::Asyncio;
use self::go::Go;
use super::python::Call;
use super::{Sites, Step};
use crate::row::{Nanos, Pid, StackId, TaskSeen, TaskState};

/// A program may import asyncio at any time: it is looked for so often.
const AGAIN: Duration = Duration::from_secs(1);
/// A Go program that has just begun has no goroutines that wait: it is looked at so many times.
const TRIES: u64 = 3;

/// What is known of the runtime of a process.
pub(super) enum Runtime {
    /// Goroutines.
    Go(Box<Go>),
    /// asyncio's tasks.
    Asyncio(Asyncio),
    /// A Python process without asyncio, when it was last looked for, and how many modules it had imported; a Go program whose
    /// runtime made no sense, and how often it was looked at.
    NotYet(Instant, u64),
    /// None, or none that can be read.
    None,
}

/// Tasks that do the same, and where.
struct Group {
    state: TaskState,
    reason: String,
    counters: Vec<u64>,
    calls: Vec<Call>,
    slots: u32,
    count: u32,
}

impl Sites {
    /// What the tasks of a process do now, at `at`; empty: it has no runtime that can be read. A runtime without tasks gives one row
    /// that counts none.
    pub fn tasks(&mut self, pid: Pid, at: Nanos) -> Vec<TaskSeen> {
        let Some(groups) = self.groups(pid) else {
            return Vec::new();
        };
        let mut rows: Vec<TaskSeen> = groups
            .into_iter()
            .map(|group| TaskSeen {
                end: at,
                pid,
                state: group.state,
                stack: self
                    .number(pid, &native(&group.counters), &group.calls)
                    .unwrap_or(StackId::NONE),
                reason: group.reason,
                slots: group.slots,
                count: group.count,
            })
            .collect();
        if rows.is_empty() {
            rows.push(TaskSeen {
                end: at,
                pid,
                ..TaskSeen::default()
            });
        }
        rows
    }

    /// Why runtimes that are there could not be read; each is told once.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn groups(&mut self, pid: Pid) -> Option<Vec<Group>> {
        let (is_due, before) = match self.runtimes.get(&pid) {
            None => (true, None),
            Some(Runtime::NotYet(tried, so_far)) => (tried.elapsed() >= AGAIN, Some(*so_far)),
            Some(Runtime::Go(_) | Runtime::Asyncio(_)) => (false, None),
            Some(Runtime::None) => return None,
        };
        if !is_due && before.is_some() {
            return None;
        }
        if !self.processes.contains_key(&pid) {
            self.open(pid)?;
        }
        if is_due {
            let found = self.find_runtime(pid, before);
            self.runtimes.insert(pid, found);
        }
        let mut groups: Vec<Group> = match self.runtimes.get_mut(&pid)? {
            Runtime::Go(go) => {
                let all = go.look()?.into_iter();
                all.map(|(doing, count)| Group {
                    state: doing.state,
                    reason: doing.reason,
                    counters: doing.counters,
                    calls: Vec::new(),
                    slots: doing.slots,
                    count,
                })
                .collect()
            }
            Runtime::Asyncio(asyncio) => {
                let process = self.processes.get_mut(&pid)?;
                // A loop mostly runs on the first thread; what runs elsewhere is known by its coroutines alone.
                let current = process.python_calls(pid.0);
                let all = asyncio.look(process.python()?, &current)?.into_iter();
                all.map(|(doing, count)| Group {
                    state: doing.state,
                    reason: doing.reason,
                    counters: Vec::new(),
                    calls: doing.calls,
                    slots: 0,
                    count,
                })
                .collect()
            }
            Runtime::NotYet(..) | Runtime::None => return None,
        };
        // The order of a table of hashes says nothing.
        groups.sort_by(|a, b| (a.state, &a.counters).cmp(&(b.state, &b.counters)));
        Some(groups)
    }

    /// `before`: how many modules it had imported when asyncio was not found among them, or how often a Go program was looked at.
    fn find_runtime(&mut self, pid: Pid, before: Option<u64>) -> Runtime {
        let Some(process) = self.processes.get(&pid) else {
            return Runtime::None;
        };
        if let Some(python) = process.python() {
            let Some(imported) = Asyncio::imported(pid, python) else {
                return Runtime::None;
            };
            let found = (before != Some(imported)).then(|| Asyncio::open(pid, python));
            return match found.flatten() {
                Some(asyncio) => Runtime::Asyncio(asyncio),
                None => Runtime::NotYet(Instant::now(), imported),
            };
        }
        let Some((id, bias)) = process.program() else {
            return Runtime::None;
        };
        let Some(table) = self.images.go_table(id) else {
            return Runtime::None;
        };
        let tries = before.unwrap_or(0) + 1;
        match Go::open(pid, table, bias) {
            Some(go) => Runtime::Go(Box::new(go)),
            None if tries < TRIES => Runtime::NotYet(Instant::now(), tries),
            None => {
                self.notes.push(format!(
                    "the goroutines of process {pid} could not be read: its runtime is not laid out as in Go 1.18 to 1.26 for amd64"
                ));
                Runtime::None
            }
        }
    }
}

fn native(counters: &[u64]) -> Vec<Step> {
    counters.iter().copied().map(Step::Native).collect()
}
