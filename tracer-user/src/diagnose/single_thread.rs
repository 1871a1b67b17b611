//! `single-thread`: one thread carries all tasks, and has no time for them.
//!
//! Must be seen: replies that have come and lie unread, by the kernel's own note of when data last came in, and a thread that
//! meanwhile computes, has no CPU, or sleeps in a call that is no poll. Refuted by: several threads that carry the tasks of a
//! process and have time, any of which could have read the reply; unless the runtime shows tasks that are ready and have no thread: then
//! it lets no more of them run at once.

use super::candidate::{Candidate, Claim, Ruling};
use super::carriers::{BUSY, CarrierTimes};
use super::computing::HotFunction;
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::classify::{ClassId, Sort, WaitKind, WaitSite};
use crate::scaling::Lost;

/// What is seen of the threads that carry the tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleThreadFacts {
    /// Where tasks wait for them.
    pub site: WaitSite,
    /// Name of one of them.
    pub name: String,
    /// Worker time in which a reply lay unread, s.
    pub seconds: f64,
    /// What they do.
    pub times: CarrierTimes,
    /// The runtime lets fewer tasks run at once than there are CPUs.
    pub held_back: Option<HeldBack>,
    /// The function in which they were found running most; `None`: they were not sampled.
    pub runs: Option<HotFunction>,
    /// Where the runtime shows the task that runs most often, and for what share of such looks, 0 to 1; `None`: it does not.
    pub running_in: Option<(ClassId, f64)>,
}

/// Tasks that could run, and that their runtime does not let.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldBack {
    /// How many are ready and have no thread, on average.
    pub ready: f64,
    /// How many it lets run at a time.
    pub at_once: f64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        if site.kind == WaitKind::Carrier && seconds >= WORTH_NAMING * findings.time() {
            judge(findings, site, seconds, &mut ruling);
        }
    }
    ruling
}

fn judge(findings: &Findings<'_>, site: WaitSite, seconds: f64, ruling: &mut Ruling) {
    let Some(times) = findings.carriers() else {
        return;
    };
    let threads = times.threads;
    let facts = SingleThreadFacts {
        site,
        name: findings.thread(times.first),
        seconds,
        held_back: held_back(findings, &times),
        times,
        runs: findings.carriers_run(),
        running_in: running_in(findings),
    };
    #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
    let capacity = facts.held_back.map_or(threads as f64, |of| of.at_once);
    let busy = facts.times.together() / capacity;
    // What the threads compute beside what tasks do on them is wanted of them for the items of one task too.
    let computes = facts.times.computes * threads as f64 * findings.window();
    let beside = (computes - findings.all.run.seconds()).clamp(0.0, seconds);
    let demand = findings.per_item(facts.times.together() * findings.window());
    let culprit = Culprit {
        kind: CulpritKind::Thread,
        name: match capacity {
            several if several >= 1.5 => format!("{several:.0} threads like {}", facts.name),
            _ => format!("thread {}", facts.name),
        },
        call_site: call_site(findings, &facts),
        capacity,
        rate_per_s: findings.rate(),
        service_ms: 1e3 * demand,
        ..Culprit::default()
    };
    let are_several = threads > facts.times.processes;
    if are_several && findings.carriers_fill_cpus() {
        let by = Refutation::CpusTaken {
            cpus: findings.meta.host.cpus,
        };
        ruling.clear(Cause::SingleThread, culprit, by);
        return;
    }
    if are_several && busy < BUSY {
        let by = Refutation::SeveralCarriers { threads };
        ruling.clear(Cause::SingleThread, culprit, by);
        return;
    }
    ruling.candidates.push(Candidate {
        claims: vec![Claim {
            site,
            lost: Lost {
                proved: seconds - beside,
                likely: seconds - beside,
                possible: seconds,
            },
        }],
        // One task alone is no faster than a thread that has nothing else to do.
        cap: (demand > 0.0).then(|| 1.0 / demand),
        demand,
        capacity,
        tests: vec![Sign::LoopIsBusy.is(Outcome::of(busy >= BUSY))],
        ..Candidate::new(findings.stage_of(site), culprit, Facts::SingleThread(facts))
    });
}

/// Tasks that are ready and have no thread, though there are CPUs and threads for them: their runtime lets so many run at once, and so many
/// do all the while.
fn held_back(findings: &Findings<'_>, times: &CarrierTimes) -> Option<HeldBack> {
    /// The runtime's own part of the time, in which it looks for the next task.
    const PINNED: f64 = 0.9;
    let used = times.together();
    // A number that is all used measures a little more or less than itself.
    let at_once = (used - (1.0 - PINNED)).ceil().max(1.0);
    let places = &findings.shown.as_ref()?.places;
    let ready = places.iter().filter(|place| place.sort == Sort::Ready);
    let ready: f64 = ready.map(|place| place.mean).sum();
    let are_there = at_once < f64::from(findings.meta.host.cpus);
    let is_one = used >= PINNED * at_once && ready >= at_once;
    (times.threads > times.processes && is_one && are_there).then_some(HeldBack { ready, at_once })
}

/// The function that keeps the threads busy: where they sleep in calls, by the call; else by their samples, or by what the runtime
/// shows.
fn call_site(findings: &Findings<'_>, facts: &SingleThreadFacts) -> String {
    let times = &facts.times;
    let sampled = || facts.runs.as_ref().map(|of| of.name.clone());
    let shown = || facts.running_in.map(|(place, _)| findings.class(place));
    let found = if times.mostly_sleeps() {
        let sleeps_in = times.sleeps_in.and_then(|at| findings.call_site(at.class));
        sleeps_in.or_else(shown).or_else(sampled)
    } else {
        sampled().or_else(shown)
    };
    found.unwrap_or_default()
}

fn running_in(findings: &Findings<'_>) -> Option<(ClassId, f64)> {
    let places = &findings.shown.as_ref()?.places;
    let running = places.iter().filter(|place| place.sort == Sort::Running);
    let all: f64 = running.clone().map(|place| place.mean).sum();
    let most = running.max_by(|a, b| a.mean.total_cmp(&b.mean))?;
    Some((most.class, most.mean / all.max(1e-9)))
}
