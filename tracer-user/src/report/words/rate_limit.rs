//! A limit on the rate, in words.

use super::{Words, percent};
use crate::diagnose::{Findings, RateLimitFacts, Throttle};

pub(super) fn words(findings: &Findings<'_>, facts: &RateLimitFacts) -> Words {
    let name = facts.peer.map_or_else(
        || "a limit in the program itself".to_owned(),
        |class| findings.class(class),
    );
    let waiting = match &facts.throttle {
        Throttle::Sleeps { .. } => "sleep until they may go on".to_owned(),
        Throttle::Spaced { .. } => "wait inside their process until they may go on".to_owned(),
        Throttle::Runtime { .. } => format!("wait in {}", findings.class(facts.site.class)),
        Throttle::Inside { .. } => format!("wait for replies that {name} holds back"),
    };
    Words {
        evidence: evidence(findings, facts, &name),
        clause: format!("{name} allows {:.1} a second", facts.rate_per_s),
        chain: vec![format!(
            "{:.1} of {} workers {waiting}",
            facts.at_once,
            findings.headcount()
        )],
        holder: "the rate limit".to_owned(),
    }
}

fn evidence(findings: &Findings<'_>, facts: &RateLimitFacts, name: &str) -> Vec<String> {
    let mut evidence = Vec::new();
    match &facts.throttle {
        Throttle::Sleeps {
            replies,
            tokens,
            shortest_s,
            mean_s,
            ends_per_s,
        } => {
            if *replies > 0 {
                evidence.push(format!(
                    "{name} answered {replies} requests with 429 or 503; the workers then sleep and try again."
                ));
            }
            if *tokens {
                evidence.push(format!(
                    "{:.1} workers sleep side by side, {:.0} to {:.0} ms each, and wake evenly spaced, {ends_per_s:.1} a second: they wait for tokens.",
                    facts.at_once,
                    1e3 * shortest_s,
                    1e3 * mean_s,
                ));
            }
        }
        Throttle::Spaced { peer, spread } => evidence.push(format!(
            "{:.1} workers wait inside their process on average, and their requests to {} begin evenly spaced (the gaps vary by {}), not as others end: they wait for tokens.",
            facts.at_once,
            findings.class(*peer),
            percent(*spread),
        )),
        Throttle::Runtime { looks } => evidence.push(format!(
            "{:.1} tasks wait in {} on average, by {looks} looks into their runtime.",
            facts.at_once,
            findings.class(facts.site.class),
        )),
        Throttle::Inside { process } => evidence.push(format!(
            "The threads of {name} ({process}) sleep side by side over the requests and reply evenly spaced, {:.1} a second: it hands out tokens.",
            facts.rate_per_s,
        )),
    }
    evidence
}
