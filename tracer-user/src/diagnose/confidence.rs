//! How far the conclusion may be believed.
//!
//! Each input takes away from 1 what it leaves open; nothing is taken away for what was seen. The score is not calibrated
//! against outcomes, so people are shown its level and what keeps it from being higher, never the number.

use serde::{Deserialize, Serialize};

use super::sign::{Outcome, Sign, Test};
use crate::cause::Cause;
use crate::scaling::{Factor, Stability};

/// Score from which on the level is strong: one small input may be missing, not two, and none that contradicts.
const STRONG: f64 = 0.8;
/// Score from which on the level is fair.
const FAIR: f64 = 0.5;
/// Most that is possible where what cannot be told apart stays open, or too much is unexplained or was lost.
const CAPPED: f64 = 0.6;
/// Left where the stability of the first cause was not looked at.
const NOT_RESAMPLED: f64 = 0.9;
/// Taken away, at most, for signs that this trace cannot show.
const NOT_AVAILABLE: f64 = 0.2;
/// Left where there was no sign to look for.
const NO_SIGNS: f64 = 0.5;
/// Items from which on their number leaves no doubt.
const ITEMS: f64 = 100.0;
/// What takes away less than this is not worth saying.
const WORTH_SAYING: f64 = 0.02;
/// Most of the worker time that may be unexplained.
pub(super) const UNEXPLAINED: f64 = 0.2;
/// Most that the timelines may differ from the kernel's own figures.
const KERNEL: f64 = 0.05;
/// Most of the worker time that may be in no known state.
const UNKNOWN: f64 = 0.05;
/// Most of the records that may be lost.
const LOST: f64 = 0.001;

/// How far to believe it, in a word.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A guess.
    #[default]
    Weak,
    /// More likely than not.
    Fair,
    /// As sure as a trace can make it.
    Strong,
}

/// What keeps the confidence from being higher, most weighty first where several do.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Doubt {
    /// Nothing does.
    None,
    /// Nothing was named.
    #[default]
    NothingNamed,
    /// These cannot be told apart from outside.
    Alternatives(Vec<Cause>),
    /// Too much worker time is unexplained; its share.
    Unexplained(f64),
    /// Records were lost; their share.
    Lost(f64),
    /// The timelines differ from the kernel's own figures; by how much.
    Kernel(f64),
    /// Workers were in no known state; for what share of their time.
    UnknownTime(f64),
    /// Another cause comes first in other parts of the window; share of them in which this one does.
    Unstable(f64),
    /// Whether the first cause is stable was not looked at.
    NotResampled,
    /// A sign that should be there is not.
    NotSeen(Sign),
    /// A sign that would decide cannot be seen in this trace.
    NotAvailable(Sign),
    /// The serialization factor is not known better than this.
    Wide([f64; 2]),
    /// Few items were completed.
    FewItems(u64),
}

/// How far the conclusion may be believed, and why not further.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Confidence {
    /// 0 to 1, not calibrated.
    pub score: f64,
    /// In a word.
    pub level: Level,
    /// What keeps it from being higher.
    pub doubt: Doubt,
}

/// How much of what happened was seen and explained; shares from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Worker time that is neither claimed nor seen to be work.
    pub unexplained: f64,
    /// Worker time in no known state.
    pub unknown: f64,
    /// Difference of the timelines to the kernel's own figures.
    pub kernel: f64,
    /// Records lost.
    pub lost: f64,
}

/// What a confidence rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Grounds<'a> {
    /// Resampling.
    pub stability: Option<Stability>,
    /// What separates the cause from its runner-up.
    pub tests: &'a [Test],
    /// What cannot be told apart from it.
    pub alternatives: &'a [Cause],
    /// Where the serialization factor lies.
    pub factor: Factor,
    /// Items completed.
    pub items: u64,
    /// How much was seen.
    pub seen: Seen,
}

/// What one input leaves, and what to say of it.
struct Input {
    left: f64,
    doubt: Doubt,
}

/// Weighs the grounds.
#[must_use]
pub fn confidence(grounds: &Grounds<'_>) -> Confidence {
    let mut inputs = vec![
        stability(grounds),
        heavier(width(grounds), unexplained(grounds.seen)),
        items(grounds.items),
    ];
    inputs.extend(tests(grounds.tests));
    inputs.extend(coverage(grounds.seen));
    let caps = caps(grounds);
    let product: f64 = inputs.iter().map(|input| input.left).product();
    let score = if caps.is_empty() {
        product
    } else {
        product.min(CAPPED)
    };
    let heaviest = inputs
        .into_iter()
        .filter(|input| input.left < 1.0 - WORTH_SAYING)
        .min_by(|a, b| a.left.total_cmp(&b.left))
        .map_or(Doubt::None, |input| input.doubt);
    Confidence {
        score,
        level: if score >= STRONG {
            Level::Strong
        } else if score >= FAIR {
            Level::Fair
        } else {
            Level::Weak
        },
        doubt: caps.into_iter().next().unwrap_or(heaviest),
    }
}

