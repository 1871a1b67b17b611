//! Processes that serve the targets and are found by no socket: who reads a pipe that they write to, who serves a file system that they
//! read (FUSE).
//!
//! In: batches. Out: processes that ended some of the waits in reads, writes and opens of files and pipes, from reads and writes of their
//! own: a disk is read by the kernel, and a lock is let go by other calls. Who is at the other end of a socket is found by that.

use std::collections::{BTreeMap, BTreeSet};

use crate::row::{Batch, Pid, Reason, ResourceId, ResourceKind, Syscall, Wait};

/// So many waits make a server: one that answers now and then takes as long to be found as it matters little.
const ENOUGH: u32 = 8;
/// Most pairs that are counted at once.
const MOST: usize = 1_024;
/// Most files and pipes that are remembered.
const MOST_FILES: usize = 65_536;

/// Who has ended how many waits of whom, as far as that is not known to make a server.
#[derive(Debug, Default)]
pub(super) struct Servers {
    ended: BTreeMap<(Pid, Pid), u32>,
    files: BTreeSet<ResourceId>,
}

impl Servers {
    /// The servers that these waits show, each with a process it serves. They may have been found before.
    pub(super) fn found_by(&mut self, batch: &Batch) -> Vec<(Pid, Pid)> {
        for row in &batch.resources {
            if row.kind == ResourceKind::File && self.files.len() < MOST_FILES {
                self.files.insert(row.id);
            }
        }
        let mut found = Vec::new();
        let Self { ended, files } = self;
        for wait in batch.waits.iter().filter(|wait| is_served(wait, files)) {
            let pair = (wait.waker.pid, wait.pid);
            if ended.len() >= MOST && !ended.contains_key(&pair) {
                ended.clear();
            }
            let count = ended.entry(pair).or_default();
            *count = count.saturating_add(1);
            if *count == ENOUGH {
                found.push(pair);
            }
        }
        found
    }
}

fn is_served(wait: &Wait, files: &BTreeSet<ResourceId>) -> bool {
    let waker = wait.waker;
    let takes_what_is_written = wait.call.is_output() && waker.call.is_input();
    let opens = wait.call == Syscall::Open;
    let gives_what_is_read = (wait.call.is_input() || opens) && waker.call.is_output();
    let is_another = waker.pid != Pid(0) && waker.pid != wait.pid && !waker.kernel_thread;
    wait.reason == Reason::Blocked
        && is_another
        && (takes_what_is_written || gives_what_is_read)
        && (opens || files.contains(&wait.resource))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Resource, Tid, Waker};

    const FILE: ResourceId = ResourceId(1);
    const SOCKET: ResourceId = ResourceId(2);

    fn wait(call: Syscall, waker_call: Syscall) -> Wait {
        Wait {
            pid: Pid(7),
            call,
            resource: FILE,
            waker: Waker {
                tid: Tid(9),
                pid: Pid(9),
                call: waker_call,
                kernel_thread: false,
            },
            ..Wait::default()
        }
    }

    fn batch(waits: Vec<Wait>) -> Batch {
        let of = |id, kind| Resource {
            id,
            kind,
            ..Resource::default()
        };
        Batch {
            resources: vec![
                of(FILE, ResourceKind::File),
                of(SOCKET, ResourceKind::Socket),
            ],
            waits,
            ..Batch::default()
        }
    }

    fn check(wait: Wait, found: usize) {
        let mut servers = Servers::default();
        assert!(servers.found_by(&batch(vec![wait; 7])).is_empty());
        let now = servers.found_by(&batch(vec![wait]));
        assert_eq!(now.len(), found, "{wait:?}");
        let later = servers.found_by(&batch(vec![wait; 8]));
        assert!(later.is_empty(), "told once");
    }

    #[test]
    fn who_reads_what_they_write_and_who_writes_what_they_read() {
        check(wait(Syscall::Write, Syscall::Read), 1);
        check(wait(Syscall::Read, Syscall::Write), 1);
        let open = wait(Syscall::Open, Syscall::Writev);
        check(
            Wait {
                resource: ResourceId::NONE,
                ..open
            },
            1,
        );
        check(wait(Syscall::Write, Syscall::Write), 0);
        check(wait(Syscall::Read, Syscall::Futex), 0);
    }

    /// An interrupt over a call of a stranger wakes too, and a client wakes its server.
    #[test]
    fn neither_clients_nor_whoever_is_interrupted_serve() {
        for call in [Syscall::EpollWait, Syscall::Futex, Syscall::Nanosleep] {
            check(wait(call, Syscall::Write), 0);
        }
        let read = wait(Syscall::Read, Syscall::Write);
        check(
            Wait {
                resource: SOCKET,
                ..read
            },
            0,
        );
    }

    #[test]
    fn neither_the_kernel_nor_the_own_process_is_one() {
        let mut read = wait(Syscall::Read, Syscall::Write);
        read.waker.kernel_thread = true;
        check(read, 0);
        (read.waker.kernel_thread, read.waker.pid) = (false, read.pid);
        check(read, 0);
    }
}
