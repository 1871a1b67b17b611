//! Processes that serve the targets and are found by no socket: who reads a pipe that they write to, who serves a file system that they
//! read (FUSE).
//!
//! In: waits. Out: processes that ended some of those in reads and writes, from reads and writes of their own: a disk is read by the
//! kernel, and a lock is let go by other calls.

use std::collections::BTreeMap;

use crate::row::{Pid, Reason, Syscall, Wait};

/// So many waits make a server: one that answers now and then takes as long to be found as it matters little.
const ENOUGH: u32 = 8;
/// Most pairs that are counted at once.
const MOST: usize = 1_024;

/// Who has ended how many waits of whom, as far as that is not known to make a server.
#[derive(Debug, Default)]
pub(super) struct Servers(BTreeMap<(Pid, Pid), u32>);

impl Servers {
    /// The servers that these waits show, each with a process it serves. They may have been found before.
    pub(super) fn found_by(&mut self, waits: &[Wait]) -> Vec<(Pid, Pid)> {
        let mut found = Vec::new();
        for wait in waits.iter().filter(|wait| is_served(wait)) {
            let pair = (wait.waker.pid, wait.pid);
            if self.0.len() >= MOST && !self.0.contains_key(&pair) {
                self.0.clear();
            }
            let count = self.0.entry(pair).or_default();
            *count = count.saturating_add(1);
            if *count == ENOUGH {
                found.push(pair);
            }
        }
        found
    }
}

fn is_served(wait: &Wait) -> bool {
    let waker = wait.waker;
    let is_another = waker.pid != Pid(0) && waker.pid != wait.pid && !waker.kernel_thread;
    let takes_what_is_written = wait.call.is_output() && waker.call.is_input();
    let gives_what_is_read =
        matches!(waker.call, Syscall::Write | Syscall::Writev) && !wait.call.is_output();
    wait.reason == Reason::Blocked && is_another && (takes_what_is_written || gives_what_is_read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Tid, Waker};

    fn wait(call: Syscall, waker_call: Syscall) -> Wait {
        Wait {
            pid: Pid(7),
            call,
            waker: Waker {
                tid: Tid(9),
                pid: Pid(9),
                call: waker_call,
                kernel_thread: false,
            },
            ..Wait::default()
        }
    }

    #[test]
    fn who_reads_what_they_write_and_who_writes_what_they_read() {
        let check = |call, waker_call, found: usize| {
            let waits = vec![wait(call, waker_call); 8];
            let mut servers = Servers::default();
            assert!(servers.found_by(&waits[..7]).is_empty());
            assert_eq!(servers.found_by(&waits[7..]).len(), found, "{call:?}");
            assert!(servers.found_by(&waits).is_empty(), "told once");
        };
        check(Syscall::Write, Syscall::Read, 1);
        check(Syscall::Read, Syscall::Write, 1);
        check(Syscall::Open, Syscall::Writev, 1);
        check(Syscall::Write, Syscall::Write, 0);
        check(Syscall::Read, Syscall::Futex, 0);
    }

    #[test]
    fn neither_the_kernel_nor_the_own_process_is_one() {
        let mut waits = vec![wait(Syscall::Read, Syscall::Write); 8];
        for wait in &mut waits {
            wait.waker.kernel_thread = true;
        }
        assert!(Servers::default().found_by(&waits).is_empty());
        for wait in &mut waits {
            (wait.waker.kernel_thread, wait.waker.pid) = (false, wait.pid);
        }
        assert!(Servers::default().found_by(&waits).is_empty());
    }
}
