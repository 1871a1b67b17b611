//! A capture session: attaches the probes first, then scans for the threads that exist already until a scan finds no new one.
//!
//! In: [`Settings`]. Out: batches of rows to a [`crate::row::RowSink`], and the final [`Meta`]. The open window itself is in
//! `poll_loop`; what happens when recording costs too much is in `pauses`.

mod settings;

pub mod describe;

mod command;
mod schedstat;
mod servers;
mod task_iterator;

mod trace_clock;

mod drain;
mod idle_cpus;
mod losses;

mod pauses;
mod poll_loop;
mod runtimes;

use std::time::Instant;

use aya::{Ebpf, maps::PerCpuArray};

use super::callsite::Sites;
use super::overhead::controller::Controller;
use super::probes::attach::{self, Link};
use super::probes::{object, offsets, sampler};
use super::resources::{Listeners, Table, Transits};
use super::targets::disk_limits::DiskLimits;
use super::targets::disks::Disks;
use super::targets::memory_limits::MemoryLimits;
use super::targets::tracked::TrackedProcesses;
use super::targets::{TargetSpec, Targets};
use super::{CaptureError, clock, host};
use command::HeldCommand;
use drain::{Drain, Names};
use idle_cpus::IdleWatch;
use losses::Losses;
use runtimes::Looks;
use servers::Servers;
use task_iterator::TaskIterator;

use crate::row::{Meta, Nanos, Pid, Task, TaskFact, TaskRole};
pub use settings::{DEFAULT_RING_BYTES, Flow, Progress, RING_BYTES, Settings};

/// Passes over the thread list before a scan gives up waiting for a pass that finds no new thread: a program that keeps
/// creating threads would hold it up for ever.
const MOST_PASSES: usize = 10;

/// Processes whose programs are opened before the window: most of many run the same.
const MOST_PREPARED: usize = 16;

/// An open window: the probes are attached and the initial scan is complete.
pub struct Session {
    settings: Settings,
    meta: Meta,
    ebpf: Ebpf,
    links: Vec<Link>,
    controller: Option<Controller>,
    counters: PerCpuArray<aya::maps::MapData, u64>,
    tasks: TaskIterator,
    drain: Drain,
    targets: Targets,
    resources: Table,
    sites: Sites,
    tracked: TrackedProcesses,
    disk_limits: DiskLimits,
    memory_limits: MemoryLimits,
    listeners: Listeners,
    transits: Transits,
    servers: Servers,
    disks: Disks,
    idle_cpus: IdleWatch,
    command: Option<HeldCommand>,
    /// Threads of tracked processes, as of the latest pass over the thread list.
    threads: u64,
    /// CPU time that holdup had used when the window opened.
    self_cpu: Nanos,
    /// What the next batch must say of the time.
    untold: Untold,
    losses: Losses,
    looks: Looks,
}

/// What is known of the time and stands in no batch yet, in time of the trace.
#[derive(Debug, Default)]
struct Untold {
    joins: Vec<Nanos>,
    gaps: Vec<(Nanos, Nanos)>,
}

