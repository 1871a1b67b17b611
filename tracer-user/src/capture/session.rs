//! Opens a capture: attaches first, then looks for what exists until nothing new is found.

use std::time::Instant;

use aya::{Ebpf, maps::PerCpuArray};

use super::attach::Link;
use super::callsite::Sites;
use super::disk_limits::DiskLimits;
use super::drain::{Drain, Names};
use super::govern::Governor;
use super::resources::Table;
use super::roster::Roster;
use super::seed::Seeder;
use super::start::Held;
use super::targets::{TargetSpec, Targets};
use super::{CaptureError, Settings, attach, books, clock, describe, host, object, offsets};
use crate::row::{Meta, Nanos, Pid, Task, TaskFact, TaskRole};

/// Passes over the thread list before a seed gives up finding an end.
const MOST_PASSES: usize = 10;

/// Probes in and seeded.
pub struct Session {
    pub(super) settings: Settings,
    pub(super) meta: Meta,
    pub(super) ebpf: Ebpf,
    pub(super) links: Vec<Link>,
    pub(super) governor: Option<Governor>,
    pub(super) losses: PerCpuArray<aya::maps::MapData, u64>,
    pub(super) seeder: Seeder,
    pub(super) drain: Drain,
    pub(super) targets: Targets,
    pub(super) resources: Table,
    pub(super) sites: Sites,
    pub(super) roster: Roster,
    pub(super) disk_limits: DiskLimits,
    pub(super) command: Option<Held>,
    /// Threads watched, as of the latest pass.
    pub(super) threads: u64,
    /// CPU time of holdup when the window opened.
    pub(super) self_cpu: Nanos,
}

impl Session {
    /// Attaches to the targets.
    ///
    /// # Errors
    /// [`CaptureError`]: the host or the rights do not allow it, or a target cannot be watched.
    pub fn open(settings: Settings) -> Result<Self, CaptureError> {
        let began = Instant::now();
        let mut targets = Targets::find(&settings.targets)?;
        host::allow(&host::glance())?;
        let machine = describe::host();
        let bytes = offsets::read_btf()?;
        let types = offsets::parse(&bytes)?;
        let values = offsets::find(&types, &machine.kernel)?;
        let btf = offsets::for_aya()?;
        let mut ebpf = object::load(&settings, &values, &btf)?;
        let seeder = Seeder::load(&mut ebpf, &btf)?;
        let (mut notes, links) =
            attach::attach(&mut ebpf, &types, &btf, &machine.kernel, settings.calls)?;
        if !settings.calls {
            notes.push(
                "waits alone were recorded (--waits-only): stages and exchanges are not told"
                    .to_owned(),
            );
        }
        let command = start(&settings.targets)?;
        if let Some(command) = &command {
            targets.add(command.pid);
        }
        let mut session = Self {
            meta: Meta {
                schema: crate::row::SCHEMA,
                host: machine,
                settings: describe::settings(&settings),
                notes,
                ..Meta::default()
            },
            losses: object::take(&mut ebpf, "COUNTERS")?,
            drain: Drain::new(&mut ebpf)?,
            roster: Roster::new(&mut ebpf)?,
            resources: Table::new(),
            sites: Sites::new(),
            disk_limits: DiskLimits::default(),
            threads: 0,
            self_cpu: Nanos::ZERO,
            seeder,
            ebpf,
            links,
            governor: None,
            targets,
            command,
            settings,
        };
        session.seed()?;
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        session.meta.counters.attach = Nanos(took);
        Ok(session)
    }

    /// What is known at the start: not complete, the window open.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Takes in the targets' threads, until a pass over the host's threads finds no new one.
    fn seed(&mut self) -> Result<(), CaptureError> {
        for pid in self.targets.pids() {
            self.roster.add_target(pid)?;
        }
        for _ in 0..MOST_PASSES {
            let pass = self.seeder.pass(&mut self.ebpf, u64::MAX)?;
            self.threads = pass.alive;
            let new = self.targets.rescan();
            for pid in &new {
                self.roster.add_target(*pid)?;
            }
            if pass.fresh == 0 && new.is_empty() {
                break;
            }
        }
        let pids = self.targets.pids();
        self.meta.target = describe::target(&self.settings.words, &pids, &self.settings.targets);
        self.disk_limits = DiskLimits::open(&pids);
        let seen = describe::seen(&pids, TaskRole::Target);
        let books = books::read(&pids, TaskFact::BooksOpened);
        self.drain();
        self.meta.clocks = describe::clocks();
        self.meta.opened = clock::monotonic();
        self.self_cpu = describe::self_cpu();
        let rows = self.drain.pending();
        rows.tasks.extend(seen);
        rows.tasks.extend(books);
        let programs = attach::programs(&self.ebpf);
        let budget = self.settings.max_overhead;
        self.governor = budget.map(|percent| Governor::begin(percent, programs));
        Ok(())
    }

    /// Empties the ring, and asks for names of what is new.
    pub(super) fn drain(&mut self) {
        let before = self.drain.pending().tasks.len();
        self.drain.drain(&mut Names {
            resources: &mut self.resources,
            stacks: &mut self.sites,
            threads: &mut self.roster,
        });
        self.resources.learn(clock::monotonic());
        let rows = self.drain.pending();
        rows.resources.extend(self.resources.take_rows());
        rows.stacks.extend(self.sites.take_rows());
        for task in rows.tasks.iter_mut().skip(before) {
            learn(task, &mut self.sites);
        }
    }

    /// Watches processes that were found while the window is open; the next pass takes their threads in.
    pub(super) fn watch_new(&mut self) -> Result<(), CaptureError> {
        for pid in self.targets.rescan_when_due() {
            self.roster.add_target(pid)?;
            self.introduce(pid, TaskRole::Target);
        }
        for peer in self.resources.take_local_peers() {
            if self.roster.add_peer(peer.pid, peer.of)? {
                self.introduce(peer.pid, TaskRole::Peer);
            }
        }
        Ok(())
    }

    fn introduce(&mut self, pid: Pid, role: TaskRole) {
        let mut seen = describe::seen(&[pid], role);
        for row in &mut seen {
            row.end = self.drain.clock.at(row.end);
        }
        self.drain.pending().tasks.extend(seen);
    }
}

/// Starts the command among the targets, held back.
fn start(targets: &[TargetSpec]) -> Result<Option<Held>, CaptureError> {
    let command = targets.iter().find_map(|target| match target {
        TargetSpec::Run(words) => Some(words),
        TargetSpec::Pid(_) | TargetSpec::Comm(_) | TargetSpec::Cgroup(_) => None,
    });
    command.map(|words| Held::start(words)).transpose()
}

/// What the system says of a process that has just become another program; what was known of its code is void.
fn learn(task: &mut Task, sites: &mut Sites) {
    if task.fact == TaskFact::Exec {
        task.exe = describe::exe(task.pid);
        task.command = describe::command(task.pid);
    }
    let was_last = task.fact == TaskFact::Exited && task.tid.0 == task.pid.0;
    if task.fact == TaskFact::Exec || was_last {
        sites.forget(task.pid);
    }
}
