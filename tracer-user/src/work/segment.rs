//! What lies between two operations of known stage, and to which stage it goes.

use std::collections::BTreeMap;

use super::attribution::StageTime;
use super::class::ResourceClasses;
use super::stage::StageName;
use super::times::Times;
use super::wait_site::WaitSite;
use crate::timeline::Piece;

/// What a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Between operations: computing, being preempted, calls that say nothing.
    Gap,
    /// Waiting for a lock.
    Lock(WaitSite),
    /// Letting go of it.
    Release(WaitSite),
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
    /// A segment of these pieces; `instead` names the wait site its sleeps really wait at.
    #[must_use]
    pub fn new(
        what: What,
        pieces: &[Piece],
        instead: Option<WaitSite>,
        classes: &mut ResourceClasses,
    ) -> Self {
        let mut times = Times::default();
        for piece in pieces {
            times.add(piece, instead, classes);
        }
        Self { what, times }
    }
}

/// Gives segments to stages. `before` and `after` are the stages of the operations around them.
///
/// - A lock belongs to what is done once it is had: the operation after it, unless it was let go before that.
/// - A sleep belongs to the lock that is held over it, else to the operation before it.
/// - Computing between fetch and write is transform; before the next fetch it belongs to that fetch.
pub fn attribute(
    segments: &[Segment],
    before: Option<StageName>,
    after: Option<StageName>,
    classified: bool,
    stages: &mut BTreeMap<StageName, StageTime>,
) {
    // Where each lock is let go for the last time.
    let released: BTreeMap<WaitSite, usize> = segments
        .iter()
        .enumerate()
        .filter_map(|(index, segment)| match segment.what {
            What::Release(site) => Some((site, index)),
            _ => None,
        })
        .collect();
    let free = gap_stage(before, after, classified);
    let mut held: Option<(WaitSite, StageName)> = None;
    for (index, segment) in segments.iter().enumerate() {
        let within = held.map(|(_, stage)| stage);
        let stage = match segment.what {
            What::Lock(site) => {
                let kept = released.get(&site).is_none_or(|at| *at < index);
                let own = match after {
                    Some(after) if kept => after,
                    _ => section_stage(before, after, classified),
                };
                held = Some((site, own));
                own
            }
            What::Release(site) => {
                if held.is_some_and(|(lock, _)| lock == site) {
                    held = None;
                }
                within.unwrap_or(free)
            }
            What::Gap => within.unwrap_or(free),
            What::Sleep => within.or(before).or(after).unwrap_or(StageName::Other),
        };
        let entry = stages.entry(stage).or_default();
        entry.times.merge(&segment.times);
        if let What::Lock(site) = segment.what {
            *entry.visits.entry(site).or_default() += 1;
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
