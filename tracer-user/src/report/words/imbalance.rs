//! A barrier at which all wait for the last, in words.

use super::activity::doing;
use super::{Words, of_workers, percent};
use crate::diagnose::{Findings, ImbalanceFacts, Last};
use crate::number::millis;

pub(super) fn words(findings: &Findings<'_>, facts: &ImbalanceFacts) -> Words {
    let name = match findings.call_site(facts.site.class) {
        Some(place) => format!("the barrier in {place}"),
        None => "a barrier".to_owned(),
    };
    let waiters = of_workers(findings, facts.waiters);
    let meanwhile = facts.meanwhile.map(|holding| {
        let doing = doing(findings, holding.activity);
        (doing, percent(holding.share))
    });
    let who = match facts.last {
        Last::Same { who, .. } => findings.thread(who),
        Last::Another { .. } => "whoever comes last".to_owned(),
    };
    let mut evidence = vec![
        format!(
            "{waiters} waited at {name}, {:.1} s of worker time in all; {} of that ended together: {} times {:.1} of {} workers were let go at once, after {} each on average.",
            facts.seconds,
            percent(facts.share),
            facts.rounds,
            facts.released,
            facts.members,
            millis(1e3 * facts.wait_s),
        ),
        last(findings, facts),
    ];
    if let Some((doing, share)) = &meanwhile {
        evidence.push(format!(
            "While the others wait, {who} {doing} for {share} of the time."
        ));
    }
    let holder = match &meanwhile {
        Some((doing, _)) => format!("{who}, which {doing} meanwhile"),
        None => who.clone(),
    };
    Words {
        evidence,
        clause: match facts.last {
            Last::Same { share, .. } => format!(
                "all wait at {name} for {who}, which comes last in {} of the rounds",
                percent(share)
            ),
            Last::Another { .. } => {
                format!("in every round all wait at {name} for {who}, ever another one")
            }
        },
        chain: vec![format!("{waiters} wait at {name}"), format!("for {holder}")],
        holder,
    }
}

/// Who comes last, and how the work between two rounds differs.
fn last(findings: &Findings<'_>, facts: &ImbalanceFacts) -> String {
    match facts.last {
        Last::Same {
            who,
            share,
            work_s,
            others_s,
        } => format!(
            "It is {} that comes last, in {} of the rounds: it takes {} from one to the next, the others {} on average.",
            findings.thread(who),
            percent(share),
            millis(1e3 * work_s),
            millis(1e3 * others_s),
        ),
        Last::Another { most } => format!(
            "It is ever another one that comes last, the same one in {} of the rounds at most: from a release to the next arrival a worker takes {} on average, with a standard deviation of {}.",
            percent(most),
            millis(1e3 * facts.work_s),
            percent(facts.variation),
        ),
    }
}
