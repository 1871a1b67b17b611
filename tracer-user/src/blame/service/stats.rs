//! What one service did for its requests, summed up.

use std::collections::BTreeMap;

use crate::actors::ActorId;
use crate::classify::WaitSite;
use crate::row::{Nanos, Pid};

/// Statistics of one service.
#[derive(Clone, Debug, Default)]
pub struct ServiceStats {
    /// The process that serves.
    pub pid: Pid,
    /// Requests answered.
    pub requests: u64,
    /// From arrival to reply, summed.
    pub total: Nanos,
    /// Of it, computing.
    pub run: Nanos,
    /// Of it, without a CPU.
    pub queued: Nanos,
    /// Before that: a request was there, and whoever is to read it had no CPU.
    pub late: Nanos,
    /// Of it, blocked, by station.
    pub blocked: BTreeMap<WaitSite, Nanos>,
    /// Of that, until another request's thread woke it, by station; locks that are known as such are not counted here.
    pub co_waiters: BTreeMap<WaitSite, Nanos>,
    /// Of that, in waits that a window cuts.
    pub cut: BTreeMap<WaitSite, Nanos>,
    /// How often it did.
    pub handed_off: u64,
    /// Threads that served, and how many requests each.
    pub threads: BTreeMap<ActorId, u64>,
    /// All replies, those of requests among them that came while the thread had not answered another one.
    pub answered: u64,
    /// Requests that came to a thread which had not answered the one before: an event loop, whose time between a request and
    /// its reply is not spent on that one.
    pub interleaved: u64,
    /// What the threads that served did in all the window but wait for requests: computing, ...
    pub busy: Nanos,
    /// ... and without a CPU.
    pub starved: Nanos,
}

impl ServiceStats {
    /// Adds the statistics of another process that serves the same.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.total += other.total;
        self.run += other.run;
        self.queued += other.queued;
        self.late += other.late;
        for (sums, others) in [
            (&mut self.blocked, &other.blocked),
            (&mut self.co_waiters, &other.co_waiters),
            (&mut self.cut, &other.cut),
        ] {
            for (site, time) in others {
                *sums.entry(*site).or_default() += *time;
            }
        }
        self.handed_off += other.handed_off;
        self.answered += other.answered;
        self.interleaved += other.interleaved;
        self.busy += other.busy;
        self.starved += other.starved;
        for (thread, count) in &other.threads {
            *self.threads.entry(*thread).or_default() += count;
        }
    }

    /// Time blocked for other requests, in ways that are not known as locks, s: of waits that a window cuts the same share as of the others.
    #[must_use]
    pub fn for_co_waiters(&self) -> f64 {
        let seconds = |time: Option<&Nanos>| time.map_or(0.0, |time| time.seconds());
        let share_out = |(site, time): (&WaitSite, &Nanos)| {
            let (time, cut) = (time.seconds(), seconds(self.cut.get(site)));
            let ended = seconds(self.blocked.get(site)) - cut;
            time + cut * (time / ended.max(1e-9)).min(1.0)
        };
        self.co_waiters.iter().map(share_out).sum()
    }
}
