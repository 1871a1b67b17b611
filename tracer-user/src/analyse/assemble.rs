//! Puts what was concluded into the report's value.

use std::collections::BTreeMap;

use super::{Check, Options};
use crate::diagnose::{Candidate, Conclusion, Findings};
use crate::report::{
    Blame, CauseRow, Checkpoint, Coverage, Items, Parallelism, Report, Resource, SCHEMA, Stage,
    StageName, TargetSummary, Workers,
};
use crate::row::{TaskRole, printable};
use crate::work::{ItemMark, Operation, StageTime, WaitKind, WaitSite};

pub(super) fn report(
    findings: &Findings<'_>,
    conclusion: &Conclusion,
    check: &Check,
    options: &Options,
) -> Report {
    let meta = findings.meta;
    let (rate, count) = (findings.rate(), findings.count());
    let factor = conclusion.factor;
    let (fix, prediction) = super::outlook::outlook(findings, conclusion);
    let mut verdict = conclusion.verdict.clone();
    verdict.sentence += &super::outlook::promise(fix.as_ref(), prediction.as_ref(), rate);
    Report {
        schema: SCHEMA.to_owned(),
        window_s: findings.window(),
        target: TargetSummary {
            command: printable(&meta.target.command).into_owned(),
            pids: meta.target.pids.iter().map(|pid| pid.0).collect(),
            language: meta.target.language.clone(),
            host: printable(&meta.host.name).into_owned(),
            kernel: printable(&meta.host.kernel).into_owned(),
            cpus: meta.host.cpus,
        },
        workers: Workers {
            count: u32::try_from(findings.workers.len()).unwrap_or(u32::MAX),
            unit: findings.unit().to_owned(),
            helpers: u32::try_from(
                findings
                    .inventory
                    .threads
                    .iter()
                    .filter(|(tid, thread)| {
                        thread.role == TaskRole::Target && !findings.workers.contains_key(tid)
                    })
                    .count(),
            )
            .unwrap_or(u32::MAX),
        },
        items: items(findings, options),
        checkpoint: options
            .checkpoint
            .as_ref()
            .and_then(|path| checkpoint(findings, path)),
        stages: stages(findings, conclusion),
        item_mean_ms: 1e3 * findings.per_item(findings.time()),
        parallelism: Parallelism {
            single_rate_per_s: factor.single_rate,
            theoretical_rate_per_s: factor.single_rate * count,
            actual_rate_per_s: rate,
            serialization_factor: factor.value,
            interval: factor.interval,
            proved: (conclusion.lost.proved / findings.time().max(1e-9)).min(1.0),
            single_rate_source: conclusion.source,
            effective_workers: if factor.value > 0.0 {
                count / factor.value
            } else {
                count
            },
            karp_flatt: conclusion.karp_flatt,
            utilisation: None,
        },
        verdict,
        causes: causes(conclusion),
        blame: blame(conclusion),
        fix,
        prediction,
        unexplained_share: conclusion.unexplained,
        coverage: coverage(findings, check),
    }
}

fn items(findings: &Findings<'_>, options: &Options) -> Items {
    let rate = findings.rate();
    let left = options
        .total_items
        .map(|total| total.saturating_sub(options.done_items.unwrap_or(0)));
    #[expect(clippy::cast_precision_loss, reason = "a number of items")]
    let eta = left.filter(|_| rate > 0.0).map(|left| left as f64 / rate);
    Items {
        count: findings.items,
        rate_per_s: rate,
        unit: unit(findings),
        regularity: findings.cycle.regularity,
        total: options.total_items,
        done: options.done_items,
        eta_s: eta,
    }
}

fn unit(findings: &Findings<'_>) -> String {
    let name = |operation: &Operation| {
        use crate::work::OperationKind;
        let class = findings.class(operation.class);
        match operation.kind {
            OperationKind::Exchange(_) => format!("exchange with {class}"),
            OperationKind::Serve => format!("request served on port {class}"),
            OperationKind::Read => format!("read of {class}"),
            OperationKind::Write => format!("write of {class}"),
            OperationKind::Sync => format!("fsync of {class}"),
            OperationKind::Take => format!("read from {class}"),
            OperationKind::Give => format!("write to {class}"),
            OperationKind::Release => {
                format!("release of the {}", findings.lock_name(operation.class))
            }
            OperationKind::Sleep => "sleep".to_owned(),
            OperationKind::LockFile | OperationKind::LockRefused | OperationKind::UnlockFile => {
                format!("lock of {class}")
            }
            OperationKind::Wait => format!("wait for the {}", findings.lock_name(operation.class)),
        }
    };
    let unit = match findings.cycle.mark {
        None => "none found".to_owned(),
        Some(ItemMark::Each(operation)) => name(&operation),
        Some(ItemMark::WriteBeforeFetch) => {
            let of = |stage: StageName| {
                let list = findings
                    .cycle
                    .regular
                    .iter()
                    .filter(|(op, _)| findings.stage_name(**op) == Some(stage));
                list.max_by_key(|(_, count)| **count)
                    .map(|(op, _)| name(op))
                    .unwrap_or_default()
            };
            format!("{} after {}", of(StageName::Write), of(StageName::Fetch))
        }
    };
    match findings.cycle.times {
        0 | 1 => unit,
        times => format!("{times} rounds of {unit}"),
    }
}

