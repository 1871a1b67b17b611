//! Decodes a [`MessageEvent`] and the bytes behind it to a call. Here the first bytes of a message become a verb and the id of a
//! statement, and are dropped.

use tracer_common::{MessageEvent, OUTPUT_BYTES, ResourceTag};

use super::verbs::{mysql_prepared, request, verb};
use super::{Destination, Undecodable, call, read};
use crate::capture::clock::tick;
use crate::row::{Call, Nanos, Verb};

pub(super) fn decode(record: &[u8], to: &mut Destination<'_>) -> Result<(), Undecodable> {
    let event: MessageEvent = read(record)?;
    let len = usize::try_from(event.len).unwrap_or(usize::MAX);
    if len > OUTPUT_BYTES {
        return Err(Undecodable::Field {
            field: "length of a message",
            value: event.len.into(),
        });
    }
    let need = size_of::<MessageEvent>() + len;
    let head = record
        .get(size_of::<MessageEvent>()..need)
        .ok_or(Undecodable::Short {
            have: record.len(),
            need,
        })?;
    let mut row = call::row(&event.call, to);
    row.unread = age(event.age, tick());
    // Only what goes through a socket is a message; a file may hold the same bytes and be none.
    if event.call.resource.tag == ResourceTag::Socket as u32 {
        look(&mut row, head, to);
    }
    to.rows.calls.push(row);
    Ok(())
}

/// How long `ticks` are. A count that has no sense, as on a socket of another sort, is none.
fn age(ticks: u32, tick: Nanos) -> Nanos {
    /// More than a day at 1,000 ticks a second.
    const MOST: u32 = 100_000_000;
    if ticks > MOST {
        return Nanos::ZERO;
    }
    Nanos(tick.0.saturating_mul(u64::from(ticks)))
}

/// Notes what the message is by its first bytes.
fn look(row: &mut Call, head: &[u8], to: &mut Destination<'_>) {
    (row.verb, row.status) = verb(head);
    if row.call.is_output() {
        if let Some((asked, verb)) = request(head, row.bytes()) {
            let known = to
                .statements
                .know(asked, verb, row.resource, &mut to.rows.statements);
            row.statement = known.statement;
            if known.verb != Verb::Unknown {
                row.verb = known.verb;
            }
        }
    } else if to.statements.is_awaited(row.resource) {
        to.statements.prepared(row.resource, mysql_prepared(head));
    }
}

#[cfg(test)]
mod tests {
    use tracer_common::{
        CallEvent, EventKind, Header, MessageEvent, OUTPUT_BYTES, RawResource, ResourceTag,
        call_flag,
    };

    use crate::capture::decode::Undecodable;
    use crate::capture::decode::samples::{Collector, bytes};
    use crate::row::{StatementId, Syscall, Verb};

    /// `recvfrom` and `sendto` on x86-64.
    const RECEIVE: i32 = 45;
    const SEND: i32 = 44;

    fn record(call: i32, tag: ResourceTag, head: &[u8]) -> Vec<u8> {
        let call = CallEvent {
            header: Header {
                end: 2_000,
                kind: EventKind::Message as u16,
                cpu: 0,
                len: 0,
            },
            start: 1_000,
            tid: 5,
            pid: 5,
            ret: i64::try_from(head.len()).expect("short"),
            resource: RawResource {
                tag: tag as u32,
                fd: 3,
                a: 0,
                b: 777,
            },
            call,
            count: 1,
            inside: 1_000,
            flags: call_flag::BLOCKED,
            ..CallEvent::default()
        };
        let event = MessageEvent {
            call,
            len: u32::try_from(head.len()).expect("short"),
            age: 0,
        };
        let mut record = bytes(&event);
        record.extend(head);
        record
    }

    #[test]
    fn a_reply() {
        let mut to = Collector::default();
        let head = b"HTTP/1.1 429 Too Many Re";
        to.decode(&record(RECEIVE, ResourceTag::Socket, head))
            .expect("sound");
        let call = to.rows.calls[0];
        assert_eq!(
            (call.call, call.verb, call.status, call.statement),
            (Syscall::Recvfrom, Verb::HttpReply, 429, StatementId::NONE)
        );
    }

    #[test]
    fn a_statement_has_an_id_and_one_row() {
        let mut to = Collector::default();
        for n in [7, 8] {
            let query = format!("Q\0\0\0\x22UPDATE t SET n = {n} WHERE id = 'x';\0");
            let mut query = query.into_bytes();
            query[4] = u8::try_from(query.len() - 1).expect("short");
            to.decode(&record(SEND, ResourceTag::Socket, &query))
                .expect("sound");
        }
        let ids: Vec<_> = to
            .rows
            .calls
            .iter()
            .map(|call| (call.verb, call.statement))
            .collect();
        assert_eq!(ids, [(Verb::SqlWrite, StatementId(1)); 2]);
        assert_eq!(to.rows.statements.len(), 1);
        assert_eq!(
            to.rows.statements[0].text,
            "UPDATE t SET n = ? WHERE id = ?"
        );
    }

    #[test]
    fn bytes_of_a_file_are_no_message() {
        let mut to = Collector::default();
        to.decode(&record(SEND, ResourceTag::File, b"GET / HTTP/1.1"))
            .expect("sound");
        assert_eq!(to.rows.calls[0].verb, Verb::Unknown);
    }

    #[test]
    fn lengths_are_checked() {
        let mut to = Collector::default();
        let whole = record(SEND, ResourceTag::Socket, b"GET / HTTP/1.1");
        let short = whole.len() - 1;
        assert_eq!(
            to.decode(&whole[..short]),
            Err(Undecodable::Short {
                have: short,
                need: short + 1
            })
        );
        let long = record(SEND, ResourceTag::Socket, &[b'x'; OUTPUT_BYTES + 1]);
        assert!(matches!(to.decode(&long), Err(Undecodable::Field { .. })));
        assert_eq!(to.rows.len(), 0);
    }
}
