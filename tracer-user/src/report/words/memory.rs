//! Too little memory, in words.

use super::{Words, of_workers, percent};
use crate::diagnose::{Findings, MemoryFacts};
use crate::row::printable;

pub(super) fn words(findings: &Findings<'_>, facts: &MemoryFacts) -> Words {
    let waiters = of_workers(findings, facts.waiters);
    let mut evidence = vec![format!(
        "The kernel books {:.1} s of worker time as held up by memory: {:.1} s blocked ({waiters}), {:.1} s on a CPU, taking pages back.",
        facts.seconds + facts.run,
        facts.seconds,
        facts.run,
    )];
    let holder = match &facts.limit {
        Some(limit) => {
            evidence.push(format!(
                "The limit of {}, {} MB, was reached {} times; {} MB were used in the end.",
                printable(&limit.group),
                limit.bytes >> 20,
                limit.reached,
                limit.used >> 20,
            ));
            format!("the limit of {} MB", limit.bytes >> 20)
        }
        None => {
            evidence.push(
                "No limit of a control group was reached: the host itself is short.".to_owned(),
            );
            "the host, whose memory is used up".to_owned()
        }
    };
    let share = (facts.seconds + facts.run) / findings.time().max(1e-9);
    Words {
        evidence,
        clause: format!(
            "{} of their time goes to memory that has to be taken back",
            percent(share)
        ),
        chain: vec![
            format!("{waiters} wait for memory"),
            format!("held by {holder}"),
        ],
        holder,
    }
}
