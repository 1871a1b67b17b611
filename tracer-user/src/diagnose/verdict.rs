//! From candidates to the one verdict.

use super::account::{Account, Place};
use super::blocks::Where;
use super::candidate::{Candidate, Refuted, Ruling};
use super::checks::Checks;
use super::confidence::{Confidence, Grounds, Seen, UNEXPLAINED, confidence};
use super::culprit::Culprit;
use super::findings::Findings;
use super::weight::{Weight, Work, weigh};
use crate::blame::HolderActivity;
use crate::cause::Cause;
use crate::classify::ClassId;
use crate::row::Nanos;
use crate::scaling::{
    Factor, Lost, MINOR, RateSource, Severity, Stability, factor, karp_flatt, stability,
};
use crate::work::StageName;

/// A thread with more exchanges under way at once than this is an event loop: what it waits for is not what its requests
/// wait for.
const IN_FLIGHT: f64 = 1.5;
/// One more thread of the same name may be a helper; of more, as many as there are workers, it is asked why they do nothing.
const LEAST_IDLE: usize = 1;
/// Items below which nothing is named.
const FEW_ITEMS: u64 = 5;

/// Share of the records above which it is not said that nothing holds the workers up. They are lost where most happens at a time, so that
/// those which a wait would have shown in are among them: ten times what keeps a verdict from being strong.
const MOST_LOST: f64 = 0.01;

/// How the verdict came about.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Ground {
    /// Fewer items were completed than say anything.
    #[default]
    FewItems,
    /// The dearest candidate is named.
    Named,
    /// It scales; what a worker does most.
    Scales(HolderActivity),
    /// Those that work scale, but as many like them had nothing to do all the while; how many.
    Idle(usize),
    /// Its threads carry several requests at a time.
    EventLoop {
        /// How many, on average.
        in_flight: f64,
        /// Share of the time in which they compute, 0 to 1.
        computing: f64,
    },
    /// Those tasks that were seen scale, so many; others may wait inside the process.
    TasksUnseen(usize),
    /// The threads that were seen at work scale, but their runtime shows more tasks than these, so many, for which they may work.
    TasksBeside(usize),
    /// Requests to a peer are sent without waiting for the replies to those before: how many work on the same connection does not show.
    Pipelined {
        /// Which peer.
        peer: ClassId,
        /// Share of its requests that are, 0 to 1.
        ahead: f64,
    },
    /// It scales by what was seen, but of the records this share was lost, 0 to 1.
    RecordsLost(f64),
    /// From outside it cannot be told whether the dearest candidate is one; share of worker time it may cost, 0 to 1.
    Undetermined(f64),
    /// Too much worker time is unexplained; where most of it is, and what share of worker time that is.
    Unexplained {
        /// Where.
        place: Place,
        /// 0 to 1.
        share: f64,
    },
}

/// The one answer, in facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// How bad.
    pub severity: Severity,
    /// What.
    pub cause: Cause,
    /// Where.
    pub stage: StageName,
    /// The thing to look at.
    pub culprit: Culprit,
    /// Share of the lost time, 0 to 1.
    pub share: f64,
    /// How far it may be believed.
    pub confidence: Confidence,
    /// What cannot be told apart from it from outside.
    pub alternatives: Vec<Cause>,
    /// How it came about.
    pub ground: Ground,
}

/// The conclusion: verdict, factor and the candidates in their order.
#[derive(Clone, Debug, Default)]
pub struct Conclusion {
    /// The one answer.
    pub verdict: Verdict,
    /// How far it scales.
    pub factor: Factor,
    /// Karp-Flatt.
    pub karp_flatt: f64,
    /// Source of the single rate.
    pub source: RateSource,
    /// By the time each costs, dearest first.
    pub candidates: Vec<Candidate>,
    /// What each of them weighs.
    pub weights: Vec<Weight>,
    /// What was looked into and cleared.
    pub refuted: Vec<Refuted>,
    /// All that is lost.
    pub lost: Lost,
    /// Where all worker time went.
    pub account: Account,
    /// How it stands when the window's blocks are drawn anew; `None`: the window is too short for that.
    pub stability: Option<Stability>,
}

