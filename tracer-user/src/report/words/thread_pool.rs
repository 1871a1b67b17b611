//! A pool of threads that tasks hand over to, in words.

use super::activity::doing;
use super::{Words, percent};
use crate::diagnose::{Findings, ThreadPoolFacts, ThreadView};

pub(super) fn words(findings: &Findings<'_>, facts: &ThreadPoolFacts) -> Words {
    let size = facts.threads;
    let unit = match facts.view {
        ThreadView::Waits(_) => "threads",
        ThreadView::Runtime(_) | ThreadView::Threads(_) => "tasks",
    };
    let workers = format!("{:.1} of {} {unit}", facts.waiting, findings.headcount());
    let threads = match size {
        1 => "1 thread".to_owned(),
        several => format!("{several} threads"),
    };
    let mut evidence = vec![match facts.view {
        ThreadView::Runtime(looks) => format!(
            "{workers} wait in {}{} on average, by {looks} looks into their runtime, and what they wait for is done by {threads} of their process.",
            findings.class(facts.site.class),
            if facts.places > 1 {
                " and elsewhere"
            } else {
                ""
            },
        ),
        ThreadView::Threads(wakes) => format!(
            "{workers} wait inside their process on average, where {threads} beside the one that carries them {} without a pause, and {} it {wakes:.1} times an item.",
            if size == 1 { "works" } else { "work" },
            if size == 1 { "wakes" } else { "wake" },
        ),
        ThreadView::Waits(by_them) => format!(
            "{workers} wait inside their process on average, and {} of the wake-ups come from {threads} of it that {} what they hand over.",
            percent(by_them),
            if size == 1 { "writes" } else { "write" },
        ),
    }];
    evidence.push(format!(
        "Waiting for one of them took {:.1} s of worker time in all.",
        facts.seconds
    ));
    let does = facts.does.map(|holding| {
        let does = doing(findings, holding.activity);
        evidence.push(format!(
            "Such a thread mostly {does}: {} of what it does.",
            percent(holding.share)
        ));
        does
    });
    let holder = match does {
        Some(does) => format!("{unit} before them: thread {} {does}", facts.name),
        None => format!("{unit} before them"),
    };
    Words {
        clause: format!("what they hand over is done by {threads}"),
        chain: vec![
            format!("{workers} wait for {threads}"),
            format!("held by {holder}"),
        ],
        holder,
        evidence,
    }
}
