//! `pool`: a peer on this host lends few connections to what stands behind it.
//!
//! Must be seen: a peer that passes on as many requests as it is asked; what serves them behind it has a request nearly all the while on
//! each of its connections, and there are fewer of these than workers that wait. What is lost is the time of requests that are with the
//! peer and not behind it. Near to it: a proxy that passes on all that comes; what stands behind that is looked into instead (`inside`).

use super::behind::behind;
use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::inside::books;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::blame::Figures;
use crate::classify::{WaitKind, WaitSite};
use crate::scaling::Lost;

/// Connections of which this share is taken on average are never free for long.
const TAKEN: f64 = 0.9;
/// So many times as many requests wait as there are connections: with fewer nearly all of them are with what stands behind.
const MORE: f64 = 1.2;

/// What is seen of a peer that lends connections.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolerFacts {
    /// Where the workers wait.
    pub site: WaitSite,
    /// Where the connections lead.
    pub behind: String,
    /// Name of the process there, empty: not known.
    pub process: String,
    /// How many there are.
    pub connections: usize,
    /// Requests with the peer at once, on average.
    pub at_once: f64,
    /// Of them, those that are behind it.
    pub taken: f64,
    /// Mean time of a request behind it, s.
    pub response_s: f64,
    /// Worker time in requests that wait for a connection, s.
    pub seconds: f64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        if site.kind != WaitKind::Request || seconds < WORTH_NAMING * findings.time() {
            continue;
        }
        let Some((_, seen)) = findings.reading(&[site]) else {
            continue;
        };
        if let Some(facts) = lends(findings, site, &seen) {
            ruling.candidates.push(candidate(findings, &seen, facts));
        }
    }
    ruling
}

/// What a peer lends, where requests wait for it.
#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
pub(super) fn lends(
    findings: &Findings<'_>,
    site: WaitSite,
    seen: &Figures,
) -> Option<PoolerFacts> {
    let visits = seen.count as f64;
    let behind = behind(findings, &books(findings, site.class), visits)?;
    let blocked = findings.blocked(site);
    let at_once = blocked / findings.window().max(1e-9);
    let taken = behind.response * seen.rate;
    let connections = behind.servers();
    let size = connections as f64;
    if connections >= findings.headcount() || taken < TAKEN * size || at_once < MORE * size {
        return None;
    }
    let seconds = (blocked - behind.response * visits).max(0.0);
    (seconds >= WORTH_NAMING * findings.time()).then(|| PoolerFacts {
        site,
        behind: behind.address.to_owned(),
        process: behind.process(findings),
        connections,
        at_once,
        taken,
        response_s: behind.response,
        seconds,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a number of connections")]
fn candidate(findings: &Findings<'_>, seen: &Figures, facts: PoolerFacts) -> Candidate {
    let address = findings.class(facts.site.class);
    let process = findings.peer_process(facts.site.class);
    let capacity = facts.connections as f64;
    let culprit = Culprit {
        kind: CulpritKind::Queue,
        name: match facts.connections {
            1 => format!("the one connection of {address} to {}", facts.behind),
            several => format!(
                "pool of {several} connections of {address} to {}",
                facts.behind
            ),
        },
        address,
        process,
        capacity,
        rate_per_s: seen.rate,
        service_ms: 1e3 * facts.response_s,
        ..Culprit::default()
    };
    Candidate {
        claims: vec![Claim {
            site: facts.site,
            lost: Lost::certain(facts.seconds),
        }],
        demand: findings.per_item(facts.response_s * seen.rate * findings.window()),
        capacity,
        tests: vec![
            Sign::SeenInside.is(Outcome::Seen),
            Sign::SlotsTaken.is(Outcome::Seen),
            Sign::FewerConnections.is(Outcome::Seen),
        ],
        ..Candidate::new(findings.stage_of(facts.site), culprit, Facts::Pooler(facts))
    }
}
