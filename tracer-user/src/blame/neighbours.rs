//! How much longer threads of the target compute while others of them do.
//!
//! In: changes of state of the target's threads. Out: the CPU time that a thread needs more for each second that another one computes
//! beside it.
//!
//! # How
//! A **stretch** is what a thread computes between two waits: it takes `c` of CPU time, in which others computed for `t` (the sum of their
//! times), of that `m` within its first `h` of CPU time, its **head**. A stretch that is long for its own reasons has a long `t` as well, so `c`
//! and `t` go together whether or not others slow it. What others do within its head is no consequence of its length, as long as no stretch is
//! shorter than that: it is the instrument by which the effect is told from the length (two-stage least squares),
//!
//! `slowdown = cov(c, m) / cov(t, m)`
//!
//! taken among stretches of the same thread, that follow a wait at the same wait site, within the same part of the window, so that work of
//! several kinds and phases of the program is not compared. The head is as long as it may be ([`HEADS`]): threads that start in step differ in
//! little else. The interval comes from leaving out one part of the window at a time
//! (jackknife). Where as many others compute all the while, nothing can be told. It is one figure for each neighbour: where the first one costs
//! more than the third, it is too low for all of them together, and too high where memory has room for two.

use std::collections::{BTreeMap, VecDeque};

use foldhash::HashMap;

use crate::actors::ActorId;
use crate::classify::{SiteId, State};
use crate::row::Nanos;

/// The window is kept in this many parts at most; when there are more, two and two are joined.
const MOST_PARTS: usize = 32;
/// Length of the first parts.
const FIRST_PART: Nanos = Nanos(100_000_000);
/// Kinds of stretches a part has room for. Where there are more, nothing is told.
const MOST_KINDS: usize = 1_024;
/// How long heads may be.
const HEADS: [Nanos; 5] = [
    Nanos(125_000),
    Nanos(500_000),
    Nanos(2_000_000),
    Nanos(8_000_000),
    Nanos(32_000_000),
];
/// At most this share of the stretches of a kind may be shorter than their head.
const MOST_SHORT: f64 = 0.02;
/// Changes of how many threads compute that are remembered, to look up how many did at the end of a head.
const MOST_CHANGES: usize = 4_096;
/// Fewer parts tell nothing of how sure the figure is.
const LEAST_PARTS: usize = 4;
/// What others do within a head must vary by this share of its mean: what they cost in all is told from that, four standard deviations away at
/// most. Where all CPUs are full it hardly varies, and what makes it is what else goes on in the host.
const VARIES: f64 = 0.25;
/// Least F statistic of the instrument.
const STRONG: f64 = 10.0;
/// The interval is this many standard errors to each side.
const ERRORS: f64 = 2.0;

/// What a thread computes between two waits.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    after: SiteId,
    computed: Nanos,
    /// s.
    others: f64,
    /// Time in which others computed within its heads, s, as far as these have ended.
    heads: [Option<f64>; HEADS.len()],
    /// It is not known any more what others did within its heads.
    is_forgotten: bool,
}

impl Stretch {
    /// It had a CPU from one instant to another; with each the integral of how many threads did.
    fn pass(
        &mut self,
        (from, then): (Nanos, f64),
        (until, now): (Nanos, f64),
        changes: &VecDeque<(Nanos, u32, f64)>,
    ) {
        let own = until.since(from);
        for (head, length) in self.heads.iter_mut().zip(HEADS) {
            let left = length.since(self.computed);
            if head.is_some() || left > own {
                continue;
            }
            let end = from + left;
            let after = changes.partition_point(|(at, ..)| *at <= end);
            match after.checked_sub(1).and_then(|before| changes.get(before)) {
                Some((at, running, integral)) => {
                    let up_to_end = integral + end.since(*at).seconds() * f64::from(*running);
                    *head = Some(self.others + (up_to_end - then - left.seconds()).max(0.0));
                }
                None => self.is_forgotten = true,
            }
        }
        self.computed += own;
        self.others += (now - then - own.seconds()).max(0.0);
    }
}

/// A thread, as far as it matters here.
#[derive(Clone, Copy, Debug, Default)]
struct Thread {
    state: State,
    since: Nanos,
    /// The integral of the number of threads that compute, when it came into its present state.
    integral_then: f64,
    /// `None`: it waits, or it is not known how it began.
    stretch: Option<Stretch>,
}

/// Sums over stretches of one kind in one part.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    number: f64,
    computed: f64,
    others: f64,
    heads: [HeadSums; HEADS.len()],
}

/// The same of their heads of one length.
#[derive(Clone, Copy, Debug, Default)]
struct HeadSums {
    /// How many stretches were shorter.
    short: f64,
    beside: f64,
    beside_squared: f64,
    computed_beside: f64,
    others_beside: f64,
}

