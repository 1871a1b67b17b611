//! What the statements of a peer have the workers wait for.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::blame::StatementTimes;
use crate::classify::ClassId;
use crate::row::{Nanos, StatementId};

/// The requests to a peer that run one statement.
#[derive(Clone, Debug, PartialEq)]
pub struct StatementShare {
    /// Which, by its text without constants.
    pub text: String,
    /// Requests answered.
    pub count: u64,
    /// Mean response, s; 0: none was seen whole.
    pub response_s: f64,
    /// Share of the waiting for this peer, 0 to 1.
    pub share: f64,
}

impl Findings<'_> {
    /// The peers that run known statements, the one that is waited for most first, each with these in the same order. Shares are of
    /// all waiting for the peer, that for other requests included.
    #[must_use]
    pub fn statements(&self) -> Vec<(ClassId, Vec<StatementShare>)> {
        let mut peers: Vec<_> = self.times_of_statements().into_iter().collect();
        peers.sort_by_key(|(peer, times)| (std::cmp::Reverse(waiting(times)), *peer));
        let shares = |(peer, times)| (peer, self.shares(&times));
        let all = peers.into_iter().map(shares);
        all.filter(|(_, list)| !list.is_empty()).collect()
    }

    /// The statement of a peer whose requests are waited for most.
    #[must_use]
    pub fn heaviest_statement(&self, peer: ClassId) -> Option<StatementShare> {
        let times = self.times_of_statements().remove(&peer)?;
        self.shares(&times).into_iter().next()
    }

    fn times_of_statements(&self) -> BTreeMap<ClassId, BTreeMap<StatementId, StatementTimes>> {
        let is_worker = |actor: &_| self.workers.contains_key(actor);
        self.collector.statements.of(is_worker)
    }

    fn shares(&self, times: &BTreeMap<StatementId, StatementTimes>) -> Vec<StatementShare> {
        let known = &self.inventory.classifier.statements;
        let all = waiting(times).seconds().max(1e-12);
        let share = |(id, times): (&StatementId, &StatementTimes)| {
            Some(StatementShare {
                text: known.text(*id)?.to_owned(),
                count: times.count,
                response_s: times.mean().unwrap_or(0.0),
                share: times.waiting.seconds() / all,
            })
        };
        let mut list: Vec<StatementShare> = times.iter().filter_map(share).collect();
        list.sort_by(|a, b| {
            b.share
                .total_cmp(&a.share)
                .then_with(|| a.text.cmp(&b.text))
        });
        list
    }
}

fn waiting(times: &BTreeMap<StatementId, StatementTimes>) -> Nanos {
    times.values().map(|times| times.waiting).sum()
}
