//! A slow feeder, in words.

use super::{Words, of_workers, percent};
use crate::classify::WaitKind;
use crate::diagnose::{Findings, StarvedFacts};

pub(super) fn words(findings: &Findings<'_>, facts: &StarvedFacts) -> Words {
    let who = findings.thread(facts.producer);
    let what = match facts.site.kind {
        WaitKind::Futex => format!("a queue ({})", findings.lock_name(facts.site.class)),
        WaitKind::Service => "their socket".to_owned(),
        _ => findings.class(facts.site.class),
    };
    Words {
        evidence: vec![
            format!(
                "The workers waited {:.1} s for input from {what}, {} of their time.",
                facts.seconds,
                percent(facts.share)
            ),
            format!(
                "What ends these waits is {who}, which is no worker ({} of the wake-ups).",
                percent(facts.by_producers)
            ),
        ],
        clause: format!("{who} feeds them {:.1} items a second", facts.rate_per_s),
        chain: vec![
            format!(
                "{} wait for input from {what}",
                of_workers(findings, facts.waiters)
            ),
            format!("which {who} fills"),
        ],
        holder: who,
    }
}
