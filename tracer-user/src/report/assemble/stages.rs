//! The rows of the profile.

use std::collections::BTreeMap;

use crate::classify::{WaitKind, WaitSite};
use crate::diagnose::{Conclusion, Findings, Place};
use crate::report::{Resource, Stage};
use crate::work::{StageName, StageTime};

/// Share of the time at each wait site, on the CPU, and in the run queue, that is waiting for other workers.
struct Queueing {
    sites: BTreeMap<WaitSite, f64>,
    running: f64,
    run_queue: f64,
}

impl Queueing {
    fn of(conclusion: &Conclusion) -> Self {
        let mut queueing = Self {
            sites: BTreeMap::new(),
            running: 0.0,
            run_queue: 0.0,
        };
        for row in &conclusion.account.rows {
            let share = row.claimed / row.seconds.max(1e-9);
            match row.place {
                Place::Blocked(site) => {
                    queueing.sites.insert(site, share);
                }
                Place::Running => queueing.running = share,
                Place::RunQueue => queueing.run_queue = share,
                Place::Stopped | Place::NotSeen => {}
            }
        }
        queueing
    }

    fn at(&self, site: WaitSite) -> f64 {
        self.sites.get(&site).copied().unwrap_or(0.0)
    }
}

/// A smaller share of the time is a remainder of rounding.
const NOTHING: f64 = 1e-7;

pub(super) fn stages(findings: &Findings<'_>, conclusion: &Conclusion) -> Vec<Stage> {
    let queueing = Queueing::of(conclusion);
    let whole = findings.time().max(1e-12);
    let row = |(name, stage): (&StageName, &StageTime)| {
        let total = stage.times.total().seconds();
        let queue: f64 = stage
            .times
            .blocked
            .iter()
            .map(|(site, time)| time.seconds() * queueing.at(findings.lock_site(*site)))
            .sum::<f64>()
            + stage.times.run.seconds() * queueing.running
            + stage.times.queued.seconds() * queueing.run_queue;
        Stage {
            stage: *name,
            mean_ms: 1e3 * findings.per_item(total),
            plus_minus_ms: 1e3 * findings.per_item(edge(*name, &findings.stages)),
            service_ms: 1e3 * findings.per_item((total - queue).max(0.0)),
            queue_ms: 1e3 * findings.per_item(queue),
            share: total / whole,
            resources: resources(findings, stage),
        }
    };
    findings
        .stages
        .iter()
        .filter(|(_, stage)| stage.times.total().seconds() > NOTHING * whole)
        .map(row)
        .collect()
}

/// What lies at the edge of a stage may belong to its neighbour, but hardly more than it computed by itself: parsing a reply
/// costs about as much as reading it. What lies between two stages may belong to both of them. Where a library is seen to do more than
/// that, it may have done less.
fn edge(name: StageName, stages: &BTreeMap<StageName, StageTime>) -> f64 {
    let estimated = stages
        .get(&name)
        .map_or(0.0, |stage| stage.estimated.seconds());
    may_be_neighbours(name, stages).max(estimated)
}

fn may_be_neighbours(name: StageName, stages: &BTreeMap<StageName, StageTime>) -> f64 {
    let own = |name: StageName| -> f64 {
        let stage = stages.get(&name);
        stage.map_or(0.0, |stage| stage.edge.seconds().min(run(stage)))
    };
    match name {
        StageName::Transform => {
            let between = own(StageName::Fetch) + own(StageName::Write);
            between.min(stages.get(&name).map_or(0.0, run))
        }
        _ => own(name),
    }
}

fn run(stage: &StageTime) -> f64 {
    stage.times.run.seconds()
}

/// What is spent at one wait site.
#[derive(Default)]
struct Spent {
    seconds: f64,
    visits: u64,
}

fn resources(findings: &Findings<'_>, stage: &StageTime) -> Vec<Resource> {
    let mut sums: BTreeMap<WaitSite, Spent> = BTreeMap::new();
    for (site, time) in &stage.times.blocked {
        sums.entry(findings.lock_site(*site)).or_default().seconds += time.seconds();
    }
    for (site, count) in &stage.visits {
        sums.entry(findings.lock_site(*site)).or_default().visits += count;
    }
    let at = |(site, spent): (WaitSite, Spent)| {
        #[expect(clippy::cast_precision_loss, reason = "a number of visits")]
        Resource {
            kind: kind(findings, site).to_owned(),
            name: name(findings, site),
            mean_ms: 1e3 * findings.per_item(spent.seconds),
            visits: findings.per_item(spent.visits as f64),
        }
    };
    let mut list: Vec<Resource> = sums.into_iter().map(at).collect();
    for (name, time) in [
        ("running", stage.times.run),
        ("waiting for a CPU", stage.times.queued),
    ] {
        if time.0 > 0 {
            list.push(Resource {
                kind: "cpu".to_owned(),
                name: name.to_owned(),
                mean_ms: 1e3 * findings.per_item(time.seconds()),
                visits: 0.0,
            });
        }
    }
    list.sort_by(|a, b| {
        b.mean_ms
            .total_cmp(&a.mean_ms)
            .then_with(|| a.name.cmp(&b.name))
    });
    list.truncate(8);
    list
}

fn kind(findings: &Findings<'_>, site: WaitSite) -> &'static str {
    match site.kind {
        WaitKind::Futex | WaitKind::FileLock | WaitKind::KernelLock => "lock",
        WaitKind::Sync | WaitKind::File => "file",
        WaitKind::Request | WaitKind::Connect | WaitKind::Service => "peer",
        WaitKind::PipeRead | WaitKind::PipeWrite => "queue",
        WaitKind::Sleep => "timer",
        WaitKind::Poll => "poll",
        WaitKind::Carrier => "thread",
        WaitKind::Parked => findings
            .place(site)
            .map_or("process", |place| place.sort.name()),
        WaitKind::Child => "child",
        WaitKind::Fault | WaitKind::Memory => "memory",
        WaitKind::Other => "other",
    }
}

pub(super) fn name(findings: &Findings<'_>, site: WaitSite) -> String {
    let class = || findings.class(site.class);
    match site.kind {
        WaitKind::Futex => findings.lock_name(site.class),
        WaitKind::FileLock => format!("lock of {}", class()),
        WaitKind::KernelLock => format!("kernel's lock of {}", class()),
        WaitKind::Memory => "memory that is taken back".to_owned(),
        WaitKind::Sync => format!("fsync of {}", class()),
        WaitKind::File
        | WaitKind::Request
        | WaitKind::Service
        | WaitKind::PipeRead
        | WaitKind::PipeWrite => class(),
        WaitKind::Connect => format!("connecting to {}", class()),
        WaitKind::Sleep => "sleep".to_owned(),
        WaitKind::Poll => "poll".to_owned(),
        WaitKind::Carrier => "carrying thread".to_owned(),
        WaitKind::Parked if findings.place(site).is_some() => class(),
        WaitKind::Parked => "parked in the process".to_owned(),
        WaitKind::Child => "child process".to_owned(),
        WaitKind::Fault => "page faults".to_owned(),
        WaitKind::Other => "other calls".to_owned(),
    }
}
