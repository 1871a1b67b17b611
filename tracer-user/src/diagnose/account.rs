//! Where each second of worker time went: lost, work, or not explained.
//!
//! A second is claimed as lost by a candidate, or there is positive evidence that it is work ("service"), or it is not
//! explained. What no rule looks at is never taken for work. In the doubtful case a second is not explained.

use super::accesses::served_alone;
use super::candidate::Candidate;
use super::findings::Findings;
use super::inside::look_inside;
use super::remote::QUEUES;
use crate::blame::Figures;
use crate::classify::{Sort, WaitKind, WaitSite};
use crate::scaling::SharingEstimate;

/// Who meets fewer others than this on average is served alone.
const NOBODY: f64 = 0.05;

/// What a worker can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a CPU.
    Running,
    /// Ready, without one.
    RunQueue,
    /// Stopped by a signal or a debugger.
    Stopped,
    /// Not seen.
    NotSeen,
    /// Blocked there.
    Blocked(WaitSite),
}

/// The worker time spent at one place, s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Where.
    pub place: Place,
    /// All of it: the sum of the three below.
    pub seconds: f64,
    /// Lost, by a candidate.
    pub claimed: f64,
    /// Seen to be work.
    pub service: f64,
    /// Neither.
    pub unexplained: f64,
}

impl Row {
    /// `claimed` of `seconds` is lost, and the rest is work where that is `explained`.
    fn new(place: Place, seconds: f64, claimed: f64, explained: bool) -> Self {
        let claimed = claimed.clamp(0.0, seconds);
        let rest = seconds - claimed;
        Self {
            place,
            seconds,
            claimed,
            service: if explained { rest } else { 0.0 },
            unexplained: if explained { 0.0 } else { rest },
        }
    }
}

/// The account of all worker time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// By place, in no order.
    pub rows: Vec<Row>,
}

impl Account {
    /// Draws up the account.
    pub(super) fn of(findings: &Findings<'_>, candidates: &[Candidate]) -> Self {
        let all = &findings.all;
        let running = candidates.iter().map(|c| c.running.likely).sum();
        let run_queue = candidates.iter().map(|c| c.run_queue.likely).sum();
        let mut rows = vec![
            Row::new(Place::Running, all.run.seconds(), running, true),
            Row::new(Place::RunQueue, all.queued.seconds(), run_queue, true),
            Row::new(Place::Stopped, all.stopped.seconds(), 0.0, false),
            Row::new(Place::NotSeen, all.unknown.seconds(), 0.0, false),
        ];
        let of_files = served_alone(findings);
        for (site, seconds) in findings.sites() {
            let claims = candidates.iter().flat_map(Candidate::all_claims);
            let claimed: f64 = claims
                .filter(|claim| claim.site == site)
                .map(|claim| claim.lost.likely)
                .sum();
            let is_work = of_files.contains(&site) || is_work(findings, site);
            let explained = claimed > 0.0 || is_work;
            rows.push(Row::new(Place::Blocked(site), seconds, claimed, explained));
        }
        Self { rows }
    }

    /// All worker time, s.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.rows.iter().map(|row| row.seconds).sum()
    }

    /// Share of it that is neither claimed nor seen to be work, 0 to 1.
    #[must_use]
    pub fn unexplained_share(&self) -> f64 {
        let unexplained: f64 = self.rows.iter().map(|row| row.unexplained).sum();
        unexplained / self.total().max(1e-9)
    }

    /// Where most of the unexplained time is.
    #[must_use]
    pub fn least_explained(&self) -> Option<&Row> {
        let rows = self.rows.iter().filter(|row| row.unexplained > 0.0);
        rows.max_by(|a, b| a.unexplained.total_cmp(&b.unexplained))
    }
}

/// Whether what is waited for at a site that nobody claims is seen to be work on the waiter's own behalf. Files and page faults are
/// looked at by the disk they are on.
fn is_work(findings: &Findings<'_>, site: WaitSite) -> bool {
    match site.kind {
        // Sleeps for tokens are claimed by the limit that hands them out; the others pass their own time.
        WaitKind::Sleep => true,
        // So does a task's own timer, where its runtime shows that it is one.
        WaitKind::Parked => findings
            .place(site)
            .is_some_and(|place| place.sort == Sort::Timer),
        WaitKind::Sync | WaitKind::Connect => serves_alone(findings, site),
        WaitKind::Request => serves_alone(findings, site) || works_on_it(findings, site),
        WaitKind::Futex
        | WaitKind::FileLock
        | WaitKind::Service
        | WaitKind::PipeRead
        | WaitKind::PipeWrite
        | WaitKind::File
        | WaitKind::Poll
        | WaitKind::Carrier
        | WaitKind::Child
        | WaitKind::Fault
        | WaitKind::KernelLock
        | WaitKind::Memory
        | WaitKind::Other => false,
    }
}

/// A station that takes as long however many are there, or where nobody meets.
fn serves_alone(findings: &Findings<'_>, site: WaitSite) -> bool {
    let reading = findings.reading(&[site]);
    reading.is_some_and(|(sharing, seen)| is_served_alone(&sharing, &seen))
}

/// By its figures.
pub(super) fn is_served_alone(sharing: &SharingEstimate, seen: &Figures) -> bool {
    sharing.shared == Some(false) || (seen.whole > 0 && seen.others < NOBODY)
}

/// A local peer that works on the request for nearly all of the reply's time.
fn works_on_it(findings: &Findings<'_>, site: WaitSite) -> bool {
    let Some((_, seen)) = findings.reading(&[site]) else {
        return false;
    };
    #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
    let visits = seen.count as f64;
    look_inside(findings, site, visits).is_some_and(|peer| {
        let response = findings.blocked(site) / visits.max(1.0);
        peer.service + peer.starved >= (1.0 - QUEUES) * response
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::site;
    use super::*;

    #[test]
    fn a_row_is_the_sum_of_its_parts_whatever_is_claimed() {
        let place = Place::Blocked(site(WaitKind::Request, 1));
        for (claimed, explained) in [(0.0, true), (0.0, false), (3.0, true), (11.0, false)] {
            let row = Row::new(place, 10.0, claimed, explained);
            let sum = row.claimed + row.service + row.unexplained;
            assert!((sum - row.seconds).abs() < 1e-12, "{row:?}");
        }
    }

    #[test]
    fn what_is_neither_claimed_nor_work_is_not_explained() {
        let file = Place::Blocked(site(WaitKind::File, 1));
        let account = Account {
            rows: vec![
                Row::new(Place::Running, 1.4, 0.0, true),
                Row::new(file, 8.6, 0.0, false),
            ],
        };
        assert!((account.unexplained_share() - 0.86).abs() < 1e-9);
        assert_eq!(account.least_explained().map(|row| row.place), Some(file));
    }
}
