//! Reads and writes of files on one disk as a station, and the page faults that read from it: what the rules for a disk that is
//! saturated and for a limit on it share.
//!
//! Of files it is known which file system they are of, and of that which disk it lies on. A page fault names no file: it is taken to
//! be for the disk that did nearly all reading there was, unless the host swaps to that. In the doubtful case an access is on no disk.

use std::collections::{BTreeMap, BTreeSet};

use super::account::is_served_alone;
use super::candidate::Claim;
use super::findings::Findings;
use super::syncs::standing_for;
use super::user_lock::WORTH_NAMING;
use crate::blame::Figures;
use crate::classify::{OperationKind, WaitKind, WaitSite};
use crate::row::{Disk, FileKind, Resource};
use crate::scaling::{Lost, SharingEstimate};

/// Accesses meet when this many others are under way on average.
const TOGETHER: f64 = 0.5;
/// Page faults are for the disk that did this share of the host's reading: of ten one may be elsewhere.
const NEARLY_ALL: f64 = 0.9;

/// What is seen of the workers' accesses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccessFacts {
    /// Where most of it is waited for.
    pub site: WaitSite,
    /// They read, and not write.
    pub reads: bool,
    /// How many ended in the window.
    pub count: u64,
    /// Mean length, s.
    pub mean_s: f64,
    /// Worker time blocked in them, s.
    pub seconds: f64,
    /// Under way at once, on average.
    pub at_once: f64,
    /// Completed a second.
    pub rate_per_s: f64,
}

/// Which accesses of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// All.
    All,
    /// Reads and page faults.
    Reads,
    /// Writes.
    Writes,
}

/// Where the workers wait for one disk.
struct Group<'a> {
    /// Which; `None`: none that is known.
    disk: Option<&'a Disk>,
    /// The wait sites with the worker time blocked there, s, heaviest first.
    there: Vec<(WaitSite, f64)>,
}

/// The workers' accesses to one disk.
#[derive(Clone, Debug)]
pub(super) struct Accesses<'a> {
    pub(super) disk: &'a Disk,
    /// Where, heaviest first.
    pub(super) sites: Vec<WaitSite>,
    /// Worker time blocked in them, s.
    pub(super) seconds: f64,
    /// How many of them that stands for.
    pub(super) visits: f64,
    pub(super) sharing: SharingEstimate,
    pub(super) figures: Figures,
}

impl<'a> Accesses<'a> {
    /// Those that take time worth naming, by disk.
    pub(super) fn all(findings: &Findings<'a>, which: Which) -> Vec<Self> {
        let by_disk = by_disk(findings, which).into_iter();
        by_disk
            .filter_map(|group| Self::on(findings, group.disk?, &group.there))
            .collect()
    }

    fn on(findings: &Findings<'_>, disk: &'a Disk, there: &[(WaitSite, f64)]) -> Option<Self> {
        let seconds: f64 = there.iter().map(|(_, seconds)| seconds).sum();
        if seconds < WORTH_NAMING * findings.time() {
            return None;
        }
        let sites: Vec<WaitSite> = there.iter().map(|(site, _)| *site).collect();
        let (sharing, figures) = findings.reading(&sites)?;
        Some(Self {
            disk,
            sites,
            seconds,
            visits: standing_for(&figures, seconds),
            sharing,
            figures,
        })
    }

    /// Several are under way at once.
    pub(super) fn meet(&self) -> bool {
        self.figures.others >= TOGETHER
    }

    /// None of them reads.
    pub(super) fn only_write(&self, findings: &Findings<'_>) -> bool {
        !self.sites.iter().any(|site| reads(findings, *site))
    }

    /// What is seen of them.
    pub(super) fn facts(&self, findings: &Findings<'_>) -> Option<AccessFacts> {
        let site = *self.sites.first()?;
        Some(AccessFacts {
            site,
            reads: reads(findings, site),
            count: self.figures.count,
            mean_s: self.figures.mean,
            seconds: self.seconds,
            at_once: self.figures.others + 1.0,
            rate_per_s: self.figures.rate,
        })
    }

    /// Divides what is lost over the sites, by the time spent at each.
    pub(super) fn claims(&self, findings: &Findings<'_>, lost: Lost) -> Vec<Claim> {
        let claim = |site: &WaitSite| Claim {
            site: *site,
            lost: lost * (findings.blocked(*site) / self.seconds.max(1e-9)),
        };
        self.sites.iter().map(claim).collect()
    }
}

