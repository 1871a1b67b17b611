//! `file-lock` and `checkpoint`: flock, fcntl, SQLite busy; and the special case that all workers rewrite one small file.
//!
//! Must be seen: workers blocked in flock or fcntl, or sleeping between refused attempts, on one file.
//! A checkpoint is a lock under which one and the same small file is written anew by at least half of the workers. Refuted by: waiters that
//! poll, and sleep on while nobody holds the lock: then what keeps them is the polling, and not what is written.

use super::candidate::{Candidate, Claim, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::{Facts, Holding};
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::user_lock::WORTH_NAMING;
use crate::blame::LockStats;
use crate::cause::Cause;
use crate::classify::{ClassId, ClassKind, WaitKind, WaitSite};
use crate::row::Nanos;
use crate::scaling::Lost;
use crate::work::ClassTotals;

/// A file that is written anew with fewer bytes than this each time is a progress file, not the output.
const SMALL: u64 = 64 * 1024;

/// A lock that wakes who waits for it is handed on within some ten microseconds. One that is free for a fifth of the time in which it is
/// waited for stands idle while its waiters sleep: that much must be left to a polled lock for what is done under it to be the limit.
const IDLES: f64 = 0.2;

/// What `SQLite` calls the files beside a database (<https://www.sqlite.org/tempfiles.html>). It polls by itself.
const JOURNALS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// What is seen of a lock on a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FileLockFacts {
    /// Where it is waited for.
    pub site: WaitSite,
    /// How many workers waited for it.
    pub waiters: usize,
    /// Worker time that took, s.
    pub seconds: f64,
    /// How often it was let go while others waited.
    pub holds: u64,
    /// Mean time held while others waited, s; `None`: nobody was seen to let go.
    pub hold_s: Option<f64>,
    /// Time held for one item, s.
    pub demand_s: f64,
    /// Waiters ask again and again and sleep in between.
    pub polled: bool,
    /// Share of the time in which somebody waited and nobody was seen to hold, 0 to 1.
    pub unheld: f64,
    /// It is a database's: a journal lies beside it.
    pub is_database: bool,
    /// What holders do most.
    pub holding: Option<Holding>,
}

impl FileLockFacts {
    /// Waiters sleep on while nobody holds it.
    #[must_use]
    pub fn idles(&self) -> bool {
        self.polled && self.unheld >= IDLES
    }
}

/// What is seen of a progress file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckpointFacts {
    /// The lock it is written under.
    pub lock: FileLockFacts,
    /// The file.
    pub file: ClassId,
    /// How many workers write it.
    pub writers: usize,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    for (site, seconds) in findings.sites() {
        if site.kind == WaitKind::FileLock
            && seconds >= WORTH_NAMING * findings.time()
            && let Some(stats) = findings.lock(site)
        {
            let lock = facts(findings, site, seconds, stats);
            ruling.candidates.push(candidate(
                findings,
                &lock,
                Facts::FileLock(lock),
                site.class,
            ));
            if let Some(file) = rewritten(findings, site) {
                let facts = Facts::Checkpoint(CheckpointFacts {
                    lock,
                    file,
                    writers: writers(findings, file),
                });
                let checkpoint = candidate(findings, &lock, facts, file);
                if lock.idles() {
                    let by = Refutation::LockIdles {
                        unheld: lock.unheld,
                    };
                    ruling.clear(Cause::Checkpoint, checkpoint.culprit, by);
                } else {
                    ruling.candidates.push(checkpoint);
                }
            }
        }
    }
    ruling
}

fn facts(
    findings: &Findings<'_>,
    site: WaitSite,
    seconds: f64,
    stats: &LockStats,
) -> FileLockFacts {
    let charged = stats.charged();
    let hold_s = stats.hold_seconds();
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let demand_s = hold_s.map_or(0.0, |hold| findings.per_item(hold * charged.holds as f64));
    FileLockFacts {
        site,
        waiters: findings.waiting_workers(stats),
        seconds,
        holds: charged.holds,
        hold_s,
        demand_s,
        polled: stats.timeouts > stats.waits / 2,
        unheld: if stats.contended > Nanos::ZERO {
            stats.unheld.seconds() / stats.contended.seconds()
        } else {
            0.0
        },
        is_database: is_database(findings, site.class),
        holding: findings.holding(&charged),
    }
}

