//! The first pass: what each thread does, and what is done to each place.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::operation::{Act, Operation, operation};
use super::place::{PlaceId, Places};
use super::turn::Turns;
use crate::row::{
    Batch, Call, KernelSpanKind, Nanos, Pid, Reason, ResourceId, SchedStat, Stack, StackId,
    Syscall, Task, TaskFact, TaskRole, Tid, Verb,
};

/// How many operations of a thread are kept in their order, to find its cycle.
const SEQUENCE: usize = 4096;

/// `-ETIMEDOUT` (include/uapi/asm-generic/errno.h).
const TIMED_OUT: i64 = -110;

/// What one thread did.
#[derive(Debug, Default)]
pub struct ThreadTotals {
    /// Its process.
    pub pid: Pid,
    /// Why it is in the trace.
    pub role: TaskRole,
    /// Its last name.
    pub name: String,
    /// Its program.
    pub exe: String,
    /// How often it did what.
    pub operations: BTreeMap<Operation, u64>,
    /// Its first operations, as indices into [`Census::alphabet`].
    pub sequence: Vec<u16>,
    /// Time blocked at each place.
    pub blocked: BTreeMap<PlaceId, Nanos>,
    /// Its books as the window opened.
    pub opened: Option<SchedStat>,
    /// Its books as the window closed.
    pub closed: Option<SchedStat>,
}

/// What was done to one place.
#[derive(Debug, Default)]
pub struct PlaceTotals {
    /// Bytes out and in, by what the turn was about.
    pub bytes: BTreeMap<Verb, (u64, u64)>,
    /// Bytes written, synced or locked: more than read.
    pub written: bool,
    /// Bytes written to it as a file.
    pub bytes_written: u64,
    /// How often it was opened: a file that is opened for each write is written anew, not appended to.
    pub opens: u64,
    /// Threads of the target that came here.
    pub threads: BTreeSet<Tid>,
    /// Replies with status 429 or 503.
    pub throttled: u64,
}

/// Who waits on one futex word, and where in the code.
#[derive(Debug, Default)]
pub struct WordTotals {
    /// Its process (one of them, for a shared word).
    pub pid: Pid,
    /// Threads that waited on it.
    pub waiters: BTreeSet<Tid>,
    /// Call stacks of the waits, with their count.
    pub stacks: BTreeMap<StackId, u64>,
    /// The word itself.
    resource: ResourceId,
    /// Waits that ended because their time was up, and others.
    ended: (u64, u64),
}

impl WordTotals {
    /// One thread waits here for time to pass: a runtime's sleep, or an idle thread that looks around now and then. A lock's
    /// waiters are woken.
    fn is_sleep(&self) -> bool {
        let (timed_out, woken) = self.ended;
        self.waiters.len() == 1 && timed_out > woken
    }
}

/// The whole first pass.
#[derive(Debug, Default)]
pub struct Census {
    /// All resources.
    pub places: Places,
    /// All stacks.
    pub stacks: HashMap<StackId, Stack>,
    /// All threads.
    pub threads: BTreeMap<Tid, ThreadTotals>,
    /// All places that were used.
    pub totals: HashMap<PlaceId, PlaceTotals>,
    /// All futex words that were waited on.
    pub words: BTreeMap<PlaceId, WordTotals>,
    /// The operations that occur, in order of first sight.
    pub alphabet: Vec<Operation>,
    /// Kernel spans, count and time.
    pub spans: HashMap<KernelSpanKind, (u64, Nanos)>,
    /// Longest part of a wait.
    pub longest_wait: Nanos,
    /// Rows read.
    pub rows: u64,
    /// Turns seen, and those that several threads shared.
    pub turns: (u64, u64),
    headless: BTreeMap<(Tid, PlaceId), u64>,
    letters: HashMap<Operation, u16>,
    state: Turns,
}

impl Census {
    /// Takes a batch into account.
    pub fn count(&mut self, batch: &Batch) {
        self.rows += batch.len() as u64;
        for resource in &batch.resources {
            self.places.learn(resource);
        }
        for stack in &batch.stacks {
            self.stacks.insert(stack.id, stack.clone());
        }
        for task in &batch.tasks {
            self.task(task);
        }
        for wait in &batch.waits {
            self.longest_wait = self.longest_wait.max(wait.end.since(wait.start));
            if wait.reason == Reason::Blocked {
                let place = self.places.of(wait.resource);
                let until = if wait.woken > Nanos::ZERO {
                    wait.woken.clamp(wait.start, wait.end)
                } else {
                    wait.end
                };
                let thread = self.threads.entry(wait.tid).or_default();
                thread.pid = wait.pid;
                *thread.blocked.entry(place).or_default() += until.since(wait.start);
                if wait.call == Syscall::Futex {
                    let word = self.words.entry(place).or_default();
                    word.pid = wait.pid;
                    word.resource = wait.resource;
                    word.waiters.insert(wait.tid);
                    if wait.stack != StackId::NONE {
                        *word.stacks.entry(wait.stack).or_default() += 1;
                    }
                }
            }
        }
        for span in &batch.kernel {
            let entry = self.spans.entry(span.kind).or_default();
            entry.0 += 1;
            entry.1 += span.end.since(span.start);
        }
        for call in &batch.calls {
            self.call(call);
        }
        self.turns = (self.state.all, self.state.multiplexed);
    }

