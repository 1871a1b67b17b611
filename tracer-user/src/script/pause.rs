//! How one thread stops all others of the crews, as a runtime does that collects garbage.

use super::expand::{EDGE, entry};
use super::machine::Machine;
use super::names::word_of;
use super::plan::LockWords;
use super::stations::ThreadIndex;
use super::thread::{Duty, Op, Return};
use crate::row::{Nanos, ResourceId, Syscall};

/// The word that all wait on who are stopped.
const PAUSE_WORD: u64 = 4_000;
/// `FUTEX_WAKE`.
const FUTEX_WAKE: u32 = 1;

/// Whether threads are to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Pause {
    /// Who has stopped the others.
    by: Option<ThreadIndex>,
    /// Those that have come to where they stop.
    stopped: Vec<ThreadIndex>,
}

impl Machine<'_> {
    /// All others stop as they come to code of their own.
    pub(super) fn stop_all(&mut self, who: ThreadIndex) {
        self.stations.pause.by = Some(who);
    }

    /// They go on.
    pub(super) fn let_all_go(&mut self, who: ThreadIndex) {
        let pause = std::mem::take(&mut self.stations.pause);
        let call = entry(Syscall::Futex, FUTEX_WAKE, self.pause_word(who));
        let mut ops = vec![Op::Enter(call), Op::Run(EDGE)];
        let count = i64::try_from(pause.stopped.len()).unwrap_or(0);
        ops.extend(pause.stopped.into_iter().map(Op::Wake));
        ops.push(Op::Return(Return::of(count)));
        self.threads[who].first(ops);
    }

    /// Whether a thread that has the CPU has to stop before it computes on. Between two calls that belong together it does not stop.
    pub(super) fn has_to_stop(&self, who: ThreadIndex) -> bool {
        let pause = &self.stations.pause;
        let thread = &self.threads[who];
        let computes = thread.call.is_none() && thread.left > Nanos::ZERO;
        let is_one = matches!(thread.duty, Duty::Crew(_)) && computes;
        let is_stopped = || pause.stopped.contains(&who);
        is_one && pause.by.is_some_and(|by| by != who) && !is_stopped()
    }

    /// It stops, and computes what is left afterwards.
    pub(super) fn stop(&mut self, who: ThreadIndex) {
        self.stations.pause.stopped.push(who);
        let call = entry(Syscall::Futex, 0, self.pause_word(who));
        let mut ops = vec![Op::Enter(call), Op::AwaitOthers, Op::Run(EDGE)];
        ops.push(Op::Return(Return::of(0)));
        let left = std::mem::take(&mut self.threads[who].left);
        ops.push(Op::Run(left));
        self.threads[who].first(ops);
    }

    fn pause_word(&mut self, who: ThreadIndex) -> ResourceId {
        let thread = &self.threads[who].who;
        let word = word_of(LockWords::One, PAUSE_WORD, thread.tid, 0);
        self.names.word(word, thread.pid)
    }
}
