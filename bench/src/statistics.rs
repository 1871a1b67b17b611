//! The median and how sure it is.

/// A median with its 95% interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Median {
    /// The median.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Values it is of.
    pub count: usize,
}

impl Median {
    /// Of at least one value. The interval is between the order statistics whose ranks lie 1.96 standard deviations of the
    /// binomial distribution of one half around the middle: it assumes nothing of the values' distribution.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let last = count.checked_sub(1)?;
        let value = f64::midpoint(sorted[last / 2], sorted[count / 2]);
        let reach = 0.98 * (count as f64).sqrt();
        let low = (count as f64 / 2.0 - reach).floor().max(0.0) as usize;
        let high = (count as f64 / 2.0 + reach).ceil() as usize;
        Some(Self {
            value,
            low: sorted[low],
            high: sorted[high.min(last)],
            count,
        })
    }

    /// Half the interval, as a share of the median.
    pub fn uncertainty(&self) -> f64 {
        (self.high - self.low) / 2.0 / self.value
    }

    /// As `1.012 (1.003 to 1.020)`.
    pub fn text(&self) -> String {
        format!("{:.3} ({:.3} to {:.3})", self.value, self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_between_ranks() {
        let values: Vec<f64> = (1..=25).rev().map(f64::from).collect();
        let median = Median::of(&values).expect("values");
        assert_eq!(median.value, 13.0);
        // 12.5 - 4.9 and 12.5 + 4.9 are the ranks 7 and 18, counted from 0.
        assert_eq!((median.low, median.high), (8.0, 19.0));
        assert_eq!(median.count, 25);
    }

    #[test]
    fn few_values_have_a_wide_interval() {
        let median = Median::of(&[1.0, 4.0]).expect("values");
        assert_eq!((median.value, median.low, median.high), (2.5, 1.0, 4.0));
        assert_eq!(Median::of(&[]), None);
    }
}
