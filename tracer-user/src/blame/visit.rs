//! A station seen from outside: when its customers came and went tells how many it serves at once.
//!
//! Formulas of the design, section 8.1: m = mean number of others present during a visit, R its length; sojourn elasticity
//! eps = cov(R, m) / var(m) x (1 + mean m) / mean R.

use crate::actors::ActorId;
use crate::row::Nanos;

/// One customer's visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// It came, or the window began.
    pub start: Nanos,
    /// It was served, or the window ended.
    pub end: Nanos,
    /// Who.
    pub actor: ActorId,
    /// What of it lies in the window.
    pub part: Part,
}

/// Which part of a visit lies in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All.
    #[default]
    Whole,
    /// Its end: it came before.
    Tail,
    /// Its beginning: it is served later.
    Head,
    /// Neither: it came before and is served later.
    Middle,
    /// It was answered, but the rest of the reply may have come later.
    Answered,
}

impl Part {
    /// It came in the window.
    #[must_use]
    pub fn begins(self) -> bool {
        matches!(self, Self::Whole | Self::Head | Self::Answered)
    }

    /// It was served in the window.
    #[must_use]
    pub fn is_served(self) -> bool {
        matches!(self, Self::Whole | Self::Tail | Self::Answered)
    }
}

/// What the visits of a station show.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Visits that ended in the window.
    pub count: u64,
    /// Of them, those that began in it too: lengths and elasticity rest on these.
    pub whole: u64,
    /// Completions a second, between the first and the last.
    pub rate: f64,
    /// Mean length, s.
    pub mean: f64,
    /// Shortest, s.
    pub shortest: f64,
    /// Fifth percentile of the lengths, s.
    pub low: f64,
    /// Standard deviation of the lengths over their mean.
    pub variation: f64,
    /// Mean number of others present.
    pub others: f64,
    /// Standard deviation of that number.
    pub others_spread: f64,
    /// Sojourn elasticity; `None`: the number of others did not vary.
    pub elasticity: Option<f64>,
    /// Visits that met nobody, and their mean length, s.
    pub alone: (u64, f64),
    /// Standard deviation of the gaps between completions over their mean.
    pub gap_variation: f64,
    /// Share of gaps shorter than a tenth of the mean gap.
    pub small_gaps: f64,
    /// Share of visits that end in the order they began.
    pub in_order: f64,
    /// Correlation of the gaps between the ends of visits with those between their begins, -1 to 1: where each visit takes as
    /// long it is 1, since they end as they came; where they queue they end as they are served, and it is about 0.
    pub follows: f64,
}

/// A visit met nobody when fewer others than this were present on average.
const ALONE: f64 = 0.02;

/// Computes the figures of visits sorted by their ends. All of them are present, those that are served in the window count, and
/// whole ones tell how long it takes.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts and times of one window")]
pub fn figures(visits: &[Visit]) -> Figures {
    let served: Vec<Visit> = visits
        .iter()
        .filter(|visit| visit.part.is_served())
        .copied()
        .collect();
    let mut out = Figures {
        count: served.len() as u64,
        ..Figures::default()
    };
    gaps(&served, &mut out);
    out.follows = follows(&served);
    let is_whole = |visit: &&Visit| visit.part == Part::Whole;
    let others: Vec<f64> = visits
        .iter()
        .zip(others(visits))
        .filter(|(visit, _)| is_whole(visit))
        .map(|(_, others)| others)
        .collect();
    let visits: Vec<Visit> = visits.iter().filter(is_whole).copied().collect();
    let visits = visits.as_slice();
    let n = visits.len();
    out.whole = n as u64;
    if n == 0 {
        return out;
    }
    let lengths: Vec<f64> = visits
        .iter()
        .map(|visit| visit.end.since(visit.start).seconds())
        .collect();
    let mut sorted = lengths.clone();
    sorted.sort_by(f64::total_cmp);
    (out.shortest, out.low) = (sorted[0], sorted[n / 20]);
    let (mean, deviation) = moments(&lengths);
    (out.mean, out.variation) = (mean, ratio(deviation, mean));

    let (mean_others, spread) = moments(&others);
    (out.others, out.others_spread) = (mean_others, spread);
    if spread > 0.0 && n > 2 {
        let covariance = lengths
            .iter()
            .zip(&others)
            .map(|(r, m)| (r - mean) * (m - mean_others))
            .sum::<f64>()
            / n as f64;
        out.elasticity =
            Some(covariance / (spread * spread) * (1.0 + mean_others) / mean.max(1e-12));
    }
    let alone: Vec<f64> = lengths
        .iter()
        .zip(&others)
        .filter(|(_, m)| **m < ALONE)
        .map(|(r, _)| *r)
        .collect();
    out.alone = (alone.len() as u64, moments(&alone).0);

    out
}

/// Pearson's correlation of the gaps between begins with those between ends, of whole visits that follow each other.
fn follows(visits: &[Visit]) -> f64 {
    let is_whole = |pair: &&[Visit]| pair.iter().all(|visit| visit.part == Part::Whole);
    let gap = |from: Nanos, to: Nanos| to.seconds() - from.seconds();
    let pairs = || visits.windows(2).filter(is_whole);
    let begins: Vec<f64> = pairs()
        .map(|pair| gap(pair[0].start, pair[1].start))
        .collect();
    let ends: Vec<f64> = pairs().map(|pair| gap(pair[0].end, pair[1].end)).collect();
    let ((begin, begin_deviation), (end, end_deviation)) = (moments(&begins), moments(&ends));
    let products: Vec<f64> = begins
        .iter()
        .zip(&ends)
        .map(|(one, other)| (one - begin) * (other - end))
        .collect();
    ratio(moments(&products).0, begin_deviation * end_deviation)
}

