//! Durable writes as a station: what the rules for a slow device and for a limit on it share.

use super::accesses::disk_of;
use super::candidate::Claim;
use super::findings::Findings;
use super::user_lock::WORTH_NAMING;
use crate::blame::Figures;
use crate::classify::{WaitKind, WaitSite};
use crate::row::Disk;
use crate::scaling::{Lost, SharingEstimate};

/// Syncs meet when this many others are under way on average.
const TOGETHER: f64 = 0.5;

/// All syncs of the workers.
pub(super) struct Syncs {
    /// Where, heaviest first.
    pub(super) sites: Vec<WaitSite>,
    /// Worker time blocked in them, s.
    pub(super) seconds: f64,
    /// How many of them that stands for.
    pub(super) visits: f64,
    pub(super) sharing: SharingEstimate,
    pub(super) figures: Figures,
}

impl Syncs {
    /// `None`: they take no time worth naming.
    pub(super) fn of(findings: &Findings<'_>) -> Option<Self> {
        let sites = findings.sites().into_iter();
        let sites: Vec<(WaitSite, f64)> = sites
            .filter(|(site, _)| site.kind == WaitKind::Sync)
            .collect();
        let seconds: f64 = sites.iter().map(|(_, seconds)| seconds).sum();
        if seconds < WORTH_NAMING * findings.time() {
            return None;
        }
        let sites: Vec<WaitSite> = sites.iter().map(|(site, _)| *site).collect();
        let (sharing, figures) = findings.reading(&sites)?;
        let visits = standing_for(&figures, seconds);
        Some(Self {
            sites,
            seconds,
            visits,
            sharing,
            figures,
        })
    }

    /// The disk of the heaviest; `None`: not known.
    pub(super) fn disk<'a>(&self, findings: &Findings<'a>) -> Option<&'a Disk> {
        disk_of(findings, *self.sites.first()?)
    }

    /// Worker time in those of files on this disk, s.
    pub(super) fn on(&self, findings: &Findings<'_>, disk: &Disk) -> f64 {
        let sites = self.sites.iter();
        let there = sites.filter(|site| disk_of(findings, **site).is_some_and(|on| on == disk));
        there.map(|site| findings.blocked(*site)).sum()
    }

    /// Several are under way at once.
    pub(super) fn meet(&self) -> bool {
        self.figures.others >= TOGETHER
    }

    /// Name of the files synced most.
    pub(super) fn name(&self, findings: &Findings<'_>) -> String {
        self.sites
            .first()
            .map(|site| findings.class(site.class))
            .unwrap_or_default()
    }

    /// Divides what is lost over the sites, by the time spent at each.
    pub(super) fn claims(&self, findings: &Findings<'_>, lost: Lost) -> Vec<Claim> {
        let claim = |site: &WaitSite| {
            let share = findings.blocked(*site) / self.seconds.max(1e-9);
            Claim {
                site: *site,
                lost: lost * share,
            }
        };
        self.sites.iter().map(claim).collect()
    }
}

/// How many visits so much blocked time stands for: blocked time is what waits, what a sync or a read computes is its own.
#[expect(clippy::cast_precision_loss, reason = "a number of visits")]
pub(super) fn standing_for(figures: &Figures, seconds: f64) -> f64 {
    (seconds / figures.mean.max(1e-9)).min(figures.count as f64)
}

#[cfg(test)]
mod tests {
    use super::{Figures, standing_for};

    #[test]
    fn syncs_never_stand_for_more_than_the_time_that_is_blocked_in_them() {
        // Three syncs of a second, close to each other in a long window: their spacing says nothing of how many there are.
        let figures = Figures {
            count: 3,
            mean: 1.0,
            rate: 1.0,
            ..Figures::default()
        };
        assert!((standing_for(&figures, 2.5) - 2.5).abs() < 1e-9);
        assert!((standing_for(&figures, 9.0) - 3.0).abs() < 1e-9);
    }
}
