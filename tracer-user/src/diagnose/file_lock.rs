//! `file-lock` and `checkpoint`: flock, fcntl, SQLite busy; and the special case that all workers rewrite one small file.
//!
//! Must be seen: workers blocked in flock or fcntl, or sleeping between refused attempts, on one file.
//! A checkpoint is a lock under which one and the same small file is written anew by at least half of the workers.

use super::candidate::Candidate;
use super::findings::Findings;
use super::user_lock::WORTH_NAMING;
use crate::blame::HolderActivity;
use crate::cause::Cause;
use crate::report::Culprit;
use crate::row::{Nanos, Tid};
use crate::scaling::Lost;
use crate::work::{ClassKind, WaitKind, WaitSite};

/// A file that is written anew with fewer bytes than this each time is a progress file, not the output.
const SMALL: u64 = 64 * 1024;

pub(super) fn candidates(findings: &Findings<'_>) -> Vec<Candidate> {
    let sites = findings.sites();
    let waits = sites.iter().filter(|(site, s)| {
        site.kind == WaitKind::FileLock && *s >= WORTH_NAMING * findings.time()
    });
    waits
        .filter_map(|(site, seconds)| candidate(findings, *site, *seconds))
        .collect()
}

fn candidate(findings: &Findings<'_>, site: WaitSite, seconds: f64) -> Option<Candidate> {
    let stats = findings.lock(site)?;
    let name = findings.class(site.class);
    let charged = stats.charged();
    let hold = stats.hold_seconds();
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let demand = hold.map_or(0.0, |hold| findings.per_item(hold * charged.holds as f64));
    let polled = stats.timeouts > stats.waits / 2;
    let progress = rewritten(findings, site);
    let mut evidence = vec![format!(
        "{} of {} workers waited for the lock of {name}, {seconds:.1} s of worker time in all.",
        stats.waiters.len(),
        findings.workers.len(),
    )];
    if let Some(hold) = hold {
        evidence.push(format!(
            "It was let go {} times while others waited, held for {:.2} ms on average, {:.2} ms an item.",
            charged.holds,
            1e3 * hold,
            1e3 * demand,
        ));
    }
    // A waiter that polls sleeps on after the lock is free; that part is waste, and proved only while somebody held.
    let idle = if stats.contended > Nanos::ZERO {
        stats.unheld.seconds() / stats.contended.seconds()
    } else {
        0.0
    };
    if polled {
        evidence.push(format!(
            "They poll: attempts are refused and they sleep in between; for {:.0}% of that time nobody held the lock.",
            100.0 * idle,
        ));
    }
    let activity = findings.activity(&charged);
    let doing = activity
        .first()
        .map(|(what, share)| (findings.doing(what), *share, *what));
    if let Some((doing, share, _)) = &doing {
        evidence.push(format!(
            "While holding it, the holder {doing} for {:.0}% of the time.",
            100.0 * share
        ));
    }
    let (cause, culprit, clause) = match &progress {
        Some(path) => {
            evidence.push(format!(
                "Under this lock {} rewrite the same small file {path}.",
                most(findings, site)
            ));
            (
                Cause::Checkpoint,
                path.clone(),
                format!("all of them rewrite {path} one after the other"),
            )
        }
        None => (
            Cause::FileLock,
            name.clone(),
            format!("one at a time holds the lock of {name}"),
        ),
    };
    let holder = doing.map_or("one worker at a time".to_owned(), |(doing, _, what)| {
        if what == HolderActivity::Unknown {
            "one worker at a time".to_owned()
        } else {
            format!("each worker in turn, which {doing} meanwhile")
        }
    });
    Some(Candidate {
        cause,
        stage: findings.stage_of(site),
        culprit: Culprit {
            kind: "file".to_owned(),
            name: culprit,
            capacity: 1.0,
            rate_per_s: if demand > 0.0 { 1.0 / demand } else { 0.0 },
            service_ms: 1e3 * demand,
            ..Culprit::default()
        },
        sites: vec![site],
        lost: if polled {
            Lost {
                proved: seconds * (1.0 - idle),
                likely: seconds,
                possible: seconds,
            }
        } else {
            Lost::certain(seconds)
        },
        demand,
        capacity: 1.0,
        seen: 1.0,
        evidence,
        // An item may take the lock several times: a database takes one for each step of a transaction.
        clause: if demand > 0.0 {
            format!("{clause}, {:.2} ms an item", 1e3 * demand)
        } else {
            clause
        },
        chain: vec![
            format!(
                "{} of {} workers wait for the lock of {name}",
                stats.waiters.len(),
                findings.workers.len()
            ),
            format!("held by {holder}"),
        ],
        holder,
        ..Candidate::default()
    })
}

fn writers(findings: &Findings<'_>, site: WaitSite) -> usize {
    let workers = findings.worker_set();
    let set: std::collections::BTreeSet<Tid> = findings
        .inventory
        .totals
        .get(&site.class)
        .map(|totals| totals.threads.intersection(&workers).copied().collect())
        .unwrap_or_default();
    set.len()
}

fn most(findings: &Findings<'_>, site: WaitSite) -> String {
    format!(
        "{} of {} workers",
        writers(findings, site),
        findings.workers.len()
    )
}

/// The small file that the workers rewrite under the lock: the locked file itself, or one beside it.
fn rewritten(findings: &Findings<'_>, site: WaitSite) -> Option<String> {
    let locked = findings.classes.name(site.class);
    let folder = locked.rsplit_once('/').map_or("", |(folder, _)| folder);
    let half = findings.workers.len().div_ceil(2);
    let workers = findings.worker_set();
    let mut best: Option<(u64, String)> = None;
    for (class, totals) in &findings.inventory.totals {
        let name = findings.classes.name(*class);
        let beside =
            *class == site.class || name.rsplit_once('/').is_some_and(|(own, _)| own == folder);
        let by_most = totals.threads.intersection(&workers).count() >= half;
        // A database's journal is opened for each transaction, but it is the database that is locked.
        let journal = name
            .strip_prefix(locked)
            .is_some_and(|end| end.starts_with('-'));
        let small = totals.opens > 0 && totals.bytes_written / totals.opens < SMALL;
        if findings.classes.kind(*class) != ClassKind::Files
            || !beside
            || !by_most
            || journal
            || !totals.written
            || !small
        {
            continue;
        }
        let rank = (totals.opens, findings.class(*class));
        if best.as_ref().is_none_or(|best| rank > *best) {
            best = Some(rank);
        }
    }
    best.map(|(_, path)| path)
}