impl Sums {
    fn one(stretch: &Stretch) -> Self {
        let computed = stretch.computed.seconds();
        let head = |ended: Option<f64>| {
            let beside = ended.unwrap_or(stretch.others);
            HeadSums {
                short: f64::from(u8::from(ended.is_none())),
                beside,
                beside_squared: beside * beside,
                computed_beside: computed * beside,
                others_beside: stretch.others * beside,
            }
        };
        Self {
            number: 1.0,
            computed,
            others: stretch.others,
            heads: stretch.heads.map(head),
        }
    }

    fn add(&mut self, more: &Self) {
        self.number += more.number;
        self.computed += more.computed;
        self.others += more.others;
        for (head, more) in self.heads.iter_mut().zip(&more.heads) {
            head.short += more.short;
            head.beside += more.beside;
            head.beside_squared += more.beside_squared;
            head.computed_beside += more.computed_beside;
            head.others_beside += more.others_beside;
        }
    }

    /// The longest head that is no longer than nearly all of the stretches.
    fn head(&self) -> Option<usize> {
        let may_be = |head: &HeadSums| head.short <= MOST_SHORT * self.number;
        self.heads.iter().rposition(may_be)
    }

    /// By how much what others do in this head varies, squared, times the number of stretches; and how much it is, squared, times the same.
    fn variation(&self, head: usize) -> [f64; 2] {
        let head = &self.heads[head];
        let squared_mean = head.beside * head.beside / self.number.max(1.0);
        [(head.beside_squared - squared_mean).max(0.0), squared_mean]
    }

    /// Both covariances with what others do in this head, times the number of stretches.
    fn covariances(&self, head: usize) -> [f64; 2] {
        let head = &self.heads[head];
        let mean = head.beside / self.number.max(1.0);
        let difference = |sum: f64, expected: f64| match sum - expected {
            rounding if rounding.abs() < 1e-9 * expected => 0.0,
            difference => difference,
        };
        [
            difference(head.computed_beside, self.computed * mean),
            difference(head.others_beside, self.others * mean),
        ]
    }
}

type Kind = (ActorId, SiteId);

/// What was seen of threads that compute beside each other.
#[derive(Clone, Debug)]
pub struct Neighbours {
    running: u32,
    changed: Nanos,
    /// Integral over time of `running`, s.
    integral: f64,
    /// When it changed: to how many, and the integral then.
    changes: VecDeque<(Nanos, u32, f64)>,
    threads: HashMap<ActorId, Thread>,
    parts: Vec<HashMap<Kind, Sums>>,
    began: Option<Nanos>,
    length: Nanos,
    is_full: bool,
}

impl Default for Neighbours {
    fn default() -> Self {
        Self {
            running: 0,
            changed: Nanos::ZERO,
            integral: 0.0,
            changes: VecDeque::new(),
            threads: HashMap::default(),
            parts: Vec::new(),
            began: None,
            length: FIRST_PART,
            is_full: false,
        }
    }
}

/// What a second of a neighbour's computing costs a thread of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slowdown {
    /// CPU time lost of each second in which another thread computes beside it, s.
    pub likely: f64,
    /// Not less than this, by two standard errors.
    pub least: f64,
    /// Nor more than this.
    pub most: f64,
    /// CPU time of the stretches, s.
    pub computed: f64,
    /// Time in which others computed beside them, s; of two others at a time it is twice as long.
    pub beside: f64,
}

impl Neighbours {
    /// A thread of the target is in another state.
    pub(super) fn change(&mut self, who: ActorId, at: Nanos, now: State) {
        self.integral += at.since(self.changed).seconds() * f64::from(self.running);
        self.changed = self.changed.max(at);
        let (integral, mut running) = (self.integral, self.running);
        let thread = self.threads.entry(who).or_default();
        let was = std::mem::replace(&mut thread.state, now);
        if was == State::Running {
            running = running.saturating_sub(1);
            let (since, then) = (thread.since, thread.integral_then);
            if let Some(stretch) = &mut thread.stretch {
                stretch.pass((since, then), (at, integral), &self.changes);
            }
        }
        let ended = match (was, now) {
            (State::Waiting(after), State::Running | State::Queued) => {
                thread.stretch = Some(Stretch {
                    after,
                    computed: Nanos::ZERO,
                    others: 0.0,
                    heads: [None; HEADS.len()],
                    is_forgotten: false,
                });
                None
            }
            (_, State::Running | State::Queued) => None,
            (_, State::Waiting(_)) => thread.stretch.take(),
            (_, State::Absent | State::Unknown | State::Stopped) => {
                thread.stretch = None;
                None
            }
        };
        (thread.since, thread.integral_then) = (at, integral);
        running += u32::from(now == State::Running);
        if self.running != running {
            self.running = running;
            if self.changes.len() == MOST_CHANGES {
                self.changes.pop_front();
            }
            self.changes.push_back((at, running, integral));
        }
        if let Some(stretch) = ended {
            self.keep(who, at, &stretch);
        }
    }