impl Session {
    /// Attaches to the targets and opens the window.
    ///
    /// # Errors
    /// [`CaptureError`]: the host or the rights do not allow it, or a target cannot be recorded.
    pub fn open(settings: Settings) -> Result<Self, CaptureError> {
        let began = Instant::now();
        let mut targets = Targets::find(&settings.targets)?;
        host::allow(&host::glance())?;
        let machine = describe::host();
        let bytes = offsets::read_btf()?;
        let types = offsets::parse(&bytes)?;
        let values = offsets::find(&types, &machine.kernel)?;
        let btf = offsets::for_aya(&bytes)?;
        let sites = prepared(&settings, &targets);
        let mut ebpf = object::load(&settings, &values, &btf)?;
        let tasks = TaskIterator::load(&mut ebpf, &btf)?;
        let (mut notes, links) =
            attach::attach(&mut ebpf, &types, &btf, &machine.kernel, settings.calls)?;
        if settings.call_sites {
            notes.extend(sampler::attach(&mut ebpf));
        }
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
            counters: object::take(&mut ebpf, "COUNTERS")?,
            drain: Drain::new(&mut ebpf, settings.ring_bytes)?,
            tracked: TrackedProcesses::new(&mut ebpf)?,
            resources: Table::new(),
            sites,
            disk_limits: DiskLimits::default(),
            memory_limits: MemoryLimits::default(),
            listeners: Listeners::default(),
            transits: Transits::default(),
            servers: Servers::default(),
            disks: Disks::default(),
            idle_cpus: IdleWatch::default(),
            threads: 0,
            self_cpu: Nanos::ZERO,
            untold: Untold::default(),
            losses: Losses::default(),
            looks: Looks::default(),
            tasks,
            ebpf,
            links,
            controller: None,
            targets,
            command,
            settings,
        };
        session.initial_scan()?;
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        session.meta.counters.attach = Nanos(took);
        Ok(session)
    }

    /// What the trace says of itself while the window is open; it is not complete yet.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Takes in the targets' threads, until a pass over the host's threads finds no new one, and opens the window.
    fn initial_scan(&mut self) -> Result<(), CaptureError> {
        for pid in self.targets.pids() {
            self.tracked.add_target(pid)?;
        }
        for _ in 0..MOST_PASSES {
            let pass = self.tasks.pass(&mut self.ebpf, u64::MAX)?;
            self.threads = pass.alive;
            let new = self.targets.rescan();
            for pid in &new {
                self.tracked.add_target(*pid)?;
            }
            if pass.fresh == 0 && new.is_empty() {
                break;
            }
        }
        let pids = self.targets.pids();
        self.meta.target = describe::target(&self.settings.argv, &pids, &self.settings.targets);
        self.disk_limits = DiskLimits::open(&pids);
        self.memory_limits = MemoryLimits::open(&pids);
        if let Some(first) = pids.first() {
            self.listeners = Listeners::of(*first);
            self.transits = Transits::of(*first);
        }
        let seen = describe::seen(&pids, TaskRole::Target);
        self.disks = Disks::open(&pids);
        self.drain();
        self.meta.clocks = describe::clocks();
        self.meta.opened = clock::monotonic();
        self.idle_cpus = IdleWatch::open();
        self.self_cpu = describe::self_cpu();
        // Within the window, so that each thread's figures stand beside what its timeline says at that moment.
        let figures = schedstat::read(&pids, TaskFact::SchedStatOpened);
        let rows = self.drain.pending();
        rows.tasks.extend(seen);
        rows.tasks.extend(figures);
        self.find_open_requests(self.meta.opened);
        self.look_into_runtimes();
        let programs = attach::programs(&self.ebpf);
        let budget = self.settings.max_overhead;
        let tracked = self.tracked.living();
        self.controller = budget.map(|percent| Controller::begin(percent, programs, &tracked));
        Ok(())
    }

    /// Empties the ring buffer, and looks up the names of resources and call sites that are new.
    fn drain(&mut self) {
        let before = self.drain.pending().tasks.len();
        self.drain.drain(&mut Names {
            resources: &mut self.resources,
            stacks: &mut self.sites,
            threads: &mut self.tracked,
        });
        self.resources.learn(clock::monotonic());
        let resources = self.resources.take_rows();
        self.disks.learn(&resources);
        let rows = self.drain.pending();
        rows.resources.extend(resources);
        rows.stacks.extend(self.sites.take_rows());
        for task in rows.tasks.iter_mut().skip(before) {
            learn(task, &mut self.sites);
        }
    }

    /// Adds a row for each request of the targets that is under way as a window opens, and opens TCP's books.
    fn find_open_requests(&mut self, at: Nanos) {
        self.listeners.open();
        let requests = self.resources.under_way(&self.targets.pids(), at);
        let rows = self.drain.pending();
        rows.requests.extend(requests);
        rows.resources.extend(self.resources.take_rows());
    }

    /// Closes TCP's books, as a window closes.
    fn close_network(&mut self) {
        self.listeners.close();
        self.resources.close_window(&self.targets.pids());
    }

    /// Tracks processes that were found while the window is open; the next pass over the thread list takes their threads in.
    fn track_new(&mut self) -> Result<(), CaptureError> {
        for pid in self.targets.rescan_when_due() {
            self.tracked.add_target(pid)?;
            self.introduce(pid, TaskRole::Target);
        }
        for peer in self.resources.take_local_peers() {
            if self.tracked.add_peer(peer.pid, peer.of)? {
                self.introduce(peer.pid, TaskRole::Peer);
            }
        }
        Ok(())
    }

    /// Adds a row for each thread of a process that is tracked from now on.
    fn introduce(&mut self, pid: Pid, role: TaskRole) {
        let mut seen = describe::seen(&[pid], role);
        for row in &mut seen {
            row.end = self.drain.clock.at(row.end);
        }
        self.drain.pending().tasks.extend(seen);
    }
}

/// The call sites of a session: what takes long once is done before any probe is attached, since all that is attached costs the work
/// something.
fn prepared(settings: &Settings, targets: &Targets) -> Sites {
    let mut sites = Sites::new();
    if settings.call_sites {
        for pid in targets.pids().iter().take(MOST_PREPARED) {
            sites.prepare(*pid);
        }
    }
    sites
}

/// Starts the command among the targets, if there is one, and holds it back until [`HeldCommand::release`].
fn start(targets: &[TargetSpec]) -> Result<Option<HeldCommand>, CaptureError> {
    let command = targets.iter().find_map(|target| match target {
        TargetSpec::Run(argv) => Some(argv),
        TargetSpec::Pid(_) | TargetSpec::Comm(_) | TargetSpec::Cgroup(_) => None,
    });
    command.map(|argv| HeldCommand::start(argv)).transpose()
}

/// Reads program and command line of a process that has just executed another program, and forgets the code of a process that
/// did so or has ended.
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
