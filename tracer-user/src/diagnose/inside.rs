//! A peer on this host, as the rules ask of it: what its threads and processes do between a request and its reply.

use std::collections::BTreeSet;

use super::behind::behind;
use super::findings::Findings;
use crate::actors::ActorId;
use crate::blame::{Behind, HolderActivity, LockStats, ServiceStats, is_known_lock, port_of};
use crate::classify::{ClassId, ClassKind, WaitKind, WaitSite};
use crate::row::{Nanos, Pid};

/// A service answers the same requests the workers send: its count of replies is within this share of theirs.
const SAME_REQUESTS: f64 = 0.3;

/// More of the requests than this share come to a thread that has not answered the one before: it serves several at a time, and
/// how long it works on one cannot be read from its states.
const INTERLEAVED: f64 = 0.1;

/// An event loop that is busy for at least this share of the time in which requests are there is what they wait for.
const LOOP_IS_BUSY: f64 = 0.8;

/// As long as this takes it to run on a CPU that is idle, at most: some 5 us, 50 and more in a virtual machine.
const MOMENT: Nanos = Nanos(100_000);

/// A request that is with what stands behind the peer for this share of its time is passed on.
const PASSES_ON: f64 = 0.8;

/// Threads that work on requests for this share of the time have no pause in which more of them could be served.
const ALL_ALONG: f64 = 0.9;

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
    /// Mean time a request goes without a CPU, s: those that serve it queue behind others that work for the target too.
    pub(super) starved: f64,
    /// Mean time a request queues for a lock of the peer that is none of the kernel, s.
    pub(super) locked: f64,
    /// Mean time a request waits for another one in a way that is not known as a lock, s.
    pub(super) co_waiters: f64,
    /// Where else it queues while this peer waits for replies from there, and for how long on average, s.
    pub(super) behind: Option<(String, f64)>,
    pub(super) lock: Option<(WaitSite, &'a LockStats)>,
    pub(super) replies: f64,
    /// What it passes requests on to, if what is told is of that.
    pub(super) through: Option<String>,
}

/// Looks into the processes at the other end of the workers' sockets to where `site` is waited for, which exchanged `visits`
/// turns with it. `None`: they are elsewhere, what they answer is not what the workers ask, or they are event loops that wait
/// for others themselves, and what stands behind them is not seen.
pub(super) fn look_inside<'a>(
    findings: &'a Findings<'a>,
    site: WaitSite,
    visits: f64,
) -> Option<Inside<'a>> {
    let books = books(findings, site.class);
    let found = through(findings, (site, visits), &books);
    found.or_else(|| of_books(findings, (site, visits), &books, None))
}

/// A peer that passes requests on is seen by what stands behind it, where that has them for most of the time.
fn through<'a>(
    findings: &'a Findings<'a>,
    (site, visits): (WaitSite, f64),
    books: &[&ServiceStats],
) -> Option<Inside<'a>> {
    let behind = behind(findings, books, visits)?;
    let passes = behind.response * visits >= PASSES_ON * findings.blocked(site);
    let name = passes.then(|| match behind.process(findings).as_str() {
        "" => behind.address.to_owned(),
        process => format!("{} ({process})", behind.address),
    })?;
    of_books(findings, (site, visits), &behind.books, Some(name))
}

