//! A workload's own clocks over a while, so that any window can be cut out of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::ground_truth::{GroundTruth, Sample};
use crate::row::Nanos;

/// How often the clocks are read: seldom enough to cost nothing beside what watches, in the same process.
const READ_EVERY: Duration = Duration::from_millis(20);

/// The workload's own clocks over a while.
#[derive(Clone, Debug, Default)]
pub struct Record(Vec<Sample>);

impl Record {
    /// Reads the clocks of `truth` all the while `meanwhile` runs.
    pub fn during<T>(truth: &GroundTruth, meanwhile: impl FnOnce() -> T) -> (T, Self) {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut samples = vec![truth.sample()];
                while !is_over.load(Ordering::Relaxed) {
                    std::thread::sleep(READ_EVERY);
                    samples.push(truth.sample());
                }
                Self(samples)
            });
            let outcome = meanwhile();
            is_over.store(true, Ordering::Relaxed);
            (outcome, reader.join().unwrap_or_default())
        })
    }

    /// The sums at `instant`, if it lies within.
    #[must_use]
    pub fn at(&self, instant: Nanos) -> Option<Sample> {
        let next = self.0.partition_point(|sample| sample.at < instant);
        let (before, after) = (self.0.get(next.checked_sub(1)?)?, self.0.get(next)?);
        Some(before.towards(after, instant))
    }

    /// Items a second, from the first completion to the last, so that a few items give an exact rate too.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a scene completes fewer than 2^53 items"
    )]
    pub fn rate(&self) -> Option<f64> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        let begin = self.0.iter().find(|sample| sample.items > first.items)?;
        let end = self.0.iter().find(|sample| sample.items == last.items)?;
        let seconds = end.at.since(begin.at).seconds();
        (seconds > 0.0).then(|| (end.items - begin.items) as f64 / seconds)
    }

    /// First and last.
    #[must_use]
    pub fn ends(&self) -> Option<(Sample, Sample)> {
        Some((*self.0.first()?, *self.0.last()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(points: &[(u64, u64)]) -> Record {
        Record(
            points
                .iter()
                .map(|(ms, items)| Sample {
                    at: Nanos(ms * 1_000_000),
                    items: *items,
                    ..Sample::default()
                })
                .collect(),
        )
    }

    #[test]
    fn the_rate_is_that_between_completions() {
        // 0 1 2 3 .. ms:  an item at 10, 60, 110: twenty a second, however the ends of the watch fall.
        let seen = record(&[
            (0, 5),
            (9, 5),
            (10, 6),
            (30, 6),
            (60, 7),
            (110, 8),
            (140, 8),
        ]);
        assert!((seen.rate().expect("a rate") - 20.0).abs() < 1e-9);
        assert_eq!(record(&[(0, 5), (100, 5)]).rate(), None);
    }

    #[test]
    fn a_window_is_cut_out_between_samples() {
        let seen = record(&[(0, 0), (10, 10), (20, 30)]);
        assert_eq!(seen.at(Nanos(15_000_000)).expect("within").items, 20);
        assert_eq!(seen.at(Nanos(25_000_000)), None);
    }
}
