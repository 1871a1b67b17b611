//! From candidates to the one verdict.

use super::candidate::Candidate;
use super::findings::Findings;
use crate::cause::Cause;
use crate::report::{Culprit, RateSource, Severity, StageName, Verdict};
use crate::scaling::{Factor, KARP_FLATT_CRITICAL, Lost, factor, karp_flatt};
use crate::work::WaitKind;

/// Severity by the serialization factor, as users know it.
const CRITICAL: f64 = 10.0;
/// See [`CRITICAL`].
const WARNING: f64 = 3.0;
/// See [`CRITICAL`].
const MINOR: f64 = 1.5;
/// A thread with more exchanges under way at once than this is an event loop: what it waits for is not what its requests
/// wait for.
const IN_FLIGHT: f64 = 1.5;
/// A thread that computes for more of the time than this may be what holds its requests up.
const BUSY: f64 = 0.8;
/// Polling for what is not known may be waiting for anybody: with more of the time than this nothing is known to be well.
const POLLS: f64 = 0.2;
/// Items below which nothing is named.
const FEW_ITEMS: u64 = 5;
/// Most confidence while what cannot be told apart from outside stays open.
const UNDECIDED: f64 = 0.6;
/// Lost records above this share of all cap the confidence.
const LOSSY: f64 = 0.001;

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
    /// Speed-up from removing each alone.
    pub gains: Vec<f64>,
    /// All that is lost.
    pub lost: Lost,
    /// Share of the loss that no candidate explains.
    pub unexplained: f64,
}

/// Concludes.
#[must_use]
pub fn conclude(findings: &Findings<'_>, mut candidates: Vec<Candidate>) -> Conclusion {
    candidates.sort_by(|a, b| {
        b.lost
            .likely
            .total_cmp(&a.lost.likely)
            .then(b.lost.possible.total_cmp(&a.lost.possible))
    });
    let (time, count, rate) = (findings.time(), findings.count(), findings.rate());
    let lost = candidates
        .iter()
        .fold(Lost::default(), |sum, candidate| sum + candidate.lost);
    // A cap bounds the single rate only where it is what limits: the dearest candidate.
    let caps: Vec<f64> = candidates
        .first()
        .and_then(|candidate| candidate.cap)
        .into_iter()
        .collect();
    let factor = factor(count, time, lost, rate, &caps);
    let e = karp_flatt(factor.value, count);
    let gains: Vec<f64> = candidates
        .iter()
        .map(|candidate| time / (time - candidate.lost.likely.min(0.999 * time)).max(1e-9))
        .collect();
    let severity = severity(factor.value, e);
    let mut out = Conclusion {
        factor,
        karp_flatt: e,
        source: RateSource::Modelled,
        gains,
        lost,
        unexplained: unexplained(time, factor, lost),
        ..Conclusion::default()
    };
    out.verdict = if findings.items < FEW_ITEMS {
        unknown(findings, &candidates)
    } else if findings.in_flight() > IN_FLIGHT {
        event_loop(findings)
    } else if factor.value <= MINOR
        && factor.interval[1] > 2.0 * MINOR
        && candidates
            .first()
            .is_some_and(|s| s.lost.possible > s.lost.likely)
    {
        undecided(findings, &candidates, factor)
    } else if factor.value <= MINOR && polls(findings) > POLLS {
        polling(findings)
    } else if factor.value <= MINOR {
        none(findings, factor)
    } else {
        named(findings, &candidates, factor, severity, lost)
    };
    out.candidates = candidates;
    out
}

/// Share of what the factor says is lost that no candidate explains: of max(sum of all losses, T - 1 / r1).
fn unexplained(time: f64, factor: Factor, lost: Lost) -> f64 {
    let all = (time - time / factor.value.max(1.0)).max(lost.likely);
    if all > 0.0 {
        (all - lost.likely) / all
    } else {
        0.0
    }
}

