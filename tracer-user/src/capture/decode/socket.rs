//! Hands a [`SocketEvent`] to whoever names resources.

use tracer_common::{ResourceTag, SocketEvent};

use super::{Destination, Undecodable};

pub(super) fn decode(event: &SocketEvent, to: &mut Destination<'_>) -> Result<(), Undecodable> {
    if event.resource.tag != ResourceTag::Socket as u32 {
        return Err(Undecodable::Field {
            field: "tag of a socket",
            value: event.resource.tag.into(),
        });
    }
    to.resources.socket(event);
    Ok(())
}
