//! Chance that is the same each time.

use super::plan::Span;
use super::words::nanos;
use crate::row::Nanos;

/// Numbers that look random.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dice(pub u64);

impl Dice {
    /// A number from 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "31 bits")]
    pub(super) fn share(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1_u64 << 31) as f64
    }

    /// A length within a span.
    #[expect(clippy::cast_precision_loss, reason = "times of a script")]
    pub(super) fn of(&mut self, span: Span) -> Nanos {
        if span.spread == Nanos::ZERO {
            return span.mean;
        }
        let off = 2.0 * span.spread.0 as f64 * self.share();
        span.mean - span.spread + nanos(off)
    }
}
