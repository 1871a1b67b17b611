//! What threads waited at the lock of their interpreter while a request of theirs was under way: without the lock they would have waited
//! for the reply instead.
//!
//! In: when a request was sent and when its reply came, which the kernel knows also where it was read later. Out: the waiting within.

use std::collections::BTreeMap;

use super::recent_pieces::{RecentPiece, RecentPieces};
use crate::actors::ActorId;
use crate::classify::{ClassId, Classifier, LockId, State, WaitKind};
use crate::row::Nanos;

/// Waiting within requests, by waiter and by the word that stands for the lock.
#[derive(Clone, Debug, Default)]
pub struct Meanwhile {
    times: BTreeMap<(ActorId, ClassId), Nanos>,
}

impl Meanwhile {
    /// An actor has the reply to a request that it `sent`, and that `came`.
    pub(super) fn replied(
        &mut self,
        who: ActorId,
        (sent, came): (Nanos, Nanos),
        recent: &RecentPieces,
        classifier: &Classifier,
    ) {
        if !classifier.futexes.has_interpreters() {
            return;
        }
        for RecentPiece { piece, .. } in recent.between(who, sent, came) {
            let State::Waiting(site) = piece.state else {
                continue;
            };
            let site = classifier.sites.get(site);
            if site.kind == WaitKind::Futex
                && let LockId::Word(lock) = classifier.futexes.lock(site.class)
                && classifier.futexes.is_interpreters(lock)
            {
                *self.times.entry((who, lock)).or_default() += piece.length();
            }
        }
    }

    /// The waiting of those that `is_one` chooses at a lock, s.
    #[must_use]
    pub fn of(&self, lock: ClassId, is_one: impl Fn(ActorId) -> bool) -> f64 {
        let all = self.times.iter();
        let theirs = all.filter(|((who, at), _)| *at == lock && is_one(*who));
        theirs.map(|(_, time)| time.seconds()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::replay::replay;
    use crate::classify::{Piece, WaitSite};
    use crate::row::{Frame, StackId, Tid};
    use crate::script;

    const WHO: ActorId = ActorId::Thread(Tid(7));

    /// What of a wait from 10 to 30 is within a request that was sent at `sent` and answered at `came`, where the lock is taken in `function`.
    fn check(function: &str, (sent, came): (u64, u64), expected: u64) {
        let mut source = script::workload("4 workers: fetch A 5ms; lock L held 4ms computing");
        for stack in &mut source.batches[0].stacks {
            stack.frames[1] = Frame {
                module: "/usr/bin/python3.11".to_owned(),
                symbol: function.to_owned(),
                ..Frame::default()
            };
        }
        let mut classifier = replay(&source, &mut |_, _| {});
        let words = classifier.futexes.all();
        let (word, _) = words
            .into_iter()
            .find(|(_, word)| word.shared)
            .expect("a lock");
        let site = classifier
            .sites
            .intern(WaitSite::plain(WaitKind::Futex, word));
        let mut recent = RecentPieces::default();
        let waited = Piece {
            start: Nanos(10),
            end: Nanos(30),
            state: State::Waiting(site),
        };
        recent.change(WHO, &waited, State::Running, StackId::NONE);
        let mut meanwhile = Meanwhile::default();
        meanwhile.replied(WHO, (Nanos(sent), Nanos(came)), &recent, &classifier);
        let seconds = meanwhile.of(word, |who| who == WHO);
        assert!(
            (seconds - Nanos(expected).seconds()).abs() < 1e-12,
            "{seconds}"
        );
        assert!(meanwhile.of(word, |_| false) == 0.0);
    }

    #[test]
    fn only_what_lies_within_the_request_is_counted() {
        check("take_gil", (0, 40), 20);
        check("take_gil", (0, 15), 5);
        check("take_gil", (25, 40), 5);
        check("take_gil", (35, 40), 0);
    }

    #[test]
    fn a_lock_of_the_program_is_waited_for_on_its_own_account() {
        check("sem_wait_slow", (0, 40), 0);
    }
}
