//! Connections that are dropped, in words.

use super::{Words, of_workers};
use crate::diagnose::{Dropped, Findings, NetworkFacts};
use crate::number::{count, millis, percent, seconds};
use crate::row::{Listener, printable};

pub(super) fn words(findings: &Findings<'_>, facts: &NetworkFacts) -> Words {
    let name = findings.class(facts.site.class);
    let share = share(facts);
    let after = seconds(facts.shortest_s);
    let again = format!("{share} of them are sent again after {after}");
    let mut evidence = vec![took(facts)];
    let (clause, holder) = match &facts.dropped {
        Dropped::QueueFull { queue, overflows } => {
            evidence.push(full(queue, *overflows));
            let clause = format!(
                "connects to {name} find its accept queue full (backlog {}): {again}",
                queue.backlog
            );
            (clause, accepts(findings, facts, queue))
        }
        Dropped::HasRoom => {
            evidence.push(
                "Its listener's queue was never seen full, and too few connections were counted as dropped for want of room: they are lost before it."
                    .to_owned(),
            );
            let clause = format!("connects to {name} are lost on the way: {again}");
            (clause, "the way there".to_owned())
        }
        Dropped::NotSeen => {
            evidence.push(
                "Its listener was not looked at (it is on another host, or in another network namespace), or what it dropped was not counted: its queue is full, or packets are lost on the way. There, ss -ltn shows the queue, and nstat TcpExtListenOverflows what it dropped."
                    .to_owned(),
            );
            let clause = format!(
                "connects to {name} are not answered at first, its accept queue being full or packets being lost: {again}"
            );
            (clause, format!("{name}, or the way there"))
        }
    };
    if let Some((resent, all)) = facts.resent {
        evidence.push(format!(
            "On the connections to it that were open at the end TCP sent {} of {} segments again.",
            count(resent),
            count(all)
        ));
    }
    let waiters = findings.waited_at(&[facts.site]);
    Words {
        evidence,
        clause,
        chain: vec![
            format!(
                "{} connect to {name}, and {share} of the connects are dropped",
                of_workers(findings, waiters)
            ),
            format!("held by {holder}"),
        ],
        holder,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn share(facts: &NetworkFacts) -> String {
    percent(facts.again as f64 / facts.connects.max(1) as f64)
}

fn took(facts: &NetworkFacts) -> String {
    format!(
        "Of {} connects {} took from {} to {}, as long as TCP waits before it asks again, the others {}: {:.1} s of worker time.",
        count(facts.connects as u64),
        count(facts.again as u64),
        seconds(facts.shortest_s),
        seconds(facts.longest_s),
        millis(1e3 * facts.usual_s),
        facts.seconds,
    )
}

fn full(queue: &Listener, overflows: Option<u64>) -> String {
    let counted = match overflows {
        Some(overflows) => format!(
            "; listeners of its host dropped {} connections for want of room",
            count(overflows)
        ),
        None => String::new(),
    };
    format!(
        "The listener at {} lets {} connections wait until it accepts them; of {} looks at it {} found no room, and up to {} waiting{counted}.",
        printable(&queue.local),
        queue.backlog,
        queue.looks,
        queue.full,
        queue.most,
    )
}

/// Who accepts connections.
fn accepts(findings: &Findings<'_>, facts: &NetworkFacts, queue: &Listener) -> String {
    let known = findings.peer_process(facts.site.class);
    let process = match known.as_str() {
        "" => printable(&queue.process),
        known => known.into(),
    };
    match process.as_ref() {
        "" => "whoever accepts them".to_owned(),
        process => format!("{process}, which is slow to accept them"),
    }
}
