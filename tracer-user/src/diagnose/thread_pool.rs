//! `pool` of threads: workers hand over what they would do to fewer threads than there are workers.
//!
//! Must be seen: tasks that wait, by their runtime's word, for what a thread does for them, and more of them than there are such threads;
//! or, where no runtime tells, tasks that wait inside their process, and threads of it without a pause that wake the one which carries
//! the tasks about as often as items are done; or workers that are threads, whose waits are ended by the threads that write for them.
//! Refuted by: threads with pauses, as many threads as workers wait.

use std::collections::BTreeMap;

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::{Facts, Holding};
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::{BY_CO_WAITERS, WORTH_NAMING};
use crate::actors::ActorId;
use crate::blame::HolderActivity;
use crate::cause::Cause;
use crate::classify::{Sort, State, WaitKind, WaitSite};
use crate::row::{Nanos, TaskRole};
use crate::scaling::Lost;
use crate::work::{Actor, StageName};

/// Threads that have something to do for this share of the window have hardly a pause.
const PINNED: f64 = 0.9;
/// While more tasks wait than there are threads, none of these waits for something to do: what they wait for in futexes is a lock. Where
/// they wait so for most of the time, something else than these tasks is what they are there for.
const AT_WORK: f64 = 0.5;
/// A thread wakes the one that carries the tasks when it is done with what was handed over, but where that is awake already: it does so for
/// this share of the items at least. Threads that look names up did for 0.9 of them (`tests/traces`, node-names).
const WAKES: f64 = 0.3;

/// What is seen of threads that tasks hand over to.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadPoolFacts {
    /// Where tasks wait for them most.
    pub site: WaitSite,
    /// At how many places they do.
    pub places: usize,
    /// How many threads.
    pub threads: usize,
    /// Name of one of them.
    pub name: String,
    /// What they do most.
    pub does: Option<Holding>,
    /// How many workers wait, those for which a thread works among them, on average.
    pub waiting: f64,
    /// Worker time lost, s.
    pub seconds: f64,
    /// How that is known.
    pub view: ThreadView,
}

/// How it is known that tasks wait for threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThreadView {
    /// By the runtime's word; how often it was looked.
    Runtime(u64),
    /// By the threads, which have no pause and wake the carrier so often an item.
    Threads(f64),
    /// By the waits of the workers, threads themselves: so many of those that somebody was seen to end, they end, 0 to 1.
    Waits(f64),
}

/// From what it is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Runtime,
    Threads,
    Waits,
}

/// Threads by whom things are done that workers wait for.
struct Helpers {
    ids: Vec<ActorId>,
    /// How often they ended polls; where the waits are seen, the share of these that they ended, 0 to 1.
    wakes: f64,
    /// Share of the window in which one has something to do, on average, 0 to 1.
    busy: f64,
    does: Option<Holding>,
}

impl Helpers {
    #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
    fn count(&self) -> f64 {
        self.ids.len() as f64
    }
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let waits = |site: WaitSite| match findings.place(site) {
        Some(place) => place.sort == Sort::Thread,
        None if site.kind == WaitKind::Futex && !findings.has_tasks() => {
            let (by_them, all) = ended_by_serving(findings, site);
            by_them >= BY_CO_WAITERS * all && by_them > 0.0
        }
        None => site.kind == WaitKind::Parked && findings.shown.is_none() && findings.has_tasks(),
    };
    let mut sites = findings.sites();
    sites.retain(|(site, _)| waits(*site));
    let seconds: f64 = sites.iter().map(|(_, seconds)| seconds).sum();
    if seconds >= WORTH_NAMING * findings.time() {
        judge(findings, &sites, seconds, &mut ruling);
    }
    ruling
}

