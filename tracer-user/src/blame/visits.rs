//! The visits of all stations that are seen from outside, by wait site.

use foldhash::HashMap;

use super::visit::{Part, Visit};
use crate::classify::WaitSite;
use crate::row::Nanos;

/// Most visits kept per station: enough for every figure drawn from them.
const MOST: u64 = 65_536;

/// Where a visit is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    site: WaitSite,
    index: usize,
}

/// Visits of one station.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    kept: u64,
    left_out: u64,
}

/// All visits. Wait sites of one station differ by what was asked: the verb, and for databases the statement.
#[derive(Clone, Debug, Default)]
pub struct Visits {
    kept: HashMap<WaitSite, Vec<Visit>>,
    counts: HashMap<WaitSite, Counts>,
}

impl Visits {
    /// Keeps a visit while its station has room, and counts it.
    pub(super) fn add(&mut self, site: WaitSite, visit: Visit) -> Option<Kept> {
        let counts = self.counts.entry(site.station()).or_default();
        if counts.kept >= MOST {
            counts.left_out += 1;
            return None;
        }
        counts.kept += 1;
        let visits = self.kept.entry(site).or_default();
        visits.push(visit);
        let index = visits.len() - 1;
        Some(Kept { site, index })
    }

    /// A visit turns out to last until `end`.
    pub(super) fn extend(&mut self, kept: Kept, end: Nanos) {
        let visits = self.kept.get_mut(&kept.site);
        if let Some(visit) = visits.and_then(|visits| visits.get_mut(kept.index)) {
            visit.end = visit.end.max(end);
        }
    }

    /// The window ends, and with it what is known of a visit's reply.
    pub(super) fn cut(&mut self, kept: Kept) {
        let visits = self.kept.get_mut(&kept.site);
        let visit = visits.and_then(|visits| visits.get_mut(kept.index));
        if let Some(visit) = visit.filter(|visit| visit.part == Part::Whole) {
            visit.part = Part::Answered;
        }
    }

    /// Those kept, by wait site, in the order in which they were told.
    pub fn iter(&self) -> impl Iterator<Item = (&WaitSite, &Vec<Visit>)> {
        self.kept.iter()
    }

    /// Visits there were to a station for each one kept, at least 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "numbers of visits")]
    pub fn for_each_kept(&self, station: WaitSite) -> f64 {
        let counts = self.counts.get(&station).copied().unwrap_or_default();
        1.0 + counts.left_out as f64 / counts.kept.max(1) as f64
    }

    /// Visits that had no room.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.counts.values().map(|counts| counts.left_out).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Visits};
    use crate::actors::ActorId;
    use crate::blame::{Part, Visit};
    use crate::classify::{ClassId, OperationId, WaitKind, WaitSite};
    use crate::row::Nanos;

    #[test]
    fn what_has_no_room_is_counted_by_station() {
        let mut visits = Visits::default();
        let site = |class, operation| WaitSite {
            operation: OperationId(operation),
            ..WaitSite::plain(WaitKind::Request, ClassId(class))
        };
        let visit = Visit {
            start: Nanos(1),
            end: Nanos(2),
            actor: ActorId::Task(1),
            part: Part::Whole,
        };
        for _ in 0..MOST {
            visits.add(site(1, 1), visit);
            visits.add(site(1, 2), visit);
        }
        visits.add(site(2, 1), visit);
        let kept: usize = visits.iter().map(|(_, list)| list.len()).sum();
        assert_eq!((kept as u64, visits.left_out()), (MOST + 1, MOST));
        let factor = |class| visits.for_each_kept(site(class, 0));
        assert!((factor(1) - 2.0).abs() < 1e-9 && (factor(2) - 1.0).abs() < 1e-9);
    }
}
