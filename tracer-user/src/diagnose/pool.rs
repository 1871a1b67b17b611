//! `pool`: fewer connections than workers.
//!
//! Must be seen: workers wait inside their process and are woken by fellow workers; whoever has what they wait for is inside
//! an exchange with a peer nearly all the while; fewer sockets than workers, but more than one, lead to that peer.
//! Refuted by: a single socket (that is a lock around a connection), holders that do something else.

use std::collections::BTreeSet;

use super::findings::Findings;
use super::suspect::Suspect;
use super::user_lock::{BY_FELLOWS, WORTH_NAMING, by_fellows};
use crate::blame::{Because, LockBook};
use crate::report::Culprit;
use crate::row::ResourceId;
use crate::scaling::Lost;
use crate::work::{PlaceId, Spot, Way};

/// A pool's holder is inside an exchange for at least this share of the time it holds.
const INSIDE: f64 = 0.5;

/// The peer and the number of connections, if the lock guards a pool of them.
pub(super) fn is_pool(
    findings: &Findings<'_>,
    spot: Spot,
    book: &LockBook,
) -> Option<(PlaceId, usize)> {
    if by_fellows(findings, book) < BY_FELLOWS {
        return None;
    }
    let because = findings.because(&book.charged());
    let mut peers: Vec<(PlaceId, f64)> = Vec::new();
    for (what, share) in &because {
        if let Because::Blocked(Spot {
            way: Way::Exchange,
            place,
        }) = what
        {
            match peers.iter_mut().find(|(peer, _)| peer == place) {
                Some(peer) => peer.1 += share,
                None => peers.push((*place, *share)),
            }
        }
    }
    let (peer, share) = peers.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let sockets: BTreeSet<ResourceId> = findings
        .observer
        .sockets
        .get(&peer)
        .cloned()
        .unwrap_or_default();
    let few = sockets.len() > 1 && sockets.len() < findings.workers.len();
    (share >= INSIDE && few && spot.way == Way::Futex).then_some((peer, sockets.len()))
}

pub(super) fn suspects(findings: &Findings<'_>) -> Vec<Suspect> {
    let spots = findings.spots();
    let waits = spots
        .iter()
        .filter(|(spot, s)| spot.way == Way::Futex && *s >= WORTH_NAMING * findings.time());
    waits
        .filter_map(|(spot, seconds)| suspect(findings, *spot, *seconds))
        .collect()
}

fn suspect(findings: &Findings<'_>, spot: Spot, seconds: f64) -> Option<Suspect> {
    let book = findings.lock(spot)?;
    let (peer, size) = is_pool(findings, spot, book)?;
    let name = findings.place(peer);
    let exchange = Spot {
        way: Way::Exchange,
        place: peer,
    };
    let (_, seen) = findings.reading(&[exchange])?;
    #[expect(clippy::cast_precision_loss, reason = "a number of sockets")]
    let capacity = size as f64;
    let site = findings.call_site(spot.place).unwrap_or_default();
    let at = if site.is_empty() {
        String::new()
    } else {
        format!(" in {site}")
    };
    Some(Suspect {
        cause: "pool",
        stage: findings.stage_of(exchange),
        culprit: Culprit {
            kind: "queue".to_owned(),
            name: format!("pool of {size} connections to {name}"),
            call_site: site,
            address: name.clone(),
            process: findings.peer_process(peer),
            capacity,
            rate_per_s: seen.rate,
            service_ms: 1e3 * seen.mean,
        },
        spots: vec![spot],
        lost: Lost::certain(seconds),
        demand: findings.per_item(seen.mean * seen.rate * findings.window()),
        capacity,
        seen: 1.0,
        evidence: vec![
            format!(
                "{} workers share {size} connections to {name}; {} of them waited{at} for one, {seconds:.1} s of worker time in all.",
                findings.workers.len(),
                book.waiters.len(),
            ),
            format!(
                "Whoever has a connection is inside an exchange of {:.1} ms with the peer; {:.1} of them are under way on average.",
                1e3 * seen.mean,
                seen.others + 1.0,
            ),
            format!(
                "{:.0}% of the wake-ups came from workers giving their connection back.",
                100.0 * by_fellows(findings, book)
            ),
        ],
        clause: format!("only {size} connections lead to {name}"),
        chain: vec![
            format!(
                "{} of {} workers wait{at} for one of {size} connections",
                book.waiters.len(),
                findings.workers.len()
            ),
            format!("held by workers that wait for replies of {name}"),
        ],
        holder: format!("workers that wait for replies of {name}"),
        ..Suspect::default()
    })
}