/// The same by what these processes did; `through`: the name of what they are, if it is not the peer itself.
fn of_books<'a>(
    findings: &'a Findings<'a>,
    (site, visits): (WaitSite, f64),
    books: &[&'a ServiceStats],
    through: Option<String>,
) -> Option<Inside<'a>> {
    let peer = site.class;
    let (first, others) = books.split_first()?;
    let mut stats = (*first).clone();
    for other in others {
        stats.merge(other);
    }
    let is_loop = is_loop(&stats);
    let replies = count(if is_loop {
        stats.answered
    } else {
        stats.requests
    });
    if !is_same_number(replies, visits) {
        return None;
    }
    let present = findings.present(site);
    let service = |worked: f64| service(worked / replies, present / visits.max(1.0));
    let behind = behind_whom(findings, &stats);
    let own = behind.own;
    let response = findings.blocked(site) / visits.max(1.0);
    if is_loop {
        let starved = own * stats.starved.seconds();
        let busy = stats.busy.seconds() + stats.starved.seconds();
        let service = service(busy - starved);
        let is_one = stats.threads.len() == books.len();
        let is_busy = busy >= LOOP_IS_BUSY * present * count(books.len() as u64);
        return (is_one && is_busy).then(|| Inside {
            processes: books.len(),
            pid: stats.pid,
            process: findings.peer_process(peer),
            service,
            // It has no time for one request while it works on others, and for that it needs longer without a CPU.
            starved: (response - service).max(0.0) * starved / busy.max(1e-9),
            locked: 0.0,
            co_waiters: 0.0,
            behind: None,
            lock: None,
            replies,
            stats,
            through,
        });
    }
    let blocked = |is_one: fn(WaitKind) -> bool| {
        let there = stats.blocked.iter().filter(|(site, _)| is_one(site.kind));
        there.map(|(_, time)| time.seconds()).sum::<f64>()
    };
    let locks = blocked(is_known_lock);
    let in_kernel = blocked(|kind| kind == WaitKind::KernelLock);
    let co_waiters = stats.for_co_waiters();
    let elsewhere = queues_behind(findings, &stats);
    let (queued, late) = (stats.queued.seconds(), stats.late.seconds());
    let all_locks: Vec<(WaitSite, &LockStats)> = books
        .iter()
        .flat_map(|stats| findings.locks_in(stats.pid))
        .collect();
    // Who has a lock and no CPU lets the others wait for a CPU.
    let for_a_cpu = own * (locks - in_kernel) * without_a_cpu(all_locks.iter().map(|(_, of)| *of));
    let starved = own * (queued + late) + for_a_cpu;
    // What a thread queues for behind strangers, or for a moment as it is woken, one request alone would queue for too.
    let moments = (behind.nobody * late).min(replies * MOMENT.seconds());
    let alone = behind.strangers * (queued + late) + moments;
    let queues_behind = elsewhere.as_ref().map_or(0.0, |(_, time)| *time);
    let worked = stats.total.seconds() - locks - co_waiters - queues_behind - queued + alone;
    let lock = all_locks
        .into_iter()
        .max_by_key(|(key, stats)| (stats.waiting, std::cmp::Reverse(*key)));
    Some(Inside {
        processes: books.len(),
        pid: stats.pid,
        process: findings.peer_process(peer),
        service: service(worked),
        starved: starved / replies,
        locked: (locks - in_kernel - for_a_cpu) / replies,
        co_waiters: co_waiters / replies,
        behind: elsewhere.map(|(address, time)| (address, time / replies)),
        lock,
        replies,
        stats,
        through,
    })
}

/// Where the requests of a service queue most behind it, while it waits for replies from there, and for how long all of them do, s.
fn queues_behind(findings: &Findings<'_>, stats: &ServiceStats) -> Option<(String, f64)> {
    let asked = stats.blocked.iter();
    let asked = asked.filter(|(site, _)| site.kind == WaitKind::Request);
    let queues = asked.filter_map(|(site, time)| {
        let books = books(findings, site.class);
        let share = queue_share(findings, &books)?;
        Some((findings.class(site.class), share * time.seconds()))
    });
    queues.max_by(|one, other| one.1.total_cmp(&other.1))
}

/// Which share of its time a request queues in these processes, for each other; `None`: it is not seen.
fn queue_share(findings: &Findings<'_>, books: &[&ServiceStats]) -> Option<f64> {
    let (first, others) = books.split_first()?;
    let mut stats = (*first).clone();
    for other in others {
        stats.merge(other);
    }
    if is_loop(&stats) || stats.requests == 0 {
        return None;
    }
    let blocked = stats.blocked.iter();
    let locks = blocked.filter(|(site, _)| is_known_lock(site.kind));
    let locks: f64 = locks.map(|(_, time)| time.seconds()).sum();
    let own = behind_whom(findings, &stats).own;
    let queues = locks + stats.for_co_waiters() + own * stats.queued.seconds();
    Some((queues / stats.total.seconds().max(1e-9)).min(1.0))
}

/// A service has answered as many requests as were sent to it.
pub(super) fn is_same_number(replies: f64, visits: f64) -> bool {
    replies >= 1.0 && (replies - visits).abs() <= SAME_REQUESTS * visits.max(replies)
}

