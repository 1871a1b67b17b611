//! Locks of the kernel: which waits are for one, and from where in the program.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::class::{ClassId, ClassKind};
use crate::row::{StackId, Syscall};
use crate::timeline::Blocked;

/// Waits for each lock, by call stack.
#[derive(Clone, Debug, Default)]
pub struct KernelLocks(HashMap<ClassId, BTreeMap<StackId, u64>>);

impl KernelLocks {
    /// Somebody begins to wait.
    pub(super) fn wait(&mut self, lock: ClassId, stack: StackId) {
        let stacks = self.0.entry(lock).or_default();
        if stack != StackId::NONE {
            *stacks.entry(stack).or_default() += 1;
        }
    }

    /// All of them, with the call stacks that they were waited for with.
    pub fn all(&self) -> impl Iterator<Item = (ClassId, &BTreeMap<StackId, u64>)> {
        self.0.iter().map(|(lock, stacks)| (*lock, stacks))
    }
}

/// A wait for a lock of the kernel, as such: it has no other name, or is for the lock of the file that a call is about. A sync takes
/// locks too, whose holders wait for the disk; and whoever asks for the lock of a file waits for that.
pub(super) fn is_for_kernel_lock(blocked: &Blocked, class: ClassKind) -> bool {
    match class {
        ClassKind::KernelLock => true,
        ClassKind::Files | ClassKind::Unknown => {
            let is_of_file = matches!(blocked.call, Syscall::Flock | Syscall::Fcntl);
            blocked.kernel_lock && !is_of_file && !blocked.call.is_sync()
        }
        ClassKind::Peer
        | ClassKind::Service
        | ClassKind::Pipe
        | ClassKind::Futex
        | ClassKind::Timer
        | ClassKind::Notifier
        | ClassKind::Place => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_waits_for_the_files_lock_is_one_and_a_sync_is_not() {
        let check = |call, kernel_lock, class| {
            let blocked = Blocked {
                call,
                kernel_lock,
                ..Blocked::default()
            };
            is_for_kernel_lock(&blocked, class)
        };
        assert!(check(Syscall::Write, true, ClassKind::Files));
        assert!(!check(Syscall::Write, false, ClassKind::Files));
        assert!(!check(Syscall::Fsync, true, ClassKind::Files));
        assert!(!check(Syscall::Flock, true, ClassKind::Files));
        assert!(!check(Syscall::Write, true, ClassKind::Pipe));
        assert!(check(Syscall::None, true, ClassKind::Unknown));
        assert!(check(Syscall::Munmap, false, ClassKind::KernelLock));
    }
}
