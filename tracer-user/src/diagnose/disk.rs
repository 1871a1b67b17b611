//! `disk`: a device that is saturated, with no sync involved.
//!
//! Must be seen: workers blocked in reads or writes of files on one disk, or in page faults that read from it, several at once; the disk
//! at work meanwhile; and that each takes longer the more are under way, or that they end one by one, evenly spaced. Where the number
//! under way does not vary it cannot be told whether the disk serves them side by side: what may be lost is possible then.
//! Refuted by: accesses that meet nobody, or take as long however many are under way; a disk that has nothing to do while they wait; syncs,
//! which make writes beside them wait. A limit that is used up claims the same waits ([`super::quota`]).

use super::accesses::{AccessFacts, Accesses, Which};
use super::candidate::{Candidate, Ruling};
use super::culprit::{Culprit, CulpritKind};
use super::facts::Facts;
use super::findings::Findings;
use super::refutation::Refutation;
use super::sign::{Outcome, Sign};
use super::syncs::Syncs;
use super::user_lock::WORTH_NAMING;
use crate::cause::Cause;
use crate::row::{Disk, DiskUse, printable};

/// Accesses that met no other must be this many to give the time of one alone.
const ALONE: u64 = 5;
/// Whoever waits for a disk waits while it is at work: for most of that time it has something to do. The kernel's figure of that is short
/// by up to half where requests overlap and take longer than a tick (before Linux 6.10; block/blk-core.c, `update_io_ticks`).
const AT_WORK: f64 = 0.5;
/// Most of what a disk does is for others when the target's own is less than this share of it.
const MOST: f64 = 0.5;

/// What is seen of a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct DiskFacts {
    /// Its name.
    pub name: String,
    /// The workers' accesses to it.
    pub accesses: AccessFacts,
    /// How many it serves at once.
    pub capacity: f64,
    /// Whether it was told that they share it: they take longer together, or end evenly spaced.
    pub is_told: bool,
    /// What it does, whoever for.
    pub load: DiskLoad,
}

/// What a disk does, whoever for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DiskLoad {
    /// Share of the time in which it has something to do, 0 to 1.
    pub busy: f64,
    /// Requests it has at once, on average.
    pub at_once: f64,
    /// Reads.
    pub read: Throughput,
    /// Writes.
    pub written: Throughput,
    /// Most of what it does is for others: at most this share of its bytes is the target's own, 0 to 1; `None`: not so, or not known.
    pub own: Option<f64>,
}

/// One direction of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Throughput {
    /// Requests a second.
    pub per_s: f64,
    /// Bytes a second.
    pub bytes_per_s: f64,
    /// Mean time of a request, s.
    pub mean_s: f64,
}

pub(super) fn rule(findings: &Findings<'_>) -> Ruling {
    let mut ruling = Ruling::default();
    let syncs = Syncs::of(findings).filter(Syncs::meet);
    for accesses in Accesses::all(findings, Which::All) {
        let seconds = syncs
            .as_ref()
            .map_or(0.0, |syncs| syncs.on(findings, accesses.disk));
        on(findings, &accesses, seconds, &mut ruling);
    }
    ruling
}

/// What a culprit of these accesses is.
fn culprit(accesses: &Accesses<'_>) -> Culprit {
    Culprit {
        kind: CulpritKind::Device,
        name: format!("disk {}", printable(&accesses.disk.name)),
        capacity: accesses.sharing.capacity.round().max(1.0),
        rate_per_s: accesses.figures.rate,
        service_ms: 1e3 * accesses.sharing.service,
        ..Culprit::default()
    }
}

fn on(findings: &Findings<'_>, accesses: &Accesses<'_>, syncs: f64, ruling: &mut Ruling) {
    let Some(facts) = accesses.facts(findings) else {
        return;
    };
    let (sharing, seen) = (accesses.sharing, accesses.figures);
    let culprit = culprit(accesses);
    let load = load(findings, accesses.disk);
    if let Some(by) = refuted_by(findings, accesses, &facts, syncs, load) {
        ruling.clear(Cause::Disk, culprit, by);
        return;
    }
    let mut lost = sharing.lost * accesses.visits;
    if load.own.is_some() {
        lost.proved = 0.0;
    }
    if lost.possible < WORTH_NAMING * findings.time() {
        return;
    }
    let is_told = sharing.shared == Some(true) || sharing.even;
    ruling.candidates.push(Candidate {
        claims: accesses.claims(findings, lost),
        cap: is_told.then(|| findings.rate()),
        demand: findings.per_item(sharing.service * accesses.visits),
        capacity: culprit.capacity,
        tests: vec![
            Sign::AccessesMeet.is(Outcome::Seen),
            Sign::DiskAtWork.is(Outcome::Seen),
            Sign::SlowerTogether.is(Outcome::if_there(sharing.shared == Some(true))),
            Sign::MetNobody.is(Outcome::if_there(seen.alone.0 >= ALONE)),
        ],
        alternatives: if is_told {
            Vec::new()
        } else {
            vec![Cause::None]
        },
        ..Candidate::new(
            findings.stage_of(facts.site),
            culprit,
            Facts::Disk(DiskFacts {
                name: accesses.disk.name.clone(),
                accesses: facts,
                capacity: sharing.capacity.round().max(1.0),
                is_told,
                load,
            }),
        )
    });
}

/// What clears a disk, if anything does.
fn refuted_by(
    findings: &Findings<'_>,
    accesses: &Accesses<'_>,
    facts: &AccessFacts,
    syncs: f64,
    load: DiskLoad,
) -> Option<Refutation> {
    if !accesses.meet() {
        let others = accesses.figures.others;
        return Some(Refutation::MetNobody { others });
    }
    if accesses.sharing.shared == Some(false) {
        let elasticity = accesses.figures.elasticity.unwrap_or(0.0);
        return Some(Refutation::ServedAlone { elasticity });
    }
    if !facts.reads && accesses.only_write(findings) && syncs > accesses.seconds {
        return Some(Refutation::Claimed { by: Cause::Fsync });
    }
    let present = findings.present_at(&accesses.sites) / findings.window().max(1e-9);
    let waiting = accesses.seconds / findings.window().max(1e-9);
    let is_at_work = load.busy >= AT_WORK * present || load.at_once >= AT_WORK * waiting;
    (!is_at_work).then_some(Refutation::DiskIdle {
        busy: load.busy,
        present,
    })
}

/// What a disk does, and how much of that is the target's own at most: what that reads from other disks is not told apart.
#[expect(clippy::cast_precision_loss, reason = "counts and bytes of one window")]
fn load(findings: &Findings<'_>, disk: &Disk) -> DiskLoad {
    let over = disk.over.seconds().max(1e-9);
    let throughput = |of: DiskUse| Throughput {
        per_s: of.requests as f64 / over,
        bytes_per_s: of.bytes as f64 / over,
        mean_s: of.time.seconds() / of.requests.max(1) as f64,
    };
    let own = findings.meta.target.disk_bytes.map(|own| {
        let own = own.bytes() as f64 / own.over.seconds().max(1e-9);
        own * over / (disk.bytes().max(1)) as f64
    });
    DiskLoad {
        busy: disk.busy_share(),
        at_once: disk.at_once(),
        read: throughput(disk.read),
        written: throughput(disk.written),
        own: own.filter(|own| *own < MOST),
    }
}
