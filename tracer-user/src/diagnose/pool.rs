//! `pool`: fewer connections than workers.
//!
//! Must be seen: workers wait inside their process and are woken by fellow workers; whoever has what they wait for is inside
//! an exchange with a peer nearly all the while; fewer sockets than workers, but more than one, lead to that peer. Of tasks: that they
//! wait in a pool by their runtime's word, or that as many requests are under way all the while as there are sockets, or as there ever
//! are where each begins as another one ends.
//! Refuted by: a single socket of threads (that is a lock around a connection), as many sockets as workers, slots that are free.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::rate_limit::is_spaced;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign, Test};
use super::user_lock::{BY_CO_WAITERS, WORTH_NAMING, by_co_waiters};
use crate::blame::{Figures, HolderActivity, LockStats};
use crate::cause::Cause;
use crate::classify::{ClassId, Sort, WaitKind, WaitSite};
use crate::scaling::Lost;

/// A pool's holder is inside an exchange for at least this share of the time it holds.
const INSIDE: f64 = 0.5;

/// Slots of which this share is taken on average are never free for long.
const PINNED: f64 = 0.9;

/// Of requests that wait for a slot this share and more begin as one comes free; of those that do not a fifth does, by chance.
pub(super) const HANDED_ON: f64 = 0.6;

/// What is seen of a pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolFacts {
    /// Where a connection is waited for.
    pub site: WaitSite,
    /// Where the connections lead.
    pub peer: ClassId,
    /// How many there are, or of slots for requests where there are more connections than that.
    pub connections: usize,
    /// Sockets that lead to the peer, at once.
    pub sockets: usize,
    /// How many workers waited for one.
    pub waiters: usize,
    /// Worker time that took, s.
    pub seconds: f64,
    /// Mean exchange, s.
    pub exchange_s: f64,
    /// Exchanges under way at once, on average.
    pub at_once: f64,
    /// How that is known.
    pub view: PoolView,
}

/// How it is known that workers wait for a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PoolView {
    /// Their waits are seen.
    Waits {
        /// Share of the wake-ups that came from workers, 0 to 1.
        by_workers: f64,
    },
    /// By arithmetic: as many requests are under way all the while as there are connections, and there are more workers by the
    /// count of the user or of the runtime.
    Slots,
    /// By the runtime's word.
    Runtime {
        /// Tasks that wait, on average.
        waiting: f64,
        /// How often it was looked.
        looks: u64,
    },
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        if seconds < WORTH_NAMING * findings.time() {
            continue;
        }
        match site.kind {
            WaitKind::Futex => judge(findings, site, seconds, &mut ruling),
            WaitKind::Parked => match findings.place(site) {
                Some(place) if place.sort == Sort::Pool => {
                    let view = PoolView::Runtime {
                        waiting: place.mean,
                        looks: findings.shown.as_ref().map_or(0, |shown| shown.looks),
                    };
                    slots(findings, (site, seconds), view, &mut ruling);
                }
                // A queue that nobody else fills holds what the tasks themselves give back.
                Some(place) if place.sort == Sort::Queue && !findings.has_other_tasks() => {
                    slots(findings, (site, seconds), PoolView::Slots, &mut ruling);
                }
                // A thread waits for nothing unseen.
                None if findings.unseen > 0 && findings.has_tasks() => {
                    slots(findings, (site, seconds), PoolView::Slots, &mut ruling);
                }
                _ => {}
            },
            _ => {}
        }
    }
    ruling
}