fn severity(value: f64, e: f64) -> Severity {
    if value > CRITICAL || (value > MINOR && e >= KARP_FLATT_CRITICAL) {
        Severity::Critical
    } else if value > WARNING {
        Severity::Warning
    } else if value > MINOR {
        Severity::Minor
    } else {
        Severity::Good
    }
}

fn named(
    findings: &Findings<'_>,
    candidates: &[Candidate],
    factor: Factor,
    severity: Severity,
    lost: Lost,
) -> Verdict {
    let Some(first) = candidates.first() else {
        return unknown(findings, candidates);
    };
    let share = if lost.likely > 0.0 {
        first.lost.likely / lost.likely
    } else {
        0.0
    };
    let second = candidates
        .get(1)
        .map_or(0.0, |candidate| candidate.lost.likely);
    let margin = if first.lost.likely > 0.0 {
        1.0 - second / first.lost.likely
    } else {
        0.0
    };
    let mut confidence = first.seen * (0.55 + 0.4 * margin) * enough(findings);
    if !first.alternatives.is_empty() {
        confidence = confidence.min(UNDECIDED);
    }
    let counters = &findings.meta.counters;
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    if counters.lost() as f64 > LOSSY * counters.events as f64 {
        confidence = confidence.min(0.5);
    }
    Verdict {
        severity,
        cause: first.cause,
        stage: first.stage,
        culprit: first.culprit.clone(),
        share_of_lost_time: share,
        confidence,
        alternatives: first.alternatives.clone(),
        sentence: format!(
            "{} the work of {} (SF {}): {}{}",
            crew(findings.workers.len()),
            short(findings.count() / factor.value),
            between(factor),
            first.clause,
            hedge(confidence, &first.alternatives),
        ),
    }
}

fn none(findings: &Findings<'_>, factor: Factor) -> Verdict {
    let largest = findings.sites().into_iter().next();
    let (name, spot_seconds) = largest.map_or((String::new(), 0.0), |(site, seconds)| {
        (
            findings.doing(&crate::blame::HolderActivity::Blocked(site)),
            seconds,
        )
    });
    let run = findings.all.run.seconds();
    let most = if run >= spot_seconds {
        "computes".to_owned()
    } else {
        name
    };
    Verdict {
        severity: Severity::Good,
        cause: Cause::None,
        stage: findings
            .stages
            .iter()
            .max_by_key(|(_, stage)| stage.times.total())
            .map_or(StageName::Other, |(name, _)| *name),
        culprit: Culprit {
            kind: "none".to_owned(),
            name: most.clone(),
            ..Culprit::default()
        },
        share_of_lost_time: 0.0,
        confidence: 0.9 * enough(findings),
        alternatives: Vec::new(),
        sentence: format!(
            "{} the work of {} (SF {}): nothing serialises them; most of its time a worker {most}",
            crew(findings.workers.len()),
            short(findings.count() / factor.value),
            between(factor),
        ),
    }
}

fn undecided(findings: &Findings<'_>, candidates: &[Candidate], factor: Factor) -> Verdict {
    let mut verdict = unknown(findings, candidates);
    if let Some(first) = candidates.first() {
        verdict.alternatives = std::iter::once(first.cause)
            .chain(first.alternatives.iter().copied())
            .collect();
        verdict.culprit = first.culprit.clone();
        verdict.stage = first.stage;
        verdict.sentence = format!(
            "undetermined (SF {} to {}): {} takes {:.0}% of the workers' time, and from outside it cannot be told whether it serves them one after the other; vary the number of workers, or record on the host it runs on",
            short(factor.interval[0]),
            short(factor.interval[1]),
            first.culprit.name,
            100.0 * first.lost.possible / findings.time().max(1e-9),
        );
    }
    verdict
}

