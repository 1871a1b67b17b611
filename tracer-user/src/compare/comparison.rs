//! From two reports to the comparison.

use super::changes::changes;
use super::measured::Measured;
use super::promise::promise;
use super::refusal::{Refusal, check};
use super::value::{Comparison, Direction, SCHEMA};
use super::words::{self, Told};
use crate::report::Report;

/// Compares the report `after` a change with the one `before` it.
///
/// # Errors
/// [`Refusal`]: they do not count the same.
pub fn compare(before: &Report, after: &Report) -> Result<Comparison, Refusal> {
    check(before, after)?;
    let (old, new) = (Measured::rate(before), Measured::rate(after));
    let speedup = new.value / old.value;
    let changes = changes(before, after);
    let direction = changes
        .first()
        .map_or(Direction::NotTold, |rate| rate.direction);
    let interval = new.ratio_interval(&old);
    let sentence = words::sentence(&Told {
        direction,
        speedup,
        interval,
        before,
        after,
    });
    Ok(Comparison {
        schema: SCHEMA.to_owned(),
        sentence,
        direction,
        speedup,
        speedup_interval: interval,
        before: words::side(before),
        after: words::side(after),
        changes,
        promise: promise(before, after),
        notes: words::notes(before, after),
    })
}
