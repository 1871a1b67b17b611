//! A figure with its noise, and the ratio of two.

use crate::report::Report;

/// A figure and where it lies by the noise of its window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// The figure.
    pub value: f64,
    /// Its interval; `None`: its noise is not known.
    pub interval: Option<[f64; 2]>,
}

impl Measured {
    /// The rate, items/s, by the window's blocks.
    pub fn rate(report: &Report) -> Self {
        Self {
            value: report.items.rate_per_s,
            interval: report.items.rate_interval,
        }
    }

    /// The serialization factor.
    pub fn factor(report: &Report) -> Self {
        Self {
            value: report.parallelism.serialization_factor,
            interval: Some(report.parallelism.interval),
        }
    }

    /// A time of each item, ms, that may be wrong by `plus_minus`. Times of items and their rate go up and down together, since the workers'
    /// time is what it is: the noise of the one is the noise of the other.
    pub fn time(report: &Report, value: f64, plus_minus: f64) -> Self {
        let rate = Self::rate(report);
        let interval = rate.interval.map(|[low, high]| {
            let scale = |rate_there: f64| value * rate.value / rate_there;
            [scale(high) - plus_minus, scale(low) + plus_minus]
        });
        Self {
            value,
            interval: interval.filter(|ends| ends.iter().all(|end| end.is_finite())),
        }
    }

    /// Where `self` by `before` lies: from the least by the most to the most by the least, which is wider than both noises together
    /// make likely.
    pub fn ratio_interval(&self, before: &Self) -> Option<[f64; 2]> {
        let ([low, high], [low_before, high_before]) = (self.interval?, before.interval?);
        let ratio = [low.max(0.0) / high_before, high / low_before];
        // What was nothing before can have become any number of times more.
        (before.value > 0.0 && low_before > 0.0 && ratio.iter().all(|end| end.is_finite()))
            .then_some(ratio)
    }
}
