//! SF = T / (T - C), with T the worker time per item and C the part of it that exists only because of the other workers.
//!
//! N, X and the choice of item cancel, so a wrong unit cannot spoil it. A cap that holds for one worker too (a rate limit, a
//! feeder) bounds the single rate, and with it SF by N x cap / X.

use serde::{Deserialize, Serialize};

use super::bootstrap::Stability;

/// Karp-Flatt from which on workers are fully serialised, however few they are.
pub const KARP_FLATT_CRITICAL: f64 = 0.8;

/// How far the factor may be off although all that N workers do is seen: one worker alone is modelled, and finds caches, connections and CPUs
/// otherwise than N workers leave them. Of 220 runs of the zoo that were named right, nine in ten said a factor no further than this from the
/// one that was measured untraced; leaving each cause out in turn, 0.12 at most (docs/ACCURACY.md, "SF said" by "SF true").
pub const MODEL_ERROR: f64 = 0.11;

/// Where the single-worker rate comes from, best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateSource {
    /// A trace with one worker.
    Measured,
    /// Moments in which the others were idle.
    Observed,
    /// T - C.
    #[default]
    Modelled,
}

/// Worker time lost to other workers, seconds of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lost {
    /// Proved.
    pub proved: f64,
    /// Best estimate, at least the proved.
    pub likely: f64,
    /// At most.
    pub possible: f64,
}

impl Lost {
    /// All of it is proved.
    #[must_use]
    pub fn certain(seconds: f64) -> Self {
        Self {
            proved: seconds,
            likely: seconds,
            possible: seconds,
        }
    }
}

impl std::ops::Mul<f64> for Lost {
    type Output = Self;
    fn mul(self, times: f64) -> Self {
        Self {
            proved: self.proved * times,
            likely: self.likely * times,
            possible: self.possible * times,
        }
    }
}

impl std::ops::Add for Lost {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            proved: self.proved + other.proved,
            likely: self.likely + other.likely,
            possible: self.possible + other.possible,
        }
    }
}

/// The serialization factor and where it lies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Factor {
    /// Best estimate.
    pub value: f64,
    /// `[low, high]`.
    pub interval: [f64; 2],
    /// Items a second of one worker alone; 0 without items.
    pub single_rate: f64,
}

impl Factor {
    /// Where it lies with the error of the model: what a report says.
    #[must_use]
    pub fn told(&self) -> [f64; 2] {
        with_model_error(self.interval)
    }

    /// With the interval as much wider as the draws of the window's blocks lie apart.
    #[must_use]
    pub fn widened(self, stability: Option<Stability>) -> Self {
        let Some([low, high]) = stability.map(|stability| stability.factor) else {
            return self;
        };
        let middle = f64::midpoint(low, high).max(1.0);
        let [least, most] = self.interval;
        Self {
            interval: [
                (least * (low / middle).min(1.0)).max(1.0),
                most * (high / middle).max(1.0),
            ],
            ..self
        }
    }
}

/// An interval of the factor with the error of the model.
#[must_use]
pub fn with_model_error([low, high]: [f64; 2]) -> [f64; 2] {
    [
        (low / (1.0 + MODEL_ERROR)).max(1.0),
        high * (1.0 + MODEL_ERROR),
    ]
}

/// The factor of `workers` workers that spent `time` seconds together, lost `lost` of it, and completed `rate` items a
/// second; `caps` are rates that hold for one worker too.
#[must_use]
pub fn factor(workers: f64, time: f64, lost: Lost, rate: f64, caps: &[f64]) -> Factor {
    if time <= 0.0 || workers < 1.0 {
        return Factor {
            value: 1.0,
            interval: [1.0, 1.0],
            single_rate: rate,
        };
    }
    // What is left is at least a thousandth: a factor above 1000 says no more than "all of it".
    let of = |lost: f64| time / (time - lost.clamp(0.0, time)).max(time / 1000.0);
    let cap = caps.iter().copied().fold(f64::INFINITY, f64::min);
    let most = if rate > 0.0 {
        (workers * cap / rate).max(1.0)
    } else {
        f64::INFINITY
    };
    let value = of(lost.likely).min(most);
    let interval = [of(lost.proved).min(most), of(lost.possible).min(most)];
    Factor {
        value,
        interval,
        single_rate: value * rate / workers,
    }
}

/// Karp-Flatt's experimentally determined serial fraction, (SF - 1) / (N - 1).
#[must_use]
pub fn karp_flatt(factor: f64, workers: f64) -> f64 {
    if workers > 1.0 {
        (factor - 1.0) / (workers - 1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Lost, factor, karp_flatt};

    #[test]
    fn sixty_four_workers_behind_one_insert() {
        // T = 15.1 s an item, of which 14.66 s wait for the others.
        let seen = factor(
            64.0,
            64.0 * 60.0,
            Lost::certain(64.0 * 60.0 * 14.66 / 15.1),
            4.237,
            &[],
        );
        assert!((seen.value - 34.3).abs() < 0.1, "{seen:?}");
        assert!((seen.single_rate - 2.27).abs() < 0.01, "{seen:?}");
        assert!((karp_flatt(seen.value, 64.0) - 0.529).abs() < 0.01);
    }

    #[test]
    fn what_is_told_is_as_wide_as_the_model_is_uncertain_and_never_below_one() {
        let seen = factor(8.0, 80.0, Lost::certain(60.0), 5.0, &[]);
        assert_eq!(seen.interval, [4.0, 4.0]);
        let [low, high] = seen.told();
        assert!(low < 4.0 / 1.05 && low > 4.0 / 1.2, "{low}");
        assert!(high > 4.0 * 1.05 && high < 4.0 * 1.2, "{high}");
        assert_eq!(
            factor(8.0, 80.0, Lost::certain(0.0), 5.0, &[]).told()[0],
            1.0
        );
    }

    #[test]
    fn a_feeder_caps_one_worker_too() {
        let seen = factor(8.0, 80.0, Lost::certain(79.0), 5.0, &[5.0]);
        assert!((seen.value - 8.0).abs() < 1e-9, "{seen:?}");
    }
}
