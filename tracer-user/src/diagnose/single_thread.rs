//! `single-thread`: one thread carries all tasks, and has no time for them.
//!
//! Must be seen: replies that have come and lie unread, by the kernel's own note of when data last came in, and a thread that
//! meanwhile computes, has no CPU, or sleeps in a call that is no poll. Refuted by: several threads that carry the tasks of a
//! process, any of which could have read the reply.

use std::collections::BTreeSet;

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::actors::ActorId;
use crate::cause::Cause;
use crate::classify::{State, WaitKind, WaitSite};
use crate::row::Pid;
use crate::scaling::Lost;
use crate::work::Actor;

/// A loop that is busy for this share of the window has hardly a pause.
const BUSY: f64 = 0.8;

/// What is seen of the threads that carry the tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct SingleThreadFacts {
    /// Where tasks wait for them.
    pub site: WaitSite,
    /// Name of one of them.
    pub name: String,
    /// How many there are, one a process.
    pub threads: usize,
    /// Worker time in which a reply lay unread, s.
    pub seconds: f64,
    /// Share of the window in which such a thread computes, 0 to 1.
    pub computes: f64,
    /// In which it has no CPU.
    pub queues: f64,
    /// In which it sleeps in calls that are no poll.
    pub sleeps: f64,
    /// Where it sleeps most; `None`: it does not.
    pub sleeps_in: Option<WaitSite>,
}

impl SingleThreadFacts {
    /// Share of the window in which the thread has no time for replies.
    #[must_use]
    pub fn busy(&self) -> f64 {
        self.computes + self.queues + self.sleeps
    }
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
    let carriers = carriers(findings);
    let processes: BTreeSet<Pid> = carriers
        .iter()
        .map(|(_, actor)| actor.account.pid)
        .collect();
    let Some(facts) = facts(findings, &carriers, site, seconds) else {
        return;
    };
    let culprit = Culprit {
        kind: CulpritKind::Thread,
        name: format!("thread {}", facts.name),
        capacity: count(processes.len()),
        ..Culprit::default()
    };
    if carriers.len() > processes.len() {
        let by = Refutation::SeveralCarriers {
            threads: carriers.len(),
        };
        ruling.clear(Cause::SingleThread, culprit, by);
        return;
    }
    let busy = facts.busy() * count(carriers.len()) * findings.window();
    ruling.candidates.push(Candidate {
        claims: vec![Claim {
            site,
            lost: Lost::certain(seconds),
        }],
        demand: findings.per_item(busy),
        capacity: count(carriers.len()),
        tests: vec![Sign::LoopIsBusy.is(Outcome::of(facts.busy() >= BUSY))],
        ..Candidate::new(
            findings.stage_of(site),
            Culprit {
                service_ms: 1e3 * findings.per_item(busy),
                rate_per_s: findings.rate(),
                ..culprit
            },
            Facts::SingleThread(facts),
        )
    });
}

type Carriers<'a> = Vec<(ActorId, &'a Actor<'a>)>;

/// Threads that carry tasks of the workers, those that have anything to do.
fn carriers<'a>(findings: &'a Findings<'a>) -> Carriers<'a> {
    let of_workers: BTreeSet<Pid> = findings
        .workers
        .keys()
        .filter_map(|id| findings.inventory.actors.get(id))
        .map(|actor| actor.account.pid)
        .collect();
    let all = findings.inventory.actors.iter();
    all.filter(|(_, actor)| actor.is_carrier && of_workers.contains(&actor.account.pid))
        .map(|(id, actor)| (*id, actor))
        .collect()
}

/// What the threads do, each on average.
fn facts(
    findings: &Findings<'_>,
    carriers: &Carriers<'_>,
    site: WaitSite,
    seconds: f64,
) -> Option<SingleThreadFacts> {
    let (first, _) = carriers.first()?;
    let all = count(carriers.len()) * findings.window();
    let (mut computes, mut queues, mut sleeps) = (0.0, 0.0, 0.0);
    let mut most: Option<(f64, WaitSite)> = None;
    for ((_, state), time) in carriers.iter().flat_map(|(_, actor)| &actor.slots.times) {
        match state {
            State::Running => computes += time.seconds(),
            State::Queued => queues += time.seconds(),
            State::Waiting(id) => {
                let at = findings.inventory.classifier.sites.get(*id).station();
                if !matches!(at.kind, WaitKind::Poll | WaitKind::Futex) {
                    sleeps += time.seconds();
                    if most.is_none_or(|(seconds, _)| time.seconds() > seconds) {
                        most = Some((time.seconds(), at));
                    }
                }
            }
            State::Absent | State::Unknown | State::Stopped => {}
        }
    }
    Some(SingleThreadFacts {
        site,
        name: findings.thread(*first),
        threads: carriers.len(),
        seconds,
        computes: computes / all.max(1e-9),
        queues: queues / all.max(1e-9),
        sleeps: sleeps / all.max(1e-9),
        sleeps_in: most.map(|(_, at)| at),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a number of threads")]
fn count(number: usize) -> f64 {
    number as f64
}
