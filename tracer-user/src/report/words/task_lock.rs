//! A lock that tasks wait for, in words.

use super::Words;
use crate::classify::Sort;
use crate::diagnose::{Findings, TaskLockFacts};

pub(super) fn words(findings: &Findings<'_>, facts: &TaskLockFacts) -> Words {
    let name = findings.class(facts.site.class);
    let waiting = format!("{:.1} of {:.0} tasks", facts.waiting, facts.tasks);
    let mut evidence = vec![format!(
        "{waiting} wait in {name} on average, by {} looks into their runtime: {:.1} s of worker time in all.",
        facts.looks, facts.seconds,
    )];
    let holder = match facts.holder_at {
        None => "not seen".to_owned(),
        Some((at, sort)) => {
            let doing = does(findings, at, sort);
            evidence.push(format!(
                "Of the tasks that are in the same function and do not wait for it, most {doing}."
            ));
            format!("a task that is about to {doing}")
        }
    };
    let at_a_time = if facts.capacity < 1.5 {
        "one at a time gets".to_owned()
    } else {
        format!("{:.0} at a time get", facts.capacity)
    };
    Words {
        clause: format!("{at_a_time} past {name}"),
        chain: vec![
            format!("{waiting} wait in {name}"),
            format!("held by {holder}"),
        ],
        holder,
        evidence,
    }
}

/// What those do that are found at a place.
pub(super) fn does(findings: &Findings<'_>, at: crate::classify::ClassId, sort: Sort) -> String {
    let name = findings.class(at);
    match sort {
        Sort::Running => "compute".to_owned(),
        Sort::Ready => "wait for a thread".to_owned(),
        Sort::Network => format!("wait for a peer ({name})"),
        Sort::Timer => format!("sleep ({name})"),
        Sort::Lock
        | Sort::Semaphore
        | Sort::Pool
        | Sort::Limiter
        | Sort::Queue
        | Sort::Full
        | Sort::Thread
        | Sort::Join
        | Sort::Runtime
        | Sort::Elsewhere => format!("wait in {name}"),
    }
}
