//! `network`: what the workers send, or are sent, is on its way most of the time that they wait for a peer, and they share that way.
//!
//! Must be seen: in looks at TCP's own books, many bytes that are sent and not confirmed, or wait to be sent, for which the other end has
//! room; on as many connections as make up most of the waiting; and that they stand in a queue there, are dropped, or take longer the
//! more are under way. What is lost is the time that the connections have something on the
//! way beyond the time that the way is in use: one worker alone would have all of it. Refuted by: bytes for which the other end has no
//! room, since it does not read. Near to it: a peer that serves one at a time, which has all of the request, and nothing is on its way;
//! a peer that is far, whose connections take as long however many there are.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::network::resent;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::classify::{ClassId, WaitKind, WaitSite};
use crate::row::Transit;
use crate::scaling::Lost;

/// More than half of the waiting is time on the way.
const MOST: f64 = 0.5;
/// More than so many of a hundred segments are sent again only where more is sent than the way carries, or it is a bad one; loss of that
/// size halves what a connection gets of a way of some tens of milliseconds (Mathis et al., 1997).
const RESENT: f64 = 0.01;
/// Looks that are enough for a share: with eight of them half is told from nothing.
const LOOKS: u32 = 8;

/// What is seen of a way that the workers share.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowWayFacts {
    /// Where the workers wait meanwhile.
    pub site: WaitSite,
    /// Workers that wait there, on average.
    pub waiting: f64,
    /// Connections with much on its way, on average.
    pub on_its_way: f64,
    /// Share of it that is on its way back, 0 to 1.
    pub back: f64,
    /// Looks at the connections.
    pub looks: u32,
    /// Bytes a second, there and back.
    pub bytes_per_s: f64,
    /// Worker time beyond what each would need if it had the way for itself, s.
    pub seconds: f64,
    /// Segments that TCP sent again and all it sent there.
    pub resent: Option<(u64, u64)>,
}

/// A way, as the looks at it show it.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Connections with much on its way, on average.
    on_its_way: f64,
    /// Connections whose other end does not read, on average.
    unread: f64,
    /// Share of it that is on its way back, 0 to 1.
    back: f64,
    /// Share of it that stands in a queue, 0 to 1.
    queued: f64,
    /// Share of the looks that found something.
    used: f64,
    looks: u32,
}

impl Way {
    fn of(transit: &Transit) -> Option<Self> {
        if transit.looks < LOOKS || transit.asked == 0 {
            return None;
        }
        let looks = f64::from(transit.looks);
        // Where there are many only some are asked about at a time.
        let each = f64::from(transit.connections) / looks / f64::from(transit.asked);
        let under_way = f64::from(transit.sending) + f64::from(transit.receiving);
        Some(Self {
            on_its_way: each * under_way,
            unread: each * f64::from(transit.unread),
            back: f64::from(transit.receiving) / under_way.max(1.0),
            queued: f64::from(transit.queued) / under_way.max(1.0),
            used: f64::from(transit.used) / looks,
            looks: transit.looks,
        })
    }

    fn to(findings: &Findings<'_>, peer: ClassId) -> Option<Self> {
        let name = findings.classes.name(peer);
        let mut all = findings.meta.network.transits.iter();
        all.find(|transit| transit.remote == name)
            .and_then(Self::of)
    }
}

/// A way that most of the waiting at a wait site is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared {
    way: Way,
    /// Workers that wait, on average.
    waiting: f64,
    lost: Lost,
    /// It takes longer the more are there.
    slower: bool,
    /// What is on it stands in a queue, or is dropped.
    is_full: bool,
}

impl Shared {
    /// The share of the waiting that it is, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        (self.way.on_its_way / self.waiting.max(1e-9)).min(1.0)
    }
}

