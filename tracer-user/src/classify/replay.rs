//! The events of a scripted trace, for tests of the stations behind.

use super::{Classifier, Event};
use crate::row::{MemorySource, Tid};
use crate::timeline::{Gap, Sweep};

/// Gives the events of all rows in their order, with the classifier as it is then; and the classifier as it is at the end.
pub(crate) fn replay(
    source: &MemorySource,
    listen: &mut dyn FnMut(Event<'_, Tid>, &mut Classifier),
) -> Classifier {
    let mut classifier = Classifier::default();
    let mut sweep = Sweep::new(source.meta.opened);
    for (from, to) in source.meta.gaps.iter().copied() {
        let all = true;
        sweep.gap(Gap { from, to, all });
    }
    for batch in source.batches.iter().cloned() {
        classifier.learn(&batch);
        sweep.push(batch, &mut |step| {
            let event = classifier.classify(step);
            listen(event, &mut classifier);
        });
    }
    sweep.finish(source.meta.closed, &mut |step| {
        let event = classifier.classify(step);
        listen(event, &mut classifier);
    });
    classifier
}
