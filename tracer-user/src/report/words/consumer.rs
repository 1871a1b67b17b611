//! A task that does what all others hand over, in words.

use super::Words;
use super::task_lock::does;
use crate::diagnose::{ConsumerFacts, Findings};

pub(super) fn words(findings: &Findings<'_>, facts: &ConsumerFacts) -> Words {
    let name = findings.class(facts.site.class);
    let are_several = facts.takers > 1.5;
    let takers = match are_several {
        true => format!("{:.0} tasks that run {}", facts.takers, facts.taker),
        false => format!("one task, which runs {}", facts.taker),
    };
    let waiting = format!("{:.1} of {} tasks", facts.waiting, findings.headcount());
    let mut evidence = vec![format!(
        "{waiting} wait in {name} on average, by {} looks into their runtime: {:.1} s of worker time in all.",
        facts.looks, facts.seconds,
    )];
    let holder = match facts.busy_at {
        None => takers.clone(),
        Some((sort, at)) => {
            let doing = does(findings, at, sort);
            evidence.push(format!(
                "What they hand over is done by {takers}; looks mostly find {} to {doing}.",
                if are_several { "them" } else { "it" }
            ));
            format!("{takers}, mostly found to {doing}")
        }
    };
    Words {
        clause: format!("what they hand over is done by {takers}"),
        chain: vec![
            format!("{waiting} wait in {name}"),
            format!("held by {holder}"),
        ],
        holder,
        evidence,
    }
}
