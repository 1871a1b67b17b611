//! `user-lock`: a mutex, rwlock or semaphore in user space, in one process or in shared memory.
//!
//! Must be seen: workers blocked on one futex word (or on parked words of one call site), woken by fellow workers.
//! Refuted by: wake-ups that come from elsewhere (a queue), holders that are all inside an exchange on several sockets (a
//! pool).

use super::findings::Findings;
use super::pool;
use super::suspect::Suspect;
use crate::blame::LockBook;
use crate::report::Culprit;
use crate::row::ResourceKind;
use crate::scaling::Lost;
use crate::work::{Spot, Way};

/// Waiting that makes out less than this share of worker time is of no interest.
pub(super) const WORTH_NAMING: f64 = 0.02;
/// A lock's waiters are woken by those who had it: at least this share of wake-ups whose waker was seen comes from fellow
/// workers. A queue's come from the one who fills it.
pub(super) const BY_FELLOWS: f64 = 0.5;

/// Share of the wake-ups with a waker that came from workers, or from threads that let go of it.
pub(super) fn by_fellows(findings: &Findings<'_>, book: &LockBook) -> f64 {
    let workers = findings.worker_set();
    let (mut fellows, mut all) = (0, 0);
    for (waker, count) in &book.wakers {
        all += count;
        if workers.contains(waker) {
            fellows += count;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    if all == 0 {
        0.0
    } else {
        fellows as f64 / all as f64
    }
}

pub(super) fn suspects(findings: &Findings<'_>) -> Vec<Suspect> {
    let spots = findings.spots();
    spots
        .iter()
        .filter(|(spot, seconds)| {
            spot.way == Way::Futex && *seconds >= WORTH_NAMING * findings.time()
        })
        .filter_map(|(spot, seconds)| suspect(findings, *spot, *seconds))
        .collect()
}

fn suspect(findings: &Findings<'_>, spot: Spot, seconds: f64) -> Option<Suspect> {
    let book = findings.lock(spot)?;
    let fellows = by_fellows(findings, book);
    if fellows < BY_FELLOWS || pool::is_pool(findings, spot, book).is_some() {
        return None;
    }
    let name = findings.lock_name(spot.place);
    let shared = findings
        .places
        .members(spot.place)
        .iter()
        .any(|word| word.kind == ResourceKind::FutexShared);
    let mut evidence = vec![format!(
        "{} of {} workers waited for the {name}, {:.1} s of worker time in all; {:.0}% of the wake-ups came from fellow workers.",
        book.waiters.len(),
        findings.workers.len(),
        seconds,
        100.0 * fellows,
    )];
    let charged = book.charged();
    let hold = book.hold_seconds();
    if let Some(hold) = hold {
        evidence.push(format!(
            "It was let go {} times while others waited, after being held for {:.3} ms on average (hand-off: the holder is the one that lets go next).",
            charged.holds,
            1e3 * hold,
        ));
    }
    let because = findings.because(&charged);
    let holder = match because.first() {
        Some((what, share)) => {
            evidence.push(format!(
                "While holding it, the holder {} for {:.0}% of the time.",
                findings.doing(what),
                100.0 * share
            ));
            format!(
                "each worker in turn, which {} meanwhile",
                findings.doing(what)
            )
        }
        None => "not seen".to_owned(),
    };
    let (looked_at, named) = book.owner_word;
    if named > looked_at / 2 {
        evidence
            .push("The lock's own word names a live thread as its owner (owner-word).".to_owned());
    }
    if shared {
        evidence.push("The lock lies in shared memory of several processes.".to_owned());
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    let demand = hold.map_or(0.0, |hold| findings.per_item(hold * charged.holds as f64));
    let stage = findings.stage_of(spot);
    let site = findings.call_site(spot.place).unwrap_or_default();
    Some(Suspect {
        cause: "user-lock",
        stage,
        culprit: Culprit {
            kind: "lock".to_owned(),
            name: name.clone(),
            call_site: site,
            capacity: 1.0,
            rate_per_s: hold.map_or(0.0, |hold| 1.0 / hold),
            service_ms: hold.map_or(0.0, |hold| 1e3 * hold),
            ..Culprit::default()
        },
        spots: vec![spot],
        lost: Lost::certain(seconds),
        demand,
        capacity: 1.0,
        seen: if hold.is_some() { 1.0 } else { 0.6 },
        clause: match hold {
            Some(hold) => format!("one at a time holds the {name}, {:.3} ms each", 1e3 * hold),
            None => format!("they wait for the {name}"),
        },
        chain: vec![
            format!(
                "{} of {} workers wait for the {name}",
                book.waiters.len(),
                findings.workers.len()
            ),
            format!("held by {holder}"),
        ],
        holder,
        evidence,
        ..Suspect::default()
    })
}
