//! Hands a [`FileEvent`] to whoever names resources.

use tracer_common::{FileEvent, ResourceTag};

use super::{Destination, Undecodable};

pub(super) fn decode(event: &FileEvent, to: &mut Destination<'_>) -> Result<(), Undecodable> {
    if event.resource.tag != ResourceTag::File as u32 {
        return Err(Undecodable::Field {
            field: "tag of a file",
            value: event.resource.tag.into(),
        });
    }
    to.resources.file(event);
    Ok(())
}
