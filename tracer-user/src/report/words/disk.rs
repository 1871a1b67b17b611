//! A disk that is saturated, and accesses to files, in words.

use super::{Words, percent, short};
use crate::classify::WaitKind;
use crate::diagnose::{AccessFacts, DiskFacts, DiskLoad, Findings, Throughput};
use crate::number::{figure, millis};
use crate::row::printable;

pub(super) fn words(findings: &Findings<'_>, facts: &DiskFacts) -> Words {
    let name = printable(&facts.name);
    let (what, load) = (subject(findings, &facts.accesses), &facts.load);
    let served = if facts.capacity < 1.5 {
        "one at a time".to_owned()
    } else {
        format!("{} at a time", short(facts.capacity))
    };
    let rate = short(facts.accesses.rate_per_s);
    Words {
        evidence: evidence(findings, facts),
        clause: format!("{what} queue at disk {name}, which serves {served}, {rate} a second"),
        chain: vec![
            at_once(findings, &facts.accesses),
            format!(
                "disk {name} is busy for {} of the time and serves {served}",
                percent(load.busy)
            ),
        ],
        holder: format!("disk {name}"),
    }
}

fn evidence(findings: &Findings<'_>, facts: &DiskFacts) -> Vec<String> {
    let (name, load) = (printable(&facts.name), &facts.load);
    let mut evidence = vec![
        of_accesses(findings, &facts.accesses),
        format!(
            "Disk {name} was busy for {} of the time, with {} requests at once on average: {}.",
            percent(load.busy),
            short(load.at_once),
            throughput(load)
        ),
    ];
    if !facts.is_told {
        evidence.push(
            "How many were under way did not vary, so that it cannot be told whether each would take as long alone."
                .to_owned(),
        );
    }
    if let Some(own) = load.own {
        evidence.push(format!(
            "At most {} of what the disk reads and writes is the target's own: others keep it busy.",
            percent(own)
        ));
    }
    evidence
}

/// `1,080 reads a second (1,060 MB/s, 14.8 ms each)`, and writes, where there are any.
fn throughput(load: &DiskLoad) -> String {
    let one = |of: Throughput, what: &str| {
        (of.per_s > 0.0).then(|| {
            format!(
                "{} {what} a second ({} MB/s, {} each)",
                figure(of.per_s),
                figure(of.bytes_per_s / 1e6),
                millis(1e3 * of.mean_s)
            )
        })
    };
    let both = [one(load.read, "reads"), one(load.written, "writes")];
    let both: Vec<String> = both.into_iter().flatten().collect();
    if both.is_empty() {
        "no reads or writes".to_owned()
    } else {
        both.join(", ")
    }
}

/// How the accesses went.
pub(super) fn of_accesses(findings: &Findings<'_>, facts: &AccessFacts) -> String {
    format!(
        "{} {} took {:.2} ms on average, {:.1} s of worker time in all; {:.1} were under way at once, {} a second were completed.",
        facts.count,
        subject(findings, facts),
        1e3 * facts.mean_s,
        facts.seconds,
        facts.at_once,
        short(facts.rate_per_s),
    )
}

/// `reads of /data/in-#`.
pub(super) fn subject(findings: &Findings<'_>, facts: &AccessFacts) -> String {
    match facts.site.kind {
        WaitKind::Fault => "page faults".to_owned(),
        _ => {
            let what = if facts.reads { "reads" } else { "writes" };
            format!("{what} of {}", findings.class(facts.site.class))
        }
    }
}

/// How many are at it, as the beginning of the chain.
pub(super) fn at_once(findings: &Findings<'_>, facts: &AccessFacts) -> String {
    let what = match (facts.site.kind, facts.reads) {
        (WaitKind::Fault, _) => "page faults",
        (_, true) => "reads of files",
        (_, false) => "writes of files",
    };
    format!(
        "{:.1} of {} workers are in {what} at once",
        facts.at_once,
        findings.headcount()
    )
}
