//! Futex words: who waits on each, and from where in the program.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::class::ClassId;
use super::interpreter::way;
use crate::row::{Pid, Stack, StackId, Tid};

/// `-ETIMEDOUT` (include/uapi/asm-generic/errno.h).
pub(super) const TIMED_OUT: i64 = -110;

/// Waiters that are told apart; more than one is what matters.
const MOST_WAITERS: usize = 64;

/// Bytes in which the words of a condition variable lie: its waiters use `__g_signals[0]` and `__g_signals[1]` in turn (glibc,
/// nptl/pthread_cond_wait.c). Two mutexes, of 40 bytes each, lie farther apart.
const CONDITION: u64 = 8;

/// The words of CPython's lock lie within so many bytes: two condition variables and two mutexes (`struct _gil_runtime_state`,
/// Include/internal/pycore_gil.h).
const INTERPRETERS_LOCK: u64 = 176;
/// The place from which an interpreter's lock is waited for, wherever the program was: no function has a name with a space in front.
const INTERPRETER: &str = " interpreter";

/// A place in a program from which a futex is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallSiteId(pub u32);

/// Threads of one process with one name but for the digits in it; 0: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ThreadSort(pub u32);

/// Who waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub tid: Tid,
    pub pid: Pid,
    pub sort: ThreadSort,
}

/// What counts as one lock while rows come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockId {
    /// A futex word that several threads wait on, or of which nothing better is known.
    Word(ClassId),
    /// The futex words, never with two waiters at once so far, that are waited for from this place: Java, Go, `parking_lot` and Python's
    /// conditions park each waiter on a word of its own.
    Parked(CallSiteId),
    /// The lock of a file.
    File(ClassId),
    /// A lock of the kernel, by what it guards.
    Kernel(ClassId),
}

/// One word.
#[derive(Clone, Debug, Default)]
pub struct FutexWord {
    /// Its process (one of them, for a shared word).
    pub pid: Pid,
    /// Its address, or its offset in shared memory.
    pub address: u64,
    /// Threads that waited on it, as far as they are told apart.
    pub waiters: BTreeSet<Tid>,
    /// Several threads have waited on it at the same time. A word of a thread's own is used again by another thread later, as
    /// memory is, but never by two at once.
    pub shared: bool,
    /// Threads that wait on it now.
    now: BTreeSet<Tid>,
    /// Waits by call stack.
    pub stacks: HashMap<StackId, u64>,
    /// Waits by place in the program.
    pub call_sites: HashMap<CallSiteId, u64>,
    /// The latest place; once a call site is known, the latest known one.
    pub last_site: CallSiteId,
    is_placed: bool,
    /// Waits that ended because their time was up.
    pub timed_out: u64,
    /// Waits that ended otherwise.
    pub woken: u64,
    /// The word that stands for the condition variable, or the lock of an interpreter, that it is part of.
    pub(super) condition: Option<ClassId>,
}

impl FutexWord {
    /// One thread waits here for time to pass: a runtime's sleep, or an idle thread that looks around now and then. A lock's
    /// waiters are woken.
    #[must_use]
    pub fn is_sleep(&self) -> bool {
        !self.shared && self.waiters.len() <= 1 && self.timed_out > self.woken
    }

    fn lock(&self, word: ClassId) -> LockId {
        if !self.shared && !self.waiters.is_empty() {
            LockId::Parked(self.last_site)
        } else {
            LockId::Word(self.condition.unwrap_or(word))
        }
    }
}

/// All words, and the places they are waited for from.
#[derive(Clone, Debug, Default)]
pub struct FutexWords {
    words: HashMap<ClassId, FutexWord>,
    /// Words that several wait on, by place in the program and address.
    conditions: BTreeMap<(Pid, CallSiteId, u64), ClassId>,
    /// The word that stands for the lock of a process's interpreter: a mutex and two condition variables.
    interpreters: BTreeMap<Pid, ClassId>,
    /// Its words that are known by a call stack.
    interpreter_words: BTreeSet<(Pid, u64)>,
    call_sites: HashMap<(Pid, ThreadSort, String), CallSiteId>,
    /// Whether a frame of the program's own is known of a place, by its number.
    is_named: Vec<bool>,
    /// The places at which the lock of an interpreter is waited for.
    interpreter_sites: BTreeSet<CallSiteId>,
    by_stack: HashMap<(Pid, ThreadSort, StackId), CallSiteId>,
}

impl FutexWords {
    /// A thread begins to wait.
    pub(super) fn wait(
        &mut self,
        word: ClassId,
        address: u64,
        who: Waiter,
        stack: StackId,
        stacks: &HashMap<StackId, Stack>,
    ) -> LockId {
        let Waiter { tid, pid, .. } = who;
        let taken = self.call_site(who, stack, stacks);
        let is_named = self.is_named(taken);
        let interpreter = self.interpreter_sites.contains(&taken);
        if interpreter {
            self.interpreter_words.insert((pid, address));
        }
        let interpreter = interpreter || self.is_beside_interpreters(pid, address);
        let interpreter = interpreter.then(|| *self.interpreters.entry(pid).or_insert(word));
        let entry = self.words.entry(word).or_default();
        // Call sites are taken of some waits only: the others are taken to come from where the last one came from.
        let is_told = stack != StackId::NONE || entry.call_sites.is_empty();
        let site = if is_named || (is_told && !entry.is_placed) {
            taken
        } else {
            entry.last_site
        };
        entry.is_placed |= is_named;
        (entry.pid, entry.address) = (pid, address);
        if entry.waiters.len() < MOST_WAITERS {
            entry.waiters.insert(tid);
        }
        entry.now.insert(tid);
        let became_shared = !entry.shared && entry.now.len() > 1;
        entry.shared |= became_shared;
        if interpreter.is_some() {
            (entry.shared, entry.condition) = (true, interpreter);
        }
        if stack != StackId::NONE {
            *entry.stacks.entry(stack).or_default() += 1;
            *entry.call_sites.entry(taken).or_default() += 1;
        }
        entry.last_site = site;
        if became_shared && entry.condition.is_none() && address != 0 {
            let near = (pid, site, address.saturating_sub(CONDITION - 1))
                ..(pid, site, address.saturating_add(CONDITION));
            entry.condition = match self.conditions.range(near).next() {
                Some((_, other)) => Some(*other),
                None => {
                    self.conditions.insert((pid, site, address), word);
                    Some(word)
                }
            };
        }
        entry.lock(word)
    }

