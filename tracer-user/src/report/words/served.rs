//! A process that serves without a socket, in words.

use super::{Words, of_workers, percent};
use crate::classify::WaitKind;
use crate::diagnose::{Findings, ServedFacts};
use crate::number::millis;

pub(super) fn words(findings: &Findings<'_>, facts: &ServedFacts) -> Words {
    let process = match findings.process(facts.server) {
        name if name.is_empty() => format!("process {}", facts.server),
        name => format!("{name} ({})", facts.server),
    };
    let (does, what) = match facts.site.kind {
        WaitKind::PipeWrite => ("reads", findings.class(facts.site.class)),
        WaitKind::Other => ("serves", "the file system that they use".to_owned()),
        _ => ("serves", findings.class(facts.site.class)),
    };
    let waiters = of_workers(findings, facts.waiters);
    let mut evidence = vec![
        format!(
            "{waiters} waited for {process}, which {does} {what}, {:.1} s of worker time in all.",
            facts.seconds
        ),
        format!(
            "{} of these waits were ended by {} of its threads, in its own reads and writes.",
            percent(facts.by_server),
            facts.threads
        ),
    ];
    if facts.locked > 0.0 {
        evidence.push(format!(
            "{:.1} s of it they waited for a lock, whose holder waits there.",
            facts.locked
        ));
    }
    Words {
        clause: format!(
            "{process} {does} {what} {}, {} an item",
            match facts.threads {
                1 => "one after the other".to_owned(),
                threads => format!("{threads} at a time"),
            },
            millis(1e3 * facts.service_s)
        ),
        chain: vec![
            format!("{waiters} wait at {what}"),
            format!("which {process} {does}"),
        ],
        holder: process,
        evidence,
    }
}
