//! What to change, and the bound of what it brings.

use crate::advice::{BoundsInput, FixInput, Station, expected, fix};
use crate::cause::Cause;
use crate::diagnose::{Conclusion, Findings};
use crate::report::{Fix, Prediction, figure};

/// Batches a fix is reckoned with, items: from a modest to a common size.
const BATCH: [f64; 2] = [10.0, 100.0];

/// The fix for the verdict's cause, and its bound.
pub(super) fn outlook(
    findings: &Findings<'_>,
    conclusion: &Conclusion,
) -> (Option<Fix>, Option<Prediction>) {
    let prediction = prediction(findings, conclusion);
    let verdict = &conclusion.verdict;
    let input = FixInput {
        cause: verdict.cause,
        stage: verdict.stage,
        culprit: &verdict.culprit,
        language: &findings.meta.target.language,
        workers: u32::try_from(findings.workers.len()).unwrap_or(u32::MAX),
        best_workers: prediction
            .as_ref()
            .map_or(0, |prediction| prediction.best_worker_count),
        cpus: findings.meta.host.cpus,
        rate_per_s: findings.rate(),
    };
    (fix(&input), prediction)
}

/// The fix with its range, to end the verdict's sentence; empty where there is neither, or nothing is promised.
pub(super) fn promise(fix: Option<&Fix>, prediction: Option<&Prediction>, now: f64) -> String {
    let (Some(fix), Some(prediction)) = (fix, prediction) else {
        return String::new();
    };
    let mut title = fix.title.chars();
    let first = title.next().map(char::to_lowercase);
    let title: String = first.into_iter().flatten().chain(title).collect();
    let [now, likely, most] = [now, prediction.rate_per_s, prediction.interval[1]].map(figure);
    if likely == now && most == now {
        String::new()
    } else if likely == now {
        format!("; {title}: {now} to at most {most} a second")
    } else if likely == most {
        format!("; {title}: {now} to {likely} a second")
    } else {
        format!("; {title}: {now} to {likely}..{most} a second")
    }
}

fn prediction(findings: &Findings<'_>, conclusion: &Conclusion) -> Option<Prediction> {
    let first = conclusion.candidates.first()?;
    if conclusion.verdict.cause != first.cause || findings.items == 0 {
        return None;
    }
    let mut stations: Vec<Station> = conclusion
        .candidates
        .iter()
        .filter(|candidate| {
            candidate.demand > 0.0 && candidate.lost.likely > 0.0 && !candidate.run_queue
        })
        .map(|candidate| Station {
            name: candidate.culprit.name.clone(),
            demand_s: candidate.demand,
            capacity: candidate.capacity.max(1.0),
        })
        .collect();
    // Every item needs the CPUs, whether they are what limits now or not.
    let run = findings.per_item(findings.all.run.seconds());
    stations.push(Station {
        name: "CPU".to_owned(),
        demand_s: run,
        capacity: f64::from(findings.meta.host.cpus.max(1)),
    });
    let served: f64 = stations.iter().map(|station| station.demand_s).sum();
    let alone = findings.per_item((findings.time() - conclusion.lost.likely).max(0.0));
    Some(expected(&BoundsInput {
        stations,
        think_s: (alone - served).max(0.0),
        workers: u32::try_from(findings.workers.len()).unwrap_or(u32::MAX),
        rate_per_s: findings.rate(),
        // No change of code brings more CPUs; what it may save of their time is not known.
        relieved: if first.run_queue { usize::MAX } else { 0 },
        relief: relief(first.cause),
    }))
}

/// By how much the fix of a cause widens its station.
fn relief(cause: Cause) -> [f64; 2] {
    match cause {
        Cause::RemoteSerial | Cause::Fsync | Cause::Quota | Cause::Checkpoint => BATCH,
        Cause::Pool | Cause::FileLock | Cause::UserLock => [2.0, f64::INFINITY],
        // A limit on requests and a feeder are not moved by a change of the workers' code, and more CPUs do not come of one.
        Cause::RateLimit | Cause::Starved | Cause::Cpu | Cause::None | Cause::Unknown => {
            [1.0, f64::INFINITY]
        }
    }
}
