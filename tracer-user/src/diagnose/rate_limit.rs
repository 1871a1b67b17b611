//! `rate-limit`: a peer or the client itself throttles.
//!
//! Must be seen: replies that say so (429, 503), or sleeps of several workers side by side whose ends are evenly spaced while
//! their lengths vary: they wait for tokens, not for time to pass. A rate limit holds for one worker too.
//! Refuted by: sleeps of one length each, however many sleep (that is pacing by each worker for itself, or a stand-in for work).

use super::candidate::Candidate;
use super::findings::Findings;
use super::inside::look_inside;
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::report::Culprit;
use crate::scaling::Lost;
use crate::work::{WaitKind, WaitSite};

/// Sleeps for tokens vary in length with the number that wait; sleeps for a fixed time don't.
const LENGTHS_VARY: f64 = 0.1;

pub(super) fn candidates(findings: &Findings<'_>) -> Vec<Candidate> {
    let mut out = Vec::new();
    out.extend(side_by_side(findings));
    out.extend(inside_peer(findings));
    out
}

/// Sleeps of the workers themselves.
fn side_by_side(findings: &Findings<'_>) -> Option<Candidate> {
    let (site, seconds) = findings
        .sites()
        .into_iter()
        .find(|(site, _)| site.kind == WaitKind::Sleep)?;
    if seconds < WORTH_NAMING * findings.time() {
        return None;
    }
    let (reading, seen) = findings.reading(&[site])?;
    let throttled = findings
        .inventory
        .totals
        .iter()
        .filter(|(_, totals)| totals.throttled > 0)
        .max_by_key(|(_, totals)| totals.throttled);
    let tokens = reading.even && seen.variation > LENGTHS_VARY && seen.others >= 1.0;
    if throttled.is_none() && !tokens {
        return None;
    }
    let (peer, replies) = throttled.map_or((None, 0), |(class, totals)| {
        (Some(*class), totals.throttled)
    });
    let name = peer.map_or("a limit in the program itself".to_owned(), |class| {
        findings.class(class)
    });
    let mut evidence = Vec::new();
    if replies > 0 {
        evidence.push(format!("{name} answered {replies} requests with 429 or 503; the workers then sleep and try again."));
    }
    if tokens {
        evidence.push(format!(
            "{:.1} workers sleep side by side, {:.0} to {:.0} ms each, and wake evenly spaced, {:.1} a second: they wait for tokens.",
            seen.others + 1.0,
            1e3 * seen.shortest,
            1e3 * seen.mean,
            seen.rate,
        ));
    }
    let stage = peer.map_or_else(
        || findings.stage_of(site),
        |class| {
            findings.stage_of(WaitSite {
                kind: WaitKind::Exchange,
                class,
            })
        },
    );
    Some(Candidate {
        cause: Cause::RateLimit,
        stage,
        culprit: Culprit {
            kind: if peer.is_some() { "peer" } else { "timer" }.to_owned(),
            name: name.clone(),
            address: peer.map(|class| findings.class(class)).unwrap_or_default(),
            process: peer
                .map(|class| findings.peer_process(class))
                .unwrap_or_default(),
            rate_per_s: findings.rate(),
            ..Culprit::default()
        },
        sites: vec![site],
        lost: Lost {
            proved: 0.0,
            likely: seconds,
            possible: seconds,
        },
        cap: Some(findings.rate()),
        demand: if findings.rate() > 0.0 {
            1.0 / findings.rate()
        } else {
            0.0
        },
        capacity: 1.0,
        seen: if replies > 0 { 1.0 } else { 0.8 },
        evidence,
        clause: format!("{name} allows {:.1} a second", findings.rate()),
        chain: vec![format!(
            "{:.1} of {} workers sleep until they may go on",
            seen.others + 1.0,
            findings.workers.len()
        )],
        holder: "the rate limit".to_owned(),
        ..Candidate::default()
    })
}

/// A local peer whose threads sleep side by side with evenly spaced replies, and queue for no lock.
fn inside_peer(findings: &Findings<'_>) -> Option<Candidate> {
    let (site, seconds) = findings
        .sites()
        .into_iter()
        .find(|(site, _)| site.kind == WaitKind::Exchange)?;
    if seconds < WORTH_NAMING * findings.time() {
        return None;
    }
    let (reading, seen) = findings.reading(&[site])?;
    #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
    let peer = look_inside(findings, site.class, seen.count as f64)?;
    let asleep: f64 = peer
        .stats
        .blocked
        .iter()
        .filter(|(at, _)| at.kind == WaitKind::Sleep)
        .map(|(_, time)| time.seconds())
        .sum::<f64>()
        / peer.replies;
    let sleeps_most = asleep > 0.5 * seen.mean && seen.others >= 1.0;
    if !(sleeps_most && reading.even && seen.variation > LENGTHS_VARY) {
        return None;
    }
    let name = findings.class(site.class);
    Some(Candidate {
        cause: Cause::RateLimit,
        stage: findings.stage_of(site),
        culprit: Culprit {
            kind: "peer".to_owned(),
            name: name.clone(),
            address: name.clone(),
            process: peer.process.clone(),
            rate_per_s: seen.rate,
            ..Culprit::default()
        },
        sites: vec![site],
        lost: Lost {
            proved: 0.0,
            likely: seconds,
            possible: seconds,
        },
        cap: Some(findings.rate()),
        demand: if findings.rate() > 0.0 {
            1.0 / findings.rate()
        } else {
            0.0
        },
        capacity: 1.0,
        seen: 0.9,
        evidence: vec![format!(
            "The threads of {name} ({}) sleep side by side over the requests and reply evenly spaced, {:.1} a second: it hands out tokens.",
            peer.process, seen.rate,
        )],
        clause: format!("{name} allows {:.1} a second", seen.rate),
        chain: vec![format!(
            "{:.1} of {} workers wait for replies that {name} holds back",
            seen.others + 1.0,
            findings.workers.len()
        )],
        holder: "the rate limit".to_owned(),
        ..Candidate::default()
    })
}
