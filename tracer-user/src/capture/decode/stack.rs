//! Hands a [`StackEvent`] and the bytes behind it to whoever walks stacks.

use tracer_common::{SNAPSHOT_BYTES, StackEvent};

use super::{Destination, Undecodable, read};

pub(super) fn decode(record: &[u8], to: &mut Destination<'_>) -> Result<(), Undecodable> {
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
    to.stacks.snapshot(&event, bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tracer_common::{EventKind, Header, StackEvent};

    use crate::capture::decode::Undecodable;
    use crate::capture::decode::samples::{Collector, bytes};

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
            len: 3,
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
        let long = bytes(&StackEvent {
            len: u32::MAX,
            ..event
        });
        assert!(matches!(to.decode(&long), Err(Undecodable::Field { .. })));
    }
}
