//! Operational bounds: what the stations allow, now and with one of them relieved.
//!
//! With service demand D_i per item at station i that serves K_i at once, Z s per item outside them, and N workers, the rate
//! is at most min(K_i / D_i) and at most N / (Z + sum D), whatever the order of service (Denning and Buzen, 1978). More
//! workers than the knee (Z + sum D) / max(D_i / K_i) gain nothing.

/// What a fix would bring, by an operational bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// Items/s.
    pub rate_per_s: f64,
    /// Against now.
    pub speedup: f64,
    /// Rates, items/s: from no better than observed to no new limit.
    pub interval: [f64; 2],
    /// How far the same bound misses the rate of now, 0 to 1.
    pub model_error: f64,
    /// Workers beyond which more gain nothing, 0: there is no such number.
    pub best_worker_count: u32,
    /// What limits next.
    pub next_limit: Option<NextLimit>,
}

/// A limit on the rate.
#[derive(Clone, Debug, PartialEq)]
pub enum NextLimit {
    /// A station serves no more.
    Station {
        /// Its name.
        name: String,
        /// Items/s.
        rate_per_s: f64,
    },
    /// The workers can do no more, each for itself.
    Workers {
        /// How many they are.
        count: u32,
        /// What an item takes one that meets nobody, s.
        item_s: f64,
        /// Items/s.
        rate_per_s: f64,
    },
}

impl NextLimit {
    /// Items/s it allows.
    #[must_use]
    pub fn rate_per_s(&self) -> f64 {
        match self {
            Self::Station { rate_per_s, .. } | Self::Workers { rate_per_s, .. } => *rate_per_s,
        }
    }
}

/// Something that serves items.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// Its name.
    pub name: String,
    /// Service per item (not counting the waiting for it), s.
    pub demand_s: f64,
    /// How many it serves at once; infinite: as many as come.
    pub capacity: f64,
}

/// The stations an item passes, and what is to be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct BoundsInput {
    /// In any order.
    pub stations: Vec<Station>,
    /// Time per item outside all stations, s.
    pub think_s: f64,
    /// Workers.
    pub workers: u32,
    /// Items per second now.
    pub rate_per_s: f64,
    /// Which station the fix relieves; beyond the last: none.
    pub relieved: usize,
    /// By how much its capacity grows for the same items (batches of 10 to 100: `[10, 100]`); from 1 on, infinite: it goes.
    pub relief: [f64; 2],
}

/// The rate the stations allow as they are, 1/s; infinite when nothing limits it.
#[must_use]
pub fn bound(input: &BoundsInput) -> f64 {
    limits(input, 1.0)
        .into_iter()
        .map(|limit| limit.rate_per_s())
        .fold(f64::INFINITY, f64::min)
}

/// Workers beyond which more gain nothing; `None`: every station serves as many as come.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the range of u32"
)]
pub fn knee(input: &BoundsInput) -> Option<u32> {
    let slowest = input
        .stations
        .iter()
        .map(|station| demand(station) / capacity(station))
        .fold(0.0, f64::max);
    (slowest > 0.0).then(|| {
        (alone(input) / slowest)
            .ceil()
            .clamp(1.0, f64::from(u32::MAX)) as u32
    })
}

/// What the fix would bring: at least what is observed, at most what the next limit allows.
///
/// The interval runs from no better than observed to no limit at the relieved station; the rate between them takes the lower
/// end of the relief. The error is how far the same bound misses the rate of now.
#[must_use]
pub fn expected(input: &BoundsInput) -> Expected {
    let now = positive(input.rate_per_s);
    let at = |relief: f64| {
        limits(input, relief)
            .into_iter()
            .min_by(|a, b| a.rate_per_s().total_cmp(&b.rate_per_s()))
            .filter(|limit| limit.rate_per_s().is_finite())
    };
    let relief = input.relief[0].max(1.0);
    let [likely, most] = [at(relief), at(f64::INFINITY)]
        .map(|limit| limit.map_or(now, |limit| limit.rate_per_s().max(now)));
    let today = bound(input);
    Expected {
        rate_per_s: likely,
        speedup: if now > 0.0 { likely / now } else { 1.0 },
        interval: [now, most],
        model_error: if now > 0.0 && today.is_finite() {
            (today - now).abs() / now
        } else {
            0.0
        },
        best_worker_count: knee(input).unwrap_or(0),
        next_limit: at(input.relief[1].max(relief)),
    }
}

/// Every limit there is with the relieved station's capacity `relief` times what it is.
fn limits(input: &BoundsInput, relief: f64) -> Vec<NextLimit> {
    let mut limits: Vec<NextLimit> = input
        .stations
        .iter()
        .enumerate()
        .filter(|(_, station)| demand(station) > 0.0)
        .map(|(index, station)| {
            let factor = if index == input.relieved { relief } else { 1.0 };
            NextLimit::Station {
                name: station.name.clone(),
                rate_per_s: capacity(station) * factor / demand(station),
            }
        })
        .collect();
    let alone = alone(input);
    if alone > 0.0 {
        limits.push(NextLimit::Workers {
            count: input.workers,
            item_s: alone,
            rate_per_s: f64::from(input.workers) / alone,
        });
    }
    limits
}

/// Time of an item that meets nobody, s.
fn alone(input: &BoundsInput) -> f64 {
    positive(input.think_s) + input.stations.iter().map(demand).sum::<f64>()
}

fn demand(station: &Station) -> f64 {
    positive(station.demand_s)
}

fn capacity(station: &Station) -> f64 {
    // NaN and nonsense: no limit is known.
    if station.capacity > 0.0 {
        station.capacity
    } else {
        f64::INFINITY
    }
}

fn positive(value: f64) -> f64 {
    if value.is_finite() {
        value.max(0.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests;
