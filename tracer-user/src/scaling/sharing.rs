//! What a station seen from outside may be: do its customers share a server, or is it slow for each alone?
//!
//! The figures come from simulated closed systems of 16 and 64 workers with think times of 20 to 350 ms, from unsaturated to
//! saturated:
//!
//! | station | elasticity | gaps under a tenth of the mean | in order |
//! |---|---|---|---|
//! | serial, even service; token bucket | 0.15 to 0.7 | 0 | 1 |
//! | serial, exponential service | 1.4 and more | 0.1 | 1 |
//! | serial, unfair lock | -0.4 to 0.5 | 0 | 0.5 to 0.8 |
//! | 2, 4, 8 servers | 0.5 to 0.9 | 0 to 0.25 | 0.6 to 1 |
//! | one core shared by all | 0.45 to 1.04 | 0.1 | 0.5 to 1 |
//! | parallel, any service | -0.03 to 0.06 | 0.07 to 0.25 | 0.5 to 1 |
//! | parallel, exponential, saturated | up to 0.34 | 0.07 to 0.25 | 0.5 to 1 |
//!
//! Where the bands of the elasticity overlap, gaps and order decide; where they do not either, it cannot be told. A peer that
//! is parallel but slow for seconds at a time looks shared by all of these.

use super::Lost;

/// Elasticity above which customers share a server: parallel ones have 0.34 at most.
const SHARED: f64 = 0.34;
/// Elasticity up to which parallel service is what is seen most: all but the saturated exponential have no more.
const PARALLEL: f64 = 0.06;
/// Share of small gaps up to which replies come one by one, ...
const ONE_BY_ONE: f64 = 0.02;
/// ... and from which on they do not: parallel service gives no fewer, a single server of even service or an unfair lock none.
const SIDE_BY_SIDE: f64 = 0.07;
/// Share of replies in order above which no unfair lock is behind them.
const FAIR: f64 = 0.8;
/// The number of others must vary by this share of its mean for the elasticity to say anything.
const VARIES: f64 = 0.1;
/// Visits that met nobody must be this many to give a service time.
const ALONE: u64 = 5;
/// Gaps vary less than this (standard deviation over mean) at a serial server of even service that is never idle.
const EVEN: f64 = 0.6;
/// Share of the customers that stand at a bottleneck on average.
const MOST: f64 = 0.5;
/// Figures of the visits, as far as a reading needs them. Seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SharingEstimate {
    /// Service time of one visit alone, s.
    pub service: f64,
    /// Where it lies.
    pub between: [f64; 2],
    /// Lost time per visit.
    pub lost: Lost,
    /// Served at once.
    pub capacity: f64,
    /// The station is shared: `Some(true)`; each is served alone: `Some(false)`; cannot be told.
    pub shared: Option<bool>,
    /// It gives its replies one after the other, evenly spaced: one server of even service, or a token bucket.
    pub even: bool,
}

/// Visits as figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct StationSamples {
    /// Those who come here and elsewhere, in a closed loop.
    pub customers: f64,
    /// Visits.
    pub count: u64,
    /// Completions a second.
    pub rate: f64,
    /// Mean length, s.
    pub mean: f64,
    /// Fifth percentile, s.
    pub low: f64,
    /// Mean others, and its spread.
    pub others: (f64, f64),
    /// Elasticity.
    pub elasticity: Option<f64>,
    /// Visits that met nobody, and their mean, s.
    pub alone: (u64, f64),
    /// Gap variation, small gaps, order.
    pub gaps: (f64, f64, f64),
    /// Correlation of gaps between ends with those between begins.
    pub follows: f64,
}

/// Ends that go with the begins by this correlation are spaced as the requests were. Halfway: 1 where each takes as long, 0 where
/// they queue.
pub const FOLLOWS: f64 = 0.5;

/// Reads the figures.
#[must_use]
pub fn estimate_sharing(seen: &StationSamples) -> SharingEstimate {
    let serial = if seen.rate > 0.0 {
        (1.0 / seen.rate).min(seen.mean)
    } else {
        seen.mean
    };
    let (variation, small, in_order) = seen.gaps;
    // Behind a bottleneck every station of a closed loop completes evenly; the bottleneck is where most stand.
    let stands = seen.others.0 + 1.0 >= MOST * seen.customers;
    // Evenly spaced requests that each take as long are answered evenly, however many are served at once.
    let even = seen.follows < FOLLOWS
        && stands
        && seen.count >= 20
        && variation < EVEN
        && small <= ONE_BY_ONE
        && in_order >= FAIR;
    let varies = seen.others.1 > VARIES * (1.0 + seen.others.0);
    let mut out = SharingEstimate {
        service: seen.mean,
        between: [serial, seen.low.max(serial)],
        capacity: (seen.others.0 + 1.0).max(1.0),
        even,
        ..SharingEstimate::default()
    };
    if seen.others.0 < 0.05 {
        return out;
    }
    out.shared = seen
        .elasticity
        .filter(|_| varies)
        .and_then(|eps| is_shared(eps, seen.gaps, even));
    let service = match (out.shared, seen.elasticity) {
        (Some(false), _) => return out,
        (Some(true), Some(eps)) => {
            service_alone(seen, eps).clamp(serial.min(seen.low), seen.low.max(serial))
        }
        _ if even => serial,
        _ => {
            // Both readings stay open.
            out.lost = Lost {
                proved: 0.0,
                likely: 0.0,
                possible: (seen.mean - serial).max(0.0),
            };
            return out;
        }
    };
    let lost = (seen.mean - service).max(0.0);
    out.service = service;
    out.lost = Lost {
        proved: if out.shared == Some(true) {
            (seen.mean - seen.low).clamp(0.0, lost)
        } else {
            0.0
        },
        likely: lost,
        possible: (seen.mean - serial).max(lost),
    };
    out.capacity = (seen.rate * service).max(1.0);
    out
}

