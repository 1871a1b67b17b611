//! How bad it is, in a word.

use serde::{Deserialize, Serialize};

use super::factor::KARP_FLATT_CRITICAL;

/// Severity by the serialization factor, as users know it.
const CRITICAL: f64 = 10.0;
/// See [`CRITICAL`].
const WARNING: f64 = 3.0;
/// Up to this factor workers scale nearly linearly; see `CRITICAL`.
pub const MINOR: f64 = 1.5;

/// How bad it is, from the serialization factor and Karp-Flatt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// SF > 10, or Karp-Flatt >= 0.8.
    Critical,
    /// SF > 3.
    Warning,
    /// SF > 1.5.
    Minor,
    /// Near-linear.
    Good,
    /// No verdict was reached.
    #[default]
    Unknown,
}

impl Severity {
    /// The severity of a serialization factor with its Karp-Flatt fraction: few workers that are fully serialised are
    /// critical too.
    #[must_use]
    pub fn of(factor: f64, karp_flatt: f64) -> Self {
        if factor > CRITICAL || (factor > MINOR && karp_flatt >= KARP_FLATT_CRITICAL) {
            Self::Critical
        } else if factor > WARNING {
            Self::Warning
        } else if factor > MINOR {
            Self::Minor
        } else {
            Self::Good
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Severity;

    #[test]
    fn four_workers_fully_serialised_are_critical_too() {
        for (factor, karp_flatt, expect) in [
            (1.5, 0.9, Severity::Good),
            (3.0, 0.1, Severity::Minor),
            (3.5, 0.83, Severity::Critical),
            (5.0, 0.2, Severity::Warning),
            (10.5, 0.2, Severity::Critical),
        ] {
            assert_eq!(Severity::of(factor, karp_flatt), expect, "{factor}");
        }
    }
}
