//! How threads meet at a barrier: whoever comes last lets all others go on.

use std::collections::VecDeque;

use super::expand::{EDGE, entry};
use super::machine::Machine;
use super::names::word_of;
use super::plan::{Action, LockWords, Meeting, Plan};
use super::stations::ThreadIndex;
use super::thread::{Op, Return};
use crate::row::{ResourceId, Syscall};

/// Words of barriers are numbered from here.
const BARRIER_WORDS: u64 = 3_000;
/// `FUTEX_WAKE`.
const FUTEX_WAKE: u32 = 1;

/// A barrier.
#[derive(Clone, Debug, Default)]
pub(super) struct Barrier {
    /// Its name.
    name: String,
    /// Who has come, and waits.
    here: Vec<ThreadIndex>,
    /// Who is let go on by those before.
    in_turn: VecDeque<ThreadIndex>,
}

impl Machine<'_> {
    /// The place of a barrier.
    pub(super) fn barrier(&mut self, name: &str) -> usize {
        let barriers = &mut self.stations.barriers;
        let known = barriers.iter().position(|barrier| barrier.name == name);
        known.unwrap_or_else(|| {
            barriers.push(Barrier {
                name: name.to_owned(),
                ..Barrier::default()
            });
            barriers.len() - 1
        })
    }

    /// A thread comes to a barrier.
    pub(super) fn arrive(&mut self, who: ThreadIndex, barrier: usize, how: Meeting) {
        let at = &mut self.stations.barriers[barrier];
        if at.here.len() + 1 < members(self.plan, &at.name) {
            at.here.push(who);
            let ops = self.await_others(who, barrier, how);
            self.threads[who].first(ops);
            return;
        }
        let others = std::mem::take(&mut at.here);
        match how {
            Meeting::AtOnce => {
                let call = entry(Syscall::Futex, FUTEX_WAKE, self.word_at(who, barrier, how));
                let mut ops = vec![Op::Enter(call), Op::Run(EDGE)];
                let count = others.len();
                ops.extend(others.into_iter().map(Op::Wake));
                ops.push(Op::Return(Return::of(i64::try_from(count).unwrap_or(0))));
                self.threads[who].first(ops);
            }
            Meeting::Parked => {
                for other in others.into_iter().rev() {
                    let word = self.word_at(other, barrier, how);
                    self.wake_by_futex(who, other, word);
                }
            }
            Meeting::InTurn => {
                self.stations.barriers[barrier].in_turn.extend(others);
                self.pass_on(who, barrier, how);
            }
        }
    }

    /// Lets the next one go on.
    pub(super) fn pass_on(&mut self, who: ThreadIndex, barrier: usize, how: Meeting) {
        if let Some(next) = self.stations.barriers[barrier].in_turn.pop_front() {
            let word = self.word_at(next, barrier, how);
            self.wake_by_futex(who, next, word);
        }
    }

    /// It is blocked before anything else happens, so that nobody comes between.
    fn await_others(&mut self, who: ThreadIndex, barrier: usize, how: Meeting) -> Vec<Op> {
        let word = self.word_at(who, barrier, how);
        let name = self.stations.barriers[barrier].name.clone();
        let mut call = entry(Syscall::Futex, 0, word);
        call.stack = self.names.site(&name, self.threads[who].who.pid);
        let mut ops = vec![Op::Enter(call), Op::AwaitOthers, Op::Run(EDGE)];
        ops.push(Op::Return(Return::of(0)));
        if how == Meeting::InTurn {
            ops.push(Op::PassOn(barrier, how));
        }
        ops
    }

    fn word_at(&mut self, who: ThreadIndex, barrier: usize, how: Meeting) -> ResourceId {
        let words = match how {
            Meeting::AtOnce => LockWords::One,
            Meeting::Parked | Meeting::InTurn => LockWords::Parked,
        };
        let thread = &self.threads[who].who;
        let word = word_of(words, BARRIER_WORDS + barrier as u64, thread.tid, 0);
        self.names.word(word, thread.pid)
    }
}

/// How many threads meet there.
fn members(plan: &Plan, barrier: &str) -> usize {
    let comes = |action: &Action| matches!(action, Action::Barrier(name, _) if name == barrier);
    let crews = plan.crews.iter();
    let crews = crews.filter(|crew| crew.steps.iter().any(|step| comes(&step.action)));
    crews.map(|crew| crew.count as usize).sum()
}