/// It is the index of a journal, or a journal of it is there.
fn is_database(findings: &Findings<'_>, locked: ClassId) -> bool {
    let locked = findings.classes.name(locked);
    let is_journal = |name: &str| JOURNALS.iter().any(|end| name.ends_with(end));
    let mut others = findings.inventory.all_totals().into_iter();
    is_journal(locked)
        || others.any(|(class, _)| {
            let end = findings.classes.name(class).strip_prefix(locked);
            end.is_some_and(is_journal)
        })
}

fn candidate(
    findings: &Findings<'_>,
    lock: &FileLockFacts,
    facts: Facts,
    file: ClassId,
) -> Candidate {
    let culprit = Culprit {
        kind: CulpritKind::File,
        name: findings.class(file),
        capacity: 1.0,
        rate_per_s: if lock.demand_s > 0.0 {
            1.0 / lock.demand_s
        } else {
            0.0
        },
        service_ms: 1e3 * lock.demand_s,
        ..Culprit::default()
    };
    let mut tests = vec![Sign::HolderSeen.is(Outcome::of(lock.hold_s.is_some()))];
    if matches!(facts, Facts::Checkpoint(_)) {
        tests.push(Sign::RewrittenUnderIt.is(Outcome::Seen));
    }
    // A waiter that polls sleeps on after the lock is free; that part is waste, and proved only while somebody held.
    let proved = if lock.polled {
        lock.seconds * (1.0 - lock.unheld)
    } else {
        lock.seconds
    };
    Candidate {
        claims: vec![Claim {
            site: lock.site,
            lost: Lost {
                proved,
                ..Lost::certain(lock.seconds)
            },
        }],
        demand: lock.demand_s,
        tests,
        ..Candidate::new(findings.stage_of(lock.site), culprit, facts)
    }
}

fn writers(findings: &Findings<'_>, file: ClassId) -> usize {
    let workers = findings.worker_set();
    let totals = findings.inventory.totals(file);
    totals.map_or(0, |totals| totals.actors.intersection(&workers).count())
}

/// The small file that the workers rewrite under the lock: the locked file itself, or one beside it.
fn rewritten(findings: &Findings<'_>, site: WaitSite) -> Option<ClassId> {
    let locked = findings.classes.name(site.class);
    let folder = locked.rsplit_once('/').map_or("", |(folder, _)| folder);
    let half = findings.workers.len().div_ceil(2);
    let fits = |(class, totals): &(ClassId, &ClassTotals)| {
        let name = findings.classes.name(*class);
        // Of a file that is open for a moment only the name may be known, without its folder.
        let beside = *class == site.class
            || name.rsplit_once('/').is_none_or(|(own, _)| own == folder) && !name.is_empty();
        // A database's journal is opened for each transaction, but it is the database that is locked.
        let journal = name
            .strip_prefix(locked)
            .is_some_and(|end| end.starts_with('-'));
        findings.classes.kind(*class) == ClassKind::Files
            && beside
            && !journal
            && is_rewritten(totals)
            && writers(findings, *class) >= half
    };
    let files = findings.inventory.all_totals().into_iter().filter(fits);
    files
        .max_by_key(|(class, totals)| (totals.opens, findings.class(*class)))
        .map(|(class, _)| class)
}

/// Opened for each write, and written with few bytes each time; a file that is only locked is not written.
fn is_rewritten(totals: &ClassTotals) -> bool {
    totals.opens > 0 && totals.bytes_written > 0 && totals.bytes_written / totals.opens < SMALL
}

#[cfg(test)]
mod tests {
    use super::{ClassTotals, is_rewritten};

    #[test]
    fn a_file_that_is_only_opened_and_locked_is_not_rewritten() {
        let file = |opens, bytes_written| ClassTotals {
            opens,
            bytes_written,
            written: true,
            ..ClassTotals::default()
        };
        assert!(is_rewritten(&file(100, 20_000)));
        assert!(!is_rewritten(&file(100, 0)), "only locked");
        assert!(!is_rewritten(&file(1, 20_000_000)), "the output");
        assert!(!is_rewritten(&file(0, 20_000)), "appended to");
    }
}
