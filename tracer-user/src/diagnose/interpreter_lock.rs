//! `interpreter-lock`: an interpreter that runs the code of one of its threads at a time (CPython's GIL).
//!
//! Must be seen: workers blocked at that lock, which is known by the functions they wait in ([`crate::classify::way_to_interpreter`]). No wait at it is
//! of the program's own locks. Nothing clears it: whoever has it, worker or not,
//! the others cannot run. Each process of an interpreter has a lock of its own. What whoever has it does meanwhile is seen from hand-off to
//! hand-off: it computes, or it is blocked in a call of C that did not let go of it. In the doubtful case it is said to compute.

use std::collections::BTreeMap;

use super::candidate::{Candidate, Claim, Ruling};
use super::computing::HotFunction;
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::sign::{Outcome, Sign};
use super::user_lock::{BY_CO_WAITERS, WORTH_NAMING, by_co_waiters};
use crate::blame::{Charge, HolderActivity, LockStats};
use crate::classify::{ClassId, WaitKind, WaitSite, Way, call_into_c, way_to_interpreter};
use crate::row::{Frame, Nanos, Stack, printable};
use crate::scaling::Lost;

/// What it is called.
pub(super) const NAME: &str = "interpreter lock (GIL)";

/// Who is blocked in calls for more of the time in which others wait for the interpreter keeps it there; what else it does is beside that.
const MOST: f64 = 0.5;

/// What those are blocked in who keep the interpreter meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct Keeping {
    /// What most of it is for.
    pub site: WaitSite,
    /// Share of the time in which others waited for the interpreter, 0 to 1.
    pub share: f64,
    /// The function of C that was called, empty: not known.
    pub call: String,
    /// Where in the program it was called, with its line, empty: not known.
    pub at: String,
}

/// What is seen of it.
#[derive(Clone, Debug, PartialEq)]
pub struct InterpreterLockFacts {
    /// How many there are: one a process.
    pub locks: usize,
    /// How many workers waited for it.
    pub waiters: usize,
    /// Worker time that took, s.
    pub seconds: f64,
    /// Share of the wake-ups that came from workers, 0 to 1; `None`: no waker was seen.
    pub by_workers: Option<f64>,
    /// CPUs that the target keeps busy.
    pub busy: f64,
    /// Time of one item for which it is held, s.
    pub demand_s: f64,
    /// Share of the window in which somebody waited for it, 0 to 1.
    pub contended: f64,
    /// The function in which they compute who were made to let go of it, and its share of these; `None`: not seen.
    pub runs: Option<HotFunction>,
    /// What those are blocked in who have it; `None`: mostly they compute, or what they do was not seen.
    pub keeping: Option<Keeping>,
}

impl InterpreterLockFacts {
    /// Where in the program it is held, empty: not known.
    #[must_use]
    pub fn held_in(&self) -> &str {
        let runs = self.runs.as_ref().map(|runs| runs.name.as_str());
        let kept = self.keeping.as_ref().map(|keeping| keeping.at.as_str());
        // They are made to let go of it as soon as they come back from the call, in the same function.
        let mut known = [kept, runs].into_iter().flatten();
        known.find(|name| !name.is_empty()).unwrap_or_default()
    }
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let sites = findings.sites().into_iter();
    let sites = sites
        .filter(|(site, _)| site.kind == WaitKind::Futex && findings.is_interpreters(site.class));
    let claims: Vec<Claim> = sites
        .map(|(site, seconds)| Claim {
            site,
            lost: lost(findings, site, seconds),
        })
        .collect();
    let lost: f64 = claims.iter().map(|claim| claim.lost.likely).sum();
    let Some(first) = claims.first().map(|claim| claim.site) else {
        return ruling;
    };
    if lost < WORTH_NAMING * findings.time() {
        return ruling;
    }
    let facts = facts(findings, &claims);
    #[expect(clippy::cast_precision_loss, reason = "a number of processes")]
    let capacity = facts.locks as f64;
    let culprit = Culprit {
        kind: CulpritKind::Lock,
        name: NAME.to_owned(),
        call_site: facts.held_in().to_owned(),
        capacity,
        rate_per_s: match facts.demand_s > 0.0 {
            true => capacity / facts.demand_s,
            false => 0.0,
        },
        service_ms: 1e3 * facts.demand_s,
        ..Culprit::default()
    };
    ruling.candidates.push(Candidate {
        claims,
        demand: facts.demand_s,
        capacity,
        tests: vec![
            Sign::WokenByCoWaiters.is(Outcome::if_there(
                facts.by_workers.is_some_and(|share| share >= BY_CO_WAITERS),
            )),
            Sign::CallSite.is(Outcome::if_there(!facts.held_in().is_empty())),
        ],
        ..Candidate::new(
            findings.stage_of(first),
            culprit,
            Facts::InterpreterLock(facts),
        )
    });
    ruling
}

/// Whoever waits for the interpreter while the reply to its request is on its way loses nothing by that.
fn lost(findings: &Findings<'_>, site: WaitSite, seconds: f64) -> Lost {
    let is_worker = |who| findings.workers.contains_key(&who);
    let meanwhile = findings.collector.meanwhile.of(site.class, is_worker);
    let lost = (seconds - meanwhile).max(0.0);
    Lost {
        proved: lost,
        likely: lost,
        possible: seconds,
    }
}

