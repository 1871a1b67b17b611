//! Decodes a [`KernelEvent`] to a [`KernelSpan`].

use tracer_common::{KernelEvent, KernelEventKind};

use super::{Destination, Undecodable};
use crate::row::{KernelSpan, KernelSpanKind, Nanos, Pid, Tid};

pub(super) fn decode(event: &KernelEvent, to: &mut Destination<'_>) -> Result<(), Undecodable> {
    let what = KernelEventKind::from_raw(event.what).ok_or(Undecodable::Field {
        field: "what",
        value: event.what.into(),
    })?;
    let end = Nanos(event.header.end);
    to.rows.kernel.push(KernelSpan {
        end,
        start: Nanos(event.start).min(end),
        tid: Tid(event.tid),
        pid: Pid(event.pid),
        kind: match what {
            KernelEventKind::LockContention => KernelSpanKind::LockContention,
            KernelEventKind::JournalCommit => KernelSpanKind::JournalCommit,
        },
        a: event.a,
        b: event.b,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use tracer_common::{EventKind, Header, KernelEvent};

    use crate::capture::decode::samples::{Collector, bytes};
    use crate::row::{KernelSpan, KernelSpanKind, Nanos, Pid, Tid};

    #[test]
    fn a_journal_commit() {
        let header = Header {
            end: 70,
            kind: EventKind::Kernel as u16,
            cpu: 0,
            len: 56,
        };
        let event = KernelEvent {
            header,
            start: 60,
            tid: 4,
            pid: 4,
            a: 8 << 20 | 1,
            b: 5,
            what: 2,
            reserved: 0,
        };
        let mut to = Collector::default();
        to.decode(&bytes(&event)).expect("sound");
        let expect = KernelSpan {
            end: Nanos(70),
            start: Nanos(60),
            tid: Tid(4),
            pid: Pid(4),
            kind: KernelSpanKind::JournalCommit,
            a: 8 << 20 | 1,
            b: 5,
        };
        assert_eq!(to.rows.kernel, [expect]);
    }
}
