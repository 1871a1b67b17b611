//! `imbalance`: workers meet at a barrier, and all wait there for whoever comes last.
//!
//! Must be seen: at one place in the program most of the waiting ends together ([`crate::blame::Together`]), that of nearly all who meet there at
//! a time, round after round, by a fellow worker that came last. All waiting there is lost: one worker alone would meet nobody.
//! Refuted by: waits that end one at a time (a lock), releases by others than those who meet (a feeder), workers that are back at once (all
//! are woken for what one takes). Near to it: a lock that one has for long, and the others only for a moment one after the
//! other; where each lets the next one go on, that is not told apart.

use std::collections::{BTreeMap, BTreeSet};

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::{Facts, Holding};
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::{BY_CO_WAITERS, WORTH_NAMING};
use crate::actors::ActorId;
use crate::blame::{Between, Charge, LockStats, Released, Together};
use crate::cause::Cause;
use crate::classify::{WaitKind, WaitSite};
use crate::scaling::Lost;

/// Of two that meet only one waits, as at any lock.
const LEAST_MEMBERS: usize = 3;
/// Fewer rounds may be chance.
const LEAST_ROUNDS: u64 = 3;
/// A release of nearly all: some who meet there may be late for it, since they have no CPU to begin to wait on.
const NEARLY_ALL: f64 = 0.75;
/// Most of the waiting ends in such releases.
const MOSTLY: f64 = 0.5;
/// Where less of it does, nobody takes the lock for a barrier.
const LOOKS_LIKE: f64 = 0.1;
/// Who comes last in so many of the rounds is always the same one; of four workers alike each does in a quarter.
const ALWAYS: f64 = 0.75;

/// What is seen of a barrier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ImbalanceFacts {
    /// Where they wait for each other.
    pub site: WaitSite,
    /// How many workers meet there.
    pub members: usize,
    /// How many of them waited.
    pub waiters: usize,
    /// Worker time that took, s.
    pub seconds: f64,
    /// How often nearly all were let go together.
    pub rounds: u64,
    /// How many that were at a time, on average.
    pub released: f64,
    /// Share of the waiting that ended so, 0 to 1.
    pub share: f64,
    /// How long one waited in a round, on average, s.
    pub wait_s: f64,
    /// From one release to its next arrival, on average, s.
    pub work_s: f64,
    /// Its standard deviation over its mean, over all workers and rounds.
    pub variation: f64,
    /// Who comes last.
    pub last: Last,
    /// What that one does most, while the others wait.
    pub meanwhile: Option<Holding>,
}

/// Who comes last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Last {
    /// Mostly the same one.
    Same {
        /// Which.
        who: ActorId,
        /// In which share of the rounds, 0 to 1.
        share: f64,
        /// What it takes from one release to the next, on average, s.
        work_s: f64,
        /// What the others take, s.
        others_s: f64,
    },
    /// Ever another.
    Another {
        /// Share of the rounds of the one that does most often, 0 to 1.
        most: f64,
    },
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        let is_one = site.kind == WaitKind::Futex && !findings.is_interpreters(site.class);
        if is_one
            && seconds >= WORTH_NAMING * findings.time()
            && let Some(stats) = findings.lock(site)
            && let Some(meeting) = Meeting::of(findings, stats)
        {
            judge(findings, (site, seconds), stats, &meeting, &mut ruling);
        }
    }
    ruling
}

/// What the releases at one place say.
struct Meeting {
    members: usize,
    /// Releases of nearly all, and the waits that they ended.
    full: Released,
    ended: u64,
    /// Share of the waiting that ended so.
    share: f64,
    /// Share of the releases that those who meet began.
    by_members: f64,
    /// Share of the arrivals that came at once after a release.
    nothing: f64,
    between: Between,
    last: Option<Last>,
}

impl Meeting {
    /// `None`: hardly any waits end together, or too few meet.
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    fn of(findings: &Findings<'_>, stats: &LockStats) -> Option<Self> {
        let together = &stats.together;
        let workers = findings.worker_set();
        let members = members(&workers, stats);
        if members.len() < LEAST_MEMBERS {
            return None;
        }
        let nearly_all = NEARLY_ALL * (members.len() - 1) as f64;
        let (mut full, mut ended) = (Released::default(), 0);
        for (count, released) in &together.sizes {
            if *count as f64 >= nearly_all {
                full.merge(released);
                ended += count * released.times;
            }
        }
        let share = full.waiting.seconds() / stats.waiting.seconds().max(1e-9);
        if share < LOOKS_LIKE || full.times < LEAST_ROUNDS {
            return None;
        }
        let releases: u64 = together.releasers.values().sum();
        let by_members = together.releasers.iter();
        let by_members = by_members.filter(|(who, _)| members.contains(who));
        let by_members: u64 = by_members.map(|(_, times)| times).sum();
        let mut between = Between::default();
        for of in together.between.values() {
            between.merge(of);
        }
        Some(Self {
            members: members.len(),
            full,
            ended,
            share,
            by_members: by_members as f64 / releases.max(1) as f64,
            nothing: between.nothing as f64 / between.times.max(1) as f64,
            between,
            last: last(together, releases),
        })
    }

