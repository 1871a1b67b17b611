//! How far the answer rests on what was seen.

use crate::diagnose::{Checks, Findings};
use crate::report::Coverage;
use crate::row::printable;

pub(super) fn coverage(findings: &Findings<'_>, checks: &Checks) -> Coverage {
    let meta = findings.meta;
    let counters = &meta.counters;
    let mut notes: Vec<String> = meta
        .notes
        .iter()
        .map(|note| printable(note).into_owned())
        .collect();
    if checks.late.0 > 0 {
        notes.push(format!(
            "{:.3} s of waiting came too late to be placed",
            checks.late.seconds()
        ));
    }
    let left_out = findings.collector.visits.left_out();
    if left_out > 0 {
        notes.push(format!(
            "figures of stations rest on the first visits; {left_out} more were counted, not kept"
        ));
    }
    let tracker = &findings.inventory.classifier.requests;
    let (requests, shared) = (tracker.all, tracker.multiplexed);
    #[expect(clippy::cast_precision_loss, reason = "a number of exchanges")]
    Coverage {
        events: checks.rows,
        lost: counters.lost(),
        lost_by_cause: (counters.losses().into_iter())
            .filter(|loss| loss.count > 0)
            .map(|loss| (loss.name.to_owned(), loss.count))
            .collect(),
        unmatched_wakeups: counters.unmatched_wakeups,
        self_cpu_share: counters.self_cpu.seconds()
            / (findings.window() + meta.paused.seconds()).max(1e-9),
        unknown_time_share: findings.all.unknown.seconds() / findings.time().max(1e-9),
        kernel_difference: checks.kernel.worst(),
        conservation_error_ns: checks.conservation,
        multiplexed_share: if requests > 0 {
            shared as f64 / requests as f64
        } else {
            0.0
        },
        notes,
    }
}
