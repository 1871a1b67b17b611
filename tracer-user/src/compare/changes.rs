//! Each figure before and after, and which way it went.

use super::measured::Measured;
use super::value::{Change, Direction};
use crate::report::{Report, Stage};
use crate::work::StageName;

/// Which way is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Better {
    More,
    Less,
}

/// The figures of both.
pub fn changes(before: &Report, after: &Report) -> Vec<Change> {
    let both = |of: &dyn Fn(&Report) -> Measured| [of(before), of(after)];
    let mut changes = vec![
        change("rate", "items/s", both(&Measured::rate), Better::More),
        change(
            "serialization factor",
            "",
            both(&Measured::factor),
            Better::Less,
        ),
        workers(before, after),
        change(
            "item",
            "ms",
            both(&|report| Measured::time(report, report.item_mean_ms, 0.0)),
            Better::Less,
        ),
    ];
    for (name, id) in StageName::ALL {
        let [old, new] = [before, after].map(|report| stage(report, name));
        if old.is_some() || new.is_some() {
            let of = |report: &Report| {
                stage(report, name).map_or(Measured::time(report, 0.0, 0.0), |stage| {
                    Measured::time(report, stage.mean_ms, stage.plus_minus_ms)
                })
            };
            changes.push(change(id, "ms", both(&of), Better::Less));
        }
    }
    changes
}

fn stage(report: &Report, name: StageName) -> Option<&Stage> {
    report.stages.iter().find(|stage| stage.stage == name)
}

/// How many workers there are is known without noise, and neither good nor bad.
fn workers(before: &Report, after: &Report) -> Change {
    let [old, new] = [before, after].map(|report| f64::from(report.workers.count));
    Change {
        figure: "workers".to_owned(),
        unit: String::new(),
        before: old,
        after: new,
        ratio_interval: None,
        direction: if old.total_cmp(&new).is_eq() {
            Direction::Same
        } else {
            Direction::Changed
        },
    }
}

fn change(figure: &str, unit: &str, [before, after]: [Measured; 2], better: Better) -> Change {
    Change {
        figure: figure.to_owned(),
        unit: unit.to_owned(),
        before: before.value,
        after: after.value,
        ratio_interval: after.ratio_interval(&before),
        direction: direction(&before, &after, better),
    }
}

/// Which way it went: beyond the noise where the two intervals have nothing in common.
fn direction(before: &Measured, after: &Measured, better: Better) -> Direction {
    let (Some([low, high]), Some([low_before, high_before])) = (after.interval, before.interval)
    else {
        return Direction::NotTold;
    };
    let is_more = low > high_before;
    let is_less = high < low_before;
    match (is_more, is_less, better) {
        (true, _, Better::More) | (_, true, Better::Less) => Direction::Better,
        (true, _, Better::Less) | (_, true, Better::More) => Direction::Worse,
        (false, false, _) => Direction::Same,
    }
}
