//! What lies between two operations of known stage, and to which stage it goes.

use std::collections::BTreeMap;

use super::ledger::StageTime;
use super::place::Places;
use super::spot::Spot;
use super::stage::StageName;
use super::times::Times;
use crate::timeline::Piece;

/// What a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Between operations: computing, being preempted, calls that say nothing.
    Gap,
    /// An operation of known stage.
    Operation,
    /// Waiting for a lock.
    Lock(Spot),
    /// Letting go of a lock.
    Release,
    /// Sleeping.
    Sleep,
}

/// A stretch of one worker's time.
#[derive(Clone, Debug)]
pub struct Segment {
    /// What it is.
    pub what: What,
    /// How it divides.
    pub times: Times,
}

impl Segment {
    /// A segment of these pieces; `instead` names the spot its sleeps really wait at.
    #[must_use]
    pub fn new(what: What, pieces: &[Piece], instead: Option<Spot>, places: &mut Places) -> Self {
        let mut times = Times::default();
        for piece in pieces {
            times.add(piece, instead, places);
        }
        Self { what, times }
    }
}

/// Gives segments to stages. `before` and `after` are the stages of the operations around them.
///
/// - A lock belongs to what is done once it is had: the operation after it, unless it was let go before that.
/// - A sleep belongs to the lock that is held over it, else to the operation before it.
/// - Computing between fetch and write is transform; before the next fetch it belongs to that fetch.
pub fn settle(
    segments: &[Segment],
    before: Option<StageName>,
    after: Option<StageName>,
    classified: bool,
    stages: &mut BTreeMap<StageName, StageTime>,
) {
    // For each segment: the lock held over it is still held when the next operation comes.
    let released_after: Vec<bool> = {
        let mut seen = false;
        let mut list: Vec<bool> = segments
            .iter()
            .rev()
            .map(|segment| {
                seen |= segment.what == What::Release;
                seen
            })
            .collect();
        list.reverse();
        list
    };
    let free = gap_stage(before, after, classified);
    let mut held: Option<StageName> = None;
    for (index, segment) in segments.iter().enumerate() {
        let stage = match segment.what {
            What::Lock(_) => {
                let own = if !released_after[index] && after.is_some() {
                    after.unwrap_or_default()
                } else {
                    section_stage(before, after, classified)
                };
                held = Some(own);
                own
            }
            What::Gap | What::Operation => held.unwrap_or(free),
            What::Release => {
                let own = held.unwrap_or(free);
                held = None;
                own
            }
            What::Sleep => held.or(before).or(after).unwrap_or(StageName::Other),
        };
        let entry = stages.entry(stage).or_default();
        entry.times.merge(&segment.times);
        if let What::Lock(spot) = segment.what {
            *entry.visits.entry(spot).or_default() += 1;
        }
        if segment.what == What::Gap && held.is_none() && before != after {
            let edge = segment.times.run;
            for side in [before, after].into_iter().flatten() {
                stages.entry(side).or_default().edge += edge;
            }
        }
    }
}

/// Computing with no lock held.
fn gap_stage(before: Option<StageName>, after: Option<StageName>, classified: bool) -> StageName {
    match (before, after) {
        _ if !classified => StageName::Transform,
        (Some(StageName::Fetch), Some(StageName::Write) | None) => StageName::Transform,
        (Some(before), Some(after)) if before == after => after,
        (_, Some(after)) => after,
        (Some(before), None) => before,
        (None, None) => StageName::Transform,
    }
}

/// A section under a lock that was let go before the next operation.
fn section_stage(
    before: Option<StageName>,
    after: Option<StageName>,
    classified: bool,
) -> StageName {
    match (before, after) {
        _ if !classified => StageName::Other,
        (Some(StageName::Fetch), Some(StageName::Write)) => StageName::Transform,
        // The work has no writes of its own: what it does under a lock after fetching is its output.
        (Some(StageName::Fetch), Some(StageName::Fetch)) => StageName::Write,
        (Some(before), _) => before,
        (None, Some(after)) => after,
        (None, None) => StageName::Other,
    }
}
