//! How threads hand over what they would do to other threads of their process, and wait until it is done.

use std::collections::VecDeque;

use super::expand::{EDGE, entry};
use super::machine::Machine;
use super::names::word_of;
use super::plan::LockWords;
use super::rows::Entry;
use super::stations::ThreadIndex;
use super::thread::{Op, Return};
use crate::row::{ResourceId, Syscall};

/// Words of those who wait until it is done are numbered from here; those of takers that have nothing to do, from there.
const DONE_WORDS: u64 = 5_000;
const TAKER_WORDS: u64 = 6_000;

/// It is blocked in a call until others let it go on.
fn await_others(call: Entry) -> Vec<Op> {
    let end = Op::Return(Return::of(0));
    vec![Op::Enter(call), Op::AwaitOthers, Op::Run(EDGE), end]
}

/// A queue of what is handed over.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    /// Its name.
    name: String,
    /// Who has handed over and is not served yet.
    clients: VecDeque<ThreadIndex>,
    /// Takers that have nothing to do.
    idle: VecDeque<ThreadIndex>,
    /// Who works for whom.
    served: Vec<(ThreadIndex, ThreadIndex)>,
}

impl Machine<'_> {
    /// The place of a desk.
    pub(super) fn desk(&mut self, name: &str) -> usize {
        let desks = &mut self.stations.desks;
        let known = desks.iter().position(|desk| desk.name == name);
        known.unwrap_or_else(|| {
            desks.push(Desk {
                name: name.to_owned(),
                ..Desk::default()
            });
            desks.len() - 1
        })
    }

    /// A thread hands over what it would do, and waits on a word of its own. That is done later than it begins to wait.
    pub(super) fn hand_over(&mut self, who: ThreadIndex, desk: usize) {
        let at = &mut self.stations.desks[desk];
        at.clients.push_back(who);
        let (idle, name) = (at.idle.pop_front(), at.name.clone());
        let word = self.word_of_desk(who, DONE_WORDS + desk as u64);
        let mut call = entry(Syscall::Futex, 0, word);
        call.stack = self.names.site(&name, self.threads[who].who.pid);
        self.threads[who].first(await_others(call));
        if let Some(taker) = idle {
            let word = self.word_of_desk(taker, TAKER_WORDS + desk as u64);
            self.wake_by_futex(who, taker, word);
        }
    }

    /// A taker is done with what it has done so far, and goes on to the next.
    pub(super) fn take_over(&mut self, who: ThreadIndex, desk: usize) {
        let served = &mut self.stations.desks[desk].served;
        let place = served.iter().position(|(taker, _)| *taker == who);
        self.threads[who].first(vec![Op::TakeNext(desk)]);
        if let Some(place) = place {
            let (_, client) = served.swap_remove(place);
            let word = self.word_of_desk(client, DONE_WORDS + desk as u64);
            self.wake_by_futex(who, client, word);
        }
    }

    /// It takes the next, or waits for one.
    pub(super) fn take_next(&mut self, who: ThreadIndex, desk: usize) {
        let word = self.word_of_desk(who, TAKER_WORDS + desk as u64);
        let at = &mut self.stations.desks[desk];
        if let Some(client) = at.clients.pop_front() {
            at.served.push((who, client));
            return;
        }
        at.idle.push_back(who);
        let mut ops = await_others(entry(Syscall::Futex, 0, word));
        ops.push(Op::TakeNext(desk));
        self.threads[who].first(ops);
    }

    fn word_of_desk(&mut self, who: ThreadIndex, of: u64) -> ResourceId {
        let thread = &self.threads[who].who;
        let word = word_of(LockWords::Parked, of, thread.tid, 0);
        self.names.word(word, thread.pid)
    }
}
