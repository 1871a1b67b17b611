//! `runtime-pause`: the runtime of a process stops all its threads, mostly to collect garbage.
//!
//! Must be seen: workers of one process that wait on a futex of their runtime and are let go together, several at a time and again and again,
//! by a thread of that process that is no worker; that stop in the middle of their items, wherever they are; none of whom computes meanwhile, while
//! the threads that are no workers do. What else they wait for meanwhile is
//! part of it: that thread's answer, and locks whose holders wait for it. (The JVM's threads wait on one futex word at a safepoint, `LinuxWaitBarrier`, which
//! its VM thread wakes; who asked for the collection waits for the VM thread, and who asks meanwhile for the heap's lock.)
//! Refuted by: waits that begin where an item ends (`starved`: they are handed their next items together), workers that compute while others wait
//! there (for a helper that does something for them, and answers several at a time), helpers that do not compute. Where an item is one
//! operation only, or each item waits there as often, it is not told apart from a helper. Near to it too: a barrier, where it is a fellow worker that lets them go ([`super::imbalance`]).

use std::collections::{BTreeMap, BTreeSet};

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::actors::ActorId;
use crate::blame::{After, HolderActivity, LockStats, Released};
use crate::cause::Cause;
use crate::classify::{State, WaitKind, WaitSite};
use crate::row::{Nanos, Pid, TaskRole};
use crate::scaling::Lost;
use crate::work::{ItemMark, StageName};

/// Fewer may be chance.
const LEAST_PAUSES: u64 = 3;
/// More than half.
const MOSTLY: f64 = 0.5;
/// Of a lock that has nothing to do with the pauses the holder is stopped for the share of the time that all are, which is less.
const NEARLY_ALL: f64 = 0.75;

/// What is seen of pauses.
#[derive(Clone, Debug, PartialEq)]
pub struct RuntimePauseFacts {
    /// Where most of the waiting is.
    pub site: WaitSite,
    /// Name of the process.
    pub process: String,
    /// Who lets them go on.
    pub by: ActorId,
    /// How many workers waited.
    pub waiters: usize,
    /// Worker time that took, s.
    pub seconds: f64,
    /// How often several were let go together.
    pub pauses: u64,
    /// How many that were at a time, on average.
    pub stopped: f64,
    /// How long a pause lasts, on average, s.
    pub pause_s: f64,
    /// Share of the window in which somebody waited there, 0 to 1.
    pub share: f64,
    /// How long that was, s.
    pub paused_s: f64,
    /// CPU time of the target's threads that are no workers, s.
    pub helpers_s: f64,
    /// CPU time of the workers while somebody waited there, as far as it was not that of the others, s.
    pub workers_s: f64,
    /// Share of the stops that fell within an item, 0 to 1; `None`: an item is one operation only.
    pub within: Option<f64>,
}

/// The waits of one lock.
#[derive(Clone, Copy)]
struct Waits<'a> {
    site: WaitSite,
    seconds: f64,
    stats: &'a LockStats,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let mut by_thread: BTreeMap<ActorId, Vec<Waits<'_>>> = BTreeMap::new();
    let all = all_waits(findings);
    for waits in &all {
        if let Some(by) = stopper(findings, waits.stats) {
            by_thread.entry(by).or_default().push(*waits);
        }
    }
    for (by, own) in by_thread {
        // The heaviest comes first.
        if let Some(main) = own.iter().find(|waits| stops_together(waits.stats)) {
            judge(findings, by, *main, &own, &all, &mut ruling);
        }
    }
    ruling
}

fn all_waits<'a>(findings: &'a Findings<'_>) -> Vec<Waits<'a>> {
    let sites = findings.sites().into_iter();
    let sites = sites
        .filter(|(site, _)| site.kind == WaitKind::Futex && !findings.is_interpreters(site.class));
    let waits = |(site, seconds): (WaitSite, f64)| {
        let stats = findings.lock(site)?;
        Some(Waits {
            site,
            seconds,
            stats,
        })
    };
    sites.filter_map(waits).collect()
}

/// The thread of the same process, but no worker, that ends most of the waits.
fn stopper(findings: &Findings<'_>, stats: &LockStats) -> Option<ActorId> {
    let all: u64 = stats.wakers.values().sum();
    let most = stats.wakers.iter();
    let (by, count) = most.max_by_key(|(who, count)| (**count, std::cmp::Reverse(**who)))?;
    let account = findings.inventory.actors.get(by)?.account;
    let is_own = account.role == TaskRole::Target && account.pid == stats.pid;
    let is_helper = by.tid().is_some() && !findings.workers.contains_key(by);
    (2 * count > all && is_own && is_helper).then_some(*by)
}

