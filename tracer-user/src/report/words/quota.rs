//! A control group's limit, in words.

use super::{Words, disk, fsync, percent};
use crate::diagnose::{Findings, QuotaFacts, Throttled};
use crate::number::figure;
use crate::row::{DiskUnit, printable};

pub(super) fn words(findings: &Findings<'_>, facts: &QuotaFacts) -> Words {
    let (group, limit) = (printable(&facts.group), allowed(facts, ""));
    let (mut evidence, what, at_once, waits) = match &facts.throttled {
        Throttled::Syncs(syncs) => (
            fsync::evidence(syncs),
            format!("fsync of {}", findings.class(syncs.site.class)),
            fsync::at_once(findings, syncs),
            "the syncs wait",
        ),
        Throttled::Accesses(accesses) => (
            vec![disk::of_accesses(findings, accesses)],
            disk::subject(findings, accesses),
            disk::at_once(findings, accesses),
            "they wait",
        ),
    };
    evidence.insert(
        1,
        format!(
            "The control group {group} may {}, and {} of that was used: the limit is what {waits} for.",
            allowed(facts, &where_to(facts)),
            percent(facts.used),
        ),
    );
    Words {
        evidence,
        clause: format!("every item waits for {what}, and their control group may {limit}"),
        chain: vec![at_once, format!("the control group {group} may {limit}")],
        holder: format!("the limit of {}", amount(facts)),
    }
}

/// `write 150 times a second`, `read from disk 254:0 50 MB a second`; `place` is where to or from.
fn allowed(facts: &QuotaFacts, place: &str) -> String {
    let per_second = facts.per_second;
    match facts.unit {
        DiskUnit::Writes => format!("write{place} {per_second} times a second"),
        DiskUnit::Reads => format!("read{place} {per_second} times a second"),
        DiskUnit::Bytes => format!("write{place} {} a second", megabytes(per_second)),
        DiskUnit::ReadBytes => format!("read{place} {} a second", megabytes(per_second)),
    }
}

/// ` to disk 254:0`, or from there.
fn where_to(facts: &QuotaFacts) -> String {
    let way = if facts.unit.is_read() { "from" } else { "to" };
    format!(" {way} disk {}", printable(&facts.device))
}

/// `150 writes a second`.
fn amount(facts: &QuotaFacts) -> String {
    let per_second = facts.per_second;
    match facts.unit {
        DiskUnit::Writes => format!("{per_second} writes a second"),
        DiskUnit::Reads => format!("{per_second} reads a second"),
        DiskUnit::Bytes => format!("{} written a second", megabytes(per_second)),
        DiskUnit::ReadBytes => format!("{} read a second", megabytes(per_second)),
    }
}

fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "bytes a second")]
    let bytes = bytes as f64;
    format!("{} MB", figure(bytes / 1e6))
}
