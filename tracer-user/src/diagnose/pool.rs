//! `pool`: fewer connections than workers.
//!
//! Must be seen: workers wait inside their process and are woken by fellow workers; whoever has what they wait for is inside
//! an exchange with a peer nearly all the while; fewer sockets than workers, but more than one, lead to that peer.
//! Refuted by: a single socket (that is a lock around a connection), holders that do something else.

use std::collections::BTreeSet;

use super::candidate::Candidate;
use super::findings::Findings;
use super::user_lock::{BY_CO_WAITERS, WORTH_NAMING, by_co_waiters};
use crate::blame::{HolderActivity, LockStats};
use crate::cause::Cause;
use crate::report::Culprit;
use crate::row::ResourceId;
use crate::scaling::Lost;
use crate::work::{ClassId, WaitKind, WaitSite};

/// A pool's holder is inside an exchange for at least this share of the time it holds.
const INSIDE: f64 = 0.5;

/// The peer and the number of connections, if the lock guards a pool of them.
pub(super) fn is_pool(
    findings: &Findings<'_>,
    site: WaitSite,
    stats: &LockStats,
) -> Option<(ClassId, usize)> {
    if by_co_waiters(findings, stats) < BY_CO_WAITERS {
        return None;
    }
    let activity = findings.activity(&stats.charged());
    let mut peers: Vec<(ClassId, f64)> = Vec::new();
    for (what, share) in &activity {
        if let HolderActivity::Blocked(WaitSite {
            kind: WaitKind::Exchange,
            class,
        }) = what
        {
            match peers.iter_mut().find(|(peer, _)| peer == class) {
                Some(peer) => peer.1 += share,
                None => peers.push((*class, *share)),
            }
        }
    }
    let (peer, share) = peers.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let sockets: BTreeSet<ResourceId> = findings
        .collector
        .sockets
        .get(&peer)
        .cloned()
        .unwrap_or_default();
    let few = sockets.len() > 1 && sockets.len() < findings.workers.len();
    (share >= INSIDE && few && site.kind == WaitKind::Futex).then_some((peer, sockets.len()))
}

pub(super) fn candidates(findings: &Findings<'_>) -> Vec<Candidate> {
    let sites = findings.sites();
    let waits = sites
        .iter()
        .filter(|(site, s)| site.kind == WaitKind::Futex && *s >= WORTH_NAMING * findings.time());
    waits
        .filter_map(|(site, seconds)| candidate(findings, *site, *seconds))
        .collect()
}

fn candidate(findings: &Findings<'_>, site: WaitSite, seconds: f64) -> Option<Candidate> {
    let stats = findings.lock(site)?;
    let (peer, size) = is_pool(findings, site, stats)?;
    let name = findings.class(peer);
    let exchange = WaitSite {
        kind: WaitKind::Exchange,
        class: peer,
    };
    let (_, seen) = findings.reading(&[exchange])?;
    #[expect(clippy::cast_precision_loss, reason = "a number of sockets")]
    let capacity = size as f64;
    let call_site = findings.call_site(site.class).unwrap_or_default();
    let at = if call_site.is_empty() {
        String::new()
    } else {
        format!(" in {call_site}")
    };
    Some(Candidate {
        cause: Cause::Pool,
        stage: findings.stage_of(exchange),
        culprit: Culprit {
            kind: "queue".to_owned(),
            name: format!("pool of {size} connections to {name}"),
            call_site,
            address: name.clone(),
            process: findings.peer_process(peer),
            capacity,
            rate_per_s: seen.rate,
            service_ms: 1e3 * seen.mean,
        },
        sites: vec![site],
        lost: Lost::certain(seconds),
        demand: findings.per_item(seen.mean * seen.rate * findings.window()),
        capacity,
        seen: 1.0,
        evidence: vec![
            format!(
                "{} workers share {size} connections to {name}; {} of them waited{at} for one, {seconds:.1} s of worker time in all.",
                findings.workers.len(),
                stats.waiters.len(),
            ),
            format!(
                "Whoever has a connection is inside an exchange of {:.1} ms with the peer; {:.1} of them are under way on average.",
                1e3 * seen.mean,
                seen.others + 1.0,
            ),
            format!(
                "{:.0}% of the wake-ups came from workers giving their connection back.",
                100.0 * by_co_waiters(findings, stats)
            ),
        ],
        clause: format!("only {size} connections lead to {name}"),
        chain: vec![
            format!(
                "{} of {} workers wait{at} for one of {size} connections",
                stats.waiters.len(),
                findings.workers.len()
            ),
            format!("held by workers that wait for replies of {name}"),
        ],
        holder: format!("workers that wait for replies of {name}"),
        ..Candidate::default()
    })
}
