//! One thread that carries all tasks, in words.

use super::activity::doing;
use super::{Words, percent};
use crate::blame::HolderActivity;
use crate::diagnose::{Findings, HeldBack, SingleThreadFacts};

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
    if times.elsewhere > 0.0 {
        parts.push(format!(
            "waits for {} in a poll that is not for replies, as in a call that runs a loop of its own (execSync, spawnSync)",
            percent(times.elsewhere)
        ));
    }
    let who = match times.threads {
        1 => format!("Thread {name}, which carries all tasks"),
        threads if threads == times.processes => {
            format!("Thread {name}, which carries all tasks of its process")
        }
        threads => format!("Each of {threads} threads like {name}, which carry the tasks"),
    };
    evidence.push(format!("{who}, {}.", parts.join(", ")));
    if let Some(HeldBack { ready, at_once }) = facts.held_back {
        evidence.push(format!(
            "The runtime shows {ready:.1} tasks on average that are ready and have no thread: it lets {at_once:.0} of them run at a time (in Go: GOMAXPROCS)."
        ));
    }
    if let Some(runs) = &facts.runs {
        evidence.push(format!(
            "Of the samples of its CPU time, {} are in {}.",
            percent(runs.share),
            runs.name
        ));
    } else if let Some((place, share)) = facts.running_in {
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
    let several = times.threads > times.processes;
    let (meanwhile, holder) = match (several, facts.held_back) {
        (_, Some(HeldBack { at_once, .. })) => (
            format!("the runtime lets no more than {at_once:.0} of them run at a time"),
            format!("{at_once:.0} of the tasks at a time, by the runtime's own limit"),
        ),
        (true, None) => (
            format!(
                "each of the {} threads that carry them {does}",
                times.threads
            ),
            format!(
                "{} threads like {name}, each of which {does}",
                times.threads
            ),
        ),
        (false, None) => (
            format!("thread {name} {does}"),
            format!("thread {name}, which {does}"),
        ),
    };
    Words {
        evidence,
        clause: format!("replies lie unread while {meanwhile}"),
        chain: vec![
            format!(
                "{} tasks wait for {}",
                findings.headcount(),
                if several {
                    "the threads that carry them"
                } else {
                    "the thread that carries them"
                }
            ),
            format!("held by {holder}"),
        ],
        holder,
    }
}
