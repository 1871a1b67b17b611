//! Report against truth: what falls short, in full sentences.

use holdup::cause::Cause;
use holdup::demo::Span;
use holdup::diagnose::Level;
use holdup::report::Report;
use holdup::work::StageName;
use serde::{Deserialize, Serialize};

use crate::plan::{Case, Plan};
use crate::truth::Rates;
use crate::wanted::{Wanted, describe, is_cause};

/// Stage means: 5% ...
const STAGE_SHARE: f64 = 0.05;
/// ... or 0.3 ms.
const STAGE_MS: f64 = 0.3;
/// Item rate: 2%, and one item at the edge of the window.
pub const RATE_SHARE: f64 = 0.02;
/// Serialization factor: 15%.
pub const FACTOR_SHARE: f64 = 0.15;
/// Cross-check against the kernel's own figures: 1%.
const KERNEL_SHARE: f64 = 0.01;
/// The workload's own books must add up before anything is held against them.
const OWN_BOOKS_SHARE: f64 = 0.02;

/// Most of the CPUs that others may have while a workload is to be short of them: then three in four that queue do so behind its own.
const MOST_OTHERS: f64 = 0.25;

/// A stage, true and reported.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StageRow {
    /// Which.
    pub stage: StageName,
    /// By the workload's own clocks, ms an item.
    pub true_ms: f64,
    /// Reported.
    pub reported_ms: f64,
    /// Its printed +-.
    pub plus_minus_ms: f64,
    /// Within the goal.
    pub ok: bool,
}

impl StageRow {
    /// Whether it is off by no more than that share, so many ms, or what it says itself.
    #[must_use]
    pub fn is_near(&self, share: f64, ms: f64) -> bool {
        let apart = (self.reported_ms - self.true_ms).abs();
        apart <= (share * self.true_ms).max(ms).max(self.plus_minus_ms)
    }
}

/// What falls short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Whether a busy host can be the reason.
    pub kind: FaultKind,
    /// What, in a full sentence.
    pub text: String,
}

/// Whether a busy host can be the reason of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// Something else is named: no host is so busy that this may be, as long as the truth holds.
    Name,
    /// What vouches for the answer does not hold, or there is none: no host is so busy that this may be.
    Check,
    /// A figure differs from that of another moment, or the workload did not get under way.
    Timing,
}

impl Fault {
    /// Something else is named.
    #[must_use]
    pub fn name(text: String) -> Self {
        let kind = FaultKind::Name;
        Self { kind, text }
    }

    /// What vouches for the answer does not hold.
    #[must_use]
    pub fn check(text: String) -> Self {
        let kind = FaultKind::Check;
        Self { kind, text }
    }

    /// A busy host can be the reason.
    #[must_use]
    pub fn timing(text: String) -> Self {
        let kind = FaultKind::Timing;
        Self { kind, text }
    }
}

/// A row of the table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Row {
    /// Label.
    pub case: String,
    /// Seed.
    pub seed: u64,
    /// Workers.
    pub workers: usize,
    /// Workers reported.
    pub workers_reported: u32,
    /// Cause that is the truth.
    pub cause: Cause,
    /// What cannot be told apart from it from outside.
    #[serde(default)]
    pub or: Option<Cause>,
    /// Cause named; none: there was no report.
    pub cause_reported: Option<Cause>,
    /// What is said to be not told apart from that.
    #[serde(default)]
    pub alternatives: Vec<Cause>,
    /// Its confidence.
    pub confidence: f64,
    /// The same in a word.
    pub confidence_level: Level,
    /// Share of the time from opening to closing the window that was watched; the rest are pauses to stay within the budget.
    pub watched: f64,
    /// Culprit named.
    pub culprit: String,
    /// Whether it is the right one.
    pub culprit_ok: bool,
    /// True serialization factor.
    pub factor: f64,
    /// Its spread over the rounds.
    pub factor_spread: [f64; 2],
    /// Reported one.
    pub factor_reported: f64,
    /// Its interval.
    pub interval: [f64; 2],
    /// Items a second in the window, true.
    pub rate: f64,
    /// Reported.
    pub rate_reported: f64,
    /// Items a second without tracing.
    pub rate_untraced: f64,
    /// Stages.
    pub stages: Vec<StageRow>,
    /// Worker time that is in no or in two places, ns.
    pub conservation_error_ns: i64,
    /// Difference to the kernel's own figures, 0 to 1; `None`: not compared.
    pub kernel_difference: Option<f64>,
    /// Records lost.
    pub lost: u64,
    /// The verdict's sentence.
    pub sentence: String,
    /// Share of the host's CPUs that other programs had, 0 to 1.
    pub others: f64,
    /// Why what was reported cannot be held against the truth; empty: it can.
    pub not_judged: String,
    /// Why it could not run here; empty: it did.
    pub not_run: String,
    /// What falls short; empty: nothing.
    pub faults: Vec<Fault>,
    /// This is a second run; what fell short in the first.
    pub first_run: Vec<Fault>,
}

