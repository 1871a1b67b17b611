//! `pool` of threads: tasks hand over what they would do to fewer threads than there are tasks.
//!
//! Must be seen: tasks that wait, by their runtime's word, for what a thread does for them, and more of them than there are such threads;
//! or, where no runtime tells, tasks that wait inside their process, and threads of it without a pause that wake the one which carries
//! the tasks about as often as items are done. Refuted by: threads with pauses, as many threads as tasks wait.

use std::collections::BTreeMap;

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::{Facts, Holding};
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::actors::ActorId;
use crate::blame::HolderActivity;
use crate::cause::Cause;
use crate::classify::{Sort, State, WaitKind, WaitSite};
use crate::row::{Nanos, TaskRole};
use crate::scaling::Lost;

/// A thread that does something for this share of the window has hardly a pause ...
const PINNED: f64 = 0.9;
/// ... and one that does for less than this share is none of those that things are handed over to all the while.
const AT_WORK: f64 = 0.5;
/// A thread that is done with what was handed over wakes the one that carries the tasks, unless that is awake: for this share of the items
/// at least.
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
    /// How many tasks wait, those for which a thread works among them, on average.
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
}

/// Threads beside those that carry the tasks.
struct Helpers {
    ids: Vec<ActorId>,
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
        None => findings.shown.is_none() && site.kind == WaitKind::Parked,
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
    let is_told = findings.place(site).is_some();
    let workers_are_threads = findings.workers.keys().all(|id| id.tid().is_some());
    let helpers = helpers(findings, workers_are_threads, is_told);
    let Some(first) = helpers.ids.first().copied() else {
        return;
    };
    let wakes = findings.per_item(wakes(findings, &helpers.ids));
    let parked = seconds / findings.window().max(1e-9);
    // Where the threads are the workers, what they do is seen apart from the waiting.
    let (served, waiting) = match workers_are_threads {
        true => (0.0, parked + helpers.count()),
        false => (helpers.count().min(parked), parked),
    };
    let lost = seconds * (1.0 - served / parked.max(1e-9)).max(0.0);
    let name = findings.thread(first);
    let culprit = Culprit {
        kind: CulpritKind::Queue,
        name: match helpers.ids.len() {
            1 => format!("the one thread {name}"),
            threads => format!("pool of {threads} threads like {name}"),
        },
        call_site: match is_told {
            true => findings.class(site.class),
            false => String::new(),
        },
        capacity: helpers.count(),
        rate_per_s: findings.rate(),
        service_ms: 1e3 * helpers.busy * helpers.count() * findings.per_item(findings.window()),
        ..Culprit::default()
    };
    if !is_told && wakes < WAKES {
        // They do something else.
        return;
    }
    if lost < WORTH_NAMING * findings.time() || (!is_told && helpers.busy < PINNED) {
        let by = Refutation::ThreadsFree {
            waiting,
            threads: helpers.ids.len(),
            busy: helpers.busy,
        };
        ruling.clear(Cause::Pool, culprit, by);
        return;
    }
    let facts = ThreadPoolFacts {
        site,
        places: sites.len(),
        threads: helpers.ids.len(),
        name,
        does: helpers.does,
        waiting,
        seconds: lost,
        view: match is_told {
            true => ThreadView::Runtime(findings.shown.as_ref().map_or(0, |of| of.looks)),
            false => ThreadView::Threads(wakes),
        },
    };
    ruling.candidates.push(Candidate {
        claims: sites
            .iter()
            .map(|(site, there)| Claim {
                site: *site,
                lost: Lost::certain(lost * there / seconds.max(1e-9)),
            })
            .collect(),
        demand: helpers.busy * helpers.count() * findings.per_item(findings.window()),
        capacity: helpers.count(),
        tests: vec![
            Sign::RuntimeSaysSo.is(Outcome::if_there(is_told)),
            Sign::ThreadsBusy.is(Outcome::of(helpers.busy >= PINNED)),
        ],
        ..Candidate::new(
            stage(findings, &helpers, site),
            culprit,
            Facts::ThreadPool(facts),
        )
    });
}

/// Threads of the tasks' processes that do not carry them and have more to do than not.
fn helpers(findings: &Findings<'_>, workers_are_threads: bool, is_told: bool) -> Helpers {
    let inventory = findings.inventory;
    let pids = inventory.processes_of_tasks(findings.workers.keys());
    let window = findings.window().max(1e-9);
    // Whole nanoseconds add up to the same in any order.
    let mut doing: BTreeMap<HolderActivity, Nanos> = BTreeMap::new();
    let (mut ids, mut busy) = (Vec::new(), 0.0);
    for (id, actor) in &inventory.actors {
        let is_one = match workers_are_threads {
            true => findings.workers.contains_key(id),
            false => id.tid().is_some() && pids.contains(&actor.account.pid) && !actor.is_carrier,
        };
        if !is_one || actor.account.role != TaskRole::Target {
            continue;
        }
        let mut times: Vec<(HolderActivity, Nanos)> = Vec::new();
        for ((_, state), time) in &actor.slots.times {
            let activity = match state {
                State::Running => HolderActivity::Runs,
                State::Queued => HolderActivity::Queues,
                State::Waiting(site) => {
                    let at = inventory.classifier.sites.get(*site).station();
                    // What is handed over is waited for in a futex, or in a poll that tells of nothing else; and who only passes the
                    // time does nothing for others, unless the runtime says so.
                    let is_idle = match inventory.station(at).kind {
                        WaitKind::Futex | WaitKind::Poll => true,
                        WaitKind::Sleep => !is_told,
                        _ => false,
                    };
                    if is_idle {
                        continue;
                    }
                    HolderActivity::Blocked(at)
                }
                State::Absent | State::Unknown | State::Stopped => continue,
            };
            times.push((activity, *time));
        }
        let all: Nanos = times.iter().map(|(_, time)| *time).sum();
        let share = all.seconds() / window;
        if share < AT_WORK {
            continue;
        }
        ids.push(*id);
        busy += share;
        for (activity, time) in times {
            *doing.entry(activity).or_default() += time;
        }
    }
    let all: Nanos = doing.values().copied().sum();
    let most = doing.into_iter().max_by_key(|(_, time)| *time);
    #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
    let busy = busy / (ids.len() as f64).max(1.0);
    Helpers {
        ids,
        busy: busy.min(1.0),
        does: most.map(|(activity, time)| Holding {
            activity,
            share: time.seconds() / all.seconds().max(1e-9),
        }),
    }
}

/// How often these threads ended a poll of the target's.
#[expect(clippy::cast_precision_loss, reason = "a number of wake-ups")]
fn wakes(findings: &Findings<'_>, ids: &[ActorId]) -> f64 {
    let polls = findings.collector.wakers.iter();
    let polls = polls.filter(|(site, _)| site.kind == WaitKind::Poll);
    let by_them = polls.flat_map(|(_, wakers)| &wakers.by);
    let by_them = by_them.filter(|(actor, _)| ids.contains(actor));
    by_them.map(|(_, count)| *count).sum::<u64>() as f64
}

/// The stage of what they do most; else where the tasks wait.
fn stage(findings: &Findings<'_>, helpers: &Helpers, site: WaitSite) -> crate::work::StageName {
    let most = helpers.does.map(|holding| holding.activity);
    let by_class = match most {
        Some(HolderActivity::Blocked(at)) => findings.operation_stages.at(at.class),
        _ => None,
    };
    by_class.unwrap_or_else(|| findings.stage_of(site))
}