/// What a visit would take that met nobody: as seen, else as the elasticity has it.
fn service_alone(seen: &StationSamples, eps: f64) -> f64 {
    if seen.alone.0 >= ALONE {
        seen.alone.1
    } else {
        seen.mean * (1.0 - eps * seen.others.0 / (1.0 + seen.others.0))
    }
}

/// Whether customers share a server, by the elasticity and, where its bands overlap, by gaps and order; `None`: that does not
/// decide.
fn is_shared(eps: f64, (_, small, in_order): (f64, f64, f64), even: bool) -> Option<bool> {
    let (one_by_one, side_by_side) = (small <= ONE_BY_ONE, small >= SIDE_BY_SIDE);
    if eps > SHARED {
        Some(true)
    } else if eps > PARALLEL {
        // A serial server of even service or a saturated parallel one: replies of the first come one by one.
        match (one_by_one, side_by_side) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        }
    } else if even {
        // A saturated server: those present are all there are, and their number says nothing.
        None
    } else if side_by_side || in_order > FAIR {
        Some(false)
    } else {
        // An unfair lock gives replies one by one and out of order, whatever the number.
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{StationSamples, estimate_sharing};

    #[test]
    fn a_saturated_even_server_is_likely_serial() {
        let seen = StationSamples {
            customers: 64.0,
            count: 250,
            rate: 4.237,
            mean: 14.9,
            low: 14.7,
            others: (62.2, 0.3),
            elasticity: Some(0.0),
            alone: (0, 0.0),
            follows: 0.0,
            gaps: (0.02, 0.0, 1.0),
        };
        let reading = estimate_sharing(&seen);
        assert!(
            reading.even && (reading.service - 0.236).abs() < 1e-3,
            "{reading:?}"
        );
        assert!(
            (reading.capacity - 1.0).abs() < 1e-6 && reading.lost.proved == 0.0,
            "{reading:?}"
        );
    }

    #[test]
    fn a_slow_parallel_peer_loses_nothing() {
        let seen = StationSamples {
            customers: 16.0,
            count: 2000,
            rate: 60.0,
            mean: 0.2,
            low: 0.19,
            others: (11.0, 3.0),
            elasticity: Some(0.02),
            alone: (0, 0.0),
            follows: 0.0,
            gaps: (1.0, 0.1, 0.9),
        };
        let reading = estimate_sharing(&seen);
        assert_eq!(reading.shared, Some(false));
        assert!(reading.lost.possible == 0.0);
    }

    /// Whether a station with this elasticity, share of small gaps and of replies in order is shared.
    fn check(eps: f64, small: f64, in_order: f64) -> Option<bool> {
        let seen = StationSamples {
            customers: 64.0,
            count: 500,
            rate: 60.0,
            mean: 0.2,
            low: 0.1,
            others: (11.0, 3.0),
            elasticity: Some(eps),
            alone: (0, 0.0),
            follows: 0.0,
            gaps: (0.9, small, in_order),
        };
        estimate_sharing(&seen).shared
    }

    #[test]
    fn where_the_bands_of_the_elasticity_overlap_gaps_and_order_decide() {
        // Above all bands of parallel service.
        assert_eq!(check(0.5, 0.1, 0.7), Some(true), "four servers");
        assert_eq!(check(0.4, 0.0, 0.6), Some(true), "an unfair lock");
        // A serial server of even service has as little as 0.15, a saturated parallel one as much as 0.34.
        assert_eq!(check(0.2, 0.0, 1.0), Some(true), "serial");
        assert_eq!(check(0.3, 0.15, 0.7), Some(false), "parallel");
        assert_eq!(check(0.3, 0.05, 0.7), None);
        // An unfair lock may have as little as parallel service.
        assert_eq!(check(0.0, 0.1, 0.7), Some(false), "parallel");
        assert_eq!(check(0.0, 0.0, 1.0), Some(false), "parallel, even");
        assert_eq!(check(0.0, 0.0, 0.7), None);
    }

    #[test]
    fn an_undetermined_peer_keeps_both_readings_open() {
        let seen = StationSamples {
            customers: 16.0,
            count: 500,
            rate: 60.0,
            mean: 0.2,
            low: 0.1,
            others: (11.0, 0.2),
            elasticity: Some(0.0),
            alone: (0, 0.0),
            follows: 0.0,
            gaps: (0.9, 0.1, 0.9),
        };
        let reading = estimate_sharing(&seen);
        assert!(
            reading.shared.is_none() && reading.lost.likely == 0.0 && reading.lost.possible > 0.18,
            "{reading:?}"
        );
    }

    #[test]
    fn replies_that_come_as_evenly_as_they_were_asked_for_tell_no_serial_server() {
        let seen = |follows| StationSamples {
            customers: 11.0,
            count: 280,
            rate: 47.0,
            mean: 0.2066,
            low: 0.2046,
            others: (8.7, 0.3),
            elasticity: None,
            alone: (0, 0.0),
            gaps: (0.07, 0.0, 1.0),
            follows,
        };
        assert!(estimate_sharing(&seen(0.05)).even);
        let as_asked = estimate_sharing(&seen(0.98));
        assert!(
            !as_asked.even && as_asked.lost.likely == 0.0,
            "{as_asked:?}"
        );
    }
}
