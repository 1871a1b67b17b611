//! `network`: connections that are dropped and asked for again, since the queue of the listener is full.
//!
//! Must be seen: connects that take as long as TCP waits before it asks again, and not any longer time; worker time in them beyond
//! what a connect usually takes is lost. A listener on this host tells whether its queue was full; of one elsewhere it is not told
//! whether its queue was full or the way to it loses packets, or whether that peer is a serial one. Refuted by: connects none of which
//! was asked for again, since they take what the way there and back takes; and a server on this host whose threads work on
//! requests all the while, which is what its connections wait for (`remote` has them then). Near to it: a slow way.

use core::net::SocketAddr;

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::blame::Part;
use crate::cause::Cause;
use crate::classify::{ClassId, WaitKind, WaitSite};
use crate::row::{Listener, Resource, printable};
use crate::scaling::Lost;

/// A connect that takes this long was asked for again, s: TCP asks a second time after 1 s (`TCP_TIMEOUT_INIT`, include/net/tcp.h; RFC
/// 6298), and a tick of the clock early.
const FIRST_AGAIN: f64 = 0.98;
/// It asks again each second, then after twice the time before, or after twice the time from the start (`tcp_syn_linear_timeouts`,
/// net/ipv4/tcp_timer.c, v6.5): always after whole seconds. The kernel's timers are late by up to an eighth (kernel/time/timer.c).
const LATE: f64 = 0.125;
/// Beyond this, s, any time is near such a one.
const TELLING: f64 = 4.5;
/// Most of those that take long take as long as that; of any times up to there some four in ten do.
const MOST: f64 = 0.75;
/// Connects asked for again that may be chance, or of the moment.
const FEW: usize = 3;
/// At each connect that was asked for again one was dropped at least; the window cuts some.
const DROPPED: f64 = 0.5;

/// What is seen of connects that are asked for again.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkFacts {
    /// Where the workers connect.
    pub site: WaitSite,
    /// Connects that were seen to begin and end.
    pub connects: usize,
    /// Of them, those that were asked for again.
    pub again: usize,
    /// What the others take, half of them less, s.
    pub usual_s: f64,
    /// The shortest of those that were asked for again, s.
    pub shortest_s: f64,
    /// The longest of them, s.
    pub longest_s: f64,
    /// Worker time beyond what a connect usually takes, s.
    pub seconds: f64,
    /// Why they were.
    pub dropped: Dropped,
    /// Segments that TCP sent again and all it sent, on the connections to there that were open at the end.
    pub resent: Option<(u64, u64)>,
}

/// Why connections were dropped.
#[derive(Clone, Debug, PartialEq)]
pub enum Dropped {
    /// The listener had no room.
    QueueFull {
        /// The listener's queue.
        queue: Listener,
        /// Connections that the namespace's listeners dropped for that reason; `None`: not counted.
        overflows: Option<u64>,
    },
    /// The listener is on this host, and its queue was not seen to be full.
    HasRoom,
    /// The listener is elsewhere, or was not looked at, or it was not counted what it dropped.
    NotSeen,
}

impl Dropped {
    /// The queue that has no room.
    fn queue(&self) -> Option<&Listener> {
        match self {
            Self::QueueFull { queue, .. } => Some(queue),
            Self::HasRoom | Self::NotSeen => None,
        }
    }
}

/// Whether connects at a wait site were asked for again.
enum Asked {
    /// None was: none takes long, or what does takes any time.
    Once,
    /// Too few take long to tell, or all of them longer than tells anything.
    NotTold,
    /// Some were.
    Again(Connects),
}

/// The connects of the workers at one wait site.
struct Connects {
    whole: usize,
    again: Vec<f64>,
    usual: f64,
    /// Worker time that is lost in them, s.
    lost: f64,
}

