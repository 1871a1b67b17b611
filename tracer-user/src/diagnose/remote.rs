//! `remote-serial`: a peer serves fewer at a time than come.
//!
//! A peer on this host is read from inside: what its threads do between a request and its reply, and which lock they queue
//! for. A peer elsewhere is read from its replies ([`crate::scaling::read`]); what cannot be told apart stays open.

use super::candidate::Candidate;
use super::findings::Findings;
use super::inside::{Inside, look_inside};
use super::user_lock::WORTH_NAMING;
use crate::blame::{Figures, HolderActivity};
use crate::cause::Cause;
use crate::report::Culprit;
use crate::scaling::{Lost, SharingEstimate};
use crate::work::{WaitKind, WaitSite};

/// Of the time a request takes, this share must be queueing for the peer to be a serialiser.
const QUEUES: f64 = 0.1;

pub(super) fn candidates(findings: &Findings<'_>) -> Vec<Candidate> {
    let sites = findings.sites();
    sites
        .iter()
        .filter(|(site, seconds)| {
            site.kind == WaitKind::Exchange && *seconds >= WORTH_NAMING * findings.time()
        })
        .filter_map(|(site, seconds)| {
            let (reading, seen) = findings.reading(&[*site])?;
            #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
            match look_inside(findings, site.class, seen.count as f64) {
                Some(peer) => inside(findings, (*site, *seconds), &seen, &peer),
                None => outside(findings, (*site, *seconds), &reading, &seen),
            }
        })
        .collect()
}

fn inside(
    findings: &Findings<'_>,
    (site, seconds): (WaitSite, f64),
    seen: &Figures,
    peer: &Inside<'_>,
) -> Option<Candidate> {
    #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
    let visits = seen.count as f64;
    // What a worker computes or queues for a CPU between its request and the reply is not the peer's.
    let response = seconds / visits;
    let queueing = (response - peer.service).max(0.0);
    if queueing < QUEUES * response {
        return None;
    }
    let lost = visits * queueing;
    // Most of the queueing is for what one request hands on to the next: that is had by one at a time.
    let handed_off = peer.co_waiters > 0.5 * queueing;
    let (capacity, rate, service, demand) = if handed_off {
        // How long each has it is not seen; as long as some wait it limits the rate there is.
        (1.0, 0.0, 0.0, findings.per_item(findings.window()))
    } else {
        let demand = findings.per_item(peer.service * seen.rate * findings.window());
        let capacity = (seen.rate * peer.service).max(1.0).round();
        (capacity, seen.rate, peer.service, demand)
    };
    let name = findings.class(site.class);
    let processes = match peer.processes {
        1 => format!("process {}", peer.pid),
        several => format!("{several} processes"),
    };
    let who = if peer.process.is_empty() {
        format!("{name} (local, {processes})")
    } else {
        format!("{name} ({}, {processes})", peer.process)
    };
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
    let mut call_site = String::new();
    if let Some((key, stats)) = peer.lock.filter(|_| peer.locked > 0.5 * queueing) {
        let lock = findings.lock_name(key.class);
        call_site = findings.call_site(key.class).unwrap_or_default();
        evidence.push(format!(
            "{} of its threads queue for the {lock}, {:.1} ms a request.",
            stats.waiters.len(),
            1e3 * peer.locked
        ));
        chain.push(format!("its threads wait for the {lock}"));
        if let Some((what, share)) = findings.activity(&stats.charged()).first() {
            let doing = findings.doing(what);
            evidence.push(format!(
                "Its holder {doing} for {:.0}% of the time it holds.",
                100.0 * share
            ));
            holder = format!("one thread of {} at a time, which {doing}", peer.process);
            if *what == HolderActivity::Unknown {
                holder = format!("one thread of {} at a time", peer.process);
            }
        }
    } else if handed_off {
        evidence.push(format!(
            "{:.1} ms of it a request is blocked until another one wakes it, {} times in all: they hand on a lock inside {}, such as a row that a transaction holds to its end.",
            1e3 * peer.co_waiters,
            peer.stats.handed_off,
            peer.process,
        ));
        holder = "the transaction of one of them".to_owned();
    } else if peer.stats.threads.len() == 1 {
        evidence.push("One thread of it answers all requests.".to_owned());
    }
    chain.push(format!("held by {holder}"));
    Some(Candidate {
        cause: Cause::RemoteSerial,
        stage: findings.stage_of(site),
        culprit: Culprit {
            kind: "peer".to_owned(),
            name: name.clone(),
            call_site,
            address: name.clone(),
            process: peer.process.clone(),
            capacity,
            rate_per_s: rate,
            service_ms: 1e3 * service,
        },
        sites: vec![site],
        lost: Lost::certain(lost),
        demand,
        capacity,
        seen: 1.0,
        evidence,
        clause: if handed_off {
            format!(
                "requests to {name} wait for each other inside it and are let through one after the other"
            )
        } else {
            served(findings, site, &name, capacity, rate)
        },
        chain,
        holder,
        ..Candidate::default()
    })
}

fn outside(
    findings: &Findings<'_>,
    (site, seconds): (WaitSite, f64),
    reading: &SharingEstimate,
    seen: &Figures,
) -> Option<Candidate> {
    let per_second = seconds / seen.mean.max(1e-9);
    let lost = Lost {
        proved: per_second * reading.lost.proved,
        likely: per_second * reading.lost.likely,
        possible: per_second * reading.lost.possible,
    };
    if lost.possible < WORTH_NAMING * findings.time() {
        return None;
    }
    let name = findings.class(site.class);
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
        alternatives.push(Cause::RateLimit);
    }
    if reading.shared.is_none() && !reading.even {
        alternatives.push(Cause::None);
    }
    Some(Candidate {
        cause: Cause::RemoteSerial,
        stage: findings.stage_of(site),
        culprit: Culprit {
            kind: "peer".to_owned(),
            name: name.clone(),
            address: name.clone(),
            capacity: reading.capacity.round().max(1.0),
            rate_per_s: seen.rate,
            service_ms: 1e3 * reading.service,
            process: findings.peer_process(site.class),
            ..Culprit::default()
        },
        sites: vec![site],
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
            site,
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
        ..Candidate::default()
    })
}

fn served(findings: &Findings<'_>, site: WaitSite, name: &str, capacity: f64, rate: f64) -> String {
    let what = match findings.stage_of(site) {
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
