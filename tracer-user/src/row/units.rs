//! Units and identities as types, so that a tid is never a pid and a millisecond never a nanosecond.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// Nanoseconds: a time of `CLOCK_MONOTONIC`, or a span.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// One second.
    pub const SECOND: Self = Self(1_000_000_000);

    /// Seconds as a float.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a window has fewer than 2^53 ns (104 days)"
    )]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Milliseconds as a float.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a window has fewer than 2^53 ns (104 days)"
    )]
    pub fn millis(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The span from `earlier` to `self`, zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Nanos {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Nanos {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Nanos {
    type Output = Self;
    /// Saturates at zero: clocks of two CPUs may disagree by some nanoseconds.
    fn sub(self, other: Self) -> Self {
        self.since(other)
    }
}

impl std::iter::Sum for Nanos {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

/// A thread, as `ps -L` shows it on the host.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Tid(pub u32);

/// A process, as `ps` shows it on the host.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Pid(pub u32);

/// A resource of one trace; 0 is [`ResourceId::NONE`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ResourceId(pub u32);

impl ResourceId {
    /// No resource known.
    pub const NONE: Self = Self(0);
}

/// A call stack of one trace; 0 is [`StackId::NONE`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct StackId(pub u32);

impl StackId {
    /// No stack taken.
    pub const NONE: Self = Self(0);
}

/// The statement of a request to a database, in one trace; 0 is [`StatementId::NONE`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct StatementId(pub u32);

impl StatementId {
    /// No statement known.
    pub const NONE: Self = Self(0);
}

macro_rules! display_number {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
display_number!(Tid, Pid, ResourceId, StackId, StatementId);
