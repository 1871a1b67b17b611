//! Finds which process holds a socket, by a sweep over the fds of all processes that is done in slices.

use std::collections::HashMap;

use super::look::Look;
use crate::row::{Nanos, Pid};

/// Most sockets that are remembered; a host with more is known in part.
const MOST: usize = 1 << 18;
/// Most processes of which the latest look out of order is remembered.
const VISITED: usize = 1024;
/// Shortest time from the begin of one sweep to the begin of the next.
const SWEEP: Nanos = Nanos::SECOND;

/// What the sweeps found.
#[derive(Debug, Default)]
pub(super) struct Holders {
    /// The first process found to hold a socket (of the lowest pid: mostly the one that made it), and those that share it.
    by_inode: HashMap<u64, (Pid, Vec<Pid>)>,
    /// One process of each network namespace met.
    namespaces: HashMap<u64, Pid>,
    open: Vec<Pid>,
    began: Option<Nanos>,
    /// When processes were last looked at out of order.
    visited: HashMap<Pid, Nanos>,
}

impl Holders {
    /// Who holds socket `inode`: one process, and those that share it.
    pub(super) fn of(&self, inode: u64) -> Option<(Pid, &[Pid])> {
        self.by_inode
            .get(&inode)
            .map(|(first, others)| (*first, others.as_slice()))
    }

    /// One process of each network namespace met.
    pub(super) fn namespaces(&self) -> &HashMap<u64, Pid> {
        &self.namespaces
    }

    /// Goes on with the sweep as long as `go_on` says so, or begins one when the last is old enough.
    pub(super) fn sweep(&mut self, now: Nanos, go_on: &dyn Fn() -> bool, look: &mut dyn Look) {
        if self.open.is_empty() {
            if self.began.is_some_and(|began| now.since(began) < SWEEP) {
                return;
            }
            self.began = Some(now);
            self.open = look.processes();
            self.open.sort_unstable_by(|a, b| b.cmp(a));
        }
        // At least one, or a short budget would never come to an end.
        while let Some(pid) = self.open.pop() {
            self.visit(pid, look);
            if !go_on() {
                break;
            }
        }
    }

    /// Looks at the fds of one process out of order, unless that was done less than `age` before `now`.
    pub(super) fn visit_again(&mut self, pid: Pid, now: Nanos, age: Nanos, look: &mut dyn Look) {
        if self
            .visited
            .get(&pid)
            .is_some_and(|last| now.since(*last) < age)
        {
            return;
        }
        if self.visited.len() >= VISITED {
            self.visited.clear();
        }
        self.visited.insert(pid, now);
        self.visit(pid, look);
    }

    /// Notes that process `pid` was seen to use socket `inode`.
    pub(super) fn note(&mut self, inode: u64, pid: Pid) {
        if self.by_inode.len() >= MOST {
            self.by_inode.clear();
        }
        self.by_inode.entry(inode).or_insert((pid, Vec::new()));
    }

    /// Looks at the fds of one process.
    fn visit(&mut self, pid: Pid, look: &mut dyn Look) {
        let (namespace, sockets) = look.sockets_of(pid);
        if namespace != 0 {
            self.namespaces.insert(namespace, pid);
        }
        for inode in sockets {
            if self.by_inode.len() >= MOST {
                self.by_inode.clear();
            }
            let (first, others) = self.by_inode.entry(inode).or_insert((pid, Vec::new()));
            if *first != pid && !others.contains(&pid) {
                // By fork, so it is the child that has the higher pid, unless pids began again from below.
                others.push(pid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Holders;
    use crate::capture::resources::tests::Fake;
    use crate::row::{Nanos, Pid};

    #[test]
    fn a_sweep_in_slices() {
        let mut look = Fake::default();
        for pid in [5, 9, 7] {
            look.fds
                .insert(Pid(pid), (4_026_531_840, vec![100, 1000 + u64::from(pid)]));
        }
        let mut holders = Holders::default();
        let no = || false;
        for _ in 0..2 {
            holders.sweep(Nanos(1), &no, &mut look);
            assert!(!holders.open.is_empty());
        }
        holders.sweep(Nanos(1), &no, &mut look);
        assert!(holders.open.is_empty());
        assert_eq!(holders.of(100), Some((Pid(5), &[Pid(7), Pid(9)][..])));
        assert_eq!(holders.of(1009), Some((Pid(9), &[][..])));
        assert_eq!(holders.of(1), None);
        assert_eq!(holders.namespaces().len(), 1);
        let yes = || true;
        holders.sweep(Nanos(2), &yes, &mut look);
        assert_eq!(holders.began, Some(Nanos(1)), "too soon for another");
        holders.sweep(Nanos(1_000_000_001), &yes, &mut look);
        assert_eq!(holders.began, Some(Nanos(1_000_000_001)));
    }
}
