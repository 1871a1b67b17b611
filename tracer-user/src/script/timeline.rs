//! The text of a timeline: who does what from when on, for tests of single mechanisms.
//!
//! ```text
//! 0 A runs; 3 A waits lock held by B; 9 B wakes A; 9 A queues; 11 A runs; 12 A exits; 20 end
//! lost 13..15
//! ```
//! Times are milliseconds since the window opened. Who does something at 0 was there when the window opened; who is `seen`
//! was found then, who is `born` began then, and of anybody else nothing is told but by the rows. A wait is one on the futex
//! word of that name, except `sleep`, `fsync` and `child`. Who is woken runs at once unless it is said to queue. `lost` takes
//! out all rows that end in a time and tells of it as a damaged part of the trace; `lost waits` takes out only waits.

mod changes;

use std::collections::BTreeMap;

use super::Mistake;
use super::names::Names;
use super::rows::{OffCpu, Rows};
use super::words::{Words, nanos, time};
use crate::row::{MemorySource, Nanos, Pid, Reason, Task, TaskFact, TaskRole, Tid};

/// When the window of a timeline opens.
const OPENED: u64 = 1_000;
/// The process of all threads.
const TARGET: Pid = Pid(100);
/// The first thread.
const FIRST: u32 = 201;
/// `-ETIMEDOUT`.
const TIMED_OUT: i64 = -110;
/// `FUTEX_WAKE`.
const FUTEX_WAKE: u32 = 1;

/// The instant that a timeline calls `ms`.
pub(crate) fn at(ms: u64) -> Nanos {
    Nanos((OPENED + ms) * 1_000_000)
}

/// A time in which rows are lost.
struct Lost {
    from: Nanos,
    to: Nanos,
    waits_only: bool,
}

/// One thread so far.
struct Thread {
    who: Task,
    off: Option<OffCpu>,
    /// It was woken and is not said to queue.
    runs_at_once: bool,
    seq: u32,
}

/// A timeline so far.
struct Timeline {
    rows: Rows,
    names: Names,
    threads: BTreeMap<String, Thread>,
    words: Vec<String>,
    now: Nanos,
}

/// Reads a timeline.
pub(super) fn parse(text: &str) -> Result<MemorySource, Mistake> {
    let mut timeline = Timeline {
        rows: Rows::new(at(0), Nanos(u64::MAX)),
        names: Names::default(),
        threads: BTreeMap::new(),
        words: Vec::new(),
        now: at(0),
    };
    let mut lost = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let mut words = Words::of(line, text);
        while !words.is_done() {
            if words.accept("lost") {
                lost.push(timeline.lost(&mut words)?);
            } else {
                timeline.statement(&mut words)?;
            }
            if !words.accept(";") {
                words.end()?;
            }
        }
    }
    Ok(timeline.finish(&lost))
}

impl Timeline {
    fn lost(&self, words: &mut Words<'_>) -> Result<Lost, Mistake> {
        let waits_only = words.accept("waits");
        let (from, to) = words.parse("two times such as 5..9", |word| {
            let (from, to) = word.split_once("..")?;
            Some((instant(from)?, instant(to)?))
        })?;
        Ok(Lost {
            from,
            to,
            waits_only,
        })
    }

    fn statement(&mut self, words: &mut Words<'_>) -> Result<(), Mistake> {
        let now = words.parse("lost, or a time such as 3", |word| {
            instant(word).filter(|now| *now >= self.now)
        })?;
        self.now = now;
        if words.accept("end") {
            return Ok(());
        }
        let name = words.name("the name of a thread")?.to_owned();
        let verb = words.peek();
        self.go_on(&name, verb == Some("queues"));
        let mistake = words.mistake("runs, waits, queues, wakes, exits, born or seen");
        words.skip();
        match verb {
            Some("runs") => {
                self.meet(&name, TaskFact::Seen);
                self.ends(&name);
            }
            Some("waits") => {
                self.meet(&name, TaskFact::Seen);
                self.waits(&name, words)?;
            }
            Some("queues") => {
                self.meet(&name, TaskFact::Seen);
                self.queues(&name);
            }
            Some("wakes") => {
                self.meet(&name, TaskFact::Seen);
                let other = words.name("the name of a thread")?.to_owned();
                self.wakes(&name, &other);
            }
            Some("exits") => {
                self.meet(&name, TaskFact::Seen);
                self.rows
                    .task(&self.threads[&name].who, TaskFact::Exited, now);
            }
            Some("born") => self.tell(&name, TaskFact::Born),
            Some("seen") => self.tell(&name, TaskFact::Seen),
            _ => return Err(mistake),
        }
        Ok(())
    }

