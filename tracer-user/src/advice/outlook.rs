//! What to change, and the bound of what it brings.

use super::bounds::{BoundsInput, Expected, Station, expected};
use super::choose::fix;
use super::remedy::{Fix, FixInput, Variant};
use crate::cause::Cause;
use crate::diagnose::{Conclusion, Facts, Findings, Guards, Throttled};

/// Batches a fix is reckoned with, items: from a modest to a common size.
const BATCH: [f64; 2] = [10.0, 100.0];

/// What to do about the verdict, and what that would bring.
#[derive(Clone, Debug, Default)]
pub struct Advice {
    /// The change, where one is known to help.
    pub fix: Option<Fix>,
    /// Its bound, where something was named that a change relieves.
    pub expected: Option<Expected>,
}

/// The fix for the verdict's cause, and its bound.
#[must_use]
pub fn advise(findings: &Findings<'_>, conclusion: &Conclusion) -> Advice {
    let expected = bound_of(findings, conclusion);
    let verdict = &conclusion.verdict;
    let input = FixInput {
        cause: verdict.cause,
        variant: variant(findings, conclusion),
        stage: verdict.stage,
        culprit: &verdict.culprit,
        statement: statement(conclusion),
        language: &findings.meta.target.language,
        workers: u32::try_from(findings.headcount()).unwrap_or(u32::MAX),
        best_workers: expected
            .as_ref()
            .map_or(0, |expected| expected.best_worker_count),
        cpus: findings.meta.host.cpus,
        rate_per_s: findings.rate(),
    };
    Advice {
        fix: fix(&input),
        expected,
    }
}

fn variant(findings: &Findings<'_>, conclusion: &Conclusion) -> Variant {
    let facts = conclusion.candidates.first().map(|first| &first.facts);
    match facts {
        Some(Facts::TaskLock(_)) => Variant::AmongTasks,
        Some(Facts::SingleThread(facts)) if facts.times.mostly_sleeps() => Variant::InCalls,
        Some(Facts::InterpreterLock(facts)) if facts.keeping.is_some() => Variant::InCalls,
        Some(Facts::ThreadPool(_)) => Variant::OfThreads,
        Some(Facts::SlowWay(_)) => Variant::OfWay,
        Some(Facts::Consumer(_)) => Variant::HandedOver,
        Some(Facts::KernelLock(facts)) => match facts.guards {
            Guards::AddressSpace => Variant::OfAddressSpace,
            Guards::File => Variant::OfFile,
            Guards::Unknown => Variant::Usual,
        },
        Some(Facts::Quota(facts)) if matches!(facts.throttled, Throttled::Accesses(_)) => {
            Variant::OfAccesses
        }
        Some(Facts::FileLock(facts)) if facts.idles() && !facts.is_database => Variant::Polled,
        Some(Facts::Remote(facts))
            if facts.waits_for_a_transaction() && findings.speaks_sql(facts.site.class) =>
        {
            Variant::HeldByTransaction
        }
        _ => Variant::Usual,
    }
}

fn statement(conclusion: &Conclusion) -> &str {
    let facts = conclusion.candidates.first().map(|first| &first.facts);
    match facts {
        Some(Facts::Remote(facts)) => facts.statement.as_ref().map_or("", |of| of.text.as_str()),
        _ => "",
    }
}

fn bound_of(findings: &Findings<'_>, conclusion: &Conclusion) -> Option<Expected> {
    let first = conclusion.candidates.first()?;
    if conclusion.verdict.cause != first.cause || findings.items == 0 {
        return None;
    }
    if first.cause == Cause::Spin {
        // What one has the lock for is not told from the rest of what it computes.
        return None;
    }
    let mut stations: Vec<Station> = conclusion
        .candidates
        .iter()
        .filter(|candidate| {
            candidate.demand > 0.0 && candidate.lost().likely > 0.0 && candidate.cause != Cause::Cpu
        })
        .map(|candidate| Station {
            name: candidate.culprit.name.clone(),
            demand_s: candidate.demand,
            capacity: candidate.capacity.max(1.0),
        })
        .collect();
    // No change of code brings more CPUs; what it may save of their time is not known. Nor is what a station without a known
    // demand allows.
    let relieved = if first.demand > 0.0 && first.lost().likely > 0.0 && first.cause != Cause::Cpu {
        0
    } else {
        usize::MAX
    };
    // Every item needs the CPUs, whether they are what limits now or not, and whichever thread it is that computes for it.
    let run = findings.per_item(findings.all.run.seconds().max(findings.run_of_all()));
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
        workers: u32::try_from(findings.headcount()).unwrap_or(u32::MAX),
        rate_per_s: findings.rate(),
        relieved,
        relief: relief(first.cause, variant(findings, conclusion)),
    }))
}

/// By how much the fix of a cause widens its station.
fn relief(cause: Cause, variant: Variant) -> [f64; 2] {
    match cause {
        Cause::RemoteSerial if variant == Variant::HeldByTransaction => [2.0, f64::INFINITY],
        // A limit on bytes is not moved by larger reads.
        Cause::Quota if variant == Variant::OfAccesses => [1.0, f64::INFINITY],
        Cause::RemoteSerial | Cause::Fsync | Cause::Quota | Cause::Checkpoint => BATCH,
        // It is held as long as before.
        Cause::FileLock if variant == Variant::Polled => [1.0, 1.0],
        Cause::Pool
        | Cause::FileLock
        | Cause::UserLock
        | Cause::KernelLock
        | Cause::InterpreterLock
        | Cause::SingleThread
        | Cause::RuntimePause => [2.0, f64::INFINITY],
        // A barrier serves nobody: without it each goes on by itself. A limit on requests, a disk and a feeder are not moved by a change of the
        // workers' code, and more CPUs do not come of one.
        Cause::RateLimit
        | Cause::Network
        | Cause::Disk
        | Cause::Starved
        | Cause::Memory
        | Cause::Imbalance
        | Cause::Spin
        | Cause::Cpu
        | Cause::CpuInflation
        | Cause::None
        | Cause::Unknown => [1.0, f64::INFINITY],
    }
}