/// Most of the waiting ends together with that of others, again and again.
fn stops_together(stats: &LockStats) -> bool {
    let (released, _) = released(stats);
    let share = released.waiting.seconds() / stats.waiting.seconds().max(1e-9);
    released.times >= LEAST_PAUSES && share >= MOSTLY
}

/// Releases of two and more, and how many waits they ended.
fn released(stats: &LockStats) -> (Released, u64) {
    let (mut all, mut ended) = (Released::default(), 0);
    for (count, released) in &stats.together.sizes {
        all.merge(released);
        ended += count * released.times;
    }
    (all, ended)
}

/// A lock whose holders wait at one of `sites` themselves for nearly as long as others wait for the lock.
fn waits_behind(findings: &Findings<'_>, stats: &LockStats, sites: &BTreeSet<WaitSite>) -> bool {
    let charged = stats.charged();
    let behind = charged.activity.iter().filter(|(what, _)| match what {
        HolderActivity::Blocked(at) => sites.contains(&findings.lock_site(*at)),
        HolderActivity::Runs | HolderActivity::Queues | HolderActivity::Unknown => false,
    });
    let behind: Nanos = behind.map(|(_, time)| *time).sum();
    behind.seconds() >= NEARLY_ALL * stats.contended.seconds()
}

/// Share of the stops within an item: what the worker had done last is not what ends one. `None`: an item is one operation only.
fn within(findings: &Findings<'_>, stats: &LockStats) -> Option<f64> {
    let mark = findings.cycle.mark?;
    if findings.cycle.regular.len() < 2 {
        return None;
    }
    let (mut within, mut all) = (0, 0);
    for (operation, After { times, .. }) in &stats.together.after {
        let operation = findings.inventory.canonical(*operation);
        let is_end = match mark {
            ItemMark::Each(end) => operation == end,
            ItemMark::WriteBeforeFetch => findings.stage_name(operation) == Some(StageName::Write),
        };
        all += times;
        within += if is_end { 0 } else { *times };
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    (all > 0).then(|| within as f64 / all as f64)
}

fn judge(
    findings: &Findings<'_>,
    by: ActorId,
    main: Waits<'_>,
    own: &[Waits<'_>],
    all: &[Waits<'_>],
    ruling: &mut Ruling,
) {
    let sites: BTreeSet<WaitSite> = own.iter().map(|waits| waits.site).collect();
    let behind = all.iter().filter(|waits| {
        let is_same = waits.stats.pid == main.stats.pid && !sites.contains(&waits.site);
        is_same && waits_behind(findings, waits.stats, &sites)
    });
    let claimed: Vec<Waits<'_>> = own.iter().chain(behind).copied().collect();
    let seconds: f64 = claimed.iter().map(|waits| waits.seconds).sum();
    let workers = workers_of(findings, main.stats.pid);
    let waiters = findings.waiting_workers(main.stats);
    if seconds < WORTH_NAMING * findings.time() || waiters < 2 {
        return;
    }
    let facts = facts(findings, by, main, (seconds, waiters));
    let culprit = culprit(findings, &facts);
    // What is computed is known of all processes together.
    let is_only_one = workers == findings.workers.len();
    if let Some(by) = refutation(findings, &facts, is_only_one) {
        ruling.clear(Cause::RuntimePause, culprit, by);
        return;
    }
    let are_busy_anyway = facts.helpers_s > main.stats.ran;
    let is_told_apart = is_only_one
        && !are_busy_anyway
        && facts.within.is_some()
        && !is_once_an_item(findings, main.stats);
    // One worker alone would be stopped for what it leaves behind itself.
    #[expect(clippy::cast_precision_loss, reason = "a number of workers")]
    let by_others = 1.0 - 1.0 / workers.max(1) as f64;
    let claim = |waits: &Waits<'_>| Claim {
        site: waits.site,
        lost: Lost {
            proved: by_others * waits.seconds,
            likely: by_others * waits.seconds,
            possible: waits.seconds,
        },
    };
    ruling.candidates.push(Candidate {
        claims: claimed.iter().map(claim).collect(),
        demand: findings.per_item(facts.paused_s),
        tests: vec![
            Sign::ReleasedTogether.is(Outcome::Seen),
            Sign::WithinItems.is(Outcome::if_there(facts.within.is_some())),
            // Helpers that compute for longer than anybody is stopped do so at other times too.
            Sign::HelpersCompute.is(Outcome::if_there(!are_busy_anyway)),
        ],
        alternatives: match is_told_apart {
            true => Vec::new(),
            false => vec![Cause::Starved],
        },
        ..Candidate::new(stage(findings, main), culprit, Facts::RuntimePause(facts))
    });
}

fn refutation(
    findings: &Findings<'_>,
    facts: &RuntimePauseFacts,
    is_only_one: bool,
) -> Option<Refutation> {
    if let Some(within) = facts.within.filter(|within| *within < MOSTLY) {
        return Some(Refutation::AtTheEndOfItems {
            share: 1.0 - within,
        });
    }
    let (computed, paused) = (facts.helpers_s, facts.paused_s);
    if computed < MOSTLY * paused {
        return Some(Refutation::NobodyCollects { computed, paused });
    }
    // If what others wait for were nothing to them, they would compute then as at any other time.
    let computed = facts.workers_s;
    let anyway = facts.share * findings.all.run.seconds();
    (is_only_one && computed > MOSTLY * anyway).then_some(Refutation::OthersGoOn { computed })
}

/// In each item a worker waits there as often: once, mostly.
#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn is_once_an_item(findings: &Findings<'_>, stats: &LockStats) -> bool {
    /// What is under way at the ends of the window, and waits that are over at once.
    const ABOUT: f64 = 0.05;
    let often = findings.per_item(stats.waits as f64);
    (often - often.round()).abs() < ABOUT && often > MOSTLY
}

/// Where most are stopped at once as a reply comes it is that of the fetch; where they have computed since, they compute on what they have
/// fetched; else it is the stage of what they do next.
fn stage(findings: &Findings<'_>, main: Waits<'_>) -> StageName {
    let after = main.stats.together.after.iter();
    let most = after.max_by_key(|(id, after)| (after.times, std::cmp::Reverse(**id)));
    let of = |id| findings.stage_name(findings.inventory.canonical(id));
    match most {
        Some((id, after)) if of(*id) == Some(StageName::Fetch) => {
            match 2 * after.at_once > after.times {
                true => StageName::Fetch,
                false => StageName::Transform,
            }
        }
        _ => findings.stage_of(main.site),
    }
}

fn workers_of(findings: &Findings<'_>, pid: Pid) -> usize {
    let actors = &findings.inventory.actors;
    let is_of = |id: &&ActorId| actors.get(*id).is_some_and(|one| one.account.pid == pid);
    findings.workers.keys().filter(is_of).count()
}

#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn facts(
    findings: &Findings<'_>,
    by: ActorId,
    main: Waits<'_>,
    (seconds, waiters): (f64, usize),
) -> RuntimePauseFacts {
    let (released, ended) = released(main.stats);
    let pauses = released.times.max(1) as f64;
    let paused_s = main.stats.contended.seconds();
    let helpers_s = helpers_run(findings).seconds();
    RuntimePauseFacts {
        site: main.site,
        process: findings.process(main.stats.pid),
        by,
        waiters,
        seconds,
        pauses: released.times,
        stopped: ended as f64 / pauses,
        pause_s: released.longest.seconds() / pauses,
        share: paused_s / findings.window().max(1e-9),
        paused_s,
        helpers_s,
        workers_s: (main.stats.ran - helpers_s).max(0.0),
        within: within(findings, main.stats),
    }
}

/// CPU time of the target's threads that are no workers.
fn helpers_run(findings: &Findings<'_>) -> Nanos {
    let actors = findings.inventory.actors.iter();
    let helpers = actors.filter(|(id, actor)| {
        let is_one = id.tid().is_some() && actor.account.role == TaskRole::Target;
        is_one && !findings.workers.contains_key(id)
    });
    let times = helpers.flat_map(|(_, actor)| &actor.slots.times);
    times
        .filter(|((_, state), _)| *state == State::Running)
        .map(|(_, time)| *time)
        .sum()
}

fn culprit(findings: &Findings<'_>, facts: &RuntimePauseFacts) -> Culprit {
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let pauses = facts.pauses as f64;
    Culprit {
        kind: CulpritKind::Thread,
        name: match facts.process.as_str() {
            "" => "the runtime".to_owned(),
            process => format!("the runtime of {process}"),
        },
        process: findings.thread(facts.by),
        rate_per_s: pauses / findings.window().max(1e-9),
        service_ms: 1e3 * facts.pause_s,
        ..Culprit::default()
    }
}