fn checkpoint(findings: &Findings<'_>, path: &str) -> Option<Checkpoint> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (class, totals) = findings.inventory.totals.iter().find(|(class, _)| {
        findings
            .classes
            .name(**class)
            .ends_with(&crate::work::pattern(name))
    })?;
    let writes = totals.opens.max(1);
    let sites = [WaitKind::FileLock, WaitKind::Sync, WaitKind::File].map(|kind| {
        findings.blocked(WaitSite {
            kind,
            class: *class,
        })
    });
    #[expect(clippy::cast_precision_loss, reason = "a number of writes")]
    Some(Checkpoint {
        path: printable(path).into_owned(),
        writes,
        mean_ms: 1e3 * sites.iter().sum::<f64>() / writes as f64,
    })
}

/// Share of the time at each wait site that is waiting for other workers.
fn shares(findings: &Findings<'_>, conclusion: &Conclusion) -> (BTreeMap<WaitSite, f64>, f64) {
    let (mut shares, mut run_queue) = (BTreeMap::new(), 0.0);
    for candidate in &conclusion.candidates {
        let blocked: f64 = candidate
            .sites
            .iter()
            .map(|site| findings.blocked(*site))
            .sum();
        for site in &candidate.sites {
            shares.insert(
                *site,
                (candidate.lost.likely / blocked.max(1e-9)).clamp(0.0, 1.0),
            );
        }
        if candidate.run_queue {
            run_queue =
                (candidate.lost.likely / findings.all.queued.seconds().max(1e-9)).clamp(0.0, 1.0);
        }
    }
    (shares, run_queue)
}

fn stages(findings: &Findings<'_>, conclusion: &Conclusion) -> Vec<Stage> {
    let (shares, run_queue) = shares(findings, conclusion);
    let whole = findings.time().max(1e-12);
    let row = |(name, stage): (&StageName, &StageTime)| {
        let total = stage.times.total().seconds();
        let queue: f64 = stage
            .times
            .blocked
            .iter()
            .map(|(site, time)| {
                time.seconds()
                    * shares
                        .get(&findings.lock_site(*site))
                        .copied()
                        .unwrap_or(0.0)
            })
            .sum::<f64>()
            + stage.times.queued.seconds() * run_queue;
        Stage {
            stage: *name,
            mean_ms: 1e3 * findings.per_item(total),
            plus_minus_ms: 1e3 * findings.per_item(edge(*name, stage)),
            service_ms: 1e3 * findings.per_item((total - queue).max(0.0)),
            queue_ms: 1e3 * findings.per_item(queue),
            share: total / whole,
            resources: resources(findings, stage),
        }
    };
    findings
        .stages
        .iter()
        .filter(|(_, stage)| stage.times.total().0 > 0)
        .map(row)
        .collect()
}

/// What lies at the edge of a stage may belong to its neighbour, but hardly more than it computed by itself: parsing a reply
/// costs about as much as reading it.
fn edge(name: StageName, stage: &StageTime) -> f64 {
    let edge = stage.edge.seconds();
    match name {
        StageName::Transform => edge,
        _ => edge.min(stage.times.run.seconds()),
    }
}