    /// Who was woken and does not queue has run since.
    fn go_on(&mut self, name: &str, queues: bool) {
        let Some(thread) = self.threads.get_mut(name) else {
            return;
        };
        let is_now = thread.off.is_some_and(|off| off.woken == self.now);
        if std::mem::take(&mut thread.runs_at_once) && !(queues && is_now) {
            let end = thread.off.map_or(self.now, |off| off.woken);
            self.ends_at(name, end);
        }
    }

    /// A thread is mentioned: at the beginning it was there already.
    fn meet(&mut self, name: &str, fact: TaskFact) {
        let is_new = !self.threads.contains_key(name);
        self.thread(name);
        if is_new && self.now == at(0) {
            self.tell(name, fact);
        }
    }

    fn tell(&mut self, name: &str, fact: TaskFact) {
        let now = self.now;
        let who = self.thread(name).who.clone();
        self.rows.task(&who, fact, now);
    }

    fn thread(&mut self, name: &str) -> &mut Thread {
        let tid = FIRST + u32::try_from(self.threads.len()).expect("few threads");
        self.threads
            .entry(name.to_owned())
            .or_insert_with(|| Thread {
                who: Task {
                    tid: Tid(tid),
                    pid: TARGET,
                    role: TaskRole::Target,
                    name: name.to_owned(),
                    start_time: Nanos(u64::from(tid)),
                    ..Task::default()
                },
                off: None,
                runs_at_once: false,
                seq: 0,
            })
    }

    fn waits(&mut self, name: &str, words: &mut Words<'_>) -> Result<(), Mistake> {
        let what = words.name("what it waits for")?.to_owned();
        let mut owner = Tid(0);
        if words.accept("held") {
            words.expect("by")?;
            let holder = words.name("the name of a thread")?.to_owned();
            owner = self.thread(&holder).who.tid;
        }
        let entry = self.entry(&what);
        let now = self.now;
        self.thread(name).off = Some(OffCpu {
            since: now,
            reason: Reason::Blocked,
            entry,
            owner,
            ..OffCpu::default()
        });
        Ok(())
    }

    fn finish(mut self, lost: &[Lost]) -> MemorySource {
        self.rows.closed = self.now;
        let names: Vec<String> = self.threads.keys().cloned().collect();
        for name in names {
            self.go_on(&name, false);
            let thread = self.thread(&name);
            if let Some(off) = thread.off {
                let who = thread.who.clone();
                self.rows.wait(&who, &off, self.now, true);
            }
        }
        self.rows.batch.resources = self.names.resources;
        self.rows.batch.stacks = self.names.stacks;
        let mut source = self.rows.finish(4);
        for lost in lost {
            lose(&mut source, lost);
        }
        source
    }
}

fn instant(word: &str) -> Option<Nanos> {
    let since: Nanos = match word.parse::<f64>() {
        Ok(ms) if ms >= 0.0 => nanos(ms * 1e6),
        _ => time(word)?,
    };
    Some(at(0) + since)
}

fn lose(source: &mut MemorySource, lost: &Lost) {
    let is_lost = |end: Nanos| end > lost.from && end <= lost.to;
    let counters = &mut source.meta.counters;
    for batch in &mut source.batches {
        let before = batch.waits.len();
        batch.waits.retain(|row| !is_lost(row.end));
        if lost.waits_only {
            let count = (before - batch.waits.len()) as u64;
            counters.ring_full += count;
            counters.lost_waits += count;
        } else {
            batch.calls.retain(|row| !is_lost(row.end));
            batch.tasks.retain(|row| !is_lost(row.end));
        }
    }
    if !lost.waits_only {
        source.meta.gaps.push((lost.from, lost.to));
    }
}