impl Row {
    /// A row for what could not run.
    #[must_use]
    pub fn not_run(case: &Case, seed: u64, plan: &Plan, why: String) -> Self {
        Self {
            not_run: why,
            ..Self::begin(case, seed, plan)
        }
    }

    /// A row for what went wrong before there was a report.
    #[must_use]
    pub fn failed(case: &Case, seed: u64, plan: &Plan, why: Fault) -> Self {
        Self {
            faults: vec![why],
            ..Self::begin(case, seed, plan)
        }
    }

    fn begin(case: &Case, seed: u64, plan: &Plan) -> Self {
        Self {
            case: case.name.to_owned(),
            seed,
            workers: plan.workers,
            cause: case.cause,
            or: plan.or,
            ..Self::default()
        }
    }

    /// With the rates of the untraced runs.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a handful of rates")]
    pub fn with_rates(mut self, rates: &Rates) -> Self {
        self.factor = rates.factor(self.workers);
        self.factor_spread = rates.spread();
        self.stages = stages(&rates.last, &Report::default());
        self.rate_untraced =
            rates.together.iter().sum::<f64>() / rates.together.len().max(1) as f64;
        if rates.books_off > OWN_BOOKS_SHARE {
            self.faults.push(Fault::timing(format!(
                "the workload's own books are off by {:.1}%",
                100.0 * rates.books_off
            )));
        }
        self
    }

    /// Whether a second run may tell more: something falls short, and a busy host can be the reason of all of it.
    #[must_use]
    pub fn is_only_timing(&self) -> bool {
        let timing = |fault: &Fault| fault.kind == FaultKind::Timing;
        !self.faults.is_empty() && self.faults.iter().all(timing)
    }

    /// The row of a scene during which other programs had that share of the CPUs. Where the truth is that the workload itself fills
    /// them, and others had much of them, it is no truth any more, and no name or figure is held against it.
    #[must_use]
    pub fn beside(mut self, others: f64) -> Self {
        self.others = others;
        if matches!(self.cause, Cause::Cpu | Cause::Spin) && others > MOST_OTHERS {
            self.not_judged = format!(
                "other programs had {:.0}% of the CPUs, which this workload is to fill by itself",
                100.0 * others
            );
            self.faults.retain(|fault| fault.kind == FaultKind::Check);
        }
        self
    }

    /// Whether cause and culprit are those of the truth; `None`: there was no report, or no truth.
    #[must_use]
    pub fn is_right(&self) -> Option<bool> {
        self.cause_reported
            .filter(|_| self.not_judged.is_empty())
            .map(|_| self.is_cause_right() && self.culprit_ok)
    }

    /// Whether the reported factor is as near to the true one as is asked for, or says itself that it may be.
    #[must_use]
    pub fn is_factor_near(&self) -> bool {
        let apart = (self.factor_reported - self.factor).abs() / self.factor.max(1e-9);
        self.is_factor_inside() || apart <= FACTOR_SHARE
    }

    /// Whether the true factor lies in the reported interval.
    #[must_use]
    pub fn is_factor_inside(&self) -> bool {
        (self.interval[0]..=self.interval[1]).contains(&self.factor)
    }

    fn is_cause_right(&self) -> bool {
        self.cause_reported
            .is_some_and(|named| is_cause(self.cause, self.or, named, &self.alternatives))
    }
}

