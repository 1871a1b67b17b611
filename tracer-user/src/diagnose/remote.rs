//! `remote-serial`: a peer serves fewer at a time than come.
//!
//! A peer on this host is read from inside: what its threads do between a request and its reply, and which lock they queue
//! for. A peer elsewhere is read from its replies ([`crate::scaling::read`]); what cannot be told apart stays open.

use super::findings::Findings;
use super::suspect::Suspect;
use super::user_lock::WORTH_NAMING;
use crate::blame::{Because, LockBook, LockKey, ServiceBook};
use crate::report::Culprit;
use crate::row::Pid;
use crate::scaling::Lost;
use crate::work::{PlaceId, PlaceKind, Spot, Way};

/// A service answers the same requests the workers send: its count of replies is within this share of theirs.
const SAME_REQUESTS: f64 = 0.3;
/// Of the time a request takes, this share must be queueing for the peer to be a serialiser.
const QUEUES: f64 = 0.1;

pub(super) fn suspects(findings: &Findings<'_>) -> Vec<Suspect> {
    let spots = findings.spots();
    spots
        .iter()
        .filter(|(spot, seconds)| {
            spot.way == Way::Exchange && *seconds >= WORTH_NAMING * findings.time()
        })
        .filter_map(|(spot, seconds)| {
            inside(findings, *spot, *seconds).or_else(|| outside(findings, *spot, *seconds))
        })
        .collect()
}

/// A peer's own books, where it runs on this host and its threads were tracked.
pub(super) struct Inside<'a> {
    pub(super) book: &'a ServiceBook,
    pub(super) pid: Pid,
    pub(super) process: String,
    /// Mean time of a request that is not queueing, s.
    pub(super) service: f64,
    /// Mean time a request queues for a lock of the peer, s.
    pub(super) locked: f64,
    pub(super) lock: Option<(LockKey, &'a LockBook)>,
    pub(super) replies: f64,
}

pub(super) fn look_inside<'a>(
    findings: &'a Findings<'a>,
    peer: PlaceId,
    visits: f64,
) -> Option<Inside<'a>> {
    let members = findings.places.members(peer);
    members.iter().find(|socket| socket.peer_pid.0 != 0)?;
    let name = findings.places.name(peer);
    let port = name.rsplit_once(':').map_or(name, |(_, port)| port);
    let (_, book) = findings.observer.services.books.iter().find(|(place, _)| {
        findings.places.kind(**place) == PlaceKind::Service
            && findings
                .places
                .name(**place)
                .rsplit_once(' ')
                .is_some_and(|(_, own)| own == port)
    })?;
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    let replies = book.requests as f64;
    if replies < 1.0 || (replies - visits).abs() > SAME_REQUESTS * visits.max(replies) {
        return None;
    }
    let locks: f64 = book
        .blocked
        .iter()
        .filter(|(spot, _)| matches!(spot.way, Way::Futex | Way::FileLock))
        .map(|(_, time)| time.seconds())
        .sum();
    let queued = book.queued.seconds();
    Some(Inside {
        book,
        pid: book.pid,
        process: findings.peer_process(peer),
        service: (book.total.seconds() - locks - queued).max(0.0) / replies,
        locked: locks / replies,
        lock: findings.locks_in(book.pid).into_iter().next(),
        replies,
    })
}