fn facts(findings: &Findings<'_>, claims: &[Claim]) -> InterpreterLockFacts {
    let (mut all, mut contended) = (LockStats::default(), 0.0);
    for of in claims.iter().filter_map(|claim| findings.lock(claim.site)) {
        contended += of.contended.seconds();
        all.merge(of);
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of processes")]
    let locks = claims.len() as f64;
    let most = locks * findings.window();
    // It is held while somebody waits for it, and while its threads compute, unless they do more than one can: then C code has let go of it.
    let run = findings.run_of_all();
    let held = match run <= most {
        true => run.max(contended),
        false => contended,
    };
    let held = held.min(most);
    InterpreterLockFacts {
        locks: claims.len(),
        waiters: findings.waiting_workers(&all),
        seconds: claims.iter().map(|claim| claim.lost.possible).sum(),
        by_workers: by_co_waiters(findings, &all),
        busy: run / findings.window().max(1e-9),
        demand_s: findings.per_item(held),
        contended: contended / most.max(1e-9),
        runs: runs(findings, claims),
        keeping: keeping(findings, &all.charged()),
    }
}

/// What the holders are blocked in, where that is most of what they do while others wait.
fn keeping(findings: &Findings<'_>, charge: &Charge) -> Option<Keeping> {
    let waits_for_it = |site: &WaitSite| {
        site.kind == WaitKind::Futex && findings.is_interpreters(findings.lock_site(*site).class)
    };
    let (mut by_site, mut all) = (BTreeMap::<WaitSite, Nanos>::new(), Nanos::ZERO);
    for ((activity, _), time) in &charge.kept_waiting {
        match activity {
            // Its waiters wake each other too, for the mutex around it: they do not have it.
            HolderActivity::Blocked(site) if waits_for_it(site) => continue,
            HolderActivity::Blocked(site) => *by_site.entry(*site).or_default() += *time,
            HolderActivity::Runs | HolderActivity::Queues | HolderActivity::Unknown => {}
        }
        all += *time;
    }
    let (site, _) = by_site.iter().max_by_key(|(_, time)| **time)?;
    let blocked: Nanos = by_site.values().copied().sum();
    let share = blocked.seconds() / all.seconds().max(1e-9);
    (share > MOST).then(|| {
        let (call, at) = usual_call(findings, charge, *site);
        Keeping {
            site: *site,
            share,
            call,
            at,
        }
    })
}

/// The function of C in which holders were blocked longest for `site`, and where it was called, of those whose call stacks were taken.
fn usual_call(findings: &Findings<'_>, charge: &Charge, site: WaitSite) -> (String, String) {
    let name = |text: String| printable(&text).into_owned();
    let mut calls: BTreeMap<(String, String), Nanos> = BTreeMap::new();
    for ((activity, stack), time) in &charge.kept_waiting {
        let stack = findings.inventory.classifier.stacks.get(stack);
        let stack = stack.filter(|_| *activity == HolderActivity::Blocked(site));
        if let Some(call) = stack.and_then(call_into_c) {
            let function = call.function.map(|of| name(of.symbol));
            let from = call.from.map(|of| name(of.to_string()));
            let call = (function.unwrap_or_default(), from.unwrap_or_default());
            *calls.entry(call).or_default() += *time;
        }
    }
    // The functions of a script are read only while the wait lasts, so that not all stacks have them.
    let most = calls
        .into_iter()
        .max_by_key(|((_, from), time)| (!from.is_empty(), *time));
    most.map(|(call, _)| call).unwrap_or_default()
}

/// The function in which threads most often were made to let go while they computed; `None`: too few of them were seen, since functions are
/// read a moment later, and only while the wait lasts.
fn runs(findings: &Findings<'_>, claims: &[Claim]) -> Option<HotFunction> {
    let classifier = findings.inventory.classifier;
    let is_one = |word: ClassId| {
        let site = findings.lock_site(WaitSite::plain(WaitKind::Futex, word));
        claims.iter().any(|claim| claim.site == site)
    };
    let mut functions: BTreeMap<String, u64> = BTreeMap::new();
    for (_, word) in classifier
        .futexes
        .all()
        .into_iter()
        .filter(|(id, _)| is_one(*id))
    {
        for (stack, count) in &word.stacks {
            let stack = classifier.stacks.get(stack);
            let stack = stack.filter(|stack| way_to_interpreter(stack) == Some(Way::Computing));
            if let Some(frame) = stack.and_then(Stack::call_site) {
                let function = Frame {
                    line: 0,
                    ..frame.clone()
                };
                let name = printable(&function.to_string()).into_owned();
                *functions.entry(name).or_default() += count;
            }
        }
    }
    /// Fewer say nothing of where most of it is.
    const LEAST: u64 = 5;
    let all: u64 = functions.values().sum();
    if all < LEAST {
        return None;
    }
    let most = functions.into_iter().max_by_key(|(_, count)| *count);
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    most.map(|(name, count)| HotFunction {
        name,
        share: count as f64 / all as f64,
    })
}
