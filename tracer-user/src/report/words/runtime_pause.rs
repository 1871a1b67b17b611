//! A runtime that stops all threads of its process, in words.

use super::{Words, of_workers, percent};
use crate::diagnose::{Findings, RuntimePauseFacts};
use crate::number::{millis, rate};

pub(super) fn words(findings: &Findings<'_>, facts: &RuntimePauseFacts) -> Words {
    let runtime = match facts.process.as_str() {
        "" => "the runtime".to_owned(),
        process => format!("the runtime of {process}"),
    };
    let by = findings.thread(facts.by);
    let waiters = of_workers(findings, facts.waiters);
    let often = rate(per_second(findings, facts));
    let length = millis(1e3 * facts.pause_s);
    let mut evidence = vec![
        format!(
            "{waiters} were stopped, {:.1} at a time on average, {} times ({often}) for {length} on average: somebody was stopped for {} of the time, and it took {:.1} s of worker time in all.",
            facts.stopped,
            facts.pauses,
            percent(facts.share),
            facts.seconds,
        ),
        format!("Who let them go on together is {by}, which is no worker."),
        format!(
            "The threads that are no workers computed for {:.2} s, and the pauses lasted {:.2} s; the workers computed for {:.2} s meanwhile.",
            facts.helpers_s, facts.paused_s, facts.workers_s,
        ),
    ];
    if let Some(within) = facts.within {
        evidence.push(format!(
            "{} of the stops fell within an item, where a worker that waits for its next item does not stop.",
            percent(within)
        ));
    }
    Words {
        evidence,
        clause: format!("{runtime} stops them {often}, for {length} each"),
        chain: vec![
            format!("{waiters} are stopped together by {runtime}"),
            format!("until {by} lets them go on"),
        ],
        holder: by,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn per_second(findings: &Findings<'_>, facts: &RuntimePauseFacts) -> f64 {
    facts.pauses as f64 / findings.window().max(1e-9)
}