/// Compares.
#[must_use]
pub fn compare(
    case: &Case,
    seed: u64,
    plan: &Plan,
    rates: &Rates,
    truth: &Span,
    report: &Report,
    wanted: &Wanted,
) -> Row {
    let mut row = Row::begin(case, seed, plan).with_rates(rates);
    row.workers_reported = report.workers.count;
    row.cause_reported = Some(report.verdict.cause);
    row.alternatives.clone_from(&report.verdict.alternatives);
    row.confidence = report.verdict.confidence;
    row.sentence.clone_from(&report.verdict.sentence);
    row.factor_reported = report.parallelism.serialization_factor;
    row.interval = report.parallelism.interval;
    row.rate = truth.rate();
    row.rate_reported = report.items.rate_per_s;
    row.conservation_error_ns = report.coverage.conservation_error_ns;
    row.kernel_difference = report.coverage.kernel_difference;
    row.lost = report.coverage.lost;
    row.culprit = describe(&report.verdict.culprit);
    row.culprit_ok = wanted.is(&report.verdict.culprit);
    row.confidence_level = report.verdict.confidence_level;
    row.stages = stages(truth, report);
    let faults = faults(&row, truth);
    row.faults.extend(faults);
    row
}

fn faults(row: &Row, truth: &Span) -> Vec<Fault> {
    let mut faults: Vec<Fault> = names(row).into_iter().map(Fault::name).collect();
    faults.extend(checks(row).into_iter().map(Fault::check));
    faults.extend(timing(row, truth).into_iter().map(Fault::timing));
    faults
}

/// What else is named.
fn names(row: &Row) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, text: String| {
        if wrong {
            faults.push(text);
        }
    };
    fault(
        !row.is_cause_right(),
        format!(
            "cause {} instead of {}",
            row.cause_reported.unwrap_or_default(),
            row.cause
        ),
    );
    fault(
        row.is_cause_right() && !row.culprit_ok,
        format!("culprit {:?}", row.culprit),
    );
    faults
}

/// What does not vouch for the answer.
fn checks(row: &Row) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, text: String| {
        if wrong {
            faults.push(text);
        }
    };
    fault(
        row.conservation_error_ns != 0,
        format!("{} ns not conserved", row.conservation_error_ns),
    );
    let off = row.kernel_difference.unwrap_or_default();
    fault(
        off > KERNEL_SHARE,
        format!("{:.1}% off the kernel's own figures", 100.0 * off),
    );
    fault(row.lost != 0, format!("{} records lost", row.lost));
    faults
}

/// What is wrong unless something else on the host changed the pace of the work between the runs that are compared.
fn timing(row: &Row, truth: &Span) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, text: String| {
        if wrong {
            faults.push(text);
        }
    };
    let window = truth.length.seconds();
    let apart = (row.rate_reported - row.rate).abs();
    fault(
        apart > (RATE_SHARE * row.rate).max(1.0 / window.max(1e-9)) + 1e-9,
        format!(
            "item rate {:.2} instead of {:.2}",
            row.rate_reported, row.rate
        ),
    );
    fault(
        !row.is_factor_near(),
        format!(
            "SF {:.2} [{:.2}, {:.2}] instead of {:.2}",
            row.factor_reported, row.interval[0], row.interval[1], row.factor
        ),
    );
    for stage in row.stages.iter().filter(|stage| !stage.ok) {
        let (told, real) = (stage.reported_ms, stage.true_ms);
        fault(
            true,
            format!("{:?} {told:.3} ms instead of {real:.3}", stage.stage).to_lowercase(),
        );
    }
    // Where the budget made it pause, which more happens the busier the host is, there is nothing to compare.
    fault(
        row.kernel_difference.is_none(),
        "not compared with the kernel's own figures".to_owned(),
    );
    faults
}

fn stages(truth: &Span, report: &Report) -> Vec<StageRow> {
    StageName::ALL
        .into_iter()
        .map(|(stage, _)| {
            let told = report
                .stages
                .iter()
                .find(|row| row.stage == stage)
                .cloned()
                .unwrap_or_default();
            let row = StageRow {
                stage,
                true_ms: truth.mean_ms(stage),
                reported_ms: told.mean_ms,
                plus_minus_ms: told.plus_minus_ms,
                ok: false,
            };
            StageRow {
                ok: row.is_near(STAGE_SHARE, STAGE_MS),
                ..row
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