/// The way that the workers share while they wait for a peer, where most of that time is time on it.
pub(super) fn shared(findings: &Findings<'_>, site: WaitSite) -> Option<Shared> {
    if site.kind != WaitKind::Request {
        return None;
    }
    let way = Way::to(findings, site.class)?;
    let waited = findings.blocked(site);
    let waiting = waited / findings.window().max(1e-9);
    if way.on_its_way <= MOST * waiting {
        return None;
    }
    let (sharing, _) = findings.reading(&[site])?;
    if sharing.shared == Some(false) {
        return None;
    }
    let time = waited.min(way.on_its_way * findings.window());
    let seconds = (time - way.used * findings.window()).max(0.0);
    if seconds < WORTH_NAMING * findings.time() {
        return None;
    }
    // A way of which each has a part of its own, such as a long one, has no queue, and loses nothing.
    let slower = sharing.shared == Some(true);
    let is_full = way.queued > MOST || resends(findings, site.class) > RESENT;
    if !slower && !is_full {
        return None;
    }
    Some(Shared {
        way,
        waiting,
        lost: Lost {
            proved: if slower { seconds } else { 0.0 },
            likely: seconds,
            possible: waited,
        },
        slower,
        is_full,
    })
}

/// Share of the segments to a peer that are sent again, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "segments of one window")]
fn resends(findings: &Findings<'_>, peer: ClassId) -> f64 {
    let (again, all) = resent(findings, peer).unwrap_or((0, 1));
    again as f64 / all as f64
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        if site.kind != WaitKind::Request || seconds < WORTH_NAMING * findings.time() {
            continue;
        }
        if let Some(shared) = shared(findings, site) {
            ruling.candidates.push(candidate(findings, site, &shared));
        } else if let Some(way) = Way::to(findings, site.class) {
            let share = way.unread * findings.window() / seconds;
            if share > MOST {
                let by = Refutation::NotRead {
                    share: share.min(1.0),
                };
                ruling.clear(Cause::Network, culprit(findings, site.class), by);
            }
        }
    }
    ruling
}

fn candidate(findings: &Findings<'_>, site: WaitSite, shared: &Shared) -> Candidate {
    let Way {
        on_its_way,
        back,
        used,
        looks,
        ..
    } = shared.way;
    let facts = SlowWayFacts {
        site,
        waiting: shared.waiting,
        on_its_way,
        back,
        looks,
        bytes_per_s: findings.bytes(site.class) / findings.window().max(1e-9),
        seconds: shared.lost.likely,
        resent: resent(findings, site.class),
    };
    Candidate {
        claims: vec![Claim {
            site,
            lost: shared.lost,
        }],
        demand: findings.per_item(used * findings.window()),
        capacity: 1.0,
        tests: vec![
            Sign::OnItsWay.is(Outcome::Seen),
            Sign::WayIsFull.is(Outcome::of(shared.is_full)),
            Sign::SlowerTogether.is(Outcome::if_there(shared.slower)),
        ],
        ..Candidate::new(
            findings.stage_of(site),
            culprit(findings, site.class),
            Facts::SlowWay(facts),
        )
    }
}

fn culprit(findings: &Findings<'_>, peer: ClassId) -> Culprit {
    let name = findings.class(peer);
    Culprit {
        kind: CulpritKind::Peer,
        address: name.clone(),
        name,
        process: findings.peer_process(peer),
        ..Culprit::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_connections_those_that_were_asked_stand_for_all() {
        let transit = Transit {
            looks: 10,
            used: 9,
            connections: 2_000,
            asked: 640,
            sending: 240,
            receiving: 80,
            unread: 64,
            queued: 160,
            ..Transit::default()
        };
        let way = Way::of(&transit).expect("enough");
        assert!((way.on_its_way - 100.0).abs() < 1e-9, "{way:?}");
        assert!((way.unread - 20.0).abs() < 1e-9, "{way:?}");
        assert!((way.back - 0.25).abs() < 1e-9 && (way.used - 0.9).abs() < 1e-9);
        assert!((way.queued - 0.5).abs() < 1e-9, "{way:?}");
        let few = Transit {
            looks: 7,
            ..transit.clone()
        };
        assert!(Way::of(&few).is_none());
        let none = Transit {
            asked: 0,
            ..transit
        };
        assert!(Way::of(&none).is_none());
    }
}
