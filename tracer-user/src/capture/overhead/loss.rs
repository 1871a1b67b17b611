//! How much of its throughput the watched work loses. Pure: what is known of a period in, shares out. The reasons are in the
//! header of [`super`].

use super::threads::Pattern;
use crate::row::Nanos;

/// What a snapshot of a stack costs in the kernel, with the look at the lock's owner. Copying 4 KiB takes 1.3 us; more is assumed,
/// since what follows from it is whether taking fewer can be enough.
const SITE_IN_KERNEL: Nanos = Nanos(3_000);
/// What a snapshot costs holdup itself: decoding, and walking a stack met before (0.1 to 4 us) or not (2 to 30 us).
const SITE_IN_HOLDUP: Nanos = Nanos(20_000);

/// What is known of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    /// Length of the period.
    pub wall: Nanos,
    /// CPUs of the host.
    pub cpus: u32,
    /// Time added on tracked threads for what is recorded of them.
    pub recorded: Nanos,
    /// Time added on tracked threads by runs of programs of which no record tells.
    pub unrecorded: Nanos,
    /// Time in programs on other threads of the host.
    pub aside: Nanos,
    /// CPU time that holdup itself usually uses in such a time.
    pub own: Nanos,
    /// CPU time that it used in this one, bursts included.
    pub ran: Nanos,
    /// CPU time that the tracked processes used, with what was added.
    pub targets: Nanos,
    /// How the records are spread over threads.
    pub pattern: Pattern,
}

impl Facts {
    /// All time in programs.
    #[must_use]
    pub fn kernel(&self) -> Nanos {
        self.recorded + self.unrecorded + self.aside
    }

    /// The share of its throughput that the watched work loses at most: see the header of [`super`].
    #[must_use]
    pub fn loss(&self) -> f64 {
        let taken = self.pattern.queued.min(1.0) * self.host_share();
        self.loss_by_chain() * self.stretch() + taken
    }

    /// What it loses while CPUs are free.
    #[must_use]
    pub fn loss_by_chain(&self) -> f64 {
        let wall = self.wall.seconds();
        // Which threads they were on is not known: a chain has at most its share of the CPU time.
        let cores = ratio(self.targets.seconds(), wall).max(1.0);
        let added =
            self.recorded.seconds() * self.pattern.chain + self.unrecorded.seconds() / cores;
        ratio(added, wall)
    }

    /// How much longer something takes by the clock than it takes CPU time, since threads queue for a CPU. Who queues behind holdup as it
    /// begins, for a moment, waits for that moment alone.
    fn stretch(&self) -> f64 {
        // Targets that use no CPU time are not made to wait for it.
        if self.targets == Nanos::ZERO {
            return 1.0;
        }
        1.0 + ratio(
            self.pattern.queued * self.wall.seconds(),
            (self.targets + self.ran).seconds(),
        )
    }

    /// The share of the host's CPU time that went to holdup, and to programs on threads that nobody watches.
    #[must_use]
    pub fn host_share(&self) -> f64 {
        let all = self.wall.seconds() * f64::from(self.cpus.max(1));
        ratio((self.own + self.aside).seconds(), all)
    }

    /// What the period would have been without this share (0 to 1) of the call sites, at least: only what is told here is saved.
    #[must_use]
    pub fn with_fewer_sites(&self, share: f64) -> Self {
        let sites = self.pattern.sites * share;
        let recorded = self.recorded.seconds() - SITE_IN_KERNEL.seconds() * sites;
        let own = self.own.seconds() - SITE_IN_HOLDUP.seconds() * sites;
        Self {
            recorded: from_seconds(recorded),
            own: from_seconds(own),
            targets: self.targets.since(self.recorded) + from_seconds(recorded),
            ..*self
        }
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    part / whole.max(1e-9)
}

#[expect(clippy::cast_possible_truncation, reason = "times of a period")]
#[expect(clippy::cast_sign_loss, reason = "not below zero")]
pub(super) fn from_seconds(seconds: f64) -> Nanos {
    Nanos((seconds.max(0.0) * 1e9) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = Nanos::SECOND;

    /// A second on two CPUs, in which programs added so many milliseconds on tracked threads.
    fn second(added: u64, targets: u64, chain: f64, queued: f64) -> Facts {
        Facts {
            wall: SECOND,
            cpus: 2,
            recorded: Nanos(added * 1_000_000),
            targets: Nanos(targets * 1_000_000),
            pattern: Pattern {
                chain,
                queued,
                ..Pattern::UNKNOWN
            },
            ..Facts::default()
        }
    }

    fn check(facts: Facts, expected: f64) {
        let loss = facts.loss();
        assert!((loss - expected).abs() < 1e-6, "{loss} and not {expected}");
    }

    #[test]
    fn workers_that_wait_lose_next_to_nothing() {
        // A third of what they use themselves: it delays each of them by a 64th of it.
        check(second(20, 60, 1.0 / 64.0, 0.0), 0.02 / 64.0);
    }

    #[test]
    fn a_busy_thread_and_a_chain_lose_all_that_is_added() {
        check(second(50, 1_000, 1.0, 0.0), 0.05);
    }

    /// Of 16 threads that compute 2 run and 14 queue: what is added is taken from the work of all.
    #[test]
    fn while_cpus_are_short_the_loss_is_the_share_of_the_cpu_time() {
        check(second(60, 2_000, 1.0 / 16.0, 14.0), 0.06 / 2.0);
        let with_own = Facts {
            own: Nanos(20_000_000),
            ..second(60, 2_000, 1.0 / 16.0, 14.0)
        };
        check(with_own, 0.06 / 2.0 + 0.01);
        // Where only one thread has records, it loses what it would need another turn for.
        check(second(10, 2_000, 1.0, 14.0), 0.08);
    }

    #[test]
    fn runs_without_a_record_count_as_one_chain() {
        let facts = |targets| Facts {
            unrecorded: Nanos(30_000_000),
            ..second(0, targets, 0.0, 0.0)
        };
        check(facts(900), 0.03);
        // Three busy threads share them.
        check(facts(3_000), 0.01);
    }

    #[test]
    fn below_the_share_of_one_core_a_chain_loses_no_more() {
        for chain in [0.1, 1.0] {
            assert!(second(19, 100, chain, 0.0).loss() < 0.02);
        }
    }

    #[test]
    fn the_host_pays_for_holdup_and_for_bystanders() {
        let facts = Facts {
            own: Nanos(30_000_000),
            aside: Nanos(10_000_000),
            ..second(500, 1_000, 1.0, 0.0)
        };
        assert!((facts.host_share() - 0.02).abs() < 1e-9);
    }

    #[test]
    fn what_is_left_out_is_saved_and_no_more() {
        let facts = Facts {
            own: Nanos(30_000_000),
            pattern: Pattern {
                chain: 1.0,
                sites: 500.0,
                ..Pattern::UNKNOWN
            },
            ..second(40, 1_000, 1.0, 0.0)
        };
        let less = facts.with_fewer_sites(0.5);
        let left = Nanos(40_000_000 - 250 * SITE_IN_KERNEL.0);
        assert!(less.recorded.0.abs_diff(left.0) < 10, "{less:?}");
        assert!(less.own.0.abs_diff(30_000_000 - 250 * SITE_IN_HOLDUP.0) < 10);
        assert_eq!(facts.with_fewer_sites(0.0), facts);
    }
}