/// What caps the confidence, however much speaks for the cause.
fn caps(grounds: &Grounds<'_>) -> Vec<Doubt> {
    let seen = grounds.seen;
    let mut caps = Vec::new();
    if !grounds.alternatives.is_empty() {
        caps.push(Doubt::Alternatives(grounds.alternatives.to_vec()));
    }
    for (share, most, doubt) in [
        (seen.lost, LOST, Doubt::Lost(seen.lost)),
        (seen.unknown, UNKNOWN, Doubt::UnknownTime(seen.unknown)),
        (seen.kernel, KERNEL, Doubt::Kernel(seen.kernel)),
        (
            seen.unexplained,
            UNEXPLAINED,
            Doubt::Unexplained(seen.unexplained),
        ),
    ] {
        if share > most {
            caps.push(doubt);
        }
    }
    caps
}

fn stability(grounds: &Grounds<'_>) -> Input {
    match grounds.stability {
        Some(Stability { first_cause, .. }) => Input {
            left: first_cause.clamp(0.0, 1.0),
            doubt: Doubt::Unstable(first_cause),
        },
        None => Input {
            left: NOT_RESAMPLED,
            doubt: Doubt::NotResampled,
        },
    }
}

/// An interval four times as wide as its value leaves half: how bad it is is open then, what it is may not be.
fn width(grounds: &Grounds<'_>) -> Input {
    let Factor {
        value, interval, ..
    } = grounds.factor;
    let resampled = grounds.stability.map_or(interval, |seen| seen.factor);
    let low = interval[0].min(resampled[0]);
    let high = interval[1].max(resampled[1]);
    Input {
        left: 1.0 / (1.0 + (high - low).max(0.0) / (4.0 * value.max(1.0))),
        doubt: Doubt::Wide([low, high]),
    }
}

/// The number of items leaves the square root of its share of those that are enough: that is how its error shrinks.
#[expect(clippy::cast_precision_loss, reason = "a number of items")]
fn items(items: u64) -> Input {
    Input {
        left: (items as f64 / ITEMS).sqrt().clamp(0.5, 1.0),
        doubt: Doubt::FewItems(items),
    }
}

/// Signs seen out of those that could be, less a little for those that could not.
#[expect(clippy::cast_precision_loss, reason = "a handful of signs")]
fn tests(tests: &[Test]) -> Vec<Input> {
    let of = |outcome: Outcome| tests.iter().filter(move |test| test.outcome == outcome);
    let (seen, missing) = (
        of(Outcome::Seen).count() as f64,
        of(Outcome::NotSeen).count() as f64,
    );
    let hidden = of(Outcome::NotAvailable).count() as f64;
    let mut inputs = Vec::new();
    if let Some(test) = of(Outcome::NotSeen).next() {
        inputs.push(Input {
            left: seen / (seen + missing),
            doubt: Doubt::NotSeen(test.sign),
        });
    }
    if let Some(test) = of(Outcome::NotAvailable).next() {
        inputs.push(Input {
            left: if seen + missing > 0.0 {
                1.0 - NOT_AVAILABLE * hidden / (seen + missing + hidden)
            } else {
                NO_SIGNS
            },
            doubt: Doubt::NotAvailable(test.sign),
        });
    }
    inputs
}

/// Of two inputs with one root, the one that leaves less: what is unexplained widens the interval as well.
fn heavier(one: Input, other: Input) -> Input {
    if other.left < one.left { other } else { one }
}

fn input(share: f64, doubt: Doubt) -> Input {
    Input {
        left: 1.0 - share.clamp(0.0, 1.0),
        doubt,
    }
}

fn unexplained(seen: Seen) -> Input {
    input(seen.unexplained, Doubt::Unexplained(seen.unexplained))
}

fn coverage(seen: Seen) -> [Input; 3] {
    [
        input(seen.unknown, Doubt::UnknownTime(seen.unknown)),
        input(seen.kernel, Doubt::Kernel(seen.kernel)),
        input(seen.lost, Doubt::Lost(seen.lost)),
    ]
}

#[cfg(test)]
mod tests;