fn event_loop(findings: &Findings<'_>) -> Verdict {
    let time = findings.time().max(1e-9);
    Verdict {
        cause: Cause::Unknown,
        culprit: Culprit {
            kind: "none".to_owned(),
            ..Culprit::default()
        },
        sentence: format!(
            "unknown: {} {} requests at a time (an event loop), and what a thread waits for is not what its requests wait for; it computes for {:.0}% of the time{}",
            match findings.workers.len() {
                1 => "one thread carries".to_owned(),
                several => format!("each of {several} threads carries"),
            },
            short(findings.in_flight()),
            100.0 * findings.all.run.seconds() / time,
            if findings.all.run.seconds() > BUSY * time {
                ": it may be the bottleneck itself"
            } else {
                "; watch the process that answers it, whose threads may show more"
            },
        ),
        ..Verdict::default()
    }
}

/// Share of the workers' time in polls of which it is not known what for.
fn polls(findings: &Findings<'_>) -> f64 {
    let polls = findings.all.blocked.iter();
    let time: f64 = polls
        .filter(|(site, _)| site.kind == WaitKind::Poll)
        .map(|(_, time)| time.seconds())
        .sum();
    time / findings.time().max(1e-9)
}

fn polling(findings: &Findings<'_>) -> Verdict {
    Verdict {
        cause: Cause::Unknown,
        culprit: Culprit {
            kind: "none".to_owned(),
            ..Culprit::default()
        },
        sentence: format!(
            "unknown: a worker polls for {:.0}% of its time, and nothing it reads afterwards tells what for: a timer of its event loop, or another thread",
            100.0 * polls(findings),
        ),
        ..Verdict::default()
    }
}

fn unknown(findings: &Findings<'_>, candidates: &[Candidate]) -> Verdict {
    let proved = candidates
        .iter()
        .filter(|candidate| candidate.lost.proved > 0.0)
        .max_by(|a, b| a.lost.proved.total_cmp(&b.lost.proved));
    let seen = match proved {
        Some(candidate) => format!(
            "proved so far: {} ({:.1} s of worker time)",
            candidate.clause, candidate.lost.proved
        ),
        None => match findings.sites().first() {
            Some((site, seconds)) => {
                format!(
                    "mostly a thread {} ({seconds:.1} s)",
                    findings.doing(&crate::blame::HolderActivity::Blocked(*site))
                )
            }
            None => "no waiting was seen".to_owned(),
        },
    };
    let advice = if findings.items == 0 {
        "no completed item was seen; watch longer with --duration 60s, or name the item with --item"
    } else {
        "too few items were completed; watch longer with --duration 60s"
    };
    Verdict {
        cause: Cause::Unknown,
        culprit: Culprit {
            kind: "none".to_owned(),
            ..Culprit::default()
        },
        sentence: format!("unknown: {advice}; {seen}"),
        ..Verdict::default()
    }
}

/// Less than a hundred items leave doubt.
#[expect(clippy::cast_precision_loss, reason = "a number of items")]
fn enough(findings: &Findings<'_>) -> f64 {
    (findings.items as f64 / 100.0).sqrt().clamp(0.5, 1.0)
}

fn hedge(confidence: f64, alternatives: &[Cause]) -> String {
    if !alternatives.is_empty() {
        let ids: Vec<&str> = alternatives.iter().map(|cause| cause.id()).collect();
        format!(
            " (or {}: not to be told apart from outside)",
            ids.join(", ")
        )
    } else if confidence < 0.5 {
        " (not certain)".to_owned()
    } else {
        String::new()
    }
}

fn crew(workers: usize) -> String {
    match workers {
        1 => "1 worker does".to_owned(),
        several => format!("{several} workers do"),
    }
}

fn short(value: f64) -> String {
    if value >= 9.95 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn between(factor: Factor) -> String {
    let [low, high] = factor.interval;
    if short(low) == short(high) {
        short(factor.value)
    } else {
        format!(
            "{}, between {} and {}",
            short(factor.value),
            short(low),
            short(high)
        )
    }
}