fn resources(findings: &Findings<'_>, stage: &StageTime) -> Vec<Resource> {
    let mut sums: BTreeMap<WaitSite, (f64, u64)> = BTreeMap::new();
    for (site, time) in &stage.times.blocked {
        sums.entry(findings.lock_site(*site)).or_default().0 += time.seconds();
    }
    for (site, count) in &stage.visits {
        sums.entry(findings.lock_site(*site)).or_default().1 += count;
    }
    let mut list: Vec<Resource> = sums
        .into_iter()
        .map(|(site, (seconds, visits))| {
            let (kind, name) = match site.kind {
                WaitKind::Futex => ("lock", findings.lock_name(site.class)),
                WaitKind::FileLock => ("lock", format!("lock of {}", findings.class(site.class))),
                WaitKind::Sync => ("file", format!("fsync of {}", findings.class(site.class))),
                WaitKind::File => ("file", findings.class(site.class)),
                WaitKind::Exchange | WaitKind::Service => ("peer", findings.class(site.class)),
                WaitKind::Pipe => ("queue", findings.class(site.class)),
                WaitKind::Sleep => ("timer", "sleep".to_owned()),
                WaitKind::Poll => ("poll", "poll".to_owned()),
                WaitKind::Child => ("child", "child process".to_owned()),
                WaitKind::Fault => ("memory", "page faults".to_owned()),
                WaitKind::Other => ("other", "other calls".to_owned()),
            };
            #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
            Resource {
                kind: kind.to_owned(),
                name,
                mean_ms: 1e3 * findings.per_item(seconds),
                visits: findings.per_item(visits as f64),
            }
        })
        .collect();
    for (name, time) in [
        ("running", stage.times.run),
        ("waiting for a CPU", stage.times.queued),
    ] {
        if time.0 > 0 {
            list.push(Resource {
                kind: "cpu".to_owned(),
                name: name.to_owned(),
                mean_ms: 1e3 * findings.per_item(time.seconds()),
                visits: 0.0,
            });
        }
    }
    list.sort_by(|a, b| {
        b.mean_ms
            .total_cmp(&a.mean_ms)
            .then_with(|| a.name.cmp(&b.name))
    });
    list.truncate(8);
    list
}

fn causes(conclusion: &Conclusion) -> Vec<CauseRow> {
    let all = conclusion.lost.likely;
    let row = |(candidate, gain): (&Candidate, &f64)| CauseRow {
        cause: candidate.cause,
        share: if all > 0.0 {
            candidate.lost.likely / all
        } else {
            0.0
        },
        gain_alone: *gain,
        culprit: candidate.culprit.clone(),
        evidence: candidate.evidence.clone(),
        refuted_by: candidate.against.clone(),
    };
    conclusion
        .candidates
        .iter()
        .zip(&conclusion.gains)
        .map(row)
        .collect()
}

fn blame(conclusion: &Conclusion) -> Vec<Blame> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "seconds of one window, not negative"
    )]
    conclusion
        .candidates
        .iter()
        .filter(|candidate| candidate.lost.likely > 0.0)
        .map(|candidate| Blame {
            waiter: "workers".to_owned(),
            resource: candidate.culprit.name.clone(),
            holder: candidate.holder.clone(),
            ns: (candidate.lost.likely * 1e9) as u64,
            chain: candidate.chain.clone(),
        })
        .collect()
}

fn coverage(findings: &Findings<'_>, check: &Check) -> Coverage {
    let meta = findings.meta;
    let counters = &meta.counters;
    let losses = [
        ("ring buffer full", counters.ring_full),
        ("kernel table full", counters.table_full),
        ("late", counters.late),
        ("undecodable", counters.undecodable),
        ("unwritten", counters.unwritten),
        ("user memory unreadable", counters.user_faults),
        ("stacks not taken", counters.stack_failures),
        ("switches not seen", counters.unseen_switches),
        ("negative times", counters.negative_times),
    ];
    let mut notes: Vec<String> = meta
        .notes
        .iter()
        .map(|note| printable(note).into_owned())
        .collect();
    if check.late.0 > 0 {
        notes.push(format!(
            "{:.3} s of waiting came too late to be placed",
            check.late.seconds()
        ));
    }
    if findings.collector.visits_left_out > 0 {
        notes.push(format!(
            "figures of stations rest on the first visits; {} more were counted, not kept",
            findings.collector.visits_left_out
        ));
    }
    let (requests, shared) = findings.inventory.requests;
    #[expect(clippy::cast_precision_loss, reason = "a number of exchanges")]
    Coverage {
        events: findings.inventory.rows,
        lost: counters.lost(),
        lost_by_cause: losses
            .iter()
            .filter(|(_, n)| *n > 0)
            .map(|(name, n)| ((*name).to_owned(), *n))
            .collect(),
        unmatched_wakeups: counters.unmatched_wakeups,
        self_cpu_share: counters.self_cpu.seconds()
            / (findings.window() + meta.paused.seconds()).max(1e-9),
        unknown_time_share: findings.all.unknown.seconds() / findings.time().max(1e-9),
        books_difference: check.books,
        conservation_error_ns: check.conservation,
        multiplexed_share: if requests > 0 {
            shared as f64 / requests as f64
        } else {
            0.0
        },
        notes,
    }
}
