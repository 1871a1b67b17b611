//! Decodes a [`CallEvent`] to a [`Call`]. Here the first bytes of a message become a verb and are dropped.

use tracer_common::{CallEvent, ResourceTag, call_flag};

use super::{Destination, Undecodable};
use super::{syscalls, verbs};
use crate::row::{Call, Nanos, Pid, Syscall, Tid, Verb};

pub(super) fn decode(event: &CallEvent, to: &mut Destination<'_>) -> Result<(), Undecodable> {
    let has = |flag| event.flags & flag != 0;
    let (pid, end) = (Pid(event.pid), Nanos(event.header.end));
    let start = Nanos(event.start).min(end);
    let call = syscalls::call(event.call, has(call_flag::COMPAT));
    let (verb, status) = message(event);
    let row = Call {
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
        verb,
        status,
    };
    let of_file = event.resource.tag == ResourceTag::File as u32;
    *to.free += u64::from(row.is_free(of_file));
    to.rows.calls.push(row);
    Ok(())
}

/// Only what goes through a socket is a message; a file may hold the same bytes and be none.
fn message(event: &CallEvent) -> (Verb, u16) {
    let is_socket = event.resource.tag == ResourceTag::Socket as u32;
    if !is_socket || event.flags & call_flag::PEEKED == 0 {
        return (Verb::Unknown, 0);
    }
    let len = usize::from(event.peek_len).min(event.peek.len());
    verbs::verb(&event.peek[..len])
}

#[cfg(test)]
mod tests {
    use tracer_common::{
        CallEvent, EventKind, Header, PEEK_BYTES, RawResource, ResourceTag, call_flag,
    };

    use crate::capture::decode::samples::{Collector, bytes};
    use crate::row::{Call, Nanos, Syscall, Verb};

    fn event(head: &[u8]) -> CallEvent {
        let mut peek = [0; PEEK_BYTES];
        peek[..head.len()].copy_from_slice(head);
        CallEvent {
            header: Header {
                end: 2_000,
                kind: EventKind::Call as u16,
                cpu: 0,
                len: 120,
            },
            start: 1_000,
            tid: 5,
            pid: 5,
            ret: 120,
            resource: RawResource {
                tag: 4,
                fd: 3,
                a: 0,
                b: 777,
            },
            call: 45,
            count: 1,
            inside: 1_000,
            flags: call_flag::PEEKED | call_flag::BLOCKED,
            peek_len: u8::try_from(head.len()).expect("short"),
            peek,
            ..CallEvent::default()
        }
    }

    fn row(event: &CallEvent) -> Call {
        let mut to = Collector::default();
        to.decode(&bytes(event)).expect("sound");
        to.rows.calls[0]
    }

    #[test]
    fn a_reply() {
        let call = row(&event(b"HTTP/1.1 429 Too Many Re"));
        assert_eq!(
            (call.call, call.verb, call.status),
            (Syscall::Recvfrom, Verb::HttpReply, 429)
        );
        assert_eq!(
            (call.start, call.end, call.inside),
            (Nanos(1_000), Nanos(2_000), Nanos(1_000))
        );
        assert_eq!((call.bytes(), call.count, call.blocked), (120, 1, true));
    }

    #[test]
    fn bytes_of_a_file_or_unasked_bytes_are_no_message() {
        let mut file = event(b"GET / HTTP/1.1");
        file.resource.tag = 3;
        assert_eq!(row(&file).verb, Verb::Unknown);
        let mut off = event(b"GET / HTTP/1.1");
        off.flags = 0;
        assert_eq!(row(&off).verb, Verb::Unknown);
    }

    #[test]
    fn calls_that_did_not_block_are_counted() {
        let mut to = Collector::default();
        let mut file = event(b"");
        (file.resource.tag, file.flags) = (ResourceTag::File as u32, 0);
        to.decode(&bytes(&file)).expect("sound");
        assert_eq!(to.free, 1);
        let (mut failed, mut blocked, mut socket) = (file, file, file);
        failed.ret = -11;
        blocked.flags = call_flag::BLOCKED;
        socket.resource.tag = ResourceTag::Socket as u32;
        for other in [failed, blocked, socket] {
            to.decode(&bytes(&other)).expect("sound");
        }
        assert_eq!(to.free, 1);
    }

    #[test]
    fn outside_numbers_are_bounded() {
        let call = row(&CallEvent {
            peek_len: 255,
            count: 0,
            inside: u64::MAX,
            ..event(b"GET /")
        });
        assert_eq!(
            (call.count, call.inside, call.verb),
            (1, Nanos(1_000), Verb::HttpRead)
        );
    }
}
