//! `remote-serial`: a peer serves fewer at a time than come.
//!
//! A peer on this host is read from inside: what its threads do between a request and its reply, and which lock they queue
//! for. A peer elsewhere is read from its replies ([`crate::scaling::estimate_sharing`]); what cannot be told apart stays open.
//! Refuted by: a peer that works on the request for nearly all of the reply's time, or takes as long however many come; bytes that are
//! on their way meanwhile.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::{Facts, Holding};
use super::findings::Findings;
use super::inside::{Inside, look_inside};
use super::network;
use super::pooler;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign, Test};
use super::slow_way;
use super::statements::StatementShare;
use super::user_lock::WORTH_NAMING;
use crate::blame::Figures;
use crate::cause::Cause;
use crate::classify::{ClassId, WaitKind, WaitSite};
use crate::row::Pid;
use crate::scaling::{Lost, SharingEstimate};

/// Of the time a request takes, this share must be queueing for the peer to be a serialiser.
pub(super) const QUEUES: f64 = 0.1;
/// More than half of the queueing is for what this is said to be.
const MOST: f64 = 0.5;

/// What is seen of a peer that serves fewer at a time than come.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteFacts {
    /// Where it is waited for.
    pub site: WaitSite,
    /// Requests under way at once, on average.
    pub at_once: f64,
    /// How many it serves at once.
    pub capacity: f64,
    /// Replies a second; 0: what limits them was not seen.
    pub rate_per_s: f64,
    /// The statement whose requests are waited for most.
    pub statement: Option<StatementShare>,
    /// From where it was seen.
    pub view: RemoteView,
}

impl RemoteFacts {
    /// Requests to it wait until another one wakes them, and most do in one statement that locks something: in the one that ends a
    /// transaction they wait for the log.
    #[must_use]
    pub fn waits_for_a_transaction(&self) -> bool {
        let (RemoteView::Inside(inside), Some(heaviest)) = (&self.view, &self.statement) else {
            return false;
        };
        let word = heaviest.text.split_whitespace().next().unwrap_or_default();
        let ends = ["commit", "end"]
            .iter()
            .any(|end| word.eq_ignore_ascii_case(end));
        let is_handed_on = matches!(inside.queue, InsideQueue::HandedOn { .. });
        is_handed_on && heaviest.share >= MOST && !ends
    }

    /// It serves one at a time.
    #[must_use]
    pub fn is_serial(&self) -> bool {
        is_serial(self.capacity)
    }
}

fn is_serial(capacity: f64) -> bool {
    capacity < 1.5
}

/// From where a peer was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum RemoteView {
    /// By its own threads.
    Inside(InsideFacts),
    /// By its replies.
    Outside(OutsideFacts),
}

/// A peer by its own threads.
#[derive(Clone, Debug, PartialEq)]
pub struct InsideFacts {
    /// Name of its process, empty: not known.
    pub process: String,
    /// One of its processes.
    pub pid: Pid,
    /// How many serve.
    pub processes: usize,
    /// What a request takes, s.
    pub response_s: f64,
    /// Of it, what the peer works on it, s.
    pub service_s: f64,
    /// What the rest is spent on.
    pub queue: InsideQueue,
    /// What it passes requests on to, if this is told of that.
    pub through: Option<String>,
}

impl InsideFacts {
    fn of(peer: &Inside<'_>, response_s: f64, queue: InsideQueue) -> Self {
        Self {
            process: peer.process.clone(),
            pid: peer.pid,
            processes: peer.processes,
            response_s,
            service_s: peer.service,
            queue,
            through: peer.through.clone(),
        }
    }
}

/// What requests queue for inside a peer.
#[derive(Clone, Debug, PartialEq)]
pub enum InsideQueue {
    /// A lock.
    Lock {
        /// Which.
        class: ClassId,
        /// Threads of the peer that wait for it.
        waiters: usize,
        /// Waiting, s a request.
        wait_s: f64,
        /// What its holders do most.
        holding: Option<Holding>,
    },
    /// Something that one request hands on to the next.
    HandedOn {
        /// Waiting, s a request.
        wait_s: f64,
        /// How often it was handed on.
        times: u64,
    },
    /// What it asks for of another peer.
    Behind {
        /// The address of that one.
        address: String,
        /// Waiting, s a request.
        wait_s: f64,
    },
    /// The one thread there is.
    OneThread,
    /// Not seen.
    Unknown,
}

