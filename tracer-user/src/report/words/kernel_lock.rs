//! A lock of the kernel, in words.

use super::activity::{doing, holder};
use super::{Words, of_workers, percent};
use crate::diagnose::{Findings, Guards, KernelLockFacts};
use crate::number::millis;

/// Less spinning beside the waiting is not told.
const SHOWN: f64 = 0.02;

pub(super) fn words(findings: &Findings<'_>, facts: &KernelLockFacts) -> Words {
    let name = name(findings, facts);
    let waiters = of_workers(findings, facts.waiters);
    let mut evidence = vec![format!(
        "{waiters} waited for the {name}, {:.1} s of worker time in all, by the kernel's own word.",
        facts.seconds
    )];
    if facts.spun >= SHOWN * facts.seconds {
        evidence.push(format!(
            "Before they slept they spun for such a lock for {:.1} s on a CPU, by samples of where they run in the kernel.",
            facts.spun
        ));
    }
    if let Some(share) = facts.by_workers {
        evidence.push(format!(
            "{} of the waits were ended by fellow workers.",
            percent(share)
        ));
    }
    if let Some(hold) = facts.hold_s {
        evidence.push(format!(
            "It was let go {} times while others waited, after being held for {} on average (hand-off: the holder is the one that lets go next).",
            facts.holds,
            millis(1e3 * hold),
        ));
    }
    if let Some(holding) = facts.holding {
        evidence.push(format!(
            "While holding it, the holder {} for {} of the time.",
            doing(findings, holding.activity),
            percent(holding.share)
        ));
    }
    let holder = match facts.stranger {
        Some(stranger) => format!("{}, which is no worker", findings.thread(stranger)),
        None => holder(findings, facts.holding),
    };
    let clause = match (facts.stranger, facts.hold_s) {
        (Some(stranger), _) => {
            format!("{} keeps them from the {name}", findings.thread(stranger))
        }
        (None, Some(hold)) => {
            format!("one at a time has the {name}, {} each", millis(1e3 * hold))
        }
        (None, None) => format!("they wait for the {name}"),
    };
    Words {
        evidence,
        clause,
        chain: vec![
            format!("{waiters} wait for the {name}"),
            format!("held by {holder}"),
        ],
        holder,
    }
}

fn name(findings: &Findings<'_>, facts: &KernelLockFacts) -> String {
    let guarded = findings.class(facts.site.class);
    match facts.guards {
        Guards::AddressSpace => format!("lock of the {guarded}"),
        Guards::File => format!("kernel's lock of {guarded}"),
        Guards::Unknown => guarded,
    }
}
