//! How the watched threads wait: from a part of the records, looked at as they come.
//!
//! Bounded whatever is recorded: at each look at most `MOST_LOOKED_AT` waits are taken, each standing for as many as were passed over, and
//! of a period `MOST_IN_CHAINS` records that follow each other are kept to find chains in. Ten thousand threads cost no
//! more than ten.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::chain::{Link, Stretch};
use crate::row::{Call, Nanos, Pid, StackId, Syscall, Tid, Wait};

/// Most waits that are looked at each time.
const MOST_LOOKED_AT: usize = 512;
/// Records from the beginning of a period in which chains are looked for: those of some 10 ms of a busy workload, of all the period where
/// little happens.
const MOST_IN_CHAINS: usize = 4096;
/// A queue shorter than this may be nothing but the time a wake-up takes (some 5 us, 50 and more in a virtual machine).
const MOMENT: Nanos = Nanos(100_000);

/// How the records of a period are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pattern {
    /// The largest share of the records that one chain has ([`super::chain`]).
    pub chain: f64,
    /// How many tracked threads queued for a CPU, on average.
    pub queued: f64,
    /// How many call sites were taken.
    pub sites: f64,
}

impl Pattern {
    /// Nothing is known of the threads: all may be one chain.
    pub const UNKNOWN: Self = Self {
        chain: 1.0,
        queued: 0.0,
        sites: 0.0,
    };
}

impl Default for Pattern {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

/// Rows that came since the latest look.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rows<'a> {
    /// Waits.
    pub waits: &'a [Wait],
    /// Calls.
    pub calls: &'a [Call],
}

/// Sums up the records of a period.
#[derive(Debug, Default)]
pub struct Tally {
    stretch: Stretch,
    pids: HashSet<Pid, RandomState>,
    records: f64,
    sites: f64,
    queued: f64,
    queued_for_a_moment: f64,
    looks: usize,
}

impl Tally {
    /// Looks at rows that are new.
    pub fn look(&mut self, rows: Rows<'_>) {
        self.looks += 1;
        let all = rows.waits.len() + rows.calls.len();
        self.records += count(all);
        for (wait, weight) in some(rows.waits, self.looks) {
            self.wait(wait, weight);
        }
        self.keep(rows);
    }

    fn wait(&mut self, wait: &Wait, weight: f64) {
        self.pids.insert(wait.pid);
        let queued = if wait.woken == Nanos::ZERO {
            Nanos::ZERO
        } else {
            wait.end.since(wait.woken.max(wait.start))
        };
        if wait.stack != StackId::NONE {
            self.sites += weight;
        }
        if queued >= MOMENT {
            self.queued += weight * queued.seconds();
        } else {
            self.queued_for_a_moment += weight * queued.seconds();
        }
    }

    /// Keeps rows to find chains in: both kinds up to the same time, while there is room.
    fn keep(&mut self, rows: Rows<'_>) {
        let room = MOST_IN_CHAINS.saturating_sub(self.stretch.records());
        let all = rows.waits.len() + rows.calls.len();
        if room == 0 || all == 0 {
            return;
        }
        let share = |rows: usize| (rows * room.min(all)).div_ceil(all);
        for call in rows.calls.iter().take(share(rows.calls.len())) {
            self.stretch.call(call.tid, call.end);
        }
        // Of a part that goes on nobody knows yet who will end it, and it is no step.
        for wait in rows
            .waits
            .iter()
            .take(share(rows.waits.len()))
            .filter(|wait| !wait.continues)
        {
            self.stretch.wait(Link {
                tid: wait.tid,
                start: wait.start,
                end: wait.end,
                by: self.waker(wait),
            });
        }
    }

    /// The tracked thread that ended the wait, and when.
    fn waker(&self, wait: &Wait) -> Option<(Tid, Nanos)> {
        let by_thread = wait.waker.tid != Tid(0)
            && wait.waker.call != Syscall::None
            && !wait.waker.kernel_thread
            && self.pids.contains(&wait.waker.pid);
        by_thread.then_some((wait.waker.tid, wait.woken))
    }

    /// The pattern of a period of this length, and a new one begins. `busy`: the share of it in which all CPUs had work.
    pub fn finish(&mut self, wall: Nanos, busy: f64) -> Pattern {
        let Self {
            stretch,
            records,
            sites,
            queued,
            queued_for_a_moment,
            pids,
            ..
        } = std::mem::take(self);
        // Who is tracked holds on.
        self.pids = pids;
        if records == 0.0 {
            return Pattern::UNKNOWN;
        }
        let wall = wall.seconds().max(1e-9);
        Pattern {
            chain: stretch.share(),
            queued: (queued + busy * queued_for_a_moment) / wall,
            sites,
        }
    }
}

