//! A lock on a file, and a progress file under one, in words.

use super::activity::{doing, holder};
use super::{Words, of_workers, percent};
use crate::diagnose::{CheckpointFacts, FileLockFacts, Findings};

pub(super) fn words(findings: &Findings<'_>, facts: &FileLockFacts) -> Words {
    let name = findings.class(facts.site.class);
    let clause = format!("one at a time holds the lock of {name}");
    told(findings, facts, clause)
}

pub(super) fn checkpoint(findings: &Findings<'_>, facts: &CheckpointFacts) -> Words {
    let file = findings.class(facts.file);
    let clause = format!("all of them rewrite {file} one after the other");
    let mut words = told(findings, &facts.lock, clause);
    words.evidence.push(format!(
        "Under this lock {} rewrite the same small file {file}.",
        of_workers(findings, facts.writers)
    ));
    words
}

fn told(findings: &Findings<'_>, facts: &FileLockFacts, clause: String) -> Words {
    let name = findings.class(facts.site.class);
    let waiters = of_workers(findings, facts.waiters);
    let mut evidence = vec![format!(
        "{waiters} waited for the lock of {name}, {:.1} s of worker time in all.",
        facts.seconds,
    )];
    if let Some(hold) = facts.hold_s {
        evidence.push(format!(
            "It was let go {} times while others waited, held for {:.2} ms on average, {:.2} ms an item.",
            facts.holds,
            1e3 * hold,
            1e3 * facts.demand_s,
        ));
    }
    if facts.polled {
        evidence.push(format!(
            "They poll: attempts are refused and they sleep in between; for {} of that time nobody held the lock.",
            percent(facts.unheld),
        ));
    }
    if let Some(holding) = facts.holding {
        evidence.push(format!(
            "While holding it, the holder {} for {} of the time.",
            doing(findings, holding.activity),
            percent(holding.share)
        ));
    }
    let holder = holder(findings, facts.holding);
    Words {
        evidence,
        // An item may take the lock several times: a database takes one for each step of a transaction.
        clause: if facts.demand_s > 0.0 {
            format!("{clause}, {:.2} ms an item", 1e3 * facts.demand_s)
        } else {
            clause
        },
        chain: vec![
            format!("{waiters} wait for the lock of {name}"),
            format!("held by {holder}"),
        ],
        holder,
    }
}
