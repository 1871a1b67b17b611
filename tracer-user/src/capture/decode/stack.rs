//! Hands a [`StackEvent`] and the bytes behind it to whoever walks stacks; of one that found a thread running a [`Sample`] is made.

use tracer_common::{SNAPSHOT_BYTES, StackEvent, stack_flag};

use super::{Destination, Found, Undecodable, read};
use crate::row::{Nanos, Pid, Sample, Tid};

pub(super) fn decode(record: &[u8], to: &mut Destination<'_>) -> Result<(), Undecodable> {
    let (event, bytes) = split(record)?;
    to.stacks.snapshot(&event, bytes);
    Ok(())
}

pub(super) fn decode_sample(record: &[u8], to: &mut Destination<'_>) -> Result<(), Undecodable> {
    let (event, bytes) = split(record)?;
    let Found {
        stack,
        spins,
        kernel_spins,
    } = to.stacks.sample(&event, bytes);
    to.rows.samples.push(Sample {
        end: Nanos(event.header.end),
        tid: Tid(event.tid),
        pid: Pid(event.pid),
        stack,
        spins,
        kernel_spins,
        memory_stall: event.flags & stack_flag::MEMORY_STALL != 0,
    });
    Ok(())
}

/// The event, and the bytes of the stack.
fn split(record: &[u8]) -> Result<(StackEvent, &[u8]), Undecodable> {
    let event: StackEvent = read(record)?;
    let len = usize::try_from(event.len).unwrap_or(usize::MAX);
    if len > SNAPSHOT_BYTES {
        return Err(Undecodable::Field {
            field: "length of a stack",
            value: event.len.into(),
        });
    }
    let need = size_of::<StackEvent>() + len;
    let bytes = record
        .get(size_of::<StackEvent>()..need)
        .ok_or(Undecodable::Short {
            have: record.len(),
            need,
        })?;
    Ok((event, bytes))
}

#[cfg(test)]
mod tests {
    use tracer_common::{EventKind, Header, StackEvent, stack_flag};

    use crate::capture::decode::Undecodable;
    use crate::capture::decode::samples::{Collector, bytes};
    use crate::row::{Nanos, Pid, Sample, StackId, Tid};

    #[test]
    fn a_snapshot_and_its_bytes() {
        let header = Header {
            end: 1,
            kind: EventKind::Stack as u16,
            cpu: 0,
            len: 67,
        };
        let event = StackEvent {
            header,
            stack: 8,
            tid: 5,
            pid: 4,
            len: 3,
            flags: stack_flag::MEMORY_STALL,
            ..StackEvent::default()
        };
        let mut record = bytes(&event);
        record.extend([1, 2, 3, 4]);
        let mut to = Collector::default();
        to.decode(&record).expect("sound");
        assert_eq!(to.snapshots, [(8, vec![1, 2, 3])]);
        assert_eq!(
            to.decode(&record[..66]),
            Err(Undecodable::Short { have: 66, need: 67 })
        );
        record[8] = EventKind::Sample as u8;
        to.decode(&record).expect("sound");
        let expect = Sample {
            end: Nanos(1),
            tid: Tid(5),
            pid: Pid(4),
            stack: StackId(8),
            spins: true,
            kernel_spins: false,
            memory_stall: true,
        };
        assert_eq!(to.rows.samples, [expect]);
        assert_eq!(to.snapshots.len(), 2);
        let long = bytes(&StackEvent {
            len: u32::MAX,
            ..event
        });
        assert!(matches!(to.decode(&long), Err(Undecodable::Field { .. })));
    }
}