/// At most `MOST_LOOKED_AT` of the rows, and for how many each stands: one of as many neighbours, now this, now that, so that a
/// pattern in the rows is not taken for the whole. `turn` is another number each time.
fn some<T>(rows: &[T], turn: usize) -> impl Iterator<Item = (&T, f64)> {
    let step = rows.len().div_ceil(MOST_LOOKED_AT).max(1);
    rows.chunks(step)
        .enumerate()
        .filter_map(move |(index, neighbours)| {
            // Multiplicative hashing by the golden ratio: the upper bits are well mixed.
            let mixed = (turn.wrapping_mul(MOST_LOOKED_AT) + index)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                >> 40;
            let row = neighbours.get(mixed % neighbours.len())?;
            Some((row, count(neighbours.len())))
        })
}

#[expect(clippy::cast_precision_loss, reason = "rows of a period")]
fn count(rows: usize) -> f64 {
    rows as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Waker;

    const MS: u64 = 1_000_000;
    const WALL: Nanos = Nanos(500 * MS);

    /// A wait of `tid`, in us; `by`: the thread that ends it, 0 for the outside.
    fn wait(tid: u32, start: u64, woken: u64, end: u64, by: u32) -> Wait {
        let waker = Waker {
            tid: Tid(by),
            pid: Pid(if by == 0 { 0 } else { 1 }),
            call: if by == 0 {
                Syscall::None
            } else {
                Syscall::Write
            },
            kernel_thread: false,
        };
        Wait {
            start: Nanos(start * 1_000),
            woken: Nanos(woken * 1_000),
            end: Nanos(end * 1_000),
            tid: Tid(tid),
            pid: Pid(1),
            waker,
            ..Wait::default()
        }
    }

    fn call(tid: u32) -> Call {
        Call {
            tid: Tid(tid),
            pid: Pid(1),
            ..Call::default()
        }
    }

    fn pattern(waits: &[Wait], calls: &[Call], busy: f64) -> Pattern {
        let mut tally = Tally::default();
        tally.look(Rows { waits, calls });
        tally.finish(WALL, busy)
    }

    #[test]
    fn workers_that_wait_for_the_outside_have_a_small_share_each() {
        let waits: Vec<Wait> = (1..=64)
            .flat_map(|tid| {
                (1..=10).map(move |n| {
                    wait(tid, n * 40_000, n * 40_000 + 39_980, n * 40_000 + 40_000, 0)
                })
            })
            .collect();
        let calls: Vec<Call> = (0..10).flat_map(|_| (1..=64).map(call)).collect();
        let pattern = pattern(&waits, &calls, 0.0);
        assert!((pattern.chain - 1.0 / 64.0).abs() < 1e-6, "{pattern:?}");
    }

    #[test]
    fn threads_that_wake_each_other_have_all() {
        let turn = |n: u64| 50_000 * n;
        let waits: Vec<Wait> = (0..10)
            .flat_map(|n| {
                let middle = turn(n) + 25_000;
                [
                    wait(2, turn(n), middle - 10, middle, 1),
                    wait(1, middle, turn(n + 1) - 10, turn(n + 1), 2),
                ]
            })
            .collect();
        assert!((pattern(&waits, &[], 0.0).chain - 1.0).abs() < 1e-6);
    }

    #[test]
    fn ten_thousand_threads_are_looked_at_in_part() {
        let waits: Vec<Wait> = (1..=10_000)
            .map(|tid| wait(tid, 0, 400_000, 400_010, 0))
            .collect();
        let mut tally = Tally::default();
        for _ in 0..10 {
            tally.look(Rows {
                waits: &waits,
                ..Rows::default()
            });
        }
        assert!(tally.stretch.records() <= MOST_IN_CHAINS);
        let pattern = tally.finish(WALL, 0.0);
        assert!(pattern.chain < 0.01, "{pattern:?}");
    }

    #[test]
    fn queueing_counts_and_a_moment_of_it_only_on_a_busy_host() {
        // 250 ms in the queue of 500.
        let long: Vec<Wait> = (1..=50)
            .map(|n| wait(1, n * 10_000, n * 10_000, n * 10_000 + 5_000, 0))
            .collect();
        assert!((pattern(&long, &[], 0.0).queued - 0.5).abs() < 1e-6);
        let short: Vec<Wait> = (1..=500)
            .map(|n| wait(1, n * 1_000, n * 1_000, n * 1_000 + 50, 0))
            .collect();
        assert!(pattern(&short, &[], 0.0).queued < 1e-9);
        assert!((pattern(&short, &[], 1.0).queued - 0.05).abs() < 1e-6);
    }

    #[test]
    fn without_records_all_may_be_one_chain() {
        assert_eq!(Tally::default().finish(WALL, 1.0), Pattern::UNKNOWN);
    }
}
