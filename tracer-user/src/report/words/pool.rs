//! A pool of connections, in words.

use super::{Words, of_workers, percent};
use crate::diagnose::{Findings, PoolFacts, PoolView};

pub(super) fn words(findings: &Findings<'_>, facts: &PoolFacts) -> Words {
    let name = findings.class(facts.peer);
    let size = facts.connections;
    let are_slots = facts.sockets > size;
    let connections = match (size, are_slots) {
        (1, true) => "1 slot for requests".to_owned(),
        (1, false) => "1 connection".to_owned(),
        (several, true) => format!("{several} slots for requests"),
        (several, false) => format!("{several} connections"),
    };
    let one = if size == 1 { "it" } else { "one" };
    let at = match facts.view {
        PoolView::Runtime { .. } => Some(findings.class(facts.site.class)),
        PoolView::Waits { .. } | PoolView::Slots => findings.call_site(facts.site.class),
    };
    let at = at.map(|site| format!(" in {site}")).unwrap_or_default();
    let holder = format!("workers that wait for replies of {name}");
    Words {
        evidence: vec![
            format!(
                "{} workers share {connections} to {name}; {} of them waited{at} for {one}, {:.1} s of worker time in all.",
                findings.headcount(),
                facts.waiters,
                facts.seconds,
            ),
            format!(
                "Whoever has one is inside an exchange of {:.1} ms with the peer; {:.1} of them are under way on average.",
                1e3 * facts.exchange_s,
                facts.at_once,
            ),
            match facts.view {
                PoolView::Waits { by_workers } => format!(
                    "{} of the wake-ups came from workers giving their connection back.",
                    percent(by_workers)
                ),
                PoolView::Slots => format!(
                    "By arithmetic: {} workers there are by {} count, and no more than {} ever under way.",
                    findings.headcount(),
                    if findings.told.is_some() {
                        "your"
                    } else {
                        "their runtime's"
                    },
                    match size {
                        1 => "1 request is".to_owned(),
                        several => format!("{several} requests are"),
                    }
                ),
                PoolView::Runtime { waiting, looks } => format!(
                    "{waiting:.1} of them wait for one on average, by {looks} looks into their runtime.",
                ),
            },
        ],
        clause: match size {
            1 => format!("one request at a time goes to {name}"),
            size if are_slots => format!("no more than {size} requests at a time go to {name}"),
            size => format!("only {size} connections lead to {name}"),
        },
        chain: vec![
            format!(
                "{} wait{at} for {}",
                of_workers(findings, facts.waiters),
                match size {
                    1 if are_slots => "the only slot for requests".to_owned(),
                    1 => "the only connection".to_owned(),
                    _ => format!("one of {connections}"),
                }
            ),
            format!("held by {holder}"),
        ],
        holder,
    }
}
