//! What was done, and the progress file.

use super::Asked;
use crate::classify::{OperationId, OperationKind, WaitKind, WaitSite};
use crate::diagnose::Findings;
use crate::report::{Checkpoint, Items};
use crate::row::printable;
use crate::scaling::Stability;
use crate::work::{ItemMark, StageName};

pub(super) fn items(
    findings: &Findings<'_>,
    stability: Option<Stability>,
    asked: &Asked<'_>,
) -> Items {
    let rate = findings.rate();
    let left = asked
        .total_items
        .map(|total| total.saturating_sub(asked.done_items.unwrap_or(0)));
    #[expect(clippy::cast_precision_loss, reason = "a number of items")]
    let eta = left.filter(|_| rate > 0.0).map(|left| left as f64 / rate);
    Items {
        count: findings.items,
        rate_per_s: rate,
        rate_interval: stability.map(|seen| seen.rate),
        unit: unit(findings),
        regularity: findings.cycle.regularity,
        total: asked.total_items,
        done: asked.done_items,
        eta_s: eta,
    }
}

fn unit(findings: &Findings<'_>) -> String {
    let name = |id: OperationId| {
        let Some(operation) = findings.inventory.operation(id) else {
            return String::new();
        };
        let class = findings.class(operation.class);
        match operation.kind {
            OperationKind::Request(_) | OperationKind::Refused(_) | OperationKind::Reply => {
                format!("exchange with {class}")
            }
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
        Some(ItemMark::Each(operation)) => name(operation),
        Some(ItemMark::WriteBeforeFetch) => {
            let of = |stage: StageName| {
                let list = findings
                    .cycle
                    .regular
                    .iter()
                    .filter(|(op, _)| findings.stage_name(**op) == Some(stage));
                list.max_by_key(|(_, count)| **count)
                    .map(|(op, _)| name(*op))
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

pub(super) fn checkpoint(findings: &Findings<'_>, path: &str) -> Option<Checkpoint> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (class, totals) = findings
        .inventory
        .all_totals()
        .into_iter()
        .find(|(class, _)| {
            findings
                .classes
                .name(*class)
                .ends_with(&crate::classify::pattern(name))
        })?;
    let writes = totals.opens.max(1);
    let sites = [WaitKind::FileLock, WaitKind::Sync, WaitKind::File]
        .map(|kind| findings.blocked(WaitSite::plain(kind, class)));
    #[expect(clippy::cast_precision_loss, reason = "a number of writes")]
    Some(Checkpoint {
        path: printable(path).into_owned(),
        writes,
        mean_ms: 1e3 * sites.iter().sum::<f64>() / writes as f64,
    })
}
