//! Serialization factor, Karp-Flatt, and what a station seen from outside may be.
//!
//! In: plain figures. Out: plain figures. Pure.

mod bootstrap;
mod factor;
mod severity;
mod sharing;

pub use bootstrap::{BlockSample, Stability, stability};
pub use factor::{
    Factor, KARP_FLATT_CRITICAL, Lost, RateSource, factor, karp_flatt, with_model_error,
};
pub use severity::{MINOR, Severity};
pub use sharing::{FOLLOWS, SharingEstimate, StationSamples, estimate_sharing};