fn judge(findings: &Findings<'_>, site: WaitSite, seconds: f64, ruling: &mut Ruling) {
    let Some(stats) = findings.lock(site) else {
        return;
    };
    let by_workers = by_co_waiters(findings, stats).unwrap_or(0.0);
    let Some(peer) = peer_of_holders(findings, stats).filter(|_| by_workers >= BY_CO_WAITERS)
    else {
        return;
    };
    let exchange = WaitSite::plain(WaitKind::Request, peer);
    let Some((sharing, seen)) = findings.reading(&[exchange]) else {
        return;
    };
    let facts = PoolFacts {
        site,
        peer,
        connections: findings.sockets(peer),
        sockets: findings.sockets(peer),
        waiters: findings.waiting_workers(stats),
        seconds,
        exchange_s: seen.mean,
        at_once: seen.others + 1.0,
        view: PoolView::Waits { by_workers },
    };
    let culprit = culprit(findings, &facts, seen.rate);
    let connections = facts.connections;
    if connections <= 1 {
        ruling.clear(Cause::Pool, culprit, Refutation::OneConnection);
    } else if connections >= findings.headcount() {
        let by = Refutation::EnoughConnections { connections };
        ruling.clear(Cause::Pool, culprit, by);
    } else {
        ruling.candidates.push(Candidate {
            tests: tests(findings, peer, sharing.shared),
            ..candidate(findings, exchange, &seen, culprit, facts)
        });
    }
}

/// Slots to a peer, and how far they are taken.
struct Slots {
    exchange: WaitSite,
    /// As many as there are connections, or tasks that were seen at work where connections come and go; fewer where never more requests
    /// are under way, and each begins as another one ends.
    count: usize,
    /// Requests under way, on average over the window. Where each begins as another one ends, with the slots that change hands.
    taken: f64,
    /// Sockets that lead to the peer, at once.
    sockets: usize,
    /// The requests begin evenly spaced, as a limit spaces them.
    is_spaced: bool,
    /// They begin as others end.
    are_handed_on: bool,
}

