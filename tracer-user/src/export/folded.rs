//! Folded stacks: a line for each call stack, from its outermost frame to its innermost one, with the time spent there. Any flame graph tool
//! reads them (Gregg's FlameGraph, inferno, speedscope).
//!
//! ```text
//! python3.11;main (backfill.py:70);flush_batch (backfill.py:88);[futex] 48211
//! ```
//! Off the CPU each wait of the target's threads counts, cut to the window, in microseconds; its last frame says in which call, and of what.
//! On the CPU each sample counts. Waits whose stack was not taken hang below their program alone.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use super::{Export, ExportError};
use crate::row::{
    Batch, Frame, Meta, Nanos, Pid, Reason, Resource, ResourceId, RowSource, Stack, StackId,
    Syscall, Task, TaskRole, Wait, printable,
};

/// Which time is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Blocked, in microseconds.
    OffCpu,
    /// Running, in samples.
    OnCpu,
}

/// What of one call stack is summed up.
type Key = (Pid, StackId, Syscall, ResourceId);

/// Sums by call stack.
#[derive(Debug)]
pub struct Folded {
    time: Time,
    window: (Nanos, Nanos),
    /// Of the processes that were targets, the program's name.
    programs: HashMap<Pid, String>,
    stacks: HashMap<StackId, String>,
    resources: HashMap<ResourceId, String>,
    sums: BTreeMap<Key, u64>,
}

impl Folded {
    /// Of a trace that says this of itself.
    #[must_use]
    pub fn new(meta: &Meta, time: Time) -> Self {
        Self {
            time,
            window: (meta.opened, meta.closed),
            programs: HashMap::new(),
            stacks: HashMap::new(),
            resources: HashMap::new(),
            sums: BTreeMap::new(),
        }
    }

    fn name(&mut self, task: &Task) {
        if task.role != TaskRole::Target || task.is_reading() {
            return;
        }
        let exe = task.exe.rsplit('/').next().unwrap_or_default();
        let name = if exe.is_empty() { &task.name } else { exe };
        let known = self.programs.entry(task.pid).or_default();
        if !name.is_empty() && (known.is_empty() || !exe.is_empty()) {
            *known = word(name);
        }
    }

    /// How long of a wait lies in the window.
    fn inside(&self, wait: &Wait) -> Nanos {
        let (opened, closed) = self.window;
        wait.end.min(closed).since(wait.start.max(opened))
    }

    fn line(&self, key: &Key) -> String {
        let (pid, stack, call, resource) = key;
        let program = self.programs.get(pid).map_or("?", String::as_str);
        let mut line = if program.is_empty() { "?" } else { program }.to_owned();
        if let Some(frames) = self.stacks.get(stack).filter(|frames| !frames.is_empty()) {
            line.push(';');
            line.push_str(frames);
        }
        if self.time == Time::OffCpu {
            let of = self.resources.get(resource).map_or("", String::as_str);
            let of = if of.is_empty() {
                String::new()
            } else {
                format!(" {of}")
            };
            line.push_str(&format!(";[{}{of}]", call.name()));
        }
        line
    }
}

impl Export for Folded {
    fn write(&mut self, source: &dyn RowSource, out: &mut dyn Write) -> Result<(), ExportError> {
        for batch in source.batches() {
            self.take(&batch?);
        }
        for (line, sum) in self.lines() {
            writeln!(out, "{line} {sum}")?;
        }
        Ok(())
    }
}

impl Folded {
    pub(super) fn take(&mut self, batch: &Batch) {
        for task in &batch.tasks {
            self.name(task);
        }
        for stack in &batch.stacks {
            self.stacks.insert(stack.id, frames(stack));
        }
        for resource in &batch.resources {
            self.resources.insert(resource.id, of(resource));
        }
        match self.time {
            Time::OffCpu => {
                let blocked = batch.waits.iter();
                for wait in blocked.filter(|wait| wait.reason == Reason::Blocked) {
                    let time = self.inside(wait);
                    let key = (wait.pid, wait.stack, wait.call, wait.resource);
                    if time > Nanos::ZERO && self.programs.contains_key(&wait.pid) {
                        *self.sums.entry(key).or_default() += time.0;
                    }
                }
            }
            Time::OnCpu => {
                for sample in &batch.samples {
                    let key = (sample.pid, sample.stack, Syscall::None, ResourceId::NONE);
                    if self.programs.contains_key(&sample.pid) {
                        *self.sums.entry(key).or_default() += 1;
                    }
                }
            }
        }
    }

    /// Time by call stack, whose frames have semicolons between them: microseconds, or samples.
    pub(super) fn lines(&self) -> BTreeMap<String, u64> {
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for (key, sum) in &self.sums {
            *sums.entry(self.line(key)).or_default() += sum;
        }
        if self.time == Time::OffCpu {
            for sum in sums.values_mut() {
                *sum = sum.div_ceil(1000);
            }
        }
        sums
    }
}