    /// Windows join here: what was under way before need not be what is after.
    pub(super) fn join(&mut self) {
        for thread in self.threads.values_mut() {
            thread.stretch = None;
        }
    }

    fn keep(&mut self, who: ActorId, at: Nanos, stretch: &Stretch) {
        if stretch.is_forgotten {
            return;
        }
        let began = *self.began.get_or_insert(at);
        let mut index = at.since(began).0 / self.length.0;
        while index >= MOST_PARTS as u64 {
            self.join_parts();
            index = at.since(began).0 / self.length.0;
        }
        let index = usize::try_from(index).unwrap_or(MOST_PARTS - 1);
        if self.parts.len() <= index {
            self.parts.resize_with(index + 1, HashMap::default);
        }
        let part = &mut self.parts[index];
        let kind = (who, stretch.after);
        if part.len() >= MOST_KINDS && !part.contains_key(&kind) {
            self.is_full = true;
            return;
        }
        part.entry(kind).or_default().add(&Sums::one(stretch));
    }

    fn join_parts(&mut self) {
        self.length = Nanos(self.length.0.saturating_mul(2));
        let parts = std::mem::take(&mut self.parts);
        let mut parts = parts.into_iter();
        while let Some(mut first) = parts.next() {
            for (kind, sums) in parts.next().unwrap_or_default() {
                first.entry(kind).or_default().add(&sums);
            }
            self.parts.push(first);
        }
    }

    /// What neighbours cost those that `is_one` chooses; `None`: too little was seen, or too much to keep.
    #[must_use]
    pub fn slowdown(&self, is_one: impl Fn(ActorId) -> bool) -> Option<Slowdown> {
        if self.is_full {
            return None;
        }
        let mut kinds: BTreeMap<Kind, Sums> = BTreeMap::new();
        for (kind, sums) in self.parts.iter().flatten() {
            if is_one(kind.0) {
                kinds.entry(*kind).or_default().add(sums);
            }
        }
        let computed = kinds.values().map(|sums| sums.computed).sum();
        let beside = kinds.values().map(|sums| sums.others).sum();
        let mut varies = [0.0; 2];
        let mut parts: Vec<[f64; 2]> = Vec::new();
        for part in &self.parts {
            let mut covariances = [0.0; 2];
            for (kind, all) in &kinds {
                if let (Some(sums), Some(head)) = (part.get(kind), all.head()) {
                    let [of_computed, of_others] = sums.covariances(head);
                    let [variance, squared] = sums.variation(head);
                    varies[0] += variance;
                    varies[1] += squared;
                    covariances[0] += of_computed;
                    covariances[1] += of_others;
                }
            }
            if covariances[1] != 0.0 {
                parts.push(covariances);
            }
        }
        if parts.len() < LEAST_PARTS {
            return None;
        }
        let varies = varies[0] >= VARIES * VARIES * varies[1];
        if !varies || !is_strong(&parts) {
            return None;
        }
        let sum = |of: usize| parts.iter().map(|part| part[of]).sum::<f64>();
        let all = [sum(0), sum(1)];
        let ratio = |[computed, others]: [f64; 2]| (others > 0.0).then_some(computed / others);
        let likely = ratio(all)?;
        let without = |part: &[f64; 2]| ratio([all[0] - part[0], all[1] - part[1]]);
        let without: Vec<f64> = parts.iter().map(without).collect::<Option<_>>()?;
        let number = f64::from(u32::try_from(without.len()).unwrap_or(u32::MAX));
        let mean = without.iter().sum::<f64>() / number;
        let squares: f64 = without.iter().map(|of| (of - mean).powi(2)).sum();
        let error = ((number - 1.0) / number * squares).sqrt();
        Some(Slowdown {
            likely,
            least: likely - ERRORS * error,
            most: likely + ERRORS * error,
            computed,
            beside,
        })
    }
}

/// The instrument tells enough of how long others compute beside a stretch: an F statistic above 10 (Staiger and Stock, Econometrica 65,
/// 1997), with the errors of the parts.
fn is_strong(parts: &[[f64; 2]]) -> bool {
    let number = f64::from(u32::try_from(parts.len()).unwrap_or(u32::MAX));
    let sum: f64 = parts.iter().map(|part| part[1]).sum();
    let mean = sum / number;
    let squares: f64 = parts.iter().map(|part| (part[1] - mean).powi(2)).sum();
    let variance = number / (number - 1.0) * squares;
    sum > 0.0 && sum * sum > STRONG * variance
}

#[cfg(test)]
mod tests;
