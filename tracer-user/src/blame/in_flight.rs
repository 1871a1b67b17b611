//! A station seen from outside: how many visits to it are under way at once, and what comes before one begins. Slots are taken up again as
//! one comes free; a limit spaces what begins.

use super::visit::{Visit, moments, ratio};
use crate::row::Nanos;

/// Visits to a station, by when they begin and end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct InFlight {
    /// How many begin in the window.
    pub begins: usize,
    /// For 98% of the time no more are under way.
    pub most: usize,
    /// Share of them that begin within a fifth of the mean gap after another one ended, 0 to 1: what is begun whenever it comes does
    /// so in a fifth of the cases, and what had to wait for a slot in nearly all.
    pub handed_on: f64,
    /// How many slots are between two visits on average: one has ended, and whoever has its slot now is on its way to begin. Counts those
    /// of `handed_on` alone.
    pub changing_hands: f64,
    /// Standard deviation of the gaps between their begins, over the mean gap.
    pub begins_spread: f64,
    /// The same of the gaps between their ends.
    pub ends_spread: f64,
}

impl InFlight {
    /// Of visits in a window from `opened` to `at`; what was under way when it opened did not begin in it.
    #[must_use]
    pub fn of(visits: &[Visit], opened: Nanos, at: Nanos) -> Self {
        let window = at.since(opened);
        let lasted = lasted(visits, opened, at);
        let (mut most, mut above) = (lasted.len().saturating_sub(1), 0.0);
        while most > 0 && above + lasted[most] <= RARELY * window.seconds() {
            above += lasted[most];
            most -= 1;
        }
        let in_window = visits.iter();
        let in_window = in_window.filter(|of| of.part.begins() && of.start > opened);
        let mut begins: Vec<Nanos> = in_window.map(|visit| visit.start).collect();
        begins.sort_unstable();
        let ended = visits.iter().filter(|visit| visit.part.is_served());
        let mut ends: Vec<Nanos> = ended.map(|visit| visit.end).collect();
        ends.sort_unstable();
        let after_ends = after_ends(&begins, &ends);
        let changing_hands: Nanos = after_ends.iter().copied().sum();
        Self {
            begins: begins.len(),
            most,
            handed_on: count(after_ends.len()) / count(begins.len()).max(1.0),
            changing_hands: ratio(changing_hands.seconds(), window.seconds()),
            begins_spread: spread(&begins),
            ends_spread: spread(&ends),
        }
    }
}

/// More are under way for this share of the time at most: by what overlaps as one ends and the next begins.
const RARELY: f64 = 0.02;
/// The part of a mean gap after an end in which that begins which waited for it.
const AT_ONCE: f64 = 0.2;

/// How long so many were under way, by their number, s.
fn lasted(visits: &[Visit], opened: Nanos, at: Nanos) -> Vec<f64> {
    let mut changes: Vec<(Nanos, bool)> = visits
        .iter()
        .flat_map(|visit| [(visit.start.max(opened), true), (visit.end, false)])
        .collect();
    // At one instant what ends makes room for what begins.
    changes.sort_unstable();
    let mut lasted = Vec::new();
    let (mut present, mut since) = (0_usize, opened);
    for (when, begins) in changes.into_iter().chain([(at, false)]) {
        if lasted.len() <= present {
            lasted.resize(present + 1, 0.0);
        }
        lasted[present] += when.since(since).seconds();
        since = since.max(when);
        present = match begins {
            true => present + 1,
            false => present.saturating_sub(1),
        };
    }
    lasted
}

/// How long after an end each began that began soon after one.
fn after_ends(begins: &[Nanos], ends: &[Nanos]) -> Vec<Nanos> {
    let (first, last) = (begins.first().copied(), begins.last().copied());
    let between = last.unwrap_or_default().since(first.unwrap_or_default());
    let gap = between.seconds() / (count(begins.len()) - 1.0).max(1.0);
    let after_end = |begin: &Nanos| {
        let before = ends.partition_point(|end| end <= begin);
        let latest = ends.get(before.checked_sub(1)?)?;
        Some(begin.since(*latest))
    };
    let all = begins.iter().filter_map(after_end);
    all.filter(|after| after.seconds() <= AT_ONCE * gap)
        .collect()
}

