//! Puts what was concluded into the report's value.

mod causes;
mod coverage;
mod drawing;
mod items;
mod stages;
mod statements;

pub use drawing::draw;

use super::words::{next_limit, promise, reason, sentence};
use super::{
    Carriers, CpuFunction, CpuTime, Parallelism, Prediction, Recorded, Report, SCHEMA,
    TargetSummary, Verdict, WorkerPlace, Workers,
};
use crate::advice::{Advice, Expected};
use crate::classify::SeenPlace;
use crate::diagnose::{Checks, Conclusion, CpuUse, Findings};
use crate::row::{TaskRole, printable};

/// What the user asked to be told besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Items there are in all, for the time to the end.
    pub total_items: Option<u64>,
    /// Items done before the window opened.
    pub done_items: Option<u64>,
    /// Progress file to report on.
    pub checkpoint: Option<&'a str>,
}

/// The report on what was found, concluded and advised.
#[must_use]
pub fn assemble(
    findings: &Findings<'_>,
    conclusion: &Conclusion,
    advice: &Advice,
    checks: &Checks,
    asked: &Asked<'_>,
) -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        window_s: findings.window(),
        target: target(findings),
        recorded: recorded(findings),
        workers: workers(findings),
        items: items::items(findings, conclusion.stability, asked),
        checkpoint: asked
            .checkpoint
            .and_then(|path| items::checkpoint(findings, path)),
        stages: stages::stages(findings, conclusion),
        item_mean_ms: 1e3 * findings.per_item(findings.time()),
        parallelism: parallelism(findings, conclusion),
        verdict: verdict(findings, conclusion, advice),
        causes: causes::causes(findings, conclusion),
        refuted: causes::refuted(conclusion),
        blame: causes::blame(findings, conclusion),
        statements: statements::statements(findings, conclusion),
        cpu_time: cpu_time(findings),
        fix: advice.fix.clone(),
        prediction: advice.expected.as_ref().map(prediction),
        unexplained_share: conclusion.account.unexplained_share(),
        coverage: coverage::coverage(findings, checks),
    }
}

fn target(findings: &Findings<'_>) -> TargetSummary {
    let meta = findings.meta;
    TargetSummary {
        command: printable(&meta.target.command).into_owned(),
        pids: meta.target.pids.iter().map(|pid| pid.0).collect(),
        language: meta.target.language.clone(),
        host: printable(&meta.host.name).into_owned(),
        kernel: printable(&meta.host.kernel).into_owned(),
        cpus: meta.host.cpus,
    }
}

fn recorded(findings: &Findings<'_>) -> Option<Recorded> {
    let settings = &findings.meta.settings;
    let is_told = !settings.commit.is_empty() || !settings.command.is_empty();
    is_told.then(|| Recorded {
        holdup: printable(&settings.holdup).into_owned(),
        commit: printable(&settings.commit).into_owned(),
        command: printable(&settings.command.join(" ")).into_owned(),
    })
}

fn workers(findings: &Findings<'_>) -> Workers {
    Workers {
        count: number(findings.headcount()),
        unit: findings.unit().to_owned(),
        threads: number(findings.threads_beside_tasks()),
        unseen: number(findings.unseen),
        places: places(findings),
        carriers: findings.carriers().map(|of| Carriers {
            threads: number(of.threads),
            processes: number(of.processes),
            computing: of.computes,
            queued: of.queues,
            in_calls: of.sleeps + of.elsewhere,
        }),
        helpers: number(findings.helpers()),
        idle: number(findings.cycle.idle.len()),
    }
}

fn places(findings: &Findings<'_>) -> Vec<WorkerPlace> {
    let places = findings.shown.iter().flat_map(|shown| &shown.places);
    let place = |at: &SeenPlace| WorkerPlace {
        doing: at.sort.name().to_owned(),
        place: findings.class(at.class),
        tasks: at.mean,
    };
    places.map(place).collect()
}

fn cpu_time(findings: &Findings<'_>) -> Vec<CpuTime> {
    let of = |program: CpuUse| CpuTime {
        program: program.program,
        is_peer: program.role == TaskRole::Peer,
        cpus: program.cpus,
        samples: program.samples,
        functions: (program.functions.into_iter())
            .map(|of| CpuFunction {
                function: of.name,
                share: of.share,
            })
            .collect(),
    };
    findings.cpu_use().into_iter().map(of).collect()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn parallelism(findings: &Findings<'_>, conclusion: &Conclusion) -> Parallelism {
    let (factor, count) = (conclusion.factor, findings.count());
    Parallelism {
        single_rate_per_s: factor.single_rate,
        theoretical_rate_per_s: factor.single_rate * count,
        actual_rate_per_s: findings.rate(),
        serialization_factor: factor.value,
        interval: factor.told(),
        proved: (conclusion.lost.proved / findings.time().max(1e-9)).min(1.0),
        single_rate_source: conclusion.source,
        effective_workers: if factor.value > 0.0 {
            count / factor.value
        } else {
            count
        },
        karp_flatt: conclusion.karp_flatt,
    }
}

fn verdict(findings: &Findings<'_>, conclusion: &Conclusion, advice: &Advice) -> Verdict {
    let verdict = &conclusion.verdict;
    let sentence = sentence(findings, conclusion);
    Verdict {
        severity: verdict.severity,
        cause: verdict.cause,
        stage: verdict.stage,
        culprit: verdict.culprit.clone(),
        share_of_lost_time: verdict.share,
        confidence: verdict.confidence.score,
        confidence_level: verdict.confidence.level,
        confidence_reason: reason(&verdict.confidence),
        alternatives: verdict.alternatives.clone(),
        sentence: sentence + &promise(advice, findings.rate()),
    }
}

fn prediction(expected: &Expected) -> Prediction {
    Prediction {
        method: "bound".to_owned(),
        rate_per_s: expected.rate_per_s,
        speedup: expected.speedup,
        interval: expected.interval,
        model_error: expected.model_error,
        best_worker_count: expected.best_worker_count,
        next_bottleneck: expected
            .next_limit
            .as_ref()
            .map(next_limit)
            .unwrap_or_default(),
    }
}