/// Concludes.
#[must_use]
pub fn conclude(findings: &Findings<'_>, ruling: Ruling, checks: &Checks) -> Conclusion {
    let Ruling {
        mut candidates,
        refuted,
    } = ruling;
    candidates.sort_by(|a, b| {
        let (a, b) = (a.lost(), b.lost());
        b.likely
            .total_cmp(&a.likely)
            .then(b.possible.total_cmp(&a.possible))
    });
    let (time, count, rate) = (findings.time(), findings.count(), findings.rate());
    let lost = candidates
        .iter()
        .fold(Lost::default(), |sum, candidate| sum + candidate.lost());
    // A cap bounds the single rate only where it is what limits: the dearest candidate.
    let caps: Vec<f64> = candidates
        .first()
        .and_then(|candidate| candidate.cap)
        .into_iter()
        .collect();
    let stability = stability_of(findings, &candidates);
    let factor = factor(count, time, lost, rate, &caps).widened(stability);
    let source = RateSource::Modelled;
    let run = findings.per_item(findings.all.run.seconds());
    let work = Work {
        time,
        rate,
        cpus_allow: f64::from(findings.meta.host.cpus.max(1)) / run.max(1e-12),
        run: findings.all.run.seconds(),
    };
    let account = Account::of(findings, &candidates);
    debug_assert!((account.total() - time).abs() <= 1e-6 * time.max(1.0));
    let mut conclusion = Conclusion {
        verdict: Verdict::default(),
        factor,
        karp_flatt: karp_flatt(factor.value, count),
        source,
        weights: weigh(&candidates, work, factor, source),
        candidates,
        refuted,
        lost,
        account,
        stability,
    };
    conclusion.verdict = verdict(findings, &conclusion, checks);
    conclusion
}

/// How the candidates stand when the window's blocks are drawn anew.
fn stability_of(findings: &Findings<'_>, candidates: &[Candidate]) -> Option<Stability> {
    let places: Vec<Where> = candidates
        .iter()
        .map(|candidate| Where {
            sites: candidate.sites(),
            running: candidate.running.likely > 0.0,
            run_queue: candidate.run_queue.likely > 0.0,
        })
        .collect();
    let lost: Vec<f64> = candidates
        .iter()
        .zip(&places)
        .map(|(candidate, place)| {
            let blocked: f64 = place.sites.iter().map(|site| findings.blocked(*site)).sum();
            let all_if = |is_one: bool, time: Nanos| if is_one { time.seconds() } else { 0.0 };
            let run = all_if(place.running, findings.all.run);
            let queued = all_if(place.run_queue, findings.all.queued);
            candidate.lost().likely / (blocked + run + queued).max(1e-9)
        })
        .collect();
    stability(&findings.blocks(&places), &lost)
}

fn verdict(findings: &Findings<'_>, conclusion: &Conclusion, checks: &Checks) -> Verdict {
    let ground = ground(findings, conclusion);
    let first = conclusion.candidates.first();
    match ground {
        Ground::Named => first.map_or_else(Verdict::default, |candidate| {
            named(findings, conclusion, checks, candidate)
        }),
        Ground::Scales(_) => Verdict {
            severity: Severity::Good,
            cause: Cause::None,
            stage: longest_stage(findings),
            confidence: weighed(findings, conclusion, checks, None),
            ground,
            ..Verdict::default()
        },
        Ground::Undetermined(_) => first.map_or_else(Verdict::default, |candidate| Verdict {
            stage: candidate.stage,
            culprit: candidate.culprit.clone(),
            alternatives: std::iter::once(candidate.cause)
                .chain(candidate.alternatives.iter().copied())
                .collect(),
            ground,
            ..Verdict::default()
        }),
        Ground::FewItems
        | Ground::Idle(_)
        | Ground::EventLoop { .. }
        | Ground::TasksUnseen(_)
        | Ground::TasksBeside(_)
        | Ground::Pipelined { .. }
        | Ground::RecordsLost(_)
        | Ground::Unexplained { .. } => Verdict {
            ground,
            ..Verdict::default()
        },
    }
}

