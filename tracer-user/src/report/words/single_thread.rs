//! One thread that carries all tasks, in words.

use super::activity::doing;
use super::{Words, percent};
use crate::blame::HolderActivity;
use crate::diagnose::{Findings, SingleThreadFacts};

pub(super) fn words(findings: &Findings<'_>, facts: &SingleThreadFacts) -> Words {
    let name = &facts.name;
    let mut evidence = vec![format!(
        "Replies that had come lay unread for {:.1} s of worker time in all, by the kernel's note of when they came.",
        facts.seconds
    )];
    let mut parts = vec![format!(
        "computes for {} of the time",
        percent(facts.computes)
    )];
    if facts.queues >= 0.01 {
        parts.push(format!("has no CPU for {}", percent(facts.queues)));
    }
    if let Some(site) = facts.sleeps_in.filter(|_| facts.sleeps >= 0.01) {
        parts.push(format!(
            "{} for {}",
            doing(findings, HolderActivity::Blocked(site)),
            percent(facts.sleeps)
        ));
    }
    evidence.push(format!(
        "Thread {name}, which carries all tasks{}, {}.",
        if facts.threads > 1 {
            " of its process"
        } else {
            ""
        },
        parts.join(", ")
    ));
    let does = if facts.sleeps > facts.computes.max(facts.queues) {
        "sleeps in calls"
    } else if facts.queues > facts.computes {
        "has no CPU"
    } else {
        "computes"
    };
    let holder = format!("thread {name}, which {does}");
    Words {
        evidence,
        clause: format!("replies lie unread while thread {name} {does}"),
        chain: vec![
            format!(
                "{} tasks wait for the thread that carries them",
                findings.headcount()
            ),
            format!("held by {holder}"),
        ],
        holder,
    }
}
