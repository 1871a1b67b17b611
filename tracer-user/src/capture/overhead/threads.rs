//! Which threads the records are of, and how these threads wait: from a part of the records, looked at as they come.
//!
//! Bounded whatever is recorded: at each look at most [`MOST_LOOKED_AT`] rows of a kind are taken, each standing for as many as were
//! passed over, and of threads only those in them are known. Ten thousand threads that do little are many small shares.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use crate::row::{Call, Nanos, Pid, StackId, Syscall, Tid, Wait};

/// Most rows of a kind that are looked at each time.
const MOST_LOOKED_AT: usize = 512;
/// A queue shorter than this may be nothing but the time a wake-up takes (some 5 us, 50 and more in a virtual machine).
const MOMENT: Nanos = Nanos(100_000);

/// How the records of a period are spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pattern {
    /// The largest share of the records that one chain of hand-overs can have.
    pub chain: f64,
    /// The share of the time in which a tracked thread queued for a CPU.
    pub queued: f64,
    /// The share of the records that is of calls that did not block.
    pub free: f64,
    /// How many call sites were taken.
    pub sites: f64,
}

impl Pattern {
    /// Nothing is known of the threads: all may be one chain.
    pub const UNKNOWN: Self = Self {
        chain: 1.0,
        queued: 0.0,
        free: 0.0,
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
    /// How many of the calls did not block ([`Call::is_free`]).
    pub free: u64,
}

/// What is known of one thread, in rows and nanoseconds that those looked at stand for.
#[derive(Clone, Copy, Debug, Default)]
struct Thread {
    records: f64,
    /// Time in which it did not advance: another link of its chain did, or it queued for a CPU.
    stood: f64,
}

/// Sums up the records of a period.
#[derive(Debug, Default)]
pub struct Tally {
    threads: HashMap<Tid, Thread, RandomState>,
    pids: HashSet<Pid, RandomState>,
    records: f64,
    free: f64,
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
        self.free += count(usize::try_from(rows.free).unwrap_or(usize::MAX));
        for (call, weight) in some(rows.calls, self.looks) {
            self.threads.entry(call.tid).or_default().records += weight;
        }
        for (wait, weight) in some(rows.waits, self.looks) {
            self.wait(wait, weight);
        }
    }

    fn wait(&mut self, wait: &Wait, weight: f64) {
        self.pids.insert(wait.pid);
        let all = wait.end.since(wait.start);
        let queued = if wait.woken == Nanos::ZERO {
            Nanos::ZERO
        } else {
            wait.end.since(wait.woken.max(wait.start))
        };
        // Of a part that goes on nobody knows yet who will end it.
        let by_thread = wait.waker.tid != Tid(0)
            && wait.waker.call != Syscall::None
            && !wait.waker.kernel_thread
            && self.pids.contains(&wait.waker.pid);
        let stood = if wait.continues || by_thread {
            all
        } else {
            queued
        };
        let thread = self.threads.entry(wait.tid).or_default();
        thread.records += weight;
        thread.stood += weight * stood.seconds();
        if wait.stack != StackId::NONE {
            self.sites += weight;
        }
        if queued >= MOMENT {
            self.queued += weight * queued.seconds();
        } else {
            self.queued_for_a_moment += weight * queued.seconds();
        }
    }

    /// The pattern of a period of this length, and a new one begins. `busy`: the share of it in which all CPUs had work.
    pub fn finish(&mut self, wall: Nanos, busy: f64) -> Pattern {
        let Self {
            threads,
            records,
            free,
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
        let looked_at: f64 = threads.values().map(|thread| thread.records).sum();
        let shares = threads.values().map(|thread| Share {
            records: thread.records / looked_at.max(1.0),
            advances: (1.0 - thread.stood / wall).clamp(0.0, 1.0),
        });
        Pattern {
            chain: chain(shares.collect()),
            queued: ((queued + busy * queued_for_a_moment) / wall).min(1.0),
            free: free / records,
            sites,
        }
    }
}

/// One thread's share of the records, and of the time.
#[derive(Clone, Copy, Debug)]
struct Share {
    records: f64,
    advances: f64,
}

/// The largest share of the records that threads can have whose shares of the time sum to 1: those with the most records for
/// their time first, the last one in part.
fn chain(mut threads: Vec<Share>) -> f64 {
    let density = |share: &Share| share.records / share.advances.max(1e-6);
    threads.sort_by(|a, b| density(b).total_cmp(&density(a)));
    let (mut room, mut records) = (1.0, 0.0);
    for thread in threads {
        if thread.advances >= room {
            return records + thread.records * room / thread.advances.max(1e-6);
        }
        room -= thread.advances;
        records += thread.records;
    }
    records
}

/// At most [`MOST_LOOKED_AT`] of the rows, and for how many each stands: one of as many neighbours, now this, now that, so that a
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
        tally.look(Rows {
            waits,
            calls,
            ..Rows::default()
        });
        tally.finish(WALL, busy)
    }

    /// ```text
    /// each of 64:  #.........#.........#      waits 50 ms for a peer, 10 times
    /// ```
    #[test]
    fn workers_that_wait_for_the_outside_advance_side_by_side() {
        let waits: Vec<Wait> = (1..=64)
            .flat_map(|tid| {
                (0..10).map(move |n| {
                    wait(
                        tid,
                        n * 50_000 + 100,
                        n * 50_000 + 49_980,
                        n * 50_000 + 50_000,
                        0,
                    )
                })
            })
            .collect();
        let calls: Vec<Call> = (0..10).flat_map(|_| (1..=64).map(call)).collect();
        let pattern = pattern(&waits, &calls, 0.0);
        assert!(pattern.chain < 0.03, "{pattern:?}");
        assert!(pattern.queued < 0.03, "{pattern:?}");
    }

    /// ```text
    /// 1:  ##..##..##..
    /// 2:  ..##..##..##      each wakes the other, and waits for it
    /// ```
    #[test]
    fn ping_pong_is_one_chain() {
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
        let pattern = pattern(&waits, &[], 0.0);
        assert!(pattern.chain > 0.99, "{pattern:?}");
    }

    /// The pair of the test before, and 62 workers that wait for a peer, which have half of the records.
    #[test]
    fn a_chain_beside_others_has_its_own_share() {
        let pair = (0..31).flat_map(|n| {
            let turn = |n: u64| 16_000 * n;
            [
                wait(2, turn(n), turn(n) + 8_000, turn(n) + 8_000, 1),
                wait(1, turn(n) + 8_000, turn(n + 1), turn(n + 1), 2),
            ]
        });
        let others = (10..72).map(|tid| wait(tid, 100, 490_000, 490_000, 0));
        let waits: Vec<Wait> = pair.chain(others).collect();
        let chain = pattern(&waits, &[], 0.0).chain;
        assert!((0.45..0.55).contains(&chain), "{chain}");
    }

    #[test]
    fn one_busy_thread_has_all() {
        let calls = vec![call(7); 5_000];
        assert!((pattern(&[], &calls, 1.0).chain - 1.0).abs() < 1e-9);
        // Four of them have a quarter each.
        let calls: Vec<Call> = (0..5_000).map(|n| call(n % 4)).collect();
        let chain = pattern(&[], &calls, 1.0).chain;
        assert!((0.24..0.27).contains(&chain), "{chain}");
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
        assert!(tally.threads.len() <= 10 * MOST_LOOKED_AT);
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