    /// Counts replies to requests sent before the window, now that it is known what is asked of each peer, and tells futex
    /// words that are slept on from locks.
    pub fn settle(&mut self) {
        let places = &mut self.places;
        self.words.retain(|_, word| {
            if word.is_sleep() {
                places.pass_time(word.resource);
            }
            !word.is_sleep()
        });
        let usual = self.usual_verbs();
        for ((tid, place), count) in std::mem::take(&mut self.headless) {
            let verb = usual.get(&place).copied().unwrap_or_default();
            let operation = Operation {
                act: Act::Exchange(verb),
                place,
            };
            let next = u16::try_from(self.alphabet.len()).unwrap_or(u16::MAX);
            if *self.letters.entry(operation).or_insert(next) == next && next < u16::MAX {
                self.alphabet.push(operation);
            }
            *self
                .threads
                .entry(tid)
                .or_default()
                .operations
                .entry(operation)
                .or_default() += count;
        }
    }

    /// What is most often asked of each peer.
    #[must_use]
    pub fn usual_verbs(&self) -> HashMap<PlaceId, Verb> {
        let most = |totals: &PlaceTotals| {
            totals
                .bytes
                .iter()
                .max_by_key(|(_, (out, inward))| out + inward)
                .map(|(verb, _)| *verb)
        };
        self.totals
            .iter()
            .filter_map(|(place, totals)| most(totals).map(|verb| (*place, verb)))
            .collect()
    }

    fn task(&mut self, task: &Task) {
        let thread = self.threads.entry(task.tid).or_default();
        thread.pid = task.pid;
        // A reading of the books says nothing of why a thread is watched.
        if !matches!(
            task.fact,
            TaskFact::SchedStatOpened | TaskFact::SchedStatClosed
        ) {
            thread.role = task.role;
        }
        for (mine, theirs) in [(&mut thread.name, &task.name), (&mut thread.exe, &task.exe)] {
            if !theirs.is_empty() {
                mine.clone_from(theirs);
            }
        }
        match task.fact {
            TaskFact::SchedStatOpened => thread.opened = Some(task.schedstat),
            TaskFact::SchedStatClosed => thread.closed = Some(task.schedstat),
            _ => {}
        }
    }

    fn call(&mut self, call: &Call) {
        let (operation, turn) = operation(call, &mut self.places, &mut self.state);
        if let Some(Operation {
            act: Act::Wait,
            place,
        }) = operation
        {
            let ended = &mut self.words.entry(place).or_default().ended;
            *(if call.ret == TIMED_OUT {
                &mut ended.0
            } else {
                &mut ended.1
            }) += 1;
        }
        if call.call == Syscall::Open && call.ret >= 0 {
            let place = self.places.of(call.resource);
            self.totals.entry(place).or_default().opens += 1;
        }
        if turn.is_some_and(|turn| turn.headless) {
            let place = self.places.of(call.resource);
            *self.headless.entry((call.tid, place)).or_default() += 1;
            return;
        }
        let Some(operation) = operation else { return };
        let thread = self.threads.entry(call.tid).or_default();
        thread.pid = call.pid;
        if thread.role == TaskRole::Target {
            let totals = self.totals.entry(operation.place).or_default();
            totals.threads.insert(call.tid);
            match operation.act {
                Act::Exchange(verb) => {
                    let (out, inward) = totals.bytes.entry(verb).or_default();
                    *(if call.call.is_output() { out } else { inward }) += call.bytes();
                    totals.throttled += u64::from(matches!(call.status, 429 | 503));
                }
                Act::Write => {
                    totals.written = true;
                    if call.call.is_output() {
                        totals.bytes_written += call.bytes();
                    }
                }
                Act::Sync | Act::LockFile | Act::LockRefused => totals.written = true,
                _ => {}
            }
        }
        // An exchange is one operation, however many sends and receives it takes.
        if matches!(operation.act, Act::Exchange(_) | Act::Serve) && turn.is_none() {
            return;
        }
        *thread.operations.entry(operation).or_default() += 1;
        if thread.sequence.len() < SEQUENCE {
            let next = u16::try_from(self.alphabet.len()).unwrap_or(u16::MAX);
            let letter = *self.letters.entry(operation).or_insert(next);
            if letter == next && next < u16::MAX {
                self.alphabet.push(operation);
            }
            thread.sequence.push(letter);
        }
    }
}