impl Slots {
    fn of(findings: &Findings<'_>, exchange: WaitSite, seconds: f64) -> Self {
        let flight = findings.in_flight_at(exchange);
        let connections = findings.sockets(exchange.class);
        let mut count = connections.min(findings.workers.len());
        let are_handed_on = flight.handed_on >= HANDED_ON;
        let mut taken = seconds / findings.window().max(1e-9);
        if are_handed_on && flight.most > 0 {
            count = count.min(flight.most);
            // Whoever has got a slot makes its request first.
            taken += flight.changing_hands;
        }
        Self {
            exchange,
            count,
            taken,
            sockets: connections,
            is_spaced: is_spaced(&flight),
            are_handed_on,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of slots")]
    fn number(&self) -> f64 {
        self.count as f64
    }

    fn are_pinned(&self) -> bool {
        // What a limit spaces waits for no slot.
        let is_limited = self.is_spaced && !self.are_handed_on;
        self.count > 0 && !is_limited && self.taken >= PINNED * self.number()
    }
}

/// Workers wait inside for a slot: by the runtime's word, or since a peer has as many requests under way all the while as there are
/// slots to it.
fn slots(
    findings: &Findings<'_>,
    (site, seconds): (WaitSite, f64),
    view: PoolView,
    ruling: &mut Ruling,
) {
    let sites = findings.sites().into_iter();
    let exchanges = sites.filter(|(at, _)| at.kind == WaitKind::Request);
    let all: Vec<Slots> = exchanges
        .map(|(at, seconds)| Slots::of(findings, at, seconds))
        .collect();
    // The heaviest comes first.
    let pinned = all.iter().find(|slots| slots.are_pinned());
    let Some(slots) = pinned.or(all.first()) else {
        return;
    };
    let exchange = slots.exchange;
    let Some((sharing, seen)) = findings.reading(&[exchange]) else {
        return;
    };
    let facts = PoolFacts {
        site,
        peer: exchange.class,
        connections: slots.count,
        sockets: slots.sockets,
        waiters: findings.headcount().saturating_sub(slots.count),
        seconds,
        exchange_s: seen.mean,
        at_once: slots.taken,
        view,
    };
    let culprit = culprit(findings, &facts, seen.rate);
    let is_told = matches!(view, PoolView::Runtime { .. });
    if !is_told && !slots.are_pinned() {
        let (at_once, slots) = (slots.taken, slots.number());
        let by = Refutation::SlotsFree { at_once, slots };
        ruling.clear(Cause::Pool, culprit, by);
        return;
    }
    ruling.candidates.push(Candidate {
        alternatives: match is_told {
            true => Vec::new(),
            false => alternatives(&facts, slots.is_spaced),
        },
        tests: vec![
            Sign::RuntimeSaysSo.is(Outcome::if_there(is_told)),
            Sign::FewerConnections.is(Outcome::of(facts.connections < findings.headcount())),
            Sign::SlotsTaken.is(Outcome::if_there(slots.are_pinned())),
            as_fast(sharing.shared),
        ],
        ..candidate(findings, exchange, &seen, culprit, facts)
    });
}

/// What cannot be told apart from slots that nothing but arithmetic shows.
fn alternatives(facts: &PoolFacts, is_spaced: bool) -> Vec<Cause> {
    let mut others = Vec::new();
    // One request at a time may be a lock around the only connection, and a few on many connections a semaphore.
    if facts.connections == 1 || facts.sockets > facts.connections {
        others.push(Cause::UserLock);
    }
    // A peer that takes nearly a whole number of spacings answers just before a limit lets the next request through.
    if is_spaced {
        others.push(Cause::RateLimit);
    }
    others
}

/// What all pools have in common: the wait for a connection is lost.
fn candidate(
    findings: &Findings<'_>,
    exchange: WaitSite,
    seen: &Figures,
    culprit: Culprit,
    facts: PoolFacts,
) -> Candidate {
    Candidate {
        claims: vec![Claim {
            site: facts.site,
            lost: Lost::certain(facts.seconds),
        }],
        demand: findings.per_item(seen.mean * seen.rate * findings.window()),
        capacity: culprit.capacity,
        ..Candidate::new(findings.stage_of(exchange), culprit, Facts::Pool(facts))
    }
}

/// A peer that slows down with the number is the bottleneck itself, behind the pool.
fn as_fast(shared: Option<bool>) -> Test {
    Sign::PeerAsFast.is(match shared {
        Some(shared) => Outcome::of(!shared),
        None => Outcome::NotAvailable,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a number of sockets")]
fn culprit(findings: &Findings<'_>, facts: &PoolFacts, rate: f64) -> Culprit {
    let address = findings.class(facts.peer);
    Culprit {
        kind: CulpritKind::Queue,
        name: match facts.connections {
            1 if facts.sockets > 1 => format!("the one slot for requests to {address}"),
            slots if slots < facts.sockets => format!("{slots} slots for requests to {address}"),
            1 => format!("the one connection to {address}"),
            connections => format!("pool of {connections} connections to {address}"),
        },
        call_site: findings.call_site(facts.site.class).unwrap_or_default(),
        address,
        process: findings.peer_process(facts.peer),
        capacity: facts.connections as f64,
        rate_per_s: rate,
        service_ms: 1e3 * facts.exchange_s,
        ..Culprit::default()
    }
}

fn tests(findings: &Findings<'_>, peer: ClassId, shared: Option<bool>) -> Vec<Test> {
    vec![
        Sign::HoldersInExchange.is(Outcome::Seen),
        Sign::FewerConnections.is(Outcome::Seen),
        Sign::WokenByCoWaiters.is(Outcome::Seen),
        as_fast(shared),
        Sign::Plaintext.is(Outcome::of(!findings.is_encrypted(peer))),
    ]
}

/// The peer that those who hold are inside an exchange with.
fn peer_of_holders(findings: &Findings<'_>, stats: &LockStats) -> Option<ClassId> {
    let mut peers: Vec<(ClassId, f64)> = Vec::new();
    for (what, share) in findings.activity(&stats.charged()) {
        if let HolderActivity::Blocked(WaitSite {
            kind: WaitKind::Request,
            class,
            ..
        }) = what
        {
            match peers.iter_mut().find(|(peer, _)| *peer == class) {
                Some(peer) => peer.1 += share,
                None => peers.push((class, share)),
            }
        }
    }
    let most = peers.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
    most.filter(|(_, share)| *share >= INSIDE)
        .map(|(peer, _)| peer)
}