    /// A word of which no call stack was taken is a part of the lock that the words beside it are.
    fn is_beside_interpreters(&self, pid: Pid, address: u64) -> bool {
        let first = (pid, address.saturating_sub(INTERPRETERS_LOCK));
        let last = (pid, address.saturating_add(INTERPRETERS_LOCK));
        address != 0 && self.interpreter_words.range(first..=last).next().is_some()
    }

    /// The place a word is waited for from most often; one whose call site is known, if there is any.
    pub(super) fn usual_site(&self, word: &FutexWord) -> CallSiteId {
        let most = word.call_sites.iter();
        most.max_by_key(|(site, count)| (self.is_named(**site), **count, std::cmp::Reverse(**site)))
            .map_or(word.last_site, |(site, _)| *site)
    }

    pub(super) fn is_named(&self, site: CallSiteId) -> bool {
        let index = usize::try_from(site.0).ok();
        index
            .and_then(|index| self.is_named.get(index).copied())
            .unwrap_or(false)
    }

    /// The lock that a word is part of, as far as is known now.
    #[must_use]
    pub fn lock(&self, word: ClassId) -> LockId {
        self.words
            .get(&word)
            .map_or(LockId::Word(word), |entry| entry.lock(word))
    }

    /// Whether the lock of any interpreter was seen.
    #[must_use]
    pub fn has_interpreters(&self) -> bool {
        !self.interpreters.is_empty()
    }

    /// Whether a word stands for the lock of an interpreter.
    #[must_use]
    pub fn is_interpreters(&self, word: ClassId) -> bool {
        let is_one = |entry: &FutexWord| self.interpreters.get(&entry.pid) == Some(&word);
        self.has_interpreters() && self.words.get(&word).is_some_and(is_one)
    }

    /// A thread waits on `word` no longer.
    pub(super) fn ended(&mut self, word: ClassId, tid: Tid) {
        if let Some(entry) = self.words.get_mut(&word) {
            entry.now.remove(&tid);
        }
    }

    /// A wait on `word` returned `ret`. Gives whether the word is one that its thread sleeps on.
    pub(super) fn returned(&mut self, word: ClassId, ret: i64) -> bool {
        let entry = self.words.entry(word).or_default();
        if ret == TIMED_OUT {
            entry.timed_out += 1;
        } else {
            entry.woken += 1;
        }
        entry.is_sleep()
    }

    /// What is known of a word.
    #[must_use]
    pub fn get(&self, word: ClassId) -> Option<&FutexWord> {
        self.words.get(&word)
    }

    /// All words, in order.
    #[must_use]
    pub fn all(&self) -> Vec<(ClassId, &FutexWord)> {
        let mut all: Vec<_> = self.words.iter().map(|(word, of)| (*word, of)).collect();
        all.sort_unstable_by_key(|(word, _)| *word);
        all
    }

    /// The words that are slept on, not locks.
    pub fn sleeps(&self) -> impl Iterator<Item = ClassId> {
        let words = self.words.iter().filter(|(_, word)| word.is_sleep());
        words.map(|(word, _)| *word)
    }

    fn call_site(
        &mut self,
        who: Waiter,
        stack: StackId,
        stacks: &HashMap<StackId, Stack>,
    ) -> CallSiteId {
        let of_stack = (who.pid, who.sort, stack);
        if let Some(site) = self.by_stack.get(&of_stack) {
            return *site;
        }
        let next = CallSiteId(u32::try_from(self.call_sites.len()).unwrap_or(u32::MAX));
        let of_interpreter = stacks.get(&stack).and_then(way).is_some();
        let (text, is_named) = match of_interpreter {
            true => (INTERPRETER.to_owned(), true),
            false => way_in(stacks.get(&stack)),
        };
        // The runtime parks all its threads in one way: those that work are told from those that tidy up by their names.
        let sort = if is_named {
            ThreadSort::default()
        } else {
            who.sort
        };
        let key = (who.pid, sort, text);
        let site = *self.call_sites.entry(key).or_insert(next);
        if site == next {
            self.is_named.push(is_named);
        }
        if of_interpreter {
            self.interpreter_sites.insert(site);
        }
        if stack == StackId::NONE || stacks.contains_key(&stack) {
            self.by_stack.insert(of_stack, site);
        }
        site
    }
}

/// What tells the waits of one lock from those of others: the call site; where it is not known, the frames through the
/// runtime to the wait. Gives also whether the call site is known.
fn way_in(stack: Option<&Stack>) -> (String, bool) {
    /// Frames that tell a monitor from a queue, and both from the threads of the runtime itself.
    const FRAMES: usize = 6;
    let Some(stack) = stack else {
        return (String::new(), false);
    };
    match stack.call_site() {
        Some(frame) => (frame.to_string(), true),
        None => {
            let names = stack.frames.iter().take(FRAMES);
            let names: Vec<_> = names.map(|frame| frame.symbol.as_str()).collect();
            (names.join(" < "), false)
        }
    }
}
