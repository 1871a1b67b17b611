//! What each candidate weighs: its share of what is lost, and what removing it alone would bring.

use super::candidate::Candidate;
use crate::scaling::{Factor, RateSource};

/// What a candidate weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weight {
    /// Share of the lost time, 0 to 1.
    pub share: f64,
    /// Speed-up from removing it alone.
    pub gain_alone: f64,
}

/// What bounds a gain: the work of the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    /// All worker time, s.
    pub(super) time: f64,
    /// Items a second.
    pub(super) rate: f64,
    /// Items a second that the CPUs allow.
    pub(super) cpus_allow: f64,
    /// Worker time on CPUs, s.
    pub(super) run: f64,
}

/// Weighs candidates in their order, the dearest first.
pub(super) fn weigh(
    candidates: &[Candidate],
    work: Work,
    factor: Factor,
    source: RateSource,
) -> Vec<Weight> {
    let claimed: f64 = candidates.iter().map(|c| c.lost().likely).sum();
    // A single rate that was seen says how much is lost in all, claimed or not; a modelled one is made of the claims.
    let all = match source {
        RateSource::Measured | RateSource::Observed => {
            claimed.max(work.time - work.time / factor.value.max(1.0))
        }
        RateSource::Modelled => claimed,
    };
    let weigh = |index: usize| {
        let lost = candidates[index].lost().likely;
        Weight {
            share: if all > 0.0 { lost / all } else { 0.0 },
            gain_alone: gain(candidates, index, work),
        }
    };
    (0..candidates.len()).map(weigh).collect()
}

/// T / (T - lost), but no more than the other stations let through.
fn gain(candidates: &[Candidate], index: usize, work: Work) -> f64 {
    let lost = candidates[index].lost().likely;
    let free = work.time / (work.time - lost.min(0.999 * work.time)).max(1e-9);
    let others = candidates.iter().enumerate().filter(|(other, candidate)| {
        // A cap limits where it is what is waited for most; elsewhere its rate is only that of the work.
        *other != index && candidate.demand > 0.0 && (candidate.cap.is_none() || *other == 0)
    });
    // What is spent waiting in loops is free for items without it.
    let spun = candidates[index].running.likely.min(0.999 * work.run);
    let cpus_allow = work.cpus_allow * work.run.max(1e-9) / (work.run - spun).max(1e-9);
    let allow = others
        .map(|(_, station)| station.capacity.max(1.0) / station.demand)
        .fold(cpus_allow, f64::min);
    let bound = if work.rate > 0.0 {
        (allow / work.rate).max(1.0)
    } else {
        f64::INFINITY
    };
    free.min(bound)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{candidate, site};
    use super::*;
    use crate::cause::Cause;
    use crate::classify::WaitKind;

    const WORK: Work = Work {
        time: 100.0,
        rate: 10.0,
        cpus_allow: 1000.0,
        run: 1.0,
    };

    /// A lock that 80 s are lost to, and a peer that serves one at a time for `demand` s an item and costs 10 s.
    fn stations(demand: f64) -> [Candidate; 2] {
        let lock = candidate(Cause::UserLock, &[(site(WaitKind::Futex, 1), 80.0)]);
        let mut peer = candidate(Cause::RemoteSerial, &[(site(WaitKind::Request, 2), 10.0)]);
        peer.demand = demand;
        [lock, peer]
    }

    fn of(demand: f64, source: RateSource) -> Vec<Weight> {
        let factor = Factor {
            value: 20.0,
            ..Factor::default()
        };
        weigh(&stations(demand), WORK, factor, source)
    }

    #[test]
    fn a_gain_is_bounded_by_the_next_station() {
        let free = of(0.0, RateSource::Modelled);
        assert!((free[0].gain_alone - 5.0).abs() < 1e-9, "{free:?}");
        // The peer lets twenty a second through, twice the rate of now.
        let bounded = of(0.05, RateSource::Modelled);
        assert!((bounded[0].gain_alone - 2.0).abs() < 1e-9, "{bounded:?}");
        assert!((bounded[1].gain_alone - 100.0 / 90.0).abs() < 1e-9);
    }

    #[test]
    fn shares_are_of_all_that_is_lost_where_that_is_known() {
        let modelled = of(0.0, RateSource::Modelled);
        assert!((modelled[0].share - 80.0 / 90.0).abs() < 1e-9);
        // At a factor of 20 that was measured, 95 of 100 s are lost, claimed or not.
        let measured = of(0.0, RateSource::Measured);
        assert!(
            (measured[0].share - 80.0 / 95.0).abs() < 1e-9,
            "{measured:?}"
        );
    }
}
