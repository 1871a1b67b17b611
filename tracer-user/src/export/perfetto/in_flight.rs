//! How many requests are under way at each peer, as a counter: known of a request only when its reply has come, so changes are kept until no
//! earlier one can come.

use std::collections::BTreeMap;

use crate::classify::ClassId;
use crate::row::Nanos;

/// Changes that are not told yet, and the counts up to there.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    changes: BTreeMap<(Nanos, ClassId), i64>,
    counts: BTreeMap<ClassId, i64>,
}

impl InFlight {
    /// A request was under way from one instant to another; `None`: it still is.
    pub(super) fn request(&mut self, peer: ClassId, from: Nanos, to: Option<Nanos>) {
        *self.changes.entry((from, peer)).or_default() += 1;
        if let Some(to) = to {
            *self.changes.entry((to, peer)).or_default() -= 1;
        }
    }

    /// The counts that change before `until`, in their order.
    pub(super) fn settle(&mut self, until: Nanos) -> Vec<(ClassId, Nanos, i64)> {
        let later = self.changes.split_off(&(until, ClassId(0)));
        let settled = std::mem::replace(&mut self.changes, later);
        let changed = settled.into_iter().filter(|(_, by)| *by != 0);
        changed
            .map(|((at, peer), by)| {
                let count = self.counts.entry(peer).or_default();
                *count += by;
                (peer, at, *count)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_in_order_once_nothing_earlier_can_come() {
        let mut in_flight = InFlight::default();
        let (one, two) = (ClassId(1), ClassId(2));
        in_flight.request(one, Nanos(20), Some(Nanos(30)));
        in_flight.request(one, Nanos(10), Some(Nanos(30)));
        in_flight.request(two, Nanos(5), Some(Nanos(50)));
        assert_eq!(
            in_flight.settle(Nanos(25)),
            [(two, Nanos(5), 1), (one, Nanos(10), 1), (one, Nanos(20), 2)]
        );
        in_flight.request(one, Nanos(30), None);
        assert_eq!(
            in_flight.settle(Nanos(60)),
            [(one, Nanos(30), 1), (two, Nanos(50), 0)]
        );
        assert_eq!(in_flight.settle(Nanos(99)), []);
    }
}
