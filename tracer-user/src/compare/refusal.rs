//! What is not compared, and why.

use crate::report::Report;
use crate::work::StageName;

/// Items that hold so many times more fetches than before are other items: a half more is no longer a different mix of the same.
const OTHER_SIZE: f64 = 1.5;

/// Why two reports cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// One of them has no rate.
    #[error(
        "no item was completed in the window of the report {which} the change: there is no rate to compare"
    )]
    NoItems {
        /// `before` or `after`.
        which: &'static str,
    },
    /// They count different things.
    #[error(
        "the two count different things: an item was \"{before}\" and is now \"{after}\"; say what an item is in both, for example --item exchange:PEER"
    )]
    OtherItems {
        /// What was counted.
        before: String,
        /// What is counted now.
        after: String,
    },
    /// They count bundles of different size.
    #[error(
        "an item is not what it was: it took {before:.2} fetches and now takes {after:.2}; count the fetches in both, with --item exchange:PEER or read:PATH"
    )]
    OtherSize {
        /// Fetches an item, before.
        before: f64,
        /// Fetches an item, after.
        after: f64,
    },
}

/// Whether `before` and `after` count the same.
///
/// # Errors
/// [`Refusal`].
pub fn check(before: &Report, after: &Report) -> Result<(), Refusal> {
    for (report, which) in [(before, "before"), (after, "after")] {
        if report.items.count == 0 {
            return Err(Refusal::NoItems { which });
        }
    }
    let units = [before, after].map(|report| report.items.unit.as_str());
    if kind(units[0]) != kind(units[1]) {
        return Err(Refusal::OtherItems {
            before: units[0].to_owned(),
            after: units[1].to_owned(),
        });
    }
    let [old, new] = [before, after].map(fetches);
    let ratio = new / old;
    if ratio.is_finite() && ratio > 0.0 && !(1.0 / OTHER_SIZE..=OTHER_SIZE).contains(&ratio) {
        return Err(Refusal::OtherSize {
            before: old,
            after: new,
        });
    }
    Ok(())
}

/// What is counted, without which peer, file or address it was this time: a server that is started anew has another port, a run
/// another folder.
fn kind(unit: &str) -> String {
    let words = unit.split(' ').map(|word| {
        let is_place =
            word.contains(['/', ':', '.']) || word.contains(|c: char| c.is_ascii_digit());
        if is_place { "_" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Fetches an item.
fn fetches(report: &Report) -> f64 {
    report
        .stages
        .iter()
        .filter(|stage| stage.stage == StageName::Fetch)
        .flat_map(|stage| &stage.resources)
        .filter(|resource| resource.kind == "peer" || resource.kind == "file")
        .map(|resource| resource.visits)
        .fold(0.0, f64::max)
}
