//! `remote-serial`, of a process that is reached by no socket: who reads a pipe that the workers write to, who serves a file system
//! that they read.
//!
//! Must be seen: workers blocked in calls on pipes or files, whose waits are ended by threads of one process that is no worker, as many
//! of them as serve at once; on average more wait than are served, so that there is a queue. Who waits for a lock whose holder is in such a call waits for that process
//! too. Refuted by: waits that nobody in particular ends (a disk, whose interrupts do), a process that has nobody waiting for
//! much of the time, and workers that end more of the waits themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::actors::ActorId;
use crate::blame::HolderActivity;
use crate::classify::{WaitKind, WaitSite};
use crate::row::Pid;
use crate::scaling::Lost;

/// Of the waits at a place that no worker ends this share is ended by the process which serves it; the others are those that the window
/// cuts.
const MOSTLY: f64 = 0.8;
/// Holders of a lock that are there for more than this share of the time are there.
const MOST: f64 = 0.5;

/// What is seen of such a process.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedFacts {
    /// Where most of it is waited for.
    pub site: WaitSite,
    /// How many workers waited.
    pub waiters: usize,
    /// Worker time that took, s.
    pub seconds: f64,
    /// Of it, for a lock whose holder is there, s.
    pub locked: f64,
    /// The process.
    pub server: Pid,
    /// Threads of it that end the waits.
    pub threads: usize,
    /// Share of the wake-ups that came from them, 0 to 1.
    pub by_server: f64,
    /// What they give for an item, s.
    pub service_s: f64,
}

/// What one process ends of the waits.
#[derive(Default)]
struct Server {
    sites: Vec<(WaitSite, f64)>,
    threads: BTreeSet<ActorId>,
    wakes: u64,
    all: u64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (pid, server) in servers(findings) {
        ruling.candidates.extend(judge(findings, pid, &server));
    }
    ruling
}

/// Each process that ends most of the waits at some places, with these.
fn servers(findings: &Findings<'_>) -> BTreeMap<Pid, Server> {
    let mut servers = BTreeMap::<Pid, Server>::new();
    for (site, seconds) in findings.sites() {
        if !matches!(
            site.kind,
            WaitKind::PipeWrite | WaitKind::File | WaitKind::Other
        ) {
            continue;
        }
        let wakers = findings.wakers(site);
        let mut by_process = BTreeMap::<Pid, Vec<(ActorId, u64)>>::new();
        for (actor, count) in &wakers.others {
            if let Some(of) = findings.inventory.actors.get(actor) {
                let threads = by_process.entry(of.account.pid).or_default();
                threads.push((*actor, *count));
            }
        }
        let by_others = wakers.nobody + wakers.others.values().sum::<u64>();
        let count =
            |threads: &[(ActorId, u64)]| threads.iter().map(|(_, count)| count).sum::<u64>();
        let Some((pid, threads)) = by_process.into_iter().max_by_key(|(_, list)| count(list))
        else {
            continue;
        };
        let wakes = count(&threads);
        #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
        let is_mostly = wakes as f64 >= MOSTLY * by_others as f64;
        // Workers that take from the pipe themselves serve each other.
        if !is_mostly || wakes < wakers.workers {
            continue;
        }
        let server = servers.entry(pid).or_default();
        server.sites.push((site, seconds));
        server.wakes += wakes;
        server.all += by_others + wakers.workers;
        server
            .threads
            .extend(threads.iter().map(|(thread, _)| *thread));
    }
    servers
}

fn judge(findings: &Findings<'_>, pid: Pid, server: &Server) -> Option<Candidate> {
    let there: f64 = server.sites.iter().map(|(_, seconds)| seconds).sum();
    let locks = locks_held_there(findings, &server.sites);
    let locked: f64 = locks.iter().map(|(_, seconds)| seconds).sum();
    let seconds = there + locked;
    let (site, _) = *server.sites.first()?;
    let threads = server.threads.len();
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let (capacity, items, by_server) = (
        threads as f64,
        findings.items as f64,
        server.wakes as f64 / server.all.max(1) as f64,
    );
    // Where more wait than it serves at once it has no pause, and who is served at the moment waits for nobody else.
    let serving = capacity * findings.window();
    if findings.items == 0 || seconds - serving < WORTH_NAMING * findings.time() {
        return None;
    }
    let service_s = serving / items;
    let queued = seconds - serving;
    // Who writes to a pipe with room waits for nobody; who reads waits for the service in any case.
    let likely = match site.kind {
        WaitKind::PipeWrite => seconds,
        _ => queued,
    };
    let all: Vec<(WaitSite, f64)> = server.sites.iter().chain(&locks).copied().collect();
    let places: Vec<WaitSite> = all.iter().map(|(site, _)| *site).collect();
    let facts = ServedFacts {
        site,
        waiters: findings.waited_at(&places),
        seconds,
        locked,
        server: pid,
        threads,
        by_server,
        service_s,
    };
    let lost = Lost {
        proved: queued,
        likely,
        possible: seconds,
    };
    let claim = |(site, blocked): &(WaitSite, f64)| Claim {
        site: *site,
        lost: lost * (blocked / seconds),
    };
    let culprit = Culprit {
        kind: CulpritKind::Peer,
        name: match site.kind {
            WaitKind::Other => "a file system".to_owned(),
            _ => findings.class(site.class),
        },
        process: findings.process(pid),
        capacity,
        service_ms: 1e3 * service_s,
        rate_per_s: findings.rate(),
        ..Culprit::default()
    };
    Some(Candidate {
        claims: all.iter().map(claim).collect(),
        cap: (site.kind == WaitKind::PipeWrite).then(|| findings.rate()),
        demand: service_s,
        capacity,
        tests: vec![Sign::SeenInside.is(Outcome::Seen)],
        ..Candidate::new(findings.stage_of(site), culprit, Facts::Served(facts))
    })
}

/// Locks whose holders mostly wait at one of these places.
fn locks_held_there(findings: &Findings<'_>, sites: &[(WaitSite, f64)]) -> Vec<(WaitSite, f64)> {
    let stations: Vec<WaitSite> = sites.iter().map(|(site, _)| site.station()).collect();
    let is_held_there = |site: WaitSite| {
        let stats = findings.lock(site)?;
        let activity = findings.activity(&stats.charged());
        let there = activity.iter().filter(|(what, _)| match what {
            HolderActivity::Blocked(at) => stations.contains(at),
            HolderActivity::Runs | HolderActivity::Queues | HolderActivity::Unknown => false,
        });
        Some(there.map(|(_, share)| share).sum::<f64>() > MOST)
    };
    let locks = findings.sites().into_iter();
    locks
        .filter(|(site, _)| site.kind == WaitKind::Futex && is_held_there(*site) == Some(true))
        .collect()
}
