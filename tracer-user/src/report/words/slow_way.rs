//! A way that the workers share, in words.

use super::{Words, of_workers, short};
use crate::diagnose::{Findings, SlowWayFacts};
use crate::number::{count, figure, percent};

pub(super) fn words(findings: &Findings<'_>, facts: &SlowWayFacts) -> Words {
    let name = findings.class(facts.site.class);
    let (what, way) = way(facts.back);
    let speed = format!("{} MB/s", figure(facts.bytes_per_s / 1e6));
    let mut evidence = vec![
        format!(
            "In {} looks at the connections to {name}, {} on average had bytes on their way that the other end has room for; {} workers wait there.",
            count(u64::from(facts.looks)),
            short(facts.on_its_way),
            short(facts.waiting)
        ),
        format!(
            "All of them together send and are sent {speed}; {:.1} s of worker time is beyond what each would need with the way for itself.",
            facts.seconds
        ),
    ];
    if let Some((resent, all)) = facts.resent {
        evidence.push(format!(
            "TCP sent {} of {} segments again there.",
            count(resent),
            count(all)
        ));
    }
    let waiters = findings.waited_at(&[facts.site]);
    Words {
        evidence,
        clause: format!(
            "{what} {name} share a way of {speed}: {} at a time are on it",
            short(facts.on_its_way)
        ),
        chain: vec![
            format!(
                "{} wait for {name}, {} of that while bytes are on their way",
                of_workers(findings, waiters),
                percent((facts.on_its_way / facts.waiting.max(1e-9)).min(1.0))
            ),
            format!("held by {way} {name}"),
        ],
        holder: format!("{way} {name}"),
    }
}

/// What is sent, and which way, by how much of it comes back.
fn way(back: f64) -> (&'static str, &'static str) {
    if back > 0.5 {
        ("replies from", "the way from")
    } else {
        ("requests to", "the way to")
    }
}