impl Asked {
    fn at(findings: &Findings<'_>, site: WaitSite) -> Self {
        let visits = findings.visits(&[site]);
        // Those that were found under way began sooner than is known.
        let whole = visits
            .iter()
            .filter(|visit| visit.part == Part::Whole && visit.start > findings.meta.opened);
        let mut lengths: Vec<f64> = whole
            .map(|visit| visit.end.since(visit.start).seconds())
            .collect();
        lengths.sort_by(f64::total_cmp);
        let late = lengths.partition_point(|length| *length < FIRST_AGAIN);
        let (usual, late) = lengths.split_at(late);
        let median = usual.get(usual.len() / 2).copied().unwrap_or(0.0);
        let telling = late.iter().filter(|length| **length < TELLING + median);
        let telling: Vec<f64> = telling.copied().collect();
        let fit = telling.iter().filter(|length| is_again(**length, median));
        let are_whole = fit.count() as f64 > MOST * telling.len() as f64;
        match late {
            [] => return Self::Once,
            _ if late.len() < FEW || telling.is_empty() => return Self::NotTold,
            _ if !are_whole => return Self::Once,
            _ => {}
        }
        let kept = findings.collector.visits.for_each_kept(site);
        let served = kept * (usual.iter().sum::<f64>() + median * late.len() as f64);
        Self::Again(Connects {
            whole: lengths.len(),
            again: late.to_vec(),
            usual: median,
            lost: (findings.blocked(site) - served).max(0.0),
        })
    }
}

/// Whether a connect that took so long, s, was asked for again at its end.
fn is_again(length: f64, usual: f64) -> bool {
    let beyond = (length - usual).max(FIRST_AGAIN);
    let seconds = (beyond + 1.0 - FIRST_AGAIN).floor();
    beyond <= seconds * (1.0 + LATE)
}

/// The site at which the workers connect to a peer, where connects are asked for again, and what is lost there.
pub(super) fn connects_again(findings: &Findings<'_>, peer: ClassId) -> Option<(WaitSite, f64)> {
    let site = WaitSite::plain(WaitKind::Connect, peer);
    match Asked::at(findings, site) {
        Asked::Again(connects) => Some((site, connects.lost)),
        Asked::Once | Asked::NotTold => None,
    }
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        if site.kind != WaitKind::Connect || seconds < WORTH_NAMING * findings.time() {
            continue;
        }
        // Unix sockets wait in the call until there is room.
        let Ok(address) = findings.classes.name(site.class).parse() else {
            continue;
        };
        let connects = match Asked::at(findings, site) {
            Asked::Again(connects) => connects,
            Asked::NotTold => continue,
            Asked::Once => {
                if let Some((_, seen)) = findings.reading(&[site]) {
                    let culprit = culprit(findings, site.class, None);
                    let by = Refutation::NotAskedAgain { mean_s: seen.mean };
                    ruling.clear(Cause::Network, culprit, by);
                }
                continue;
            }
        };
        let dropped = dropped(findings, (site.class, address), connects.again.len());
        let culprit = culprit(findings, site.class, dropped.queue());
        if let Some(busy) = findings.busy_server(site.class) {
            ruling.clear(Cause::Network, culprit, Refutation::ServerBusy { busy });
            continue;
        }
        if connects.lost < WORTH_NAMING * findings.time() {
            continue;
        }
        ruling
            .candidates
            .push(candidate(findings, (site, &connects), dropped, culprit));
    }
    ruling
}

fn candidate(
    findings: &Findings<'_>,
    (site, connects): (WaitSite, &Connects),
    dropped: Dropped,
    culprit: Culprit,
) -> Candidate {
    let seconds = connects.lost;
    let room = dropped
        .queue()
        .map(|queue| usize::try_from(queue.backlog).unwrap_or(usize::MAX));
    // One more than the backlog has room: fewer workers fill no queue by themselves, and what is lost on the way is lost to one alone too.
    let is_theirs = room.is_some_and(|room| findings.headcount() > room.saturating_add(1));
    let lost = Lost {
        proved: if is_theirs { seconds } else { 0.0 },
        likely: seconds,
        possible: seconds,
    };
    let full = match dropped {
        Dropped::QueueFull { .. } => Outcome::Seen,
        Dropped::HasRoom => Outcome::NotSeen,
        Dropped::NotSeen => Outcome::NotAvailable,
    };
    let alternatives = match dropped {
        // A serial peer leaves no room in its queue either.
        Dropped::NotSeen => vec![Cause::RemoteSerial],
        Dropped::QueueFull { .. } | Dropped::HasRoom => Vec::new(),
    };
    let facts = NetworkFacts {
        site,
        connects: connects.whole,
        again: connects.again.len(),
        usual_s: connects.usual,
        shortest_s: connects.again.first().copied().unwrap_or(0.0),
        longest_s: connects.again.last().copied().unwrap_or(0.0),
        seconds,
        dropped,
        resent: resent(findings, site.class),
    };
    Candidate {
        claims: vec![Claim { site, lost }],
        tests: vec![Sign::AskedAgain.is(Outcome::Seen), Sign::QueueFull.is(full)],
        alternatives,
        ..Candidate::new(findings.stage_of(site), culprit, Facts::Network(facts))
    }
}

