//! Decodes a [`CallEvent`] to a [`Call`].

use tracer_common::{CallEvent, call_flag};

use super::syscalls;
use super::{Destination, Undecodable};
use crate::row::{Call, Nanos, Pid, Syscall, Tid};

pub(super) fn decode(event: &CallEvent, to: &mut Destination<'_>) -> Result<(), Undecodable> {
    let row = row(event, to);
    to.rows.calls.push(row);
    Ok(())
}

/// The row of the event, without what its message says.
pub(super) fn row(event: &CallEvent, to: &mut Destination<'_>) -> Call {
    let has = |flag| event.flags & flag != 0;
    let (pid, end) = (Pid(event.pid), Nanos(event.header.end));
    let start = Nanos(event.start).min(end);
    let call = syscalls::call(event.call, has(call_flag::COMPAT));
    Call {
        end,
        start,
        // Summed calls do not overlap: together they take no longer than from the first's entry to the last's return.
        inside: Nanos(event.inside).min(end - start),
        tid: Tid(event.tid),
        pid,
        call,
        op: if call == Syscall::Futex {
            syscalls::futex_command(event.call, event.op)
        } else {
            event.op
        },
        resource: to.resources.id(&event.resource, pid, end),
        ret: event.ret,
        count: event.count.max(1),
        seq: event.seq,
        blocked: has(call_flag::BLOCKED),
        ..Call::default()
    }
}

#[cfg(test)]
mod tests {
    use tracer_common::{CallEvent, EventKind, Header, RawResource, ResourceTag, call_flag};

    use crate::capture::decode::samples::{Collector, bytes};
    use crate::row::{Call, Nanos, Syscall, Verb};

    fn event() -> CallEvent {
        CallEvent {
            header: Header {
                end: 2_000,
                kind: EventKind::Call as u16,
                cpu: 0,
                len: 96,
            },
            start: 1_000,
            tid: 5,
            pid: 5,
            ret: 120,
            resource: RawResource {
                tag: ResourceTag::Socket as u32,
                fd: 3,
                a: 0,
                b: 777,
            },
            call: 45,
            count: 1,
            inside: 1_000,
            flags: call_flag::BLOCKED,
            ..CallEvent::default()
        }
    }

    fn row(event: &CallEvent) -> Call {
        let mut to = Collector::default();
        to.decode(&bytes(event)).expect("sound");
        to.rows.calls[0]
    }

    #[test]
    fn a_call() {
        let call = row(&event());
        assert_eq!((call.call, call.verb), (Syscall::Recvfrom, Verb::Unknown));
        assert_eq!(
            (call.start, call.end, call.inside),
            (Nanos(1_000), Nanos(2_000), Nanos(1_000))
        );
        assert_eq!((call.bytes(), call.count, call.blocked), (120, 1, true));
    }

    #[test]
    fn outside_numbers_are_bounded() {
        let call = row(&CallEvent {
            count: 0,
            inside: u64::MAX,
            ..event()
        });
        assert_eq!((call.count, call.inside), (1, Nanos(1_000)));
    }
}