/// Standard deviation over mean of the gaps between instants in their order; infinite where there are hardly any.
fn spread(instants: &[Nanos]) -> f64 {
    /// Of fewer gaps no variation can be told.
    const LEAST: usize = 10;
    let pairs = instants.windows(2);
    let gaps: Vec<f64> = pairs.map(|pair| pair[1].since(pair[0]).seconds()).collect();
    if gaps.len() < LEAST {
        return f64::INFINITY;
    }
    let (mean, deviation) = moments(&gaps);
    ratio(deviation, mean)
}

#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::ActorId;
    use crate::blame::Part;

    /// Visits by begin and end, ms, in a window of so many ms.
    fn of(visits: &[(u64, u64)], window: u64) -> InFlight {
        let ms = |ms: u64| Nanos(ms * 1_000_000);
        let visits: Vec<Visit> = visits
            .iter()
            .map(|(start, end)| Visit {
                start: ms(1000 + start),
                end: ms(1000 + end),
                actor: ActorId::Task(1),
                part: Part::Whole,
            })
            .collect();
        InFlight::of(&visits, ms(1000), ms(1000 + window))
    }

    /// Numbers from 0 to 999 that look random.
    fn random(index: u64) -> u64 {
        let mixed = (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 54
    }

    #[test]
    fn slots_are_taken_up_again_as_they_come_free() {
        // Three slots, each taken for 20 to 40 ms at a time.
        let mut visits = Vec::new();
        for slot in 0..3 {
            let mut at = slot * 7;
            while at < 3000 {
                let end = at + 20 + random(at + slot) % 20;
                visits.push((at, end));
                at = end;
            }
        }
        let seen = of(&visits, 3000);
        assert_eq!(seen.most, 3);
        assert!(seen.handed_on > 0.9, "{seen:?}");
        assert!(seen.begins_spread > 0.4, "{seen:?}");
        assert!(seen.changing_hands < 0.01, "{seen:?}");
    }

    #[test]
    fn a_slot_that_changes_hands_is_not_free() {
        // One slot: each takes it for 40 ms, and the next one needs 6 ms to begin.
        let visits: Vec<_> = (0..60).map(|turn| (46 * turn, 46 * turn + 40)).collect();
        let seen = of(&visits, 2760);
        assert!(seen.handed_on > 0.9, "{seen:?}");
        assert!((seen.changing_hands - 6.0 / 46.0).abs() < 0.01, "{seen:?}");
        // Who needs longer does not wait for the slot.
        let visits: Vec<_> = (0..60).map(|turn| (60 * turn, 60 * turn + 40)).collect();
        let seen = of(&visits, 3600);
        assert_eq!((seen.handed_on, seen.changing_hands), (0.0, 0.0));
    }

    #[test]
    fn a_limit_spaces_the_begins_and_not_the_ends() {
        let visits: Vec<_> = (0..300)
            .map(|turn| (10 * turn, 10 * turn + 15 + random(turn) % 20))
            .collect();
        let seen = of(&visits, 3000);
        assert!(
            seen.begins_spread < 1e-9 && seen.ends_spread > 0.3,
            "{seen:?}"
        );
        assert!(seen.handed_on < 0.5, "{seen:?}");
    }

    #[test]
    fn those_that_begin_whenever_they_come_follow_no_end() {
        let mut visits: Vec<_> = (0..300)
            .map(|turn| (random(3 * turn) * 3, 0))
            .map(|(start, _)| (start, start + 30))
            .collect();
        visits.sort_unstable();
        let seen = of(&visits, 3100);
        assert!(
            seen.handed_on < 0.35 && seen.begins_spread > 0.6,
            "{seen:?}"
        );
        assert!(seen.most > 4, "{seen:?}");
    }

    #[test]
    fn of_hardly_any_nothing_is_known() {
        let seen = of(&[(1, 2), (3, 4)], 10);
        assert!(seen.begins_spread.is_infinite());
        assert_eq!(of(&[], 10).most, 0);
    }
}
