//! The first pass: what each thread does, and what is done to each resource class.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::class::{ClassId, ResourceClasses};
use super::operation::{Operation, OperationKind, operation};
use super::request::RequestTracker;
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
    /// Its first operations, as indices into [`Inventory::alphabet`].
    pub sequence: Vec<u16>,
    /// Time blocked at each resource class.
    pub blocked: BTreeMap<ClassId, Nanos>,
    /// Its books as the window opened.
    pub opened: Option<SchedStat>,
    /// Its books as the window closed.
    pub closed: Option<SchedStat>,
}

/// What was done to one resource class.
#[derive(Debug, Default)]
pub struct ClassTotals {
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
pub struct FutexTotals {
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

impl FutexTotals {
    /// One thread waits here for time to pass: a runtime's sleep, or an idle thread that looks around now and then. A lock's
    /// waiters are woken.
    fn is_sleep(&self) -> bool {
        let (timed_out, woken) = self.ended;
        self.waiters.len() == 1 && timed_out > woken
    }
}

/// The whole first pass.
#[derive(Debug, Default)]
pub struct Inventory {
    /// All resources.
    pub classes: ResourceClasses,
    /// All stacks.
    pub stacks: HashMap<StackId, Stack>,
    /// All threads.
    pub threads: BTreeMap<Tid, ThreadTotals>,
    /// All resource classes that were used.
    pub totals: HashMap<ClassId, ClassTotals>,
    /// All futex words that were waited on.
    pub words: BTreeMap<ClassId, FutexTotals>,
    /// The operations that occur, in order of first sight.
    pub alphabet: Vec<Operation>,
    /// Kernel spans, count and time.
    pub spans: HashMap<KernelSpanKind, (u64, Nanos)>,
    /// Longest part of a wait.
    pub longest_wait: Nanos,
    /// Rows read.
    pub rows: u64,
    /// RequestTracker seen, and those that several threads shared.
    pub requests: (u64, u64),
    headless: BTreeMap<(Tid, ClassId), u64>,
    letters: HashMap<Operation, u16>,
    state: RequestTracker,
}

impl Inventory {
    /// Takes a batch into account.
    pub fn count(&mut self, batch: &Batch) {
        self.rows += batch.len() as u64;
        for resource in &batch.resources {
            self.classes.learn(resource);
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
                let class = self.classes.of(wait.resource);
                let until = if wait.woken > Nanos::ZERO {
                    wait.woken.clamp(wait.start, wait.end)
                } else {
                    wait.end
                };
                let thread = self.threads.entry(wait.tid).or_default();
                thread.pid = wait.pid;
                *thread.blocked.entry(class).or_default() += until.since(wait.start);
                if wait.call == Syscall::Futex {
                    let word = self.words.entry(class).or_default();
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
        self.requests = (self.state.all, self.state.multiplexed);
    }

    /// Counts replies to requests sent before the window, now that it is known what is asked of each peer, and tells futex
    /// words that are slept on from locks.
    pub fn attribute(&mut self) {
        let classes = &mut self.classes;
        self.words.retain(|_, word| {
            if word.is_sleep() {
                classes.pass_time(word.resource);
            }
            !word.is_sleep()
        });
        let usual = self.usual_verbs();
        for ((tid, class), count) in std::mem::take(&mut self.headless) {
            let verb = usual.get(&class).copied().unwrap_or_default();
            let operation = Operation {
                kind: OperationKind::Exchange(verb),
                class,
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
    pub fn usual_verbs(&self) -> HashMap<ClassId, Verb> {
        let most = |totals: &ClassTotals| {
            totals
                .bytes
                .iter()
                .max_by_key(|(_, (out, inward))| out + inward)
                .map(|(verb, _)| *verb)
        };
        self.totals
            .iter()
            .filter_map(|(class, totals)| most(totals).map(|verb| (*class, verb)))
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
        let (operation, request) = operation(call, &mut self.classes, &mut self.state);
        if let Some(Operation {
            kind: OperationKind::Wait,
            class,
        }) = operation
        {
            let ended = &mut self.words.entry(class).or_default().ended;
            *(if call.ret == TIMED_OUT {
                &mut ended.0
            } else {
                &mut ended.1
            }) += 1;
        }
        if call.call == Syscall::Open && call.ret >= 0 {
            let class = self.classes.of(call.resource);
            self.totals.entry(class).or_default().opens += 1;
        }
        if request.is_some_and(|request| request.headless) {
            let class = self.classes.of(call.resource);
            *self.headless.entry((call.tid, class)).or_default() += 1;
            return;
        }
        let Some(operation) = operation else { return };
        let thread = self.threads.entry(call.tid).or_default();
        thread.pid = call.pid;
        if thread.role == TaskRole::Target {
            let totals = self.totals.entry(operation.class).or_default();
            totals.threads.insert(call.tid);
            match operation.kind {
                OperationKind::Exchange(verb) => {
                    let (out, inward) = totals.bytes.entry(verb).or_default();
                    *(if call.call.is_output() { out } else { inward }) += call.bytes();
                    totals.throttled += u64::from(matches!(call.status, 429 | 503));
                }
                OperationKind::Write => {
                    totals.written = true;
                    if call.call.is_output() {
                        totals.bytes_written += call.bytes();
                    }
                }
                OperationKind::Sync | OperationKind::LockFile | OperationKind::LockRefused => {
                    totals.written = true
                }
                _ => {}
            }
        }
        // An exchange is one operation, however many sends and receives it takes.
        if matches!(
            operation.kind,
            OperationKind::Exchange(_) | OperationKind::Serve
        ) && request.is_none()
        {
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