fn judge(findings: &Findings<'_>, sites: &[(WaitSite, f64)], seconds: f64, ruling: &mut Ruling) {
    let Some((site, _)) = sites.first().copied() else {
        return;
    };
    let source = match site.kind {
        WaitKind::Futex => Source::Waits,
        _ if findings.place(site).is_some() => Source::Runtime,
        _ => Source::Threads,
    };
    let helpers = match source {
        Source::Waits => serving(findings, sites),
        _ => helpers(findings, source),
    };
    let is_told = source == Source::Runtime;
    let wakes = findings.per_item(helpers.wakes);
    let is_seen = source != Source::Threads || wakes >= WAKES;
    let Some(first) = helpers.ids.first().filter(|_| is_seen) else {
        return;
    };
    let parked = seconds / findings.window().max(1e-9);
    // Where the threads are the workers, what they do is seen apart from the waiting.
    let (served, waiting) = match source {
        Source::Waits => ((helpers.count() * helpers.busy).min(parked), parked),
        _ if findings.has_tasks() => (helpers.count().min(parked), parked),
        _ => (0.0, parked + helpers.count()),
    };
    let lost = seconds * (1.0 - served / parked.max(1e-9)).max(0.0);
    let facts = ThreadPoolFacts {
        site,
        places: sites.len(),
        threads: helpers.ids.len(),
        name: findings.thread(*first),
        does: helpers.does,
        waiting,
        seconds: lost,
        view: match source {
            Source::Runtime => {
                ThreadView::Runtime(findings.shown.as_ref().map_or(0, |of| of.looks))
            }
            Source::Threads => ThreadView::Threads(wakes),
            Source::Waits => ThreadView::Waits(helpers.wakes),
        },
    };
    let culprit = culprit(findings, &helpers, &facts, source);
    let least = match source {
        Source::Threads => PINNED,
        Source::Runtime | Source::Waits => AT_WORK,
    };
    if let Some(by) = refutation(findings, &helpers, &facts, least) {
        ruling.clear(Cause::Pool, culprit, by);
        return;
    }
    ruling.candidates.push(Candidate {
        claims: sites
            .iter()
            .map(|(site, there)| Claim {
                site: *site,
                lost: Lost::certain(lost * there / seconds.max(1e-9)),
            })
            .collect(),
        demand: culprit.service_ms / 1e3,
        capacity: helpers.count(),
        tests: vec![
            match source {
                Source::Waits => Sign::WokenByServers.is(Outcome::Seen),
                _ => Sign::RuntimeSaysSo.is(Outcome::if_there(is_told)),
            },
            Sign::ThreadsBusy.is(Outcome::of(helpers.busy >= PINNED)),
        ],
        alternatives: match (source, helpers.busy >= PINNED) {
            (Source::Waits, _) if may_share(findings, &helpers) => vec![Cause::RemoteSerial],
            (Source::Runtime, true) | (Source::Waits, _) => Vec::new(),
            // See `AT_WORK`.
            (Source::Runtime, false) => vec![Cause::UserLock],
            // A thread that feeds the tasks wakes their carrier as well.
            (Source::Threads, _) => vec![Cause::Starved],
        },
        ..Candidate::new(
            stage(findings, &helpers, site),
            culprit,
            Facts::ThreadPool(facts),
        )
    });
}

/// What clears them: they have time, or each task that waits has one.
fn refutation(
    findings: &Findings<'_>,
    helpers: &Helpers,
    facts: &ThreadPoolFacts,
    least: f64,
) -> Option<Refutation> {
    let (threads, waiting, busy) = (facts.threads, facts.waiting, helpers.busy);
    if busy < least {
        return Some(Refutation::ThreadsFree { threads, busy });
    }
    (facts.seconds < WORTH_NAMING * findings.time())
        .then_some(Refutation::FewHandOver { waiting, threads })
}

fn culprit(
    findings: &Findings<'_>,
    helpers: &Helpers,
    facts: &ThreadPoolFacts,
    source: Source,
) -> Culprit {
    let name = &facts.name;
    Culprit {
        kind: CulpritKind::Queue,
        name: match facts.threads {
            1 => format!("the one thread {name}"),
            threads => format!("pool of {threads} threads like {name}"),
        },
        call_site: match source {
            Source::Runtime => findings.class(facts.site.class),
            Source::Threads => String::new(),
            Source::Waits => findings.call_site(facts.site.class).unwrap_or_default(),
        },
        capacity: helpers.count(),
        rate_per_s: findings.rate(),
        service_ms: 1e3 * helpers.busy * helpers.count() * findings.per_item(findings.window()),
        ..Culprit::default()
    }
}

