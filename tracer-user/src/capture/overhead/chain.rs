//! The chain of steps that led to what a thread did last, and how many records lie on it. Pure.
//!
//! In: the waits and calls of a stretch of time, all of them. Out: the largest share of these records that one chain has. The chain is
//! walked backwards: from the last record of a thread to the wait before it; if a tracked thread ended that wait, on to this
//! thread at that moment, else (a device, a timer, a peer that is not tracked) through the wait and on. What is added to a
//! thread off the chain delays nothing, so the chain's share is what counts. In the doubtful case (who woke it is not known, or comes
//! before the stretch) the chain stays with its thread. Walks begin at the threads with the most records, and at the last record of all.

use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::row::{Nanos, Tid};

/// Threads from which a chain is walked.
const STARTS: usize = 6;

/// A wait of which all is known that a walk needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who waited.
    pub tid: Tid,
    /// When it left the CPU.
    pub start: Nanos,
    /// When it ran again.
    pub end: Nanos,
    /// The tracked thread that ended the wait, and when.
    pub by: Option<(Tid, Nanos)>,
}

/// The records of a stretch of time.
#[derive(Debug, Default)]
pub struct Stretch {
    waits: Vec<Link>,
    /// Who made a call, and when it ended.
    calls: Vec<(Tid, Nanos)>,
}

/// What one thread did in the stretch, in order of time.
#[derive(Debug, Default)]
struct Thread {
    waits: Vec<Link>,
    /// When its records ended, waits and calls.
    ends: Vec<Nanos>,
}

impl Stretch {
    /// Records in it.
    #[must_use]
    pub fn records(&self) -> usize {
        self.waits.len() + self.calls.len()
    }

    /// Adds a wait.
    pub fn wait(&mut self, link: Link) {
        self.waits.push(link);
    }

    /// Adds a call that ended then.
    pub fn call(&mut self, tid: Tid, end: Nanos) {
        self.calls.push((tid, end));
    }

    /// The largest share of the records that one chain has; all where there are none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "records of a stretch")]
    pub fn share(&self) -> f64 {
        if self.records() == 0 {
            return 1.0;
        }
        let threads = self.threads();
        let last = |thread: &Thread| thread.ends.last().copied().unwrap_or_default();
        let mut starts: Vec<(Tid, &Thread)> =
            threads.iter().map(|(tid, thread)| (*tid, thread)).collect();
        starts.sort_unstable_by_key(|(tid, thread)| (Reverse(thread.ends.len()), tid.0));
        let latest = starts
            .iter()
            .copied()
            .max_by_key(|(_, thread)| last(thread));
        let longest = starts
            .iter()
            .copied()
            .take(STARTS)
            .chain(latest)
            .map(|(tid, thread)| self.walk(&threads, tid, last(thread)))
            .max();
        longest.unwrap_or(0) as f64 / self.records() as f64
    }

    fn threads(&self) -> HashMap<Tid, Thread, RandomState> {
        let mut threads: HashMap<Tid, Thread, RandomState> = HashMap::default();
        for link in &self.waits {
            let thread = threads.entry(link.tid).or_default();
            thread.waits.push(*link);
            thread.ends.push(link.end);
        }
        for (tid, end) in &self.calls {
            threads.entry(*tid).or_default().ends.push(*end);
        }
        for thread in threads.values_mut() {
            thread.waits.sort_unstable_by_key(|link| link.end);
            thread.ends.sort_unstable();
        }
        threads
    }

    /// How many records lie on the chain that leads to what `tid` did up to `at`.
    fn walk(
        &self,
        threads: &HashMap<Tid, Thread, RandomState>,
        mut tid: Tid,
        mut at: Nanos,
    ) -> usize {
        let mut records = 0;
        // Each step goes back over a wait, so there are no more of them; a bound all the same, since times come from outside.
        for _ in 0..=self.waits.len() {
            let Some(thread) = threads.get(&tid) else {
                break;
            };
            let up_to = |time: Nanos| thread.ends.partition_point(|end| *end <= time);
            let before = thread.waits.partition_point(|link| link.end <= at);
            let Some(link) = before
                .checked_sub(1)
                .and_then(|index| thread.waits.get(index))
            else {
                records += up_to(at);
                break;
            };
            // The wait's own record too.
            records += up_to(at) - up_to(link.end) + 1;
            (tid, at) = match link.by {
                Some((by, woken)) if woken < link.end => (by, woken),
                // Its record ends when it ran again: what lies before is up to when it left.
                _ => (tid, link.start.min(Nanos(link.end.0.saturating_sub(1)))),
            };
        }
        records.min(self.records())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as `1 10-20 by 2 at 18` (a wait of thread 1), `1 10-20` (ended from outside) or `1 call 25`.
    fn stretch(script: &str) -> Stretch {
        let mut stretch = Stretch::default();
        for line in script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |word: &str| word.parse::<u64>().expect("a number");
            let tid = |word: &str| Tid(word.parse().expect("a tid"));
            if words[1] == "call" {
                stretch.call(tid(words[0]), Nanos(number(words[2])));
                continue;
            }
            let (start, end) = words[1].split_once('-').expect("from and to");
            stretch.wait(Link {
                tid: tid(words[0]),
                start: Nanos(number(start)),
                end: Nanos(number(end)),
                by: (words.len() > 2).then(|| (tid(words[3]), Nanos(number(words[5])))),
            });
        }
        stretch
    }

    fn check(script: &str, expected: f64) {
        let share = stretch(script).share();
        assert!(
            (share - expected).abs() < 1e-9,
            "{share} and not {expected}"
        );
    }

    /// ```text
    /// 1:  ##..##..
    /// 2:  ..##..##
    /// ```
    #[test]
    fn ping_pong_is_all_one_chain() {
        check(
            "2 0-20 by 1 at 19
             1 20-40 by 2 at 39
             2 21-60 by 1 at 59
             1 60-80 by 2 at 79",
            1.0,
        );
    }

    #[test]
    fn workers_that_wait_for_the_outside_are_chains_of_their_own() {
        check(
            "1 0-10
             1 call 11
             2 0-12
             2 call 13
             3 0-14
             3 call 15
             4 0-16
             4 call 17",
            0.25,
        );
    }

    #[test]
    fn a_busy_thread_has_all_its_calls() {
        check("1 call 1\n1 call 2\n1 call 3\n2 call 3", 0.75);
    }

    /// ```text
    /// 1:  L####            holds a lock, and wakes 2 at 40; then it makes calls for itself
    /// 2:  .....L####       holds it, and wakes 3 at 80
    /// 3:  ..........L##
    /// ```
    #[test]
    fn what_is_done_beside_the_chain_does_not_count() {
        check(
            "1 call 10
             2 5-41 by 1 at 40
             1 call 50
             1 call 55
             1 call 60
             2 call 70
             3 6-81 by 2 at 80
             3 call 90
             2 call 95
             2 call 96",
            5.0 / 10.0,
        );
    }

    /// A chain is followed through a wait for the disk.
    #[test]
    fn waits_for_devices_are_part_of_the_chain() {
        check(
            "1 call 10
             1 20-60
             2 0-71 by 1 at 70
             2 call 80",
            1.0,
        );
    }

    #[test]
    fn times_that_make_no_sense_end_somewhere() {
        let share = stretch("1 5-5 by 1 at 5\n1 5-5 by 2 at 9\n2 9-3 by 1 at 9").share();
        assert!(share > 0.0 && share <= 1.0, "{share}");
        assert!((Stretch::default().share() - 1.0).abs() < 1e-9);
    }
}