    fn refutation(&self) -> Option<Refutation> {
        if self.by_members < BY_CO_WAITERS {
            return Some(Refutation::WokenByOthers {
                by_workers: self.by_members,
            });
        }
        if self.share < MOSTLY {
            return Some(Refutation::OneAtATime { share: self.share });
        }
        (self.nothing > MOSTLY).then_some(Refutation::WokenForNothing {
            share: self.nothing,
        })
    }
}

/// The workers that meet: those who wait, and one more that may always come last. Where several let others go on and never wait
/// themselves, they do not meet them.
fn members(workers: &BTreeSet<ActorId>, stats: &LockStats) -> BTreeSet<ActorId> {
    let is_worker = |who: &&ActorId| workers.contains(who);
    let waiters = stats.waiters.keys().filter(is_worker);
    let mut members: BTreeSet<ActorId> = waiters.copied().collect();
    let others = stats.together.releasers.keys().filter(is_worker);
    let others: Vec<ActorId> = others
        .filter(|who| !members.contains(who))
        .copied()
        .collect();
    if let [only] = others.as_slice() {
        members.insert(*only);
    }
    members
}

/// Who begins the releases.
#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn last(together: &Together, releases: u64) -> Option<Last> {
    let releasers: &BTreeMap<ActorId, u64> = &together.releasers;
    let most = releasers.iter();
    let (who, times) = most.max_by_key(|(who, times)| (**times, std::cmp::Reverse(**who)))?;
    let share = *times as f64 / releases.max(1) as f64;
    if share < ALWAYS {
        return Some(Last::Another { most: share });
    }
    let mut others = Between::default();
    for (_, between) in together.between.iter().filter(|(other, _)| *other != who) {
        others.merge(between);
    }
    Some(Last::Same {
        who: *who,
        share,
        work_s: together.between.get(who).map_or(0.0, Between::mean),
        others_s: others.mean(),
    })
}

fn judge(
    findings: &Findings<'_>,
    (site, seconds): (WaitSite, f64),
    stats: &LockStats,
    meeting: &Meeting,
    ruling: &mut Ruling,
) {
    let Some(last) = meeting.last else {
        return;
    };
    let culprit = culprit(findings, site, meeting, last);
    if let Some(by) = meeting.refutation() {
        ruling.clear(Cause::Imbalance, culprit, by);
        return;
    }
    let charge = match last {
        Last::Same { who, .. } => stats.charges.get(&who).cloned(),
        Last::Another { .. } => Some(stats.charged()),
    };
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let ended = meeting.ended as f64;
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let (rounds, direct) = (meeting.full.times as f64, meeting.full.direct as f64);
    let facts = ImbalanceFacts {
        site,
        members: meeting.members,
        waiters: findings.waiting_workers(stats),
        seconds,
        rounds: meeting.full.times,
        released: ended / rounds,
        share: meeting.share,
        wait_s: meeting.full.waiting.seconds() / ended,
        work_s: meeting.between.mean(),
        variation: meeting.between.variation(),
        last,
        meanwhile: charge.and_then(|charge: Charge| findings.holding(&charge)),
    };
    let is_at_once = direct >= MOSTLY * ended;
    let has_call_site = !culprit.call_site.is_empty();
    ruling.candidates.push(Candidate {
        claims: vec![Claim {
            site,
            lost: Lost {
                // What did not end so may be a lock's at the same place.
                proved: seconds * meeting.share.min(1.0),
                likely: seconds,
                possible: seconds,
            },
        }],
        tests: vec![
            Sign::ReleasedTogether.is(Outcome::Seen),
            Sign::WokenByCoWaiters.is(Outcome::Seen),
            Sign::CallSite.is(Outcome::if_there(has_call_site)),
        ],
        alternatives: match is_at_once {
            true => Vec::new(),
            false => vec![Cause::UserLock],
        },
        ..Candidate::new(findings.stage_of(site), culprit, Facts::Imbalance(facts))
    });
}

fn culprit(findings: &Findings<'_>, site: WaitSite, meeting: &Meeting, last: Last) -> Culprit {
    let call_site = findings.call_site(site.class).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let rounds = meeting.full.times as f64;
    Culprit {
        kind: CulpritKind::Lock,
        name: match call_site.as_str() {
            "" => "a barrier".to_owned(),
            place => format!("barrier in {place}"),
        },
        call_site,
        process: match last {
            Last::Same { who, .. } => findings.thread(who),
            Last::Another { .. } => String::new(),
        },
        rate_per_s: rounds / findings.window().max(1e-9),
        ..Culprit::default()
    }
}