/// The outermost first.
fn frames(stack: &Stack) -> String {
    let frames = stack.frames.iter().rev().map(frame);
    frames.collect::<Vec<_>>().join(";")
}

fn frame(frame: &Frame) -> String {
    let module = frame.module.rsplit('/').next().unwrap_or_default();
    let name = match (frame.symbol.as_str(), module) {
        ("", "") => "?".to_owned(),
        ("", module) => format!("{module}+{:#x}", frame.offset),
        (symbol, _) => symbol.to_owned(),
    };
    let file = frame.file.rsplit('/').next().unwrap_or_default();
    word(&match (file, frame.line) {
        ("", _) => name,
        (file, 0) => format!("{name} ({file})"),
        (file, line) => format!("{name} ({file}:{line})"),
    })
}

/// What is waited for, where that has a name.
pub(super) fn of(resource: &Resource) -> String {
    let name = if resource.remote.is_empty() {
        &resource.path
    } else {
        &resource.remote
    };
    word(name)
}

/// As it may stand in a line: a semicolon would end the frame.
fn word(text: &str) -> String {
    printable(text).replace(';', ":")
}

#[cfg(test)]
mod tests {
    use super::super::export;
    use super::*;
    use crate::row::{MemorySource, ResourceKind, Sample, TaskFact, Tid};

    const MS: u64 = 1_000_000;
    const TARGET: Pid = Pid(7);

    fn source() -> MemorySource {
        let frame = |symbol: &str, file: &str, line| Frame {
            module: "/usr/bin/worker".to_owned(),
            symbol: symbol.to_owned(),
            file: file.to_owned(),
            line,
            offset: 0x11,
        };
        let task = |pid, role, exe: &str| Task {
            pid,
            role,
            exe: exe.to_owned(),
            ..Task::default()
        };
        let wait = |pid, stack, (start, end): (u64, u64), call, resource| Wait {
            pid,
            start: Nanos(start * MS),
            end: Nanos(end * MS),
            stack: StackId(stack),
            call,
            resource: ResourceId(resource),
            tid: Tid(pid.0),
            ..Wait::default()
        };
        let mut preempted = wait(TARGET, 1, (20, 90), Syscall::Futex, 0);
        preempted.reason = Reason::Preempted;
        let sample = |stack| Sample {
            pid: TARGET,
            stack: StackId(stack),
            ..Sample::default()
        };
        let batch = Batch {
            tasks: vec![
                task(TARGET, TaskRole::Target, "/usr/bin/work;er"),
                task(Pid(8), TaskRole::Peer, "/usr/bin/server"),
                Task {
                    pid: Pid(8),
                    fact: TaskFact::SchedStatClosed,
                    ..Task::default()
                },
            ],
            stacks: vec![Stack {
                id: StackId(1),
                pid: TARGET,
                frames: vec![
                    frame("lock", "", 0),
                    frame("flush", "/src/writer.c", 88),
                    frame("", "", 0),
                ],
            }],
            resources: vec![Resource {
                id: ResourceId(4),
                kind: ResourceKind::Socket,
                remote: "127.0.0.1:80".to_owned(),
                ..Resource::default()
            }],
            waits: vec![
                // From before the window on.
                wait(TARGET, 1, (5, 20), Syscall::Futex, 0),
                wait(TARGET, 1, (30, 32), Syscall::Futex, 0),
                wait(TARGET, 0, (40, 43), Syscall::Recvfrom, 4),
                wait(Pid(8), 1, (10, 100), Syscall::Futex, 0),
                preempted,
            ],
            samples: vec![sample(1), sample(1), sample(0)],
            ..Batch::default()
        };
        let mut meta = Meta::default();
        (meta.opened, meta.closed) = (Nanos(10 * MS), Nanos(100 * MS));
        MemorySource::new(meta, vec![batch])
    }

    fn folded(time: Time) -> String {
        let source = source();
        let mut out = Vec::new();
        export(&source, &mut Folded::new(&source.meta, time), &mut out).expect("in memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn waits_of_targets_count_by_stack_call_and_peer_within_the_window() {
        assert_eq!(
            folded(Time::OffCpu),
            "work:er;[recvfrom 127.0.0.1:80] 3000\n\
             work:er;worker+0x11;flush (writer.c:88);lock;[futex] 12000\n"
        );
    }

    #[test]
    fn samples_count_by_stack() {
        assert_eq!(
            folded(Time::OnCpu),
            "work:er 1\nwork:er;worker+0x11;flush (writer.c:88);lock 2\n"
        );
    }
}