/// The threads by whom things are done that tasks wait for: the workers, where they are threads; else those of the tasks' processes that
/// carry none and end polls, as a thread does that is done with what was handed over.
fn helpers(findings: &Findings<'_>, source: Source) -> Helpers {
    let inventory = findings.inventory;
    let pids = inventory.processes_of_tasks(findings.workers.keys());
    let wakers = wakers(findings);
    let (mut ids, mut wakes) = (Vec::new(), 0);
    for (id, actor) in &inventory.actors {
        let woke = wakers.get(id).copied().unwrap_or_default();
        let is_one = match findings.has_tasks() {
            true => {
                let is_thread = id.tid().is_some() && !actor.is_carrier;
                is_thread && pids.contains(&actor.account.pid) && woke > 0
            }
            false => findings.workers.contains_key(id),
        };
        if is_one && actor.account.role == TaskRole::Target {
            ids.push(*id);
            wakes += woke;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    Helpers::of(findings, ids, wakes as f64, source)
}

/// The threads that write for the workers and are seen to end their waits at these places.
fn serving(findings: &Findings<'_>, sites: &[(WaitSite, f64)]) -> Helpers {
    let ended = |id: &&ActorId| {
        let locks = sites.iter().filter_map(|(site, _)| findings.lock(*site));
        locks
            .flat_map(|lock| lock.wakers.get(*id))
            .any(|count| *count > 0)
    };
    let ids: Vec<ActorId> = findings
        .cycle
        .serving
        .iter()
        .filter(ended)
        .copied()
        .collect();
    let counts = sites
        .iter()
        .map(|(site, _)| ended_by_serving(findings, *site));
    let (by_them, all) = counts.fold((0.0, 0.0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    Helpers::of(findings, ids, by_them / f64::max(all, 1.0), Source::Waits)
}

/// How many of the waits at a lock the threads ended that write for the workers, and how many anybody was seen to end.
#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn ended_by_serving(findings: &Findings<'_>, site: WaitSite) -> (f64, f64) {
    let serves = |id: &ActorId| findings.cycle.serving.binary_search(id).is_ok();
    let (mut by_them, mut all) = (0, 0);
    for (waker, count) in findings.lock(site).iter().flat_map(|lock| &lock.wakers) {
        all += count;
        by_them += if serves(waker) { *count } else { 0 };
    }
    (by_them as f64, all as f64)
}

/// Several threads that mostly wait for one peer may be what queues there: it is not seen to take as long however many of them ask it.
fn may_share(findings: &Findings<'_>, helpers: &Helpers) -> bool {
    let Some(HolderActivity::Blocked(site)) = helpers.does.map(|holding| holding.activity) else {
        return false;
    };
    helpers.ids.len() > 1
        && site.kind == WaitKind::Request
        && findings.sharing_among(&helpers.ids, site) != Some(false)
}

impl Helpers {
    fn of(findings: &Findings<'_>, ids: Vec<ActorId>, wakes: f64, source: Source) -> Self {
        // Whole nanoseconds add up to the same in any order.
        let mut doing: BTreeMap<HolderActivity, Nanos> = BTreeMap::new();
        let actors = ids
            .iter()
            .filter_map(|id| findings.inventory.actors.get(id));
        for actor in actors {
            does(findings, actor, source, &mut doing);
        }
        let all: Nanos = doing.values().copied().sum();
        let most = doing.into_iter().max_by_key(|(_, time)| *time);
        #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
        let threads = ids.len() as f64;
        Self {
            busy: (all.seconds() / (threads * findings.window()).max(1e-9)).min(1.0),
            ids,
            wakes,
            does: most.map(|(activity, time)| Holding {
                activity,
                share: time.seconds() / all.seconds().max(1e-9),
            }),
        }
    }
}

/// Adds what a thread does but wait for something to do: in a futex, in a poll that tells of nothing else, for who connects, for what
/// comes through a pipe, for a child. Who only passes the time does nothing for others, unless the runtime says so.
fn does(
    findings: &Findings<'_>,
    actor: &Actor<'_>,
    source: Source,
    doing: &mut BTreeMap<HolderActivity, Nanos>,
) {
    let inventory = findings.inventory;
    for ((_, state), time) in &actor.slots.times {
        let activity = match state {
            State::Running => HolderActivity::Runs,
            State::Queued => HolderActivity::Queues,
            State::Waiting(site) => {
                let at = inventory.classifier.sites.get(*site).station();
                let is_idle = match inventory.station(at).kind {
                    WaitKind::Futex => !findings.is_interpreters(findings.lock_site(at).class),
                    WaitKind::Poll | WaitKind::Service | WaitKind::PipeRead | WaitKind::Child => {
                        true
                    }
                    WaitKind::Sleep => source == Source::Threads,
                    _ => false,
                };
                if is_idle {
                    continue;
                }
                HolderActivity::Blocked(at)
            }
            State::Absent | State::Unknown | State::Stopped => continue,
        };
        *doing.entry(activity).or_default() += *time;
    }
}

/// How often each actor ended a poll of the target's.
fn wakers(findings: &Findings<'_>) -> BTreeMap<ActorId, u64> {
    let polls = findings.collector.wakers.iter();
    let polls = polls.filter(|(site, _)| site.kind == WaitKind::Poll);
    let mut sums = BTreeMap::new();
    for (actor, count) in polls.flat_map(|(_, wakers)| &wakers.by) {
        *sums.entry(*actor).or_default() += count;
    }
    sums
}

/// The stage of what they do most; else where the tasks wait.
fn stage(findings: &Findings<'_>, helpers: &Helpers, site: WaitSite) -> StageName {
    let most = helpers.does.map(|holding| holding.activity);
    let by_class = match most {
        Some(HolderActivity::Blocked(at)) => findings.operation_stages.at(at.class),
        _ => None,
    };
    by_class.unwrap_or_else(|| findings.stage_of(site))
}
