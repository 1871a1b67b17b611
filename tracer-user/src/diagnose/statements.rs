//! What the statements of a peer have the workers wait for.

use std::collections::BTreeMap;

use super::findings::Findings;
use crate::blame::{Part, Visit, turns};
use crate::classify::{ClassId, WaitKind, WaitSite};
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
    /// Of it, the peer has it alone, s; `None`: the peer is not known to serve one at a time, or when a turn began is not seen.
    pub turn_s: Option<f64>,
    /// Share of the waiting for this peer, 0 to 1.
    pub share: f64,
}

/// The visits that ask for one statement.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    answered: u64,
    whole: Sum,
    turns: Sum,
    waiting: Nanos,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    time: Nanos,
}

impl Sum {
    fn add(&mut self, time: Nanos) {
        self.count += 1;
        self.time += time;
    }

    /// In seconds; `None` of nothing.
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.time.seconds() / self.count as f64)
    }
}

impl Times {
    /// Adds a visit; its waiting counts from when the window opened.
    fn add(&mut self, visit: Visit, turn: Option<Nanos>, opened: Nanos) {
        self.waiting += visit.end.since(visit.start.max(opened));
        self.answered += u64::from(visit.part.is_served());
        if visit.part == Part::Whole {
            self.whole.add(visit.end.since(visit.start));
        }
        if let Some(turn) = turn {
            self.turns.add(turn);
        }
    }
}

impl Findings<'_> {
    /// The peers that run known statements, the one that is waited for most first, each with these in the same order. Shares are of
    /// all waiting for the peer, that for other requests included.
    #[must_use]
    pub fn statements(
        &self,
        serves_one_at_a_time: impl Fn(ClassId) -> bool,
    ) -> Vec<(ClassId, Vec<StatementShare>)> {
        let requests = |(site, _): &(WaitSite, f64)| site.kind == WaitKind::Request;
        let stations = self.sites().into_iter().filter(requests);
        let shares = stations.map(|(site, _)| {
            let peer = site.class;
            (peer, self.statements_of(peer, serves_one_at_a_time(peer)))
        });
        shares.filter(|(_, list)| !list.is_empty()).collect()
    }

    /// The statement of a peer whose requests are waited for most.
    #[must_use]
    pub fn heaviest_statement(
        &self,
        peer: ClassId,
        serves_one_at_a_time: bool,
    ) -> Option<StatementShare> {
        let shares = self.statements_of(peer, serves_one_at_a_time);
        shares.into_iter().next()
    }

    fn statements_of(&self, peer: ClassId, one_at_a_time: bool) -> Vec<StatementShare> {
        let station = WaitSite::plain(WaitKind::Request, peer);
        let asked = self.visits_by_statement(station);
        let visits: Vec<Visit> = asked.iter().map(|(_, visit)| *visit).collect();
        let mut times: BTreeMap<StatementId, Times> = BTreeMap::new();
        for ((statement, visit), turn) in asked.iter().zip(turns(&visits)) {
            let of = times.entry(*statement).or_default();
            of.add(*visit, turn.filter(|_| one_at_a_time), self.meta.opened);
        }
        let known = &self.inventory.classifier.statements;
        let all: Nanos = times.values().map(|of| of.waiting).sum();
        let share = |(id, of): (&StatementId, &Times)| {
            Some(StatementShare {
                text: known.text(*id)?.to_owned(),
                count: self.visits_in_all(&[station], of.answered),
                response_s: of.whole.mean().unwrap_or(0.0),
                turn_s: of.turns.mean(),
                share: of.waiting.seconds() / all.seconds().max(1e-12),
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
