//! A peer on this host, as the rules ask of it: what its threads and processes do between a request and its reply.

use std::collections::BTreeSet;

use super::findings::Findings;
use crate::blame::{LockStats, ServiceStats, port_of};
use crate::classify::{ClassId, ClassKind, WaitKind, WaitSite};
use crate::row::Pid;

/// A service answers the same requests the workers send: its count of replies is within this share of theirs.
const SAME_REQUESTS: f64 = 0.3;

/// More of the requests than this share come to a thread that has not answered the one before: it serves several at a time, and
/// how long it works on one cannot be read from its states.
const INTERLEAVED: f64 = 0.1;

/// A peer's own books, where it runs on this host and its threads were tracked.
pub(super) struct Inside<'a> {
    /// Of all its processes.
    pub(super) stats: ServiceStats,
    /// How many processes serve.
    pub(super) processes: usize,
    /// One of them.
    pub(super) pid: Pid,
    pub(super) process: String,
    /// Mean time of a request that is not queueing, s.
    pub(super) service: f64,
    /// Mean time a request queues for a lock of the peer, s.
    pub(super) locked: f64,
    /// Mean time a request waits for another one in a way that is not known as a lock, s.
    pub(super) co_waiters: f64,
    pub(super) lock: Option<(WaitSite, &'a LockStats)>,
    pub(super) replies: f64,
}

/// Looks into the processes at the other end of the workers' sockets to `peer`, which exchanged `visits` turns with it. `None`:
/// they are elsewhere, event loops, or what they answer is not what the workers ask.
pub(super) fn look_inside<'a>(
    findings: &'a Findings<'a>,
    peer: ClassId,
    visits: f64,
) -> Option<Inside<'a>> {
    let members = findings.classes.members(peer);
    let pids: BTreeSet<Pid> = members
        .iter()
        .map(|socket| socket.peer_pid)
        .filter(|pid| pid.0 != 0)
        .collect();
    let name = findings.classes.name(peer);
    let port = name.rsplit_once(':').map_or(name, |(_, port)| port);
    let books: Vec<&ServiceStats> = findings
        .services
        .iter()
        .filter(|(class, stats)| {
            findings.classes.kind(**class) == ClassKind::Service
                && port_of(findings.classes, **class) == port
                && pids.contains(&stats.pid)
        })
        .map(|(_, stats)| stats)
        .collect();
    let (first, others) = books.split_first()?;
    let mut stats = (*first).clone();
    for other in others {
        stats.merge(other);
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    let replies = stats.requests as f64;
    if replies < 1.0 || (replies - visits).abs() > SAME_REQUESTS * visits.max(replies) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    if stats.interleaved as f64 > INTERLEAVED * replies {
        return None;
    }
    let locks: f64 = stats
        .blocked
        .iter()
        .filter(|(site, _)| matches!(site.kind, WaitKind::Futex | WaitKind::FileLock))
        .map(|(_, time)| time.seconds())
        .sum();
    let (queued, co_waiters) = (stats.queued.seconds(), stats.co_waiters.seconds());
    let lock = books
        .iter()
        .flat_map(|stats| findings.locks_in(stats.pid))
        .max_by_key(|(key, stats)| (stats.waiting, std::cmp::Reverse(*key)));
    Some(Inside {
        processes: books.len(),
        pid: stats.pid,
        process: findings.peer_process(peer),
        service: (stats.total.seconds() - locks - queued - co_waiters).max(0.0) / replies,
        locked: locks / replies,
        co_waiters: co_waiters / replies,
        lock,
        replies,
        stats,
    })
}
