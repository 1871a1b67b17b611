//! Report against truth: what falls short, in full sentences.

use holdup::cause::Cause;
use holdup::demo::Span;
use holdup::diagnose::{Culprit as Named, CulpritKind};
use holdup::report::Report;
use holdup::work::StageName;
use serde::{Deserialize, Serialize};

use crate::plan::{Case, Culprit, Plan};
use crate::truth::Rates;

/// Stage means: 5% ...
const STAGE_SHARE: f64 = 0.05;
/// ... or 0.3 ms.
const STAGE_MS: f64 = 0.3;
/// Item rate: 2%, and one item at the edge of the window.
const RATE_SHARE: f64 = 0.02;
/// Serialization factor: 15%.
const FACTOR_SHARE: f64 = 0.15;
/// Cross-check against the kernel's own figures: 1%.
const KERNEL_SHARE: f64 = 0.01;
/// The workload's own books must add up before anything is held against them.
const OWN_BOOKS_SHARE: f64 = 0.02;

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
    /// Cause named; none: there was no report.
    pub cause_reported: Option<Cause>,
    /// Its confidence.
    pub confidence: f64,
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
    /// Why it could not run here; empty: it did.
    pub not_run: String,
    /// What falls short; empty: nothing.
    pub faults: Vec<String>,
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
    pub fn failed(case: &Case, seed: u64, plan: &Plan, why: String) -> Self {
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
            self.faults.push(format!(
                "the workload's own books are off by {:.1}%",
                100.0 * rates.books_off
            ));
        }
        self
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
    address: Option<&str>,
) -> Row {
    let mut row = Row::begin(case, seed, plan).with_rates(rates);
    row.workers_reported = report.workers.count;
    row.cause_reported = Some(report.verdict.cause);
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
    row.culprit_ok = culprit_fits(plan.culprit, &report.verdict.culprit, address);
    row.stages = stages(truth, report);
    let faults = faults(&row, truth);
    row.faults.extend(faults);
    row
}

fn faults(row: &Row, truth: &Span) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |wrong: bool, text: String| {
        if wrong {
            faults.push(text);
        }
    };
    fault(
        row.cause_reported != Some(row.cause),
        format!(
            "cause {} instead of {}",
            row.cause_reported.unwrap_or_default(),
            row.cause
        ),
    );
    fault(
        row.cause_reported == Some(row.cause) && !row.culprit_ok,
        format!("culprit {:?}", row.culprit),
    );
    let window = truth.length.seconds();
    let apart = (row.rate_reported - row.rate).abs();
    fault(
        apart > (RATE_SHARE * row.rate).max(1.0 / window.max(1e-9)) + 1e-9,
        format!(
            "item rate {:.2} instead of {:.2}",
            row.rate_reported, row.rate
        ),
    );
    let within = (row.interval[0]..=row.interval[1]).contains(&row.factor);
    let apart = (row.factor_reported - row.factor).abs() / row.factor.max(1e-9);
    fault(
        !within && apart > FACTOR_SHARE,
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
    fault(
        row.conservation_error_ns != 0,
        format!("{} ns not conserved", row.conservation_error_ns),
    );
    match row.kernel_difference {
        Some(off) => fault(
            off > KERNEL_SHARE,
            format!("{:.1}% off the kernel's own figures", 100.0 * off),
        ),
        None => fault(
            true,
            "not compared with the kernel's own figures".to_owned(),
        ),
    }
    fault(row.lost != 0, format!("{} records lost", row.lost));
    faults
}

fn stages(truth: &Span, report: &Report) -> Vec<StageRow> {
    [
        StageName::Fetch,
        StageName::Transform,
        StageName::Write,
        StageName::Other,
    ]
    .into_iter()
    .map(|stage| {
        let told = report
            .stages
            .iter()
            .find(|row| row.stage == stage)
            .cloned()
            .unwrap_or_default();
        let real = truth.mean_ms(stage);
        let apart = (told.mean_ms - real).abs();
        let ok = apart <= (STAGE_SHARE * real).max(STAGE_MS).max(told.plus_minus_ms);
        StageRow {
            stage,
            true_ms: real,
            reported_ms: told.mean_ms,
            plus_minus_ms: told.plus_minus_ms,
            ok,
        }
    })
    .collect()
}

fn culprit_fits(expected: Culprit, named: &Named, address: Option<&str>) -> bool {
    match expected {
        Culprit::Any => true,
        Culprit::CallSite(function) => {
            named.call_site.contains(function) || named.name.contains(function)
        }
        Culprit::File(part) => named.name.contains(part),
        Culprit::Kind(kind) => named.kind.id() == kind,
        Culprit::Server(_) => {
            let there = address.is_some_and(|address| {
                named.address.contains(address) || named.name.contains(address)
            });
            // A pool is the program's own; a server on this host has a process.
            there && (named.kind != CulpritKind::Peer || !named.process.is_empty())
        }
    }
}

fn describe(named: &Named) -> String {
    let parts = [
        named.kind.id(),
        &named.name,
        &named.call_site,
        &named.process,
    ];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
