//! What a station seen from outside may be: do its customers share a server, or is it slow for each alone?
//!
//! Thresholds come from the simulated closed systems of 16 and 64 workers that the design names: shared servers gave an
//! elasticity of 0.15 and more, parallel ones -0.03 to 0.06 (saturated exponential service 0.34); serial ones gave no gap
//! below a tenth of the mean gap and replies in order.

use super::Lost;

/// Elasticity from which on customers share a server.
const SHARED: f64 = 0.25;
/// Elasticity up to which they don't.
const PARALLEL: f64 = 0.1;
/// The number of others must vary by this share of its mean for the elasticity to say anything.
const VARIES: f64 = 0.1;
/// Visits that met nobody must be this many to give a service time.
const ALONE: u64 = 5;
/// Gaps vary less than this (standard deviation over mean) at a serial server of even service that is never idle.
const EVEN: f64 = 0.6;
/// Share of the customers that stand at a bottleneck on average.
const MOST: f64 = 0.5;
/// Share of small gaps and of order up to and from which a serial server is likely.
const SMALL: f64 = 0.02;
/// See [`SMALL`].
const IN_ORDER: f64 = 0.8;

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
}

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
    let even =
        stands && seen.count >= 20 && variation < EVEN && small <= SMALL && in_order >= IN_ORDER;
    let varies = seen.others.1 > VARIES * (1.0 + seen.others.0);
    let mut out = SharingEstimate {
        service: seen.mean,
        between: [serial, seen.low.max(serial)],
        capacity: (seen.others.0 + 1.0).max(1.0),
        even,
        ..SharingEstimate::default()
    };
    let service = match seen.elasticity.filter(|_| varies) {
        _ if seen.others.0 < 0.05 => {
            out.shared = None;
            return out;
        }
        Some(eps) if eps >= SHARED => {
            out.shared = Some(true);
            let at_nobody = seen.mean * (1.0 - eps * seen.others.0 / (1.0 + seen.others.0));
            let alone = if seen.alone.0 >= ALONE {
                seen.alone.1
            } else {
                at_nobody
            };
            alone.clamp(serial.min(seen.low), seen.low.max(serial))
        }
        Some(eps) if eps <= PARALLEL && !even => {
            out.shared = Some(false);
            return out;
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
            gaps: (1.0, 0.1, 0.9),
        };
        let reading = estimate_sharing(&seen);
        assert_eq!(reading.shared, Some(false));
        assert!(reading.lost.possible == 0.0);
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
            gaps: (0.9, 0.1, 0.9),
        };
        let reading = estimate_sharing(&seen);
        assert!(
            reading.shared.is_none() && reading.lost.likely == 0.0 && reading.lost.possible > 0.18,
            "{reading:?}"
        );
    }
}
