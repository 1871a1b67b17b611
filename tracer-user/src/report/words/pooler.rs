//! A peer that lends few connections, in words.

use super::{Words, of_workers, short};
use crate::diagnose::{Findings, PoolerFacts};
use crate::number::millis;
use crate::row::printable;

pub(super) fn words(findings: &Findings<'_>, facts: &PoolerFacts) -> Words {
    let address = findings.class(facts.site.class);
    let name = match findings.peer_process(facts.site.class).as_str() {
        "" => address,
        process => format!("{address} ({process})"),
    };
    let behind = match facts.process.as_str() {
        "" => printable(&facts.behind).into_owned(),
        process => format!("{} ({})", printable(&facts.behind), printable(process)),
    };
    let connections = match facts.connections {
        1 => "1 connection".to_owned(),
        several => format!("{several} connections"),
    };
    let waiters = findings.waited_at(&[facts.site]);
    Words {
        evidence: vec![
            format!(
                "{} requests at a time are with {name}, on average, of which {} are with {behind}: it has {connections} there.",
                short(facts.at_once),
                short(facts.taken),
            ),
            format!(
                "A request takes {} there; {:.1} s of worker time is spent before it has a connection.",
                millis(1e3 * facts.response_s),
                facts.seconds
            ),
        ],
        clause: format!("{name} has only {connections} to {behind}"),
        chain: vec![
            format!(
                "{} wait for replies of {name}",
                of_workers(findings, waiters)
            ),
            format!("requests wait inside it for one of {connections} to {behind}"),
        ],
        holder: format!("requests that {behind} works on"),
    }
}