fn culprit(findings: &Findings<'_>, peer: ClassId, queue: Option<&Listener>) -> Culprit {
    let name = findings.class(peer);
    let process = match (findings.peer_process(peer), queue) {
        // Where connections are short, none may have been there when it was looked for who serves them.
        (unknown, Some(queue)) if unknown.is_empty() => printable(&queue.process).into_owned(),
        (process, _) => process,
    };
    Culprit {
        kind: CulpritKind::Peer,
        address: name.clone(),
        name,
        process,
        backlog: queue.map_or(0, |queue| queue.backlog),
        ..Culprit::default()
    }
}

/// What the listener at a peer's address says, where so many connects were asked for again.
fn dropped(
    findings: &Findings<'_>,
    (peer, address): (ClassId, SocketAddr),
    again: usize,
) -> Dropped {
    let network = &findings.meta.network;
    // Who connects to an address of its own namespace does so from that address.
    let from_there = |socket: &&Resource| {
        let own = socket.local.parse::<SocketAddr>();
        own.is_ok_and(|own| own.ip() == address.ip())
    };
    let sockets = findings.classes.members(peer);
    let is_here = address.ip().is_loopback() || sockets.iter().any(from_there);
    let listens = |listener: &&Listener| {
        let local = listener.local.parse::<SocketAddr>();
        local.is_ok_and(|local| {
            let anywhere = local.ip().is_unspecified() && is_here;
            local.port() == address.port() && (anywhere || local.ip() == address.ip())
        })
    };
    let Some(queue) = network.listeners.iter().find(listens) else {
        return Dropped::NotSeen;
    };
    // What is dropped is counted of all listeners together: it is this one's where no other one was seen as full as that.
    let fullness = |listener: &Listener| listener.most.saturating_sub(listener.backlog);
    let others = network.listeners.iter().filter(|other| *other != queue);
    let is_fullest = others.map(fullness).max().unwrap_or(0) <= fullness(queue);
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let is_counted = network
        .overflows
        .is_some_and(|count| count > 0 && count as f64 >= DROPPED * again as f64);
    if queue.full > 0 || (is_counted && is_fullest) {
        Dropped::QueueFull {
            queue: queue.clone(),
            overflows: network.overflows,
        }
    } else if network.overflows.is_none() {
        // Its queue may have been full between two looks.
        Dropped::NotSeen
    } else {
        Dropped::HasRoom
    }
}

/// What TCP sent again to a peer, and all it sent there.
pub(super) fn resent(findings: &Findings<'_>, peer: ClassId) -> Option<(u64, u64)> {
    let name = findings.classes.name(peer);
    let mut peers = findings.meta.network.peers.iter();
    let counted = peers.find(|counted| counted.remote == name)?;
    (counted.segments > 0).then_some((counted.retransmitted, counted.segments))
}

#[cfg(test)]
mod tests {
    use super::is_again;

    #[test]
    fn a_connect_that_was_asked_for_again_takes_whole_seconds() {
        for length in [1.0, 0.99, 1.03, 1.1, 2.04, 3.0, 3.2] {
            assert!(is_again(length, 0.0), "{length}");
        }
        for length in [1.2, 1.5, 1.9, 2.5, 2.9, 3.6] {
            assert!(!is_again(length, 0.0), "{length}");
        }
        // The way there and back takes a quarter of a second.
        assert!(is_again(1.25, 0.25) && !is_again(1.6, 0.25));
    }
}
