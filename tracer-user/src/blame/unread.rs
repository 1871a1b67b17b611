//! How long replies lay unread while their process read nothing: what its threads did then is what kept it.
//!
//! A thread that waits in its own poll is woken by a reply at once. Where replies lie unread and the thread is neither busy nor without
//! a CPU, it waits in a call that has a loop of its own (`execSync` in Node), or has put this connection aside for a while, and reads
//! others. So no time counts in which anything was read.

use foldhash::HashMap;

use crate::row::{Nanos, Pid};

/// One process.
#[derive(Clone, Copy, Debug, Default)]
struct Process {
    /// When its tasks last read a reply.
    read: Nanos,
    unread: Nanos,
}

/// All processes of the target that have tasks.
#[derive(Clone, Debug, Default)]
pub struct Unread {
    processes: HashMap<Pid, Process>,
}

impl Unread {
    /// A reply was read at `at` that had come at `since`. Replies come here in the order in which they are read.
    pub(super) fn read(&mut self, pid: Pid, since: Nanos, at: Nanos) {
        let process = self.processes.entry(pid).or_default();
        process.unread += at.since(since.max(process.read));
        process.read = process.read.max(at);
    }

    /// How long replies lay unread in a process, and it read nothing.
    #[must_use]
    pub fn time(&self, pid: Pid) -> Nanos {
        self.processes
            .get(&pid)
            .map_or(Nanos::ZERO, |process| process.unread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Replies that came and were read at these times: how long the process read nothing of what had come.
    fn check(replies: &[(u64, u64)], expect: u64) {
        let mut unread = Unread::default();
        for (since, at) in replies {
            unread.read(Pid(7), Nanos(*since), Nanos(*at));
        }
        assert_eq!(unread.time(Pid(7)), Nanos(expect), "{replies:?}");
        assert_eq!(unread.time(Pid(8)), Nanos::ZERO);
    }

    #[test]
    fn what_is_read_at_once_does_not_count() {
        check(&[(10, 10), (20, 20)], 0);
    }

    #[test]
    fn a_process_that_reads_nothing_for_a_while_counts_once() {
        // Three came while a call was under way, and were read after it one after the other.
        check(&[(12, 20), (14, 21), (19, 22), (40, 40)], 10);
    }

    #[test]
    fn a_connection_that_is_put_aside_counts_only_while_no_other_is_read() {
        check(&[(10, 10), (20, 20), (30, 30), (5, 31)], 1);
    }
}
