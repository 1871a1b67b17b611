//! How threads take locks, wait for them and hand them on.

use super::expand::{EDGE, blocked, entry};
use super::machine::Machine;
use super::names::{Word, word_of};
use super::plan::{LockWords, Span};
use super::rows::Entry;
use super::stations::{GuardKind, ThreadIndex};
use super::thread::{Held, Op, Return, Thread};
use crate::row::{ResourceId, Syscall, Tid};

/// `-EAGAIN`.
const AGAIN: i64 = -11;
/// `FUTEX_WAKE`.
const FUTEX_WAKE: u32 = 1;

impl Machine<'_> {
    pub(super) fn take(&mut self, who: ThreadIndex, guard: usize) {
        if let Some(permit) = self.stations.guards[guard].take() {
            self.threads[who].held.push(Held { guard, permit });
            return;
        }
        let call = self.guard_entry(who, guard);
        self.threads[who].first(blocked(call, Op::TakeOrBlock(guard), 0));
    }

    pub(super) fn take_or_block(&mut self, who: ThreadIndex, guard: usize) {
        match self.stations.guards[guard].take() {
            Some(permit) => {
                self.threads[who].held.push(Held { guard, permit });
                self.changed_meanwhile(who);
            }
            None => {
                self.stations.guards[guard].wait(who);
                let owner = self.owner(guard);
                if let Some(open) = &mut self.threads[who].call {
                    open.owner = owner;
                }
                self.block(who);
            }
        }
    }

    /// The thread that the word of a mutex names.
    pub(super) fn owner(&self, guard: usize) -> Tid {
        let holds = |thread: &&Thread| thread.permit(guard).is_some();
        match self.stations.guards[guard].kind {
            GuardKind::Futex(LockWords::One, _) => {
                let holder = self.threads.iter().find(holds);
                holder.map_or(Tid(0), |thread| thread.who.tid)
            }
            GuardKind::Futex(..) | GuardKind::File(_) => Tid(0),
        }
    }

    /// What a futex call was to wait for has come already: it returns at once.
    pub(super) fn changed_meanwhile(&mut self, who: ThreadIndex) {
        if let Some(open) = &mut self.threads[who].call
            && open.entry.call == Syscall::Futex
        {
            open.ret = Some(AGAIN);
        }
    }

    pub(super) fn tried(&mut self, who: ThreadIndex, guard: usize, pause: Span) {
        match self.stations.guards[guard].take() {
            Some(permit) => {
                self.threads[who].held.push(Held { guard, permit });
                self.leave_call(who, Return::of(0));
            }
            None => {
                self.leave_call(who, Return::of(AGAIN));
                let ops = self.sleep_and_try(who, guard, pause);
                self.threads[who].first(ops);
            }
        }
    }

    /// Gives a permit back; whoever waits longest holds it now.
    pub(super) fn give_back(&mut self, who: ThreadIndex, guard: usize) -> Option<ThreadIndex> {
        let held = &mut self.threads[who].held;
        let at = held.iter().position(|held| held.guard == guard)?;
        let permit = held.remove(at).permit;
        let next = self.stations.guards[guard].give_back(permit)?;
        self.threads[next].held.push(Held { guard, permit });
        Some(next)
    }

    /// Lets go of a futex lock; nobody is woken by a call when nobody waits.
    pub(super) fn release(&mut self, who: ThreadIndex, guard: usize) {
        if let Some(next) = self.give_back(who, guard) {
            let waits_on = self.threads[next].call.map(|open| open.entry.resource);
            self.wake_by_futex(who, next, waits_on.unwrap_or_default());
        }
    }

    pub(super) fn wake_by_futex(&mut self, who: ThreadIndex, next: ThreadIndex, word: ResourceId) {
        let call = entry(Syscall::Futex, FUTEX_WAKE, word);
        let ops = vec![
            Op::Enter(call),
            Op::Run(EDGE),
            Op::Wake(next),
            Op::Return(Return::of(1)),
        ];
        self.threads[who].first(ops);
    }

    /// The call by which a thread waits for a lock.
    pub(super) fn guard_entry(&mut self, who: ThreadIndex, guard: usize) -> Entry {
        let (words, name) = match &self.stations.guards[guard].kind {
            GuardKind::File(file) => return Entry::of(Syscall::Flock, *file),
            GuardKind::Futex(words, name) => (*words, name.clone()),
        };
        let turn = self.stations.guards[guard].turns;
        self.stations.guards[guard].turns += 1;
        let (tid, pid) = (self.threads[who].who.tid, self.threads[who].who.pid);
        let word = Word {
            is_shared: self.plan.crews.iter().any(|crew| crew.is_processes),
            ..word_of(words, guard as u64, tid, turn)
        };
        Entry {
            stack: self.names.site(&name, pid),
            ..entry(Syscall::Futex, 0, self.names.word(word, pid))
        }
    }
}