fn inside(findings: &Findings<'_>, spot: Spot, seconds: f64) -> Option<Suspect> {
    let (_, seen) = findings.reading(&[spot])?;
    #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
    let visits = seen.count as f64;
    let peer = look_inside(findings, spot.place, visits)?;
    // What a worker computes or queues for a CPU between its request and the reply is not the peer's.
    let response = seconds / visits;
    let queueing = (response - peer.service).max(0.0);
    if queueing < QUEUES * response {
        return None;
    }
    let lost = visits * queueing;
    let capacity = (seen.rate * peer.service).max(1.0).round();
    let name = findings.place(spot.place);
    let who = format!(
        "{name} ({}, process {})",
        if peer.process.is_empty() {
            "local"
        } else {
            &peer.process
        },
        peer.pid
    );
    let mut evidence = vec![format!(
        "A request to {who} takes {:.1} ms, of which the peer works on it for {:.2} ms; the rest it queues: {:.1} others are there at the same time.",
        1e3 * response,
        1e3 * peer.service,
        seen.others,
    )];
    let mut chain = vec![format!(
        "{:.1} of {} workers wait for replies of {who}",
        seen.others + 1.0,
        findings.workers.len()
    )];
    let mut holder = format!("the request {} works on", peer.process);
    let mut site = String::new();
    if let Some((key, book)) = peer.lock.filter(|_| peer.locked > 0.5 * queueing) {
        let lock = findings.lock_name(key.place);
        site = findings.call_site(key.place).unwrap_or_default();
        evidence.push(format!(
            "{} of its threads queue for the {lock}, {:.1} ms a request.",
            book.waiters.len(),
            1e3 * peer.locked
        ));
        chain.push(format!("its threads wait for the {lock}"));
        if let Some((what, share)) = findings.because(&book.charged()).first() {
            let doing = findings.doing(what);
            evidence.push(format!(
                "Its holder {doing} for {:.0}% of the time it holds.",
                100.0 * share
            ));
            holder = format!("one thread of {} at a time, which {doing}", peer.process);
            if *what == Because::Unknown {
                holder = format!("one thread of {} at a time", peer.process);
            }
        }
    } else if peer.book.threads.len() == 1 {
        evidence.push("One thread of it answers all requests.".to_owned());
    }
    chain.push(format!("held by {holder}"));
    Some(Suspect {
        cause: "remote-serial",
        stage: findings.stage_of(spot),
        culprit: Culprit {
            kind: "peer".to_owned(),
            name: name.clone(),
            call_site: site,
            address: name.clone(),
            process: peer.process.clone(),
            capacity,
            rate_per_s: seen.rate,
            service_ms: 1e3 * peer.service,
        },
        spots: vec![spot],
        lost: Lost::certain(lost),
        demand: findings.per_item(peer.service * seen.rate * findings.window()),
        capacity,
        seen: 1.0,
        evidence,
        clause: served(findings, spot, &name, capacity, seen.rate),
        chain,
        holder,
        ..Suspect::default()
    })
}

fn outside(findings: &Findings<'_>, spot: Spot, seconds: f64) -> Option<Suspect> {
    let (reading, seen) = findings.reading(&[spot])?;
    #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
    if look_inside(findings, spot.place, seen.count as f64).is_some() {
        return None;
    }
    let per_second = seconds / seen.mean.max(1e-9);
    let lost = Lost {
        proved: per_second * reading.lost.proved,
        likely: per_second * reading.lost.likely,
        possible: per_second * reading.lost.possible,
    };
    if lost.possible < WORTH_NAMING * findings.time() {
        return None;
    }
    let name = findings.place(spot.place);
    let mut evidence = vec![format!(
        "A request to {name} takes {:.1} ms ({:.1} at best); {:.1} others are under way at the same time; {:.1} replies a second.",
        1e3 * seen.mean,
        1e3 * seen.shortest,
        seen.others,
        seen.rate,
    )];
    match seen.elasticity {
        Some(eps) if reading.shared == Some(true) => evidence.push(format!(
            "Replies take longer the more requests are under way (elasticity {eps:.2}): they share a server."
        )),
        _ if reading.even => evidence.push(format!(
            "Replies come one after the other, evenly spaced ({:.0} ms apart, standard deviation {:.0}%), in the order of the requests.",
            1e3 / seen.rate.max(1e-9),
            100.0 * seen.gap_variation,
        )),
        _ => {}
    }
    let mut alternatives = Vec::new();
    if reading.even {
        // From outside a token bucket looks like a serial server.
        alternatives.push("rate-limit");
    }
    if reading.shared.is_none() && !reading.even {
        alternatives.push("none");
    }
    Some(Suspect {
        cause: "remote-serial",
        stage: findings.stage_of(spot),
        culprit: Culprit {
            kind: "peer".to_owned(),
            name: name.clone(),
            address: name.clone(),
            capacity: reading.capacity.round().max(1.0),
            rate_per_s: seen.rate,
            service_ms: 1e3 * reading.service,
            process: findings.peer_process(spot.place),
            ..Culprit::default()
        },
        spots: vec![spot],
        lost,
        demand: findings.per_item(reading.service * seen.rate * findings.window()),
        capacity: reading.capacity.round().max(1.0),
        seen: if reading.shared == Some(true) {
            0.8
        } else {
            0.5
        },
        evidence,
        alternatives,
        clause: served(
            findings,
            spot,
            &name,
            reading.capacity.round().max(1.0),
            seen.rate,
        ),
        chain: vec![format!(
            "{:.1} of {} workers wait for replies of {name}",
            seen.others + 1.0,
            findings.workers.len()
        )],
        holder: "the peer, which was not seen from inside".to_owned(),
        ..Suspect::default()
    })
}

fn served(findings: &Findings<'_>, spot: Spot, name: &str, capacity: f64, rate: f64) -> String {
    let what = match findings.stage_of(spot) {
        crate::report::StageName::Write => "writes",
        crate::report::StageName::Fetch => "fetches",
        _ => "requests",
    };
    let at_once = if capacity < 1.5 {
        "one at a time".to_owned()
    } else {
        format!("{capacity:.0} at a time")
    };
    format!("{what} to {name} are served {at_once}, {rate:.1} a second however many wait")
}