/// How completions are spaced, whole visits or not.
#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
fn gaps(visits: &[Visit], out: &mut Figures) {
    let gaps: Vec<f64> = visits
        .windows(2)
        .map(|pair| pair[1].end.since(pair[0].end).seconds())
        .collect();
    let (gap, gap_deviation) = moments(&gaps);
    if gap > 0.0 {
        out.rate = 1.0 / gap;
        out.gap_variation = gap_deviation / gap;
        out.small_gaps =
            gaps.iter().filter(|g| **g < gap / 10.0).count() as f64 / gaps.len() as f64;
        let whole = |pair: &&[Visit]| pair.iter().all(|visit| visit.part == Part::Whole);
        let pairs = visits.windows(2).filter(whole).count();
        let ordered = visits
            .windows(2)
            .filter(whole)
            .filter(|pair| pair[0].start <= pair[1].start)
            .count();
        // With no pair to look at nothing speaks against an order.
        out.in_order = if pairs > 0 {
            ordered as f64 / pairs as f64
        } else {
            1.0
        };
    }
}

/// How long each visit has the station to itself where that serves one at a time: since the visit before it was served, or since it
/// came if that is later. `None`: when that began is not seen. Visits are sorted by their ends.
pub fn turns(visits: &[Visit]) -> impl Iterator<Item = Option<Nanos>> {
    let mut before: Option<Nanos> = None;
    visits.iter().map(move |visit| {
        if !visit.part.is_served() {
            return None;
        }
        let free = before.replace(visit.end);
        free.map(|free| visit.end.since(free.max(visit.start)))
    })
}

pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts of one window")]
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / values.len() as f64;
    (mean, variance.sqrt())
}

/// Mean number of others present during each visit.
#[expect(clippy::cast_precision_loss, reason = "counts and times of one window")]
fn others(visits: &[Visit]) -> Vec<f64> {
    // The integral of the number present, at each arrival and departure.
    let mut marks: Vec<(Nanos, bool, usize)> = Vec::with_capacity(2 * visits.len());
    for (index, visit) in visits.iter().enumerate() {
        marks.push((visit.start, true, index));
        marks.push((visit.end.max(visit.start), false, index));
    }
    marks.sort_unstable_by_key(|(at, arrives, index)| (*at, !*arrives, *index));
    let (mut present, mut integral, mut last) =
        (0_i64, 0.0, marks.first().map_or(Nanos::ZERO, |mark| mark.0));
    let mut at_arrival = vec![0.0; visits.len()];
    let mut out = vec![0.0; visits.len()];
    for (at, arrives, index) in marks {
        integral += present as f64 * at.since(last).0 as f64;
        last = at;
        if arrives {
            at_arrival[index] = integral;
            present += 1;
        } else {
            present -= 1;
            let length = visits[index].end.since(visits[index].start).0 as f64;
            out[index] = if length > 0.0 {
                (integral - at_arrival[index]) / length - 1.0
            } else {
                0.0
            };
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Figures, Part, Visit, figures};
    use crate::actors::ActorId;
    use crate::row::Nanos;

    /// `(start, end)` in ms.
    fn check(visits: &[(u64, u64)]) -> Figures {
        let mut list: Vec<Visit> = visits
            .iter()
            .map(|(a, b)| Visit {
                start: Nanos(a * 1_000_000),
                end: Nanos(b * 1_000_000),
                actor: ActorId::Task(1),
                part: Part::Whole,
            })
            .collect();
        list.sort_by_key(|visit| visit.end);
        figures(&list)
    }

    /// Eight customers that think for 10 to 170 ms and are then served for 10 ms each, `at_once` at a time.
    fn closed_system(at_once: usize) -> Figures {
        let (mut servers, mut random, mut visits) = (vec![0_u64; at_once], 12_345_u64, Vec::new());
        let mut think = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            10 + (random >> 33) % 160
        };
        let mut ready: Vec<u64> = (0..8).map(|_| 1 + think()).collect();
        for _ in 0..2000 {
            let next = ready.iter_mut().min().expect("eight customers");
            let server = servers.iter_mut().min().expect("a server");
            let end = (*next).max(*server) + 10;
            visits.push((*next, end));
            (*server, *next) = (end, end + think());
        }
        check(&visits)
    }

    #[test]
    fn a_serial_server_is_elastic_and_gives_evenly_spaced_replies() {
        let seen = closed_system(1);
        assert!(seen.elasticity.is_some_and(|eps| eps > 0.15), "{seen:?}");
        assert!(seen.small_gaps == 0.0 && seen.in_order == 1.0, "{seen:?}");
        assert!((seen.alone.1 - 0.010).abs() < 1e-9, "{seen:?}");
    }

    #[test]
    fn a_parallel_server_is_not_elastic() {
        let seen = closed_system(8);
        assert!(
            seen.elasticity.is_some_and(|eps| eps.abs() < 0.05),
            "{seen:?}"
        );
        assert!(seen.small_gaps > 0.02, "{seen:?}");
    }
}
