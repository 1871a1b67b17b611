//! A trace from a part of which calls that did not block were left out: they are left out of the whole, else a count of them
//! would be that of a part, and a rate too small.

use foldhash::HashSet;

use crate::row::{Batch, ResourceId, ResourceKind};

/// Leaves those calls out of batches in their order.
#[derive(Debug, Default)]
pub(super) struct Thinned {
    files: HashSet<ResourceId>,
}

impl Thinned {
    /// The batch without them.
    pub(super) fn thin(&mut self, mut batch: Batch) -> Batch {
        for resource in &batch.resources {
            if resource.kind == ResourceKind::File {
                self.files.insert(resource.id);
            }
        }
        batch
            .calls
            .retain(|call| !call.is_free(self.files.contains(&call.resource)));
        batch
    }
}
