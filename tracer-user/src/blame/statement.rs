//! What the statements of a peer take: requests of the target's actors, by peer and by what they run.

use std::collections::BTreeMap;

use foldhash::HashMap;

use crate::actors::ActorId;
use crate::classify::ClassId;
use crate::row::{Nanos, StatementId};

/// The requests of one actor that run one statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatementTimes {
    /// Answered in the window.
    pub count: u64,
    /// Of them, sent in it too.
    pub whole: u64,
    /// From sending to the reply, of the whole ones.
    pub response: Nanos,
    /// The part of all that lies in the window.
    pub waiting: Nanos,
}

impl StatementTimes {
    /// Adds a request that was sent at `start`, or waited for since then where that is not seen (`is_whole` is false).
    fn add(&mut self, start: Nanos, end: Nanos, is_whole: bool) {
        self.count += 1;
        self.waiting += end.since(start);
        if is_whole {
            self.whole += 1;
            self.response += end.since(start);
        }
    }

    /// Adds the times of other requests.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.whole += other.whole;
        self.response += other.response;
        self.waiting += other.waiting;
    }

    /// Mean response of those seen whole, s; `None`: none was.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    pub fn mean(&self) -> Option<f64> {
        (self.whole > 0).then(|| self.response.seconds() / self.whole as f64)
    }
}

/// All statements by peer. Requests whose statement is not known, or not told apart, are under [`StatementId::NONE`].
#[derive(Clone, Debug, Default)]
pub struct PeerStatements {
    times: HashMap<(ClassId, StatementId, ActorId), StatementTimes>,
}

impl PeerStatements {
    /// Adds an answered request of `actor`.
    pub(super) fn add(
        &mut self,
        (peer, statement, actor): (ClassId, StatementId, ActorId),
        (start, end): (Nanos, Nanos),
        is_whole: bool,
    ) {
        let times = self.times.entry((peer, statement, actor)).or_default();
        times.add(start, end, is_whole);
    }

    /// What the requests of the actors that are `asked` for take, by peer and statement.
    #[must_use]
    pub fn of(
        &self,
        asked: impl Fn(&ActorId) -> bool,
    ) -> BTreeMap<ClassId, BTreeMap<StatementId, StatementTimes>> {
        let mut sums: BTreeMap<ClassId, BTreeMap<StatementId, StatementTimes>> = BTreeMap::new();
        for ((peer, statement, actor), times) in &self.times {
            if asked(actor) {
                let of_peer = sums.entry(*peer).or_default();
                of_peer.entry(*statement).or_default().merge(times);
            }
        }
        sums
    }
}