fn ground(findings: &Findings<'_>, conclusion: &Conclusion) -> Ground {
    let (factor, in_flight) = (conclusion.factor, findings.in_flight());
    let time = findings.time().max(1e-9);
    let first = conclusion.candidates.first().map(Candidate::lost);
    if findings.items < FEW_ITEMS {
        return Ground::FewItems;
    }
    if in_flight > IN_FLIGHT {
        return Ground::EventLoop {
            in_flight,
            computing: findings.all.run.seconds() / time,
        };
    }
    if factor.value > MINOR {
        return Ground::Named;
    }
    if let Some(lost) = first
        && factor.interval[1] > 2.0 * MINOR
        && lost.possible > lost.likely
    {
        return Ground::Undetermined(lost.possible / time);
    }
    if let Some((peer, ahead)) = findings.pipelined() {
        return Ground::Pipelined { peer, ahead };
    }
    let idle = findings.cycle.idle.len();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of tasks"
    )]
    let beside = findings
        .beside
        .as_ref()
        .map_or(0, |tasks| tasks.count.round() as usize);
    match conclusion.account.least_explained() {
        Some(row) if conclusion.account.unexplained_share() > UNEXPLAINED => Ground::Unexplained {
            place: row.place,
            share: row.unexplained / time,
        },
        _ if idle > LEAST_IDLE && idle >= findings.workers.len() => Ground::Idle(idle),
        _ if lost(findings) > MOST_LOST => Ground::RecordsLost(lost(findings)),
        _ if beside > 0 => Ground::TasksBeside(beside),
        _ if !findings.is_counted() && findings.unit() == "task" => {
            Ground::TasksUnseen(findings.workers.len())
        }
        _ => Ground::Scales(most(findings)),
    }
}

/// Share of the records that were lost, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn lost(findings: &Findings<'_>) -> f64 {
    let counters = &findings.meta.counters;
    counters.lost() as f64 / (counters.events.max(1)) as f64
}

/// What a worker does most.
fn most(findings: &Findings<'_>) -> HolderActivity {
    let run = findings.all.run.seconds();
    match findings.sites().first() {
        Some((site, seconds)) if *seconds > run => HolderActivity::Blocked(*site),
        _ => HolderActivity::Runs,
    }
}

fn longest_stage(findings: &Findings<'_>) -> StageName {
    findings
        .stages
        .iter()
        .max_by_key(|(_, stage)| stage.times.total())
        .map_or(StageName::Other, |(name, _)| *name)
}

fn named(
    findings: &Findings<'_>,
    conclusion: &Conclusion,
    checks: &Checks,
    first: &Candidate,
) -> Verdict {
    Verdict {
        severity: Severity::of(conclusion.factor.value, conclusion.karp_flatt),
        cause: first.cause,
        stage: first.stage,
        culprit: first.culprit.clone(),
        share: conclusion
            .weights
            .first()
            .map_or(0.0, |weight| weight.share),
        confidence: weighed(findings, conclusion, checks, Some(first)),
        alternatives: first.alternatives.clone(),
        ground: Ground::Named,
    }
}

/// The confidence in the first candidate, or in there being none.
fn weighed(
    findings: &Findings<'_>,
    conclusion: &Conclusion,
    checks: &Checks,
    first: Option<&Candidate>,
) -> Confidence {
    confidence(&Grounds {
        stability: conclusion.stability,
        tests: first.map_or(&[], |candidate| &candidate.tests),
        alternatives: first.map_or(&[], |candidate| &candidate.alternatives),
        factor: conclusion.factor,
        items: findings.items,
        seen: Seen {
            unexplained: conclusion.account.unexplained_share(),
            unknown: findings.all.unknown.seconds() / findings.time().max(1e-9),
            // Where nothing was compared, nothing speaks against it; the report says so.
            kernel: checks.kernel.worst().unwrap_or_default(),
            lost: lost(findings),
        },
    })
}
