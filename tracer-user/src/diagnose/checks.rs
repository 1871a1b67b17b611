//! What the conclusion rests on besides the findings: how well they agree with other sources.

use crate::row::Nanos;

/// Results of the checks of one analysis.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Checks {
    /// Worker time that is in no place or in two, ns; always 0.
    pub conservation: i64,
    /// Waiting that came too late to be placed.
    pub late: Nanos,
    /// Largest difference of the timelines to the kernel's own figures, 0 to 1.
    pub kernel: f64,
    /// How the conclusion stands when it is drawn again from resampled parts of the window; `None`: that was not done.
    pub stability: Option<Stability>,
}

/// How a conclusion stands when it is drawn again from resampled parts of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stability {
    /// Share of the resamples in which the same candidate comes first, 0 to 1.
    pub first_cause: f64,
    /// The serialization factor, from the low to the high end of the resamples.
    pub factor: [f64; 2],
}
