//! The comparison's value; its serde form is the JSON contract.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::diagnose::{Culprit, Level};

/// Name of the JSON contract.
pub const SCHEMA: &str = "holdup.compare/1";

/// Everything a comparison says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`SCHEMA`].
    pub schema: String,
    /// What came of it, in one sentence.
    pub sentence: String,
    /// Whether the work goes faster.
    pub direction: Direction,
    /// Rate after by rate before.
    pub speedup: f64,
    /// Where that lies by the noise of both; absent: a window was too short to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup_interval: Option<[f64; 2]>,
    /// As it was.
    pub before: Side,
    /// As it is.
    pub after: Side,
    /// Each figure: rate, serialization factor, workers, time of an item and of its stages.
    pub changes: Vec<Change>,
    /// What the report before said that its fix would bring, beside what came; absent: it said nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// What a reader must know to judge it, full sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// Command line of the target.
    pub command: String,
    /// Length of the window, s.
    pub window_s: f64,
    /// Workers.
    pub workers: u32,
    /// What was counted.
    pub unit: String,
    /// Items in the window.
    pub items: u64,
    /// The cause that was named, by its id.
    pub cause: Cause,
    /// Its culprit.
    pub culprit: Culprit,
    /// How far to believe that.
    pub confidence_level: Level,
    /// The verdict in one sentence.
    pub verdict: String,
}

/// A figure before and after.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// `rate`, `serialization factor`, `workers`, `item`, or the stage.
    pub figure: String,
    /// `items/s`, `ms`, or empty.
    pub unit: String,
    /// As it was.
    pub before: f64,
    /// As it is.
    pub after: f64,
    /// Where `after` by `before` lies, by the noise of both; absent: that is not known, or one of them is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio_interval: Option<[f64; 2]>,
    /// Which way it went.
    pub direction: Direction,
}

/// Which way a figure went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To the better, beyond its noise.
    Better,
    /// To the worse, beyond its noise.
    Worse,
    /// No further than its noise.
    Same,
    /// Its noise is not known.
    #[default]
    NotTold,
    /// To another value, which is neither good nor bad in itself.
    Changed,
}

/// What was promised and what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// The rate the report before gave for the fix, items/s.
    pub rate_per_s: f64,
    /// The range it gave, items/s.
    pub interval: [f64; 2],
    /// The rate after, items/s.
    pub obtained_per_s: f64,
    /// Of the gain that the rate given would have been, this share came: 0 nothing, 1 all of it, below 0 it went the other way; null: no gain
    /// was promised.
    pub gain_share: Option<f64>,
    /// How they compare.
    pub kept: Kept,
}

/// How what came compares with what was promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// Below the range, beyond the noise.
    Below,
    /// In the range, at its edges by the noise.
    #[default]
    Within,
    /// Above the range, beyond the noise.
    Above,
}