/// A peer by its replies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutsideFacts {
    /// Mean response, s.
    pub mean_s: f64,
    /// Shortest response, s.
    pub shortest_s: f64,
    /// Sojourn elasticity, where its rise tells that they share a server.
    pub elasticity: Option<f64>,
    /// Replies come one after the other, evenly spaced.
    pub even: bool,
    /// Standard deviation of the gaps between replies over their mean.
    pub gap_variation: f64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        if site.kind != WaitKind::Request || seconds < WORTH_NAMING * findings.time() {
            continue;
        }
        let Some((sharing, seen)) = findings.reading(&[site]) else {
            continue;
        };
        // What its connections are lent for waits for one of these.
        if pooler::lends(findings, site, &seen).is_some() {
            continue;
        }
        if let Some(way) = slow_way::shared(findings, site) {
            let by = Refutation::OnItsWay { share: way.share() };
            ruling.clear(Cause::RemoteSerial, culprit(findings, site), by);
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
        match look_inside(findings, site, seen.count as f64) {
            Some(peer) => inside(findings, (site, seconds), &seen, &peer, &mut ruling),
            None => outside(findings, (site, seconds), &sharing, &seen, &mut ruling),
        }
    }
    ruling
}

fn culprit(findings: &Findings<'_>, site: WaitSite) -> Culprit {
    let name = findings.class(site.class);
    Culprit {
        kind: CulpritKind::Peer,
        address: name.clone(),
        name,
        process: findings.peer_process(site.class),
        ..Culprit::default()
    }
}

fn inside(
    findings: &Findings<'_>,
    (site, seconds): (WaitSite, f64),
    seen: &Figures,
    peer: &Inside<'_>,
    ruling: &mut Ruling,
) {
    #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
    let visits = seen.count as f64;
    // What a worker computes or queues for a CPU between its request and the reply is not the peer's.
    let response_s = seconds / visits;
    let waiting = (response_s - peer.service).max(0.0);
    let starved = peer.starved.min(waiting);
    let queueing = waiting - starved;
    let mut culprit = culprit(findings, site);
    let queues = |time: f64| time >= QUEUES * response_s;
    if queues(waiting) && !queues(queueing) && starved > queueing {
        let by = Refutation::NoCpu {
            share: starved / waiting,
        };
        ruling.clear(Cause::RemoteSerial, culprit, by);
        return;
    }
    if !queues(queueing) {
        let by = Refutation::WorksOnIt {
            response_s,
            service_s: peer.service,
        };
        ruling.clear(Cause::RemoteSerial, culprit, by);
        return;
    }
    let queue = queue_of(findings, peer, queueing);
    let (capacity, rate_per_s, demand) = if peer.co_waiters > MOST * queueing {
        let limits = queueing > MOST * response_s;
        (1.0, 0.0, handed_on(findings, limits))
    } else {
        culprit.service_ms = 1e3 * peer.service;
        let demand = findings.per_item(peer.service * seen.rate * findings.window());
        let capacity = (seen.rate * peer.service).max(1.0).round();
        (capacity, seen.rate, demand)
    };
    (culprit.capacity, culprit.rate_per_s) = (capacity, rate_per_s);
    if let InsideQueue::Lock { class, .. } = queue {
        culprit.call_site = findings.call_site(class).unwrap_or_default();
    }
    let is_told = Outcome::of(queue != InsideQueue::Unknown);
    let facts = RemoteFacts {
        site,
        at_once: seen.others + 1.0,
        capacity,
        rate_per_s,
        statement: findings.heaviest_statement(site.class, is_serial(capacity)),
        view: RemoteView::Inside(InsideFacts::of(peer, response_s, queue)),
    };
    let mut claims = vec![Claim {
        site,
        lost: Lost::certain(visits * queueing),
    }];
    // Where it is busy all along, whoever finds no room in front of it waits for it too.
    let is_busy = peer.busy_all_along(findings).is_some();
    let before = network::connects_again(findings, site.class).filter(|_| is_busy);
    claims.extend(before.map(|(site, seconds)| Claim {
        site,
        lost: Lost::certain(seconds),
    }));
    ruling.candidates.push(Candidate {
        claims,
        demand,
        capacity,
        tests: vec![
            Sign::SeenInside.is(Outcome::Seen),
            Sign::QueueInside.is(is_told),
            verbs(findings, site),
        ],
        ..Candidate::new(findings.stage_of(site), culprit, Facts::Remote(facts))
    });
}

/// Demand of an item at what requests hand on, s. How long each has it is not seen; where requests wait for it most of the time
/// it limits the rate there is.
fn handed_on(findings: &Findings<'_>, limits: bool) -> f64 {
    if limits {
        findings.per_item(findings.window())
    } else {
        0.0
    }
}

fn queue_of(findings: &Findings<'_>, peer: &Inside<'_>, queueing: f64) -> InsideQueue {
    if let Some((key, stats)) = peer.lock.filter(|_| peer.locked > MOST * queueing) {
        InsideQueue::Lock {
            class: key.class,
            waiters: stats.waiters.len(),
            wait_s: peer.locked,
            holding: findings.holding(&stats.charged()),
        }
    } else if peer.co_waiters > MOST * queueing {
        InsideQueue::HandedOn {
            wait_s: peer.co_waiters,
            times: peer.stats.handed_off,
        }
    } else if let Some((address, wait_s)) =
        (peer.behind.clone()).filter(|(_, wait_s)| *wait_s > MOST * queueing)
    {
        InsideQueue::Behind { address, wait_s }
    } else if peer.stats.threads.len() == 1 {
        InsideQueue::OneThread
    } else {
        InsideQueue::Unknown
    }
}

