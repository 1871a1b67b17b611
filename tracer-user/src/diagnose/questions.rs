//! Questions that several rules ask of the findings.

use std::collections::BTreeSet;

use super::facts::Holding;
use super::findings::Findings;
use crate::actors::ActorId;
use crate::blame::{Charge, LockStats};
use crate::classify::{ClassId, WaitSite};
use crate::row::Verb;
use crate::work::WorkerTotals;

impl Findings<'_> {
    /// How many of the workers waited at one of these wait sites.
    #[must_use]
    pub fn waited_at(&self, sites: &[WaitSite]) -> usize {
        let waited = |worker: &&WorkerTotals| {
            worker.stages.values().any(|stage| {
                let blocked = stage.times.blocked.iter();
                blocked
                    .filter(|(_, time)| time.0 > 0)
                    .any(|(at, _)| sites.contains(&self.lock_site(*at)))
            })
        };
        self.workers.values().filter(waited).count()
    }

    /// How many of the workers waited for a CPU.
    #[must_use]
    pub fn waited_for_a_cpu(&self) -> usize {
        let waited = |worker: &&WorkerTotals| {
            let mut stages = worker.stages.values();
            stages.any(|stage| stage.times.queued.0 > 0)
        };
        self.workers.values().filter(waited).count()
    }

    /// How many of a lock's waiters are workers.
    #[must_use]
    pub fn waiting_workers(&self, stats: &LockStats) -> usize {
        let waiters: BTreeSet<ActorId> = stats.waiters.keys().copied().collect();
        waiters.intersection(&self.worker_set()).count()
    }

    /// What holders do most.
    #[must_use]
    pub fn holding(&self, charge: &Charge) -> Option<Holding> {
        self.activity(charge)
            .first()
            .map(|(activity, share)| Holding {
                activity: *activity,
                share: *share,
            })
    }

    /// A peer is a database that is asked in SQL.
    #[must_use]
    pub fn speaks_sql(&self, peer: ClassId) -> bool {
        let is_sql = |verb: &Verb| matches!(verb, Verb::SqlRead | Verb::SqlWrite | Verb::SqlOther);
        let totals = self.inventory.totals(peer);
        totals.is_some_and(|totals| totals.bytes.keys().any(is_sql))
    }

    /// Whether requests to a peer are encrypted, so that nothing is known of them but their sizes.
    #[must_use]
    pub fn is_encrypted(&self, peer: ClassId) -> bool {
        let totals = self.inventory.totals(peer);
        totals.is_some_and(|totals| totals.bytes.keys().any(|verb| *verb == Verb::Tls))
    }
}
