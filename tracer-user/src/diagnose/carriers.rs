//! What the threads do that carry the workers' tasks.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Findings;
use crate::actors::ActorId;
use crate::classify::{State, WaitKind, WaitSite};
use crate::row::{Nanos, Pid};
use crate::work::Actor;

/// A thread that is busy for this share of the window has hardly a pause.
pub(super) const BUSY: f64 = 0.8;

/// When data came in is known to a tick of the kernel's clock, and who is woken takes a moment to read: less than this share of the
/// window is neither.
const ELSEWHERE: f64 = 0.1;

/// What they do, each on average: shares of the window, 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct CarrierTimes {
    /// One of them.
    pub first: ActorId,
    /// How many threads there are.
    pub threads: usize,
    /// In how many processes.
    pub processes: usize,
    /// They compute.
    pub computes: f64,
    /// They have no CPU.
    pub queues: f64,
    /// They sleep in calls that are no poll.
    pub sleeps: f64,
    /// Where they sleep most; `None`: they do not.
    pub sleeps_in: Option<WaitSite>,
    /// They wait in a poll, and read nothing of what has come: it is not the poll in which they wait for replies.
    pub elsewhere: f64,
}

impl CarrierTimes {
    /// They sleep in calls for more of the time than they compute or have no CPU.
    #[must_use]
    pub fn mostly_sleeps(&self) -> bool {
        self.sleeps + self.elsewhere > self.computes.max(self.queues)
    }

    /// How many of them have no time for replies, on average.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
    pub fn together(&self) -> f64 {
        self.busy() * self.threads as f64
    }

    /// They have no time for replies.
    #[must_use]
    pub fn busy(&self) -> f64 {
        self.computes + self.queues + self.sleeps + self.elsewhere
    }
}

impl Findings<'_> {
    /// The threads that carry the workers' tasks; `None`: the workers are no tasks.
    #[must_use]
    pub fn carriers(&self) -> Option<CarrierTimes> {
        let carriers = self.carrier_actors();
        let (first, _) = carriers.first()?;
        let processes: BTreeSet<Pid> = carriers
            .iter()
            .map(|(_, actor)| actor.account.pid)
            .collect();
        // Whole nanoseconds add up to the same in any order.
        let (mut computes, mut queues) = (Nanos::ZERO, Nanos::ZERO);
        let mut sleeps: BTreeMap<WaitSite, Nanos> = BTreeMap::new();
        for ((_, state), time) in carriers.iter().flat_map(|(_, actor)| &actor.slots.times) {
            match state {
                State::Running => computes += *time,
                State::Queued => queues += *time,
                State::Waiting(id) => {
                    let at = self.inventory.classifier.sites.get(*id).station();
                    // Several of them park in futexes; one alone waits in its poll for what comes.
                    let is_idle = match at.kind {
                        WaitKind::Poll => true,
                        WaitKind::Futex => carriers.len() > processes.len(),
                        _ => false,
                    };
                    if !is_idle {
                        *sleeps.entry(at).or_default() += *time;
                    }
                }
                State::Absent | State::Unknown | State::Stopped => {}
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
        let all = (carriers.len() as f64 * self.window()).max(1e-9);
        let busy = computes + queues + sleeps.values().copied().sum();
        let unread: Nanos = processes
            .iter()
            .map(|pid| self.collector.unread.time(*pid))
            .sum();
        // Of several threads of a process any could have read it.
        let elsewhere = match carriers.len() == processes.len() {
            true => unread.since(busy).seconds() / all,
            false => 0.0,
        };
        Some(CarrierTimes {
            elsewhere: if elsewhere >= ELSEWHERE {
                elsewhere
            } else {
                0.0
            },
            first: *first,
            threads: carriers.len(),
            processes: processes.len(),
            computes: computes.seconds() / all,
            queues: queues.seconds() / all,
            sleeps: sleeps.values().copied().sum::<Nanos>().seconds() / all,
            sleeps_in: sleeps
                .into_iter()
                .max_by_key(|(_, time)| *time)
                .map(|(at, _)| at),
        })
    }

    /// Several threads carry the workers' tasks, and compute on all CPUs.
    #[must_use]
    pub fn carriers_fill_cpus(&self) -> bool {
        let cpus = f64::from(self.meta.host.cpus.max(1));
        #[expect(clippy::cast_precision_loss, reason = "a number of threads")]
        let fill = |times: CarrierTimes| times.computes * times.threads as f64 >= BUSY * cpus;
        self.carriers()
            .is_some_and(|times| times.threads > times.processes && fill(times))
    }

    /// The workers' tasks are carried by threads without a pause, and this trace does not tell how long replies lay unread: what a
    /// reply seems to take may be its carrier's time.
    #[must_use]
    pub fn may_lie_unread(&self) -> bool {
        let is_told = self
            .all
            .blocked
            .keys()
            .any(|site| site.kind == WaitKind::Carrier);
        !is_told
            && self
                .carriers()
                .is_some_and(|carriers| carriers.busy() >= BUSY)
    }

    /// The threads that carry the workers.
    #[must_use]
    pub fn carriers_of_workers(&self) -> Vec<ActorId> {
        let carriers = self.carrier_actors().into_iter();
        carriers.map(|(id, _)| id).collect()
    }

    fn carrier_actors(&self) -> Vec<(ActorId, &Actor<'_>)> {
        let of_workers = self.inventory.processes_of_tasks(self.workers.keys());
        let all = self.inventory.actors.iter();
        all.filter(|(_, actor)| actor.is_carrier && of_workers.contains(&actor.account.pid))
            .map(|(id, actor)| (*id, actor))
            .collect()
    }
}