/// Nothing is read of encrypted requests but their sizes, and their stage is a guess.
fn verbs(findings: &Findings<'_>, site: WaitSite) -> Test {
    Sign::Plaintext.is(Outcome::of(!findings.is_encrypted(site.class)))
}

fn outside(
    findings: &Findings<'_>,
    (site, seconds): (WaitSite, f64),
    sharing: &SharingEstimate,
    seen: &Figures,
    ruling: &mut Ruling,
) {
    let mut culprit = culprit(findings, site);
    if sharing.shared == Some(false) {
        let elasticity = seen.elasticity.unwrap_or(0.0);
        let by = Refutation::ServedAlone { elasticity };
        ruling.clear(Cause::RemoteSerial, culprit, by);
        return;
    }
    let mut lost = sharing.lost * (seconds / seen.mean.max(1e-9));
    // Whoever does not accept for a while keeps all waiting that have come by then: that they take longer together tells nothing of how
    // many it serves.
    let stalls = !sharing.even && network::connects_again(findings, site.class).is_some();
    if findings.may_lie_unread() || stalls {
        (lost.proved, lost.likely) = (0.0, 0.0);
    }
    if sharing.even && lost.likely >= WORTH_NAMING * findings.time() {
        // What limits the rate of requests takes no time of one alone.
        lost.possible = lost.possible.max(seconds);
    }
    if lost.possible < WORTH_NAMING * findings.time() {
        return;
    }
    let capacity = sharing.capacity.round().max(1.0);
    culprit.capacity = capacity;
    culprit.rate_per_s = seen.rate;
    culprit.service_ms = 1e3 * sharing.service;
    let slower = sharing.shared == Some(true);
    let facts = RemoteFacts {
        site,
        at_once: seen.others + 1.0,
        capacity,
        rate_per_s: seen.rate,
        statement: findings.heaviest_statement(site.class, is_serial(capacity)),
        view: RemoteView::Outside(OutsideFacts {
            mean_s: seen.mean,
            shortest_s: seen.shortest,
            elasticity: seen.elasticity.filter(|_| slower),
            even: sharing.even,
            gap_variation: seen.gap_variation,
        }),
    };
    let mut alternatives = Vec::new();
    if sharing.even {
        // From outside a token bucket looks like a serial server.
        alternatives.push(Cause::RateLimit);
    }
    if sharing.shared.is_none() && !sharing.even {
        alternatives.push(Cause::None);
    }
    ruling.candidates.push(Candidate {
        claims: vec![Claim { site, lost }],
        demand: findings.per_item(sharing.service * seen.rate * findings.window()),
        capacity,
        tests: vec![
            Sign::SeenInside.is(Outcome::NotAvailable),
            Sign::SlowerTogether.is(Outcome::if_there(slower)),
            Sign::EvenReplies.is(Outcome::if_there(sharing.even)),
            verbs(findings, site),
        ],
        alternatives,
        ..Candidate::new(findings.stage_of(site), culprit, Facts::Remote(facts))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: InsideQueue = InsideQueue::HandedOn {
        wait_s: 0.06,
        times: 800,
    };

    /// Whether a database in which requests wait so, most in this statement, is one whose transactions hold what others need.
    fn check((queue, text, share): (InsideQueue, &str, f64), expected: bool) {
        let facts = RemoteFacts {
            site: WaitSite::plain(WaitKind::Request, ClassId(1)),
            at_once: 12.0,
            capacity: 1.0,
            rate_per_s: 0.0,
            statement: Some(StatementShare {
                text: text.to_owned(),
                count: 100,
                response_s: 0.2,
                turn_s: None,
                share,
            }),
            view: RemoteView::Inside(InsideFacts {
                process: "postgres".to_owned(),
                pid: Pid(7),
                processes: 16,
                response_s: 0.07,
                service_s: 0.01,
                queue,
                through: None,
            }),
        };
        assert_eq!(facts.waits_for_a_transaction(), expected, "{facts:?}");
    }

    #[test]
    fn a_row_that_a_transaction_holds_is_told_from_a_shared_log_and_a_busy_server() {
        let update = "UPDATE totals SET n = n + ? WHERE id = ?";
        check((ROW, update, 0.8), true);
        check((ROW, "LOCK TABLE totals", 0.9), true);
        check((ROW, update, 0.3), false);
        check((ROW, "COMMIT", 0.9), false);
        check((ROW, "end", 0.9), false);
        check((InsideQueue::OneThread, update, 0.9), false);
        check((InsideQueue::Unknown, update, 0.9), false);
    }
}