impl Inside<'_> {
    /// The share of the time in which its threads work on requests, where they do so all along: whoever finds no room in front of them
    /// waits for them to be done with others.
    pub(super) fn busy_all_along(&self, findings: &Findings<'_>) -> Option<f64> {
        let at_work = if is_loop(&self.stats) {
            self.stats.busy + self.stats.starved
        } else {
            self.stats.total
        };
        let threads = count(self.stats.threads.len().max(1) as u64);
        let busy = at_work.seconds() / (threads * findings.window()).max(1e-9);
        (busy >= ALL_ALONG).then_some(busy)
    }
}

impl Findings<'_> {
    /// As [`Inside::busy_all_along`], of the server of a peer on this host.
    pub(super) fn busy_server(&self, peer: ClassId) -> Option<f64> {
        let requests = self.sites().into_iter().map(|(site, _)| site);
        let mut requests =
            requests.filter(|site| site.kind == WaitKind::Request && site.class == peer);
        requests.find_map(|site| {
            let (_, seen) = self.reading(&[site])?;
            look_inside(self, site, count(seen.count))?.busy_all_along(self)
        })
    }
}

/// Behind whom those that serve queue for a CPU.
fn behind_whom(findings: &Findings<'_>, stats: &ServiceStats) -> Behind {
    let threads: Vec<ActorId> = stats.threads.keys().copied().collect();
    let queued = (findings.collector.queue).queued(&threads, findings.until());
    queued.split(findings.meta.host.cpus, findings.strangers())
}

/// Share of the time in which somebody waits for these locks that whoever has one has no CPU, 0 to 1.
fn without_a_cpu<'a>(locks: impl Iterator<Item = &'a LockStats>) -> f64 {
    let (mut all, mut queues) = (0.0, 0.0);
    for charge in locks.flat_map(|lock| lock.charges.values()) {
        all += charge.held.seconds();
        let part = charge.activity.get(&HolderActivity::Queues);
        queues += part.copied().unwrap_or_default().seconds();
    }
    queues / f64::max(all, 1e-9)
}

/// Several requests are with one of its threads at a time.
fn is_loop(stats: &ServiceStats) -> bool {
    count(stats.interleaved) > INTERLEAVED * count(stats.answered)
}

/// Mean time a peer works on a request, s: what its threads were seen to do for it, `worked`. What they wait for in the middle of
/// it may be the request's own time and not another request's. But requests do not wait for each other all at once: at any time
/// one of those that are there is worked on, so that it is never less than `present`, the time in which any are there over
/// their number.
fn service(worked: f64, present: f64) -> f64 {
    worked.max(present)
}

/// What is known of the processes behind the workers' sockets to `peer`.
pub(super) fn books<'a>(findings: &'a Findings<'a>, peer: ClassId) -> Vec<&'a ServiceStats> {
    let members = findings.classes.members(peer);
    let pids: BTreeSet<Pid> = members
        .iter()
        .map(|socket| socket.peer_pid)
        .filter(|pid| pid.0 != 0)
        .collect();
    serving_at(findings, findings.classes.name(peer), &pids)
}

/// What these processes did for who reaches them at an address.
pub(super) fn serving_at<'a>(
    findings: &'a Findings<'a>,
    address: &str,
    pids: &BTreeSet<Pid>,
) -> Vec<&'a ServiceStats> {
    let port = address.rsplit_once(':').map_or(address, |(_, port)| port);
    let services = findings.services.iter();
    services
        .filter(|(class, stats)| {
            findings.classes.kind(**class) == ClassKind::Service
                && port_of(findings.classes, **class) == port
                && pids.contains(&stats.pid)
        })
        .map(|(_, stats)| stats)
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn count(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::service;

    #[test]
    fn somebody_is_always_served() {
        // Of 16 requests of 13.3 ms 1,196 a second are answered, and all their threads are seen to do is wait.
        let present = 1.0 / 1196.0;
        assert!((service(0.000_09, present) - present).abs() < 1e-12);
        // Four at once that are worked on all the while.
        assert!((service(0.004, 0.001) - 0.004).abs() < 1e-12);
    }
}
