//! A peer that serves fewer at a time than come, in words.

use super::activity::doing;
use super::{Words, percent, statement};
use crate::blame::HolderActivity;
use crate::diagnose::{Findings, InsideFacts, InsideQueue, OutsideFacts, RemoteFacts, RemoteView};
use crate::number::millis;
use crate::row::printable;
use crate::work::StageName;

/// A statement with less than this share of the waiting for a peer says little of it.
const WORTH_NAMING: f64 = 0.1;

pub(super) fn words(findings: &Findings<'_>, facts: &RemoteFacts) -> Words {
    let mut words = match &facts.view {
        RemoteView::Inside(inside) => from_inside(findings, facts, inside),
        RemoteView::Outside(outside) => from_outside(findings, facts, *outside),
    };
    let heaviest = facts.statement.as_ref();
    if let (Some(heaviest), Some(first)) = (
        heaviest.filter(|statement| statement.share >= WORTH_NAMING),
        words.evidence.first_mut(),
    ) {
        let turn = heaviest
            .turn_s
            .map(|turn| format!(", which has the peer for {} each time", millis(1e3 * turn)));
        first.push_str(&format!(
            " {} of the waiting is in {}{}.",
            percent(heaviest.share),
            statement(&heaviest.text),
            turn.unwrap_or_default()
        ));
    }
    words
}

fn from_inside(findings: &Findings<'_>, facts: &RemoteFacts, inside: &InsideFacts) -> Words {
    let name = findings.class(facts.site.class);
    let who = who(&name, inside);
    let mut evidence = vec![format!(
        "A request to {who} takes {:.1} ms, of which the peer works on it for {:.2} ms; the rest it queues: {:.1} others are there at the same time.",
        1e3 * inside.response_s,
        1e3 * inside.service_s,
        facts.at_once - 1.0,
    )];
    let mut chain = vec![waiting(findings, facts, &who)];
    if let Some(through) = &inside.through {
        let through = printable(through);
        evidence.push(format!(
            "It passes requests on to {through}; what is told of it here is of that one."
        ));
        chain.push(format!("it passes them on to {through}"));
    }
    let mut holder = format!("the request {} works on", inside.process);
    let mut clause = served(findings, facts);
    match inside.queue {
        InsideQueue::Lock {
            class,
            waiters,
            wait_s,
            holding,
        } => {
            let lock = findings.lock_name(class);
            evidence.push(format!(
                "{waiters} of its threads queue for the {lock}, {:.1} ms a request.",
                1e3 * wait_s
            ));
            chain.push(format!("its threads wait for the {lock}"));
            if let Some(holding) = holding {
                let doing = doing(findings, holding.activity);
                evidence.push(format!(
                    "Its holder {doing} for {} of the time it holds.",
                    percent(holding.share)
                ));
                holder = one_thread(&inside.process, holding.activity, &doing);
            }
        }
        InsideQueue::HandedOn { wait_s, times } => {
            evidence.push(format!(
                "{:.1} ms of it a request is blocked until another one wakes it, {times} times in all: they hand on a lock inside {}, such as a row that a transaction holds to its end.",
                1e3 * wait_s,
                inside.process,
            ));
            "the transaction of one of them".clone_into(&mut holder);
            clause = format!(
                "requests to {name} wait for each other inside it and are let through one after the other"
            );
        }
        InsideQueue::Behind {
            ref address,
            wait_s,
        } => {
            let address = printable(address);
            evidence.push(format!(
                "{} of it a request queues at {address}, which {} asks for it.",
                millis(1e3 * wait_s),
                inside.process
            ));
            chain.push(format!("it asks {address}, where they queue"));
            clause =
                format!("requests to {name} queue at {address}, which is asked for each of them");
            holder = format!("the request {address} works on");
        }
        InsideQueue::OneThread => {
            evidence.push("One thread of it answers all requests.".to_owned());
        }
        InsideQueue::Unknown => {}
    }
    chain.push(format!("held by {holder}"));
    Words {
        evidence,
        clause,
        holder,
        chain,
    }
}

/// `one thread of database at a time, which sleeps`.
fn one_thread(process: &str, activity: HolderActivity, doing: &str) -> String {
    let thread = format!("one thread of {process} at a time");
    if activity == HolderActivity::Unknown {
        thread
    } else {
        format!("{thread}, which {doing}")
    }
}

/// `127.0.0.1:8123 (clickhouse, process 977)`.
fn who(name: &str, inside: &InsideFacts) -> String {
    let processes = match inside.processes {
        1 => format!("process {}", inside.pid),
        several => format!("{several} processes"),
    };
    if inside.process.is_empty() {
        format!("{name} (local, {processes})")
    } else {
        format!("{name} ({}, {processes})", inside.process)
    }
}

fn from_outside(findings: &Findings<'_>, facts: &RemoteFacts, outside: OutsideFacts) -> Words {
    let name = findings.class(facts.site.class);
    let mut evidence = vec![format!(
        "A request to {name} takes {:.1} ms ({:.1} at best); {:.1} others are under way at the same time; {:.1} replies a second.",
        1e3 * outside.mean_s,
        1e3 * outside.shortest_s,
        facts.at_once - 1.0,
        facts.rate_per_s,
    )];
    if let Some(elasticity) = outside.elasticity {
        evidence.push(format!(
            "Replies take longer the more requests are under way (elasticity {elasticity:.2}): they share a server."
        ));
    } else if outside.even {
        evidence.push(format!(
            "Replies come one after the other, evenly spaced ({:.0} ms apart, standard deviation {}), in the order of the requests.",
            1e3 / facts.rate_per_s.max(1e-9),
            percent(outside.gap_variation),
        ));
    }
    Words {
        evidence,
        clause: served(findings, facts),
        chain: vec![waiting(findings, facts, &name)],
        holder: "the peer, which was not seen from inside".to_owned(),
    }
}

fn waiting(findings: &Findings<'_>, facts: &RemoteFacts, who: &str) -> String {
    format!(
        "{:.1} of {} workers wait for replies of {who}",
        facts.at_once,
        findings.headcount()
    )
}

fn served(findings: &Findings<'_>, facts: &RemoteFacts) -> String {
    let name = findings.class(facts.site.class);
    let what = match findings.stage_of(facts.site) {
        StageName::Write => "writes",
        StageName::Fetch => "fetches",
        StageName::Transform | StageName::Other => "requests",
    };
    let at_once = if facts.is_serial() {
        "one at a time".to_owned()
    } else {
        format!("{:.0} at a time", facts.capacity)
    };
    let rate = facts.rate_per_s;
    format!("{what} to {name} are served {at_once}, {rate:.1} a second however many wait")
}
