//! What one actor completed, and when: from this the ticks of its items are drawn, once it is known what an item is.

use crate::classify::OperationId;

/// Operations in the order in which they ended, each once in a step.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    list: Vec<(u32, OperationId)>,
}

impl Marks {
    /// The step of each, counted from the begin of the window, and what it was.
    #[must_use]
    pub fn list(&self) -> &[(u32, OperationId)] {
        &self.list
    }

    /// An operation ended so many nanoseconds after the window opened.
    pub(super) fn push(&mut self, at: u64, operation: OperationId, step: u64) {
        let at = u32::try_from(at / step.max(1)).unwrap_or(u32::MAX);
        let in_step = self.list.iter().rev().take_while(|(step, _)| *step == at);
        if in_step.clone().all(|(_, other)| *other != operation) {
            self.list.push((at, operation));
        }
    }

    /// Takes the same in longer steps.
    pub(super) fn coarsen(&mut self, from: u64, to: u64) {
        for (at, operation) in std::mem::take(&mut self.list) {
            self.push(u64::from(at).saturating_mul(from), operation, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_is_kept_once_in_a_step() {
        let mut marks = Marks::default();
        for turn in 0..100 {
            marks.push(10 * turn, OperationId(1), 1);
            marks.push(10 * turn + 5, OperationId(2), 1);
        }
        assert_eq!(marks.list().len(), 200);
        marks.coarsen(1, 100);
        assert_eq!(marks.list().len(), 20);
        assert_eq!(
            marks.list()[..3],
            [
                (0, OperationId(1)),
                (0, OperationId(2)),
                (1, OperationId(1))
            ]
        );
    }
}
