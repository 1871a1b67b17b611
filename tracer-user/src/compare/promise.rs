//! What the report before said that its fix would bring, beside what came.

use super::measured::Measured;
use super::value::{Kept, Promise};
use crate::report::Report;

/// The promise of `before`, where it gave one, beside the rate of `after`.
pub fn promise(before: &Report, after: &Report) -> Option<Promise> {
    let said = before.prediction.as_ref()?;
    let obtained = Measured::rate(after);
    let [low, high] = obtained.interval.unwrap_or([obtained.value; 2]);
    let kept = if high < said.interval[0] {
        Kept::Below
    } else if low > said.interval[1] {
        Kept::Above
    } else {
        Kept::Within
    };
    let before = before.items.rate_per_s;
    let promised = said.rate_per_s - before;
    Some(Promise {
        rate_per_s: said.rate_per_s,
        interval: said.interval,
        obtained_per_s: obtained.value,
        gain_share: (promised > 0.0).then(|| (obtained.value - before) / promised),
        kept,
    })
}
