//! One thread that carries all tasks, in words.

use super::activity::doing;
use super::{Words, percent};
use crate::blame::HolderActivity;
use crate::diagnose::{Findings, SingleThreadFacts};

pub(super) fn words(findings: &Findings<'_>, facts: &SingleThreadFacts) -> Words {
    let (name, times) = (&facts.name, &facts.times);
    let mut evidence = vec![format!(
        "Replies that had come lay unread for {:.1} s of worker time in all, by the kernel's note of when they came.",
        facts.seconds
    )];
    let mut parts = vec![format!(
        "computes for {} of the time",
        percent(times.computes)
    )];
    if times.queues >= 0.01 {
        parts.push(format!("has no CPU for {}", percent(times.queues)));
    }
    if let Some(site) = times.sleeps_in.filter(|_| times.sleeps >= 0.01) {
        parts.push(format!(
            "{} for {}",
            doing(findings, HolderActivity::Blocked(site)),
            percent(times.sleeps)
        ));
    }
    evidence.push(format!(
        "Thread {name}, which carries all tasks{}, {}.",
        if times.threads > 1 {
            " of its process"
        } else {
            ""
        },
        parts.join(", ")
    ));
    if let Some((place, share)) = facts.running_in {
        evidence.push(format!(
            "Of the task that runs, looks into the runtime find {} in {}.",
            percent(share),
            findings.class(place)
        ));
    }
    let does = if times.mostly_sleeps() {
        "sleeps in calls"
    } else if times.queues > times.computes {
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
