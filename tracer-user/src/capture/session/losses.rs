//! Losses as time: between which instants waits were lost, so that what threads did then is not known. Pure.
//!
//! In: how many waits the kernel side has lost, at each cut of long waits. Out: a gap for each stretch between two cuts in which
//! the number grew. In the doubtful case a gap is too long: a wait that was lost may have begun before the stretch.

use crate::row::Nanos;

/// No part of a wait is longer than this: one that was lost after a cut began no earlier before it.
pub(super) const LONGEST_PART: Nanos = Nanos::SECOND;

/// The count at the latest cut.
#[derive(Debug, Default)]
pub(super) struct Losses {
    waits: u64,
    at: Nanos,
}

impl Losses {
    /// Takes how many `waits` were lost up to `now`. `opened`: no gap begins before.
    pub(super) fn gap(&mut self, waits: u64, now: Nanos, opened: Nanos) -> Option<(Nanos, Nanos)> {
        let before = std::mem::replace(self, Self { waits, at: now });
        let from = before.at.since(LONGEST_PART).max(opened);
        (waits > before.waits && from < now).then_some((from, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENED: Nanos = Nanos(10_000_000_000);

    fn at(tenths: u64) -> Nanos {
        OPENED + Nanos(tenths * 100_000_000)
    }

    /// ```text
    /// cuts     |----|----|----|----|
    /// lost          .    7    7   12
    /// ```
    #[test]
    fn a_gap_reaches_from_a_second_before_the_cut_without_loss_to_the_one_with_it() {
        let mut losses = Losses::default();
        let mut gap = |waits, tenths| losses.gap(waits, at(tenths), OPENED);
        assert_eq!(gap(0, 15), None);
        assert_eq!(gap(7, 20), Some((at(5), at(20))));
        assert_eq!(gap(7, 25), None);
        assert_eq!(gap(12, 30), Some((at(15), at(30))));
    }

    #[test]
    fn the_first_gap_begins_with_the_window() {
        assert_eq!(
            Losses::default().gap(1, at(5), OPENED),
            Some((OPENED, at(5)))
        );
    }
}
