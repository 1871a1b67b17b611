//! Decodes a [`WaitEvent`] to a [`Wait`].

use tracer_common::{WaitEvent, reason, wait_flag};

use super::syscalls;
use super::{Destination, Undecodable};
use crate::row::{Nanos, Pid, Reason, StackId, Syscall, Tid, Wait, Waker};

pub(super) fn decode(event: &WaitEvent, to: &mut Destination<'_>) -> Result<(), Undecodable> {
    let why = match event.reason {
        reason::BLOCKED => Reason::Blocked,
        reason::PREEMPTED => Reason::Preempted,
        reason::YIELDED => Reason::Yielded,
        reason::STOPPED => Reason::Stopped,
        reason::TRACED => Reason::Traced,
        reason::FROZEN => Reason::Frozen,
        other => {
            return Err(Undecodable::Field {
                field: "reason",
                value: other.into(),
            });
        }
    };
    let has = |flag| event.flags & flag != 0;
    let (pid, end) = (Pid(event.pid), Nanos(event.header.end));
    let start = Nanos(event.start).min(end);
    let call = syscalls::call(event.call, has(wait_flag::COMPAT));
    let is_futex = matches!(call, Syscall::Futex | Syscall::FutexWaitv);
    let wait = Wait {
        end,
        start,
        // The waking may be seen before the switch-out it ends; the row keeps it within the wait.
        woken: if event.woken == 0 {
            Nanos::ZERO
        } else {
            Nanos(event.woken).clamp(start, end)
        },
        tid: Tid(event.tid),
        pid,
        reason: why,
        continues: has(wait_flag::CONTINUES),
        continuation: has(wait_flag::CONTINUATION) || has(wait_flag::SEEDED),
        uninterruptible: has(wait_flag::UNINTERRUPTIBLE),
        kernel_lock: has(wait_flag::KERNEL_LOCK),
        memory_stall: has(wait_flag::MEMORY_STALL),
        call,
        op: if call == Syscall::Futex {
            syscalls::futex_command(event.call, event.op)
        } else {
            event.op
        },
        resource: to.resources.id(&event.resource, pid, end),
        waker: Waker {
            tid: Tid(event.waker_tid),
            pid: Pid(event.waker_pid),
            // Whether the waker is a 32-bit program is not known: its number is read by the table of this machine.
            call: syscalls::call(event.waker_call, false),
            kernel_thread: has(wait_flag::WAKER_KTHREAD),
        },
        owner: if is_futex && event.owner != 0 {
            to.threads.owner(pid, event.owner, end)
        } else {
            Tid(0)
        },
        stack: if event.stack == 0 {
            StackId::NONE
        } else {
            to.stacks.id(event.stack, pid, end)
        },
    };
    to.rows.waits.push(wait);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tracer_common::{EventKind, Header, RawResource, WaitEvent, reason, wait_flag};

    use crate::capture::decode::samples::{Collector, bytes};
    use crate::row::{Nanos, Pid, Reason, ResourceId, StackId, Syscall, Tid};

    fn event() -> WaitEvent {
        WaitEvent {
            header: Header {
                end: 900,
                kind: EventKind::Wait as u16,
                cpu: 1,
                len: 104,
            },
            start: 500,
            woken: 880,
            tid: 12,
            pid: 10,
            waker_tid: 13,
            waker_pid: 10,
            waker_call: 202,
            call: 202,
            op: 128 | 256 | 9,
            owner: 13,
            resource: RawResource {
                tag: 1,
                fd: -1,
                a: 0xffff_8881,
                b: 0x7f00,
            },
            seq: 7,
            reason: reason::BLOCKED,
            flags: wait_flag::CONTINUATION | wait_flag::KERNEL_LOCK,
            state: 1,
            stack: 99,
        }
    }

    #[test]
    fn a_futex_wait() {
        let mut to = Collector::default();
        to.decode(&bytes(&event())).expect("sound");
        let wait = &to.rows.waits[0];
        assert_eq!(
            (wait.start, wait.woken, wait.end),
            (Nanos(500), Nanos(880), Nanos(900))
        );
        assert_eq!(
            (wait.tid, wait.pid, wait.owner),
            (Tid(12), Pid(10), Tid(13))
        );
        assert_eq!((wait.call, wait.op), (Syscall::Futex, 9));
        assert_eq!(
            (wait.waker.tid, wait.waker.call, wait.waker.kernel_thread),
            (Tid(13), Syscall::Futex, false)
        );
        assert_eq!((wait.resource, wait.stack), (ResourceId(1), StackId(99)));
        assert!(wait.continuation && !wait.continues && !wait.uninterruptible);
        assert!(wait.kernel_lock && !wait.memory_stall);
    }

    #[test]
    fn times_across_cpus_stay_within_the_wait() {
        for (start, woken, expect) in [
            (500, 400, (500, 500)),
            (500, 950, (500, 900)),
            (950, 0, (900, 0)),
        ] {
            let mut to = Collector::default();
            to.decode(&bytes(&WaitEvent {
                start,
                woken,
                ..event()
            }))
            .expect("sound");
            let wait = &to.rows.waits[0];
            assert_eq!((wait.start.0, wait.woken.0), expect);
        }
    }

    #[test]
    fn no_call_and_no_waker_are_said_so() {
        let mut to = Collector::default();
        let none = WaitEvent {
            call: -1,
            waker_call: -2,
            waker_tid: 0,
            reason: reason::PREEMPTED,
            stack: 0,
            ..event()
        };
        to.decode(&bytes(&none)).expect("sound");
        let wait = &to.rows.waits[0];
        assert_eq!(
            (wait.call, wait.waker.call),
            (Syscall::None, Syscall::Unknown)
        );
        assert_eq!(
            (wait.reason, wait.stack, wait.owner),
            (Reason::Preempted, StackId::NONE, Tid(0))
        );
    }
}