/// The wait sites whose accesses take as long however many are under way on their disk, or meet nobody there. Files that lie on no disk
/// that is known are taken together as if they lay on one.
pub(super) fn served_alone(findings: &Findings<'_>) -> Vec<WaitSite> {
    let mut alone = Vec::new();
    for Group { disk, there } in by_disk(findings, Which::All) {
        let sites = there.iter().map(|(site, _)| *site);
        let sites: Vec<WaitSite> = sites
            .filter(|site| disk.is_some() || site.kind == WaitKind::File)
            .collect();
        let Some((sharing, seen)) = findings.reading(&sites) else {
            continue;
        };
        if is_served_alone(&sharing, &seen) {
            alone.extend(sites);
        }
    }
    alone
}

/// Where the workers wait in files or for pages by the disk these are on, heaviest first, s. Nothing where it is not worth naming.
fn by_disk<'a>(findings: &Findings<'a>, which: Which) -> Vec<Group<'a>> {
    let is_access = |site: WaitSite| matches!(site.kind, WaitKind::File | WaitKind::Fault);
    let is_asked = |site: WaitSite| match which {
        Which::All => true,
        Which::Reads => reads(findings, site),
        Which::Writes => !reads(findings, site),
    };
    let mut sites = findings.sites();
    sites.retain(|(site, _)| is_access(*site));
    let all: f64 = sites.iter().map(|(_, seconds)| seconds).sum();
    if all < WORTH_NAMING * findings.time() {
        return Vec::new();
    }
    sites.retain(|(site, _)| is_asked(*site));
    let mut groups: BTreeMap<Option<usize>, Vec<(WaitSite, f64)>> = BTreeMap::new();
    for (site, seconds) in sites {
        let group = groups.entry(place_of(findings, site)).or_default();
        group.push((site, seconds));
    }
    let disk = |place: Option<usize>| place.and_then(|place| findings.meta.disks.get(place));
    let groups = groups.into_iter();
    groups
        .map(|(place, there)| Group {
            disk: disk(place),
            there,
        })
        .collect()
}

/// Most accesses there read.
pub(super) fn reads(findings: &Findings<'_>, site: WaitSite) -> bool {
    if site.kind == WaitKind::Fault {
        return true;
    }
    let visits = findings.collector.visits.iter();
    let (mut reads, mut writes) = (0, 0);
    for (at, visits) in visits.filter(|(at, _)| at.station() == site) {
        let operation = findings.inventory.operation(at.operation);
        match operation.map(|operation| operation.kind) {
            Some(OperationKind::Read) => reads += visits.len(),
            _ => writes += visits.len(),
        }
    }
    reads >= writes
}

/// The disk that accesses there go to, or syncs.
pub(super) fn disk_of<'a>(findings: &Findings<'a>, site: WaitSite) -> Option<&'a Disk> {
    findings.meta.disks.get(place_of(findings, site)?)
}

/// Its place among the disks.
fn place_of(findings: &Findings<'_>, site: WaitSite) -> Option<usize> {
    let disks = &findings.meta.disks;
    if site.kind == WaitKind::Fault {
        return read_from(disks);
    }
    let members = findings.classes.members(site.class);
    let is_file = |file: &&&Resource| file.file == FileKind::Regular && file.device != 0;
    let file_systems: BTreeSet<u64> = members
        .iter()
        .filter(is_file)
        .map(|file| file.device)
        .collect();
    let on = |file_system: &u64| {
        let mut disks = disks.iter();
        disks.position(|disk| disk.file_systems.contains(file_system))
    };
    let mut on: BTreeSet<Option<usize>> = file_systems.iter().map(on).collect();
    let first = on.pop_first()?;
    first.filter(|_| on.is_empty())
}

/// The place of the one disk that the host reads from.
#[expect(clippy::cast_precision_loss, reason = "bytes of one window")]
fn read_from(disks: &[Disk]) -> Option<usize> {
    let all: u64 = disks.iter().map(|disk| disk.read.bytes).sum();
    let disks = disks.iter().enumerate();
    let (place, most) = disks.max_by_key(|(_, disk)| disk.read.bytes)?;
    let is_it = all > 0 && most.read.bytes as f64 >= NEARLY_ALL * all as f64;
    (is_it && !most.swaps).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::read_from;
    use crate::row::{Disk, DiskUse};

    #[test]
    fn pages_are_read_from_the_one_disk_that_is_read_from() {
        let disk = |name: &str, bytes| Disk {
            name: name.to_owned(),
            read: DiskUse {
                bytes,
                ..DiskUse::default()
            },
            ..Disk::default()
        };
        assert_eq!(read_from(&[disk("a", 3), disk("b", 97)]), Some(1));
        assert_eq!(read_from(&[disk("a", 30), disk("b", 70)]), None, "two");
        assert_eq!(read_from(&[disk("a", 0)]), None, "nothing was read");
        assert_eq!(read_from(&[]), None);
        let swaps = Disk {
            swaps: true,
            ..disk("a", 100)
        };
        assert_eq!(read_from(&[swaps]), None, "memory may be what is short");
    }
}
