//! The poll loop of an open window: drains the ring buffer, cuts long waits, hands rows on, and closes the window.

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracer_common::{CallEvent, Counter, narrow};

use super::drain::SLACK;
use super::{Flow, Progress, Session, Untold, describe, schedstat};
use crate::capture::{CaptureError, clock};
use crate::row::{Batch, Counters, Meta, Nanos, Network, RowSink, TaskFact, TaskRole};

/// Most bytes that two cores were seen to write in a second, rounded up. The kernel side wakes nobody for a record, so the loop
/// polls the ring buffer, and often enough that it does not run full at this rate.
const MOST_BYTES_A_SECOND: u32 = 320 << 20;
/// The ring buffer is polled this many times as often while an eighth of it fills between two polls.
const BUSY: u32 = 3;
/// Time between two polls while recording is paused to stay within the overhead budget.
const IDLE: Duration = Duration::from_millis(250);
/// Time between two looks whether any target is left.
const COUNT_EVERY: Duration = Duration::from_millis(200);
/// Time between two calls of `on_tick`.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// Time between two releases of rows. Waits of this age are cut then, so that no part of one is longer than twice this.
const CUT_EVERY: Duration = Duration::from_millis(500);

impl Session {
    /// Records until the window closes: by the duration, by `on_tick`, by a signal, or because all targets have ended.
    /// Returns the final meta, whose `complete` the caller sets once the trace is written.
    ///
    /// # Errors
    /// [`CaptureError`] when rows can no longer be taken from the kernel or handed on.
    pub fn run(
        mut self,
        sink: &mut dyn RowSink,
        on_tick: &mut dyn FnMut(&Progress) -> Flow,
    ) -> Result<Meta, CaptureError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| CaptureError::System {
                doing: "cannot start the timer",
                source,
            })?;
        runtime.block_on(self.poll(sink, on_tick))?;
        self.close(sink)?;
        Ok(self.meta)
    }

    async fn poll(
        &mut self,
        sink: &mut dyn RowSink,
        on_tick: &mut dyn FnMut(&Progress) -> Flow,
    ) -> Result<(), CaptureError> {
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        let calm =
            Duration::from_secs(1) * (self.settings.ring_bytes >> 10) / (MOST_BYTES_A_SECOND >> 10);
        let mut next = tokio::time::Instant::now();
        if let Some(command) = &mut self.command {
            command.release();
        }
        let began = Instant::now();
        let deadline = self.settings.duration.map(|duration| began + duration);
        let (mut told, mut cut, mut counted) = (None::<Instant>, began, began);
        loop {
            let stop = tokio::select! {
                () = tokio::time::sleep_until(next) => None,
                _ = interrupt.recv() => Some("interrupted"),
                _ = terminate.recv() => Some("asked to end"),
                () = at(deadline) => Some("the time is up"),
            };
            let now = Instant::now();
            let received = self.drain.received;
            self.drain();
            let bytes = (self.drain.received - received) * size_of::<CallEvent>() as u64;
            let is_busy = bytes > u64::from(self.settings.ring_bytes / 8);
            let pause = match (self.is_paused(), is_busy) {
                (true, _) => IDLE,
                (false, true) => calm / BUSY,
                (false, false) => calm,
            };
            next = tokio::time::Instant::now() + pause;
            let mut ended = stop.map(str::to_owned);
            let due = now.duration_since(counted) >= COUNT_EVERY;
            if due {
                counted = now;
            }
            if ended.is_none() && due && self.is_over()? {
                let after = began.elapsed().as_secs_f64();
                ended = Some(format!("all targets have ended after {after:.1} s"));
                self.meta.notes.extend(ended.clone());
            }
            self.control_overhead()?;
            self.look_into_runtimes();
            if !self.is_paused() {
                self.look_at_connections();
            }
            if now.duration_since(cut) >= CUT_EVERY {
                cut = now;
                self.cut(sink)?;
            }
            let silent = told.is_none_or(|told| now.duration_since(told) >= TELL_EVERY);
            if ended.is_some() || silent {
                told = Some(now);
                let progress = self.progress(began.elapsed(), ended.clone());
                if on_tick(&progress) == Flow::Stop || ended.is_some() {
                    return Ok(());
                }
            }
        }
    }

    fn progress(&self, elapsed: Duration, ended: Option<String>) -> Progress {
        let lost = self.counter(Counter::RingFull) + self.counter(Counter::TaskTableFull);
        Progress {
            elapsed,
            events: self.drain.received,
            lost: lost + self.drain.late + self.drain.undecodable,
            threads: usize::try_from(self.threads).unwrap_or(usize::MAX),
            ended,
        }
    }

    fn look_at_connections(&mut self) {
        let now = clock::monotonic();
        self.listeners.look(self.resources.ports(), now);
        if self.transits.is_due(now) {
            let ends = self.resources.ends(&self.targets.pids());
            let gone = self.transits.look(&ends, now);
            self.resources.forget(&gone);
        }
    }

    /// Cuts long waits, takes in new processes and threads, and hands on the rows that are old enough.
    fn cut(&mut self, sink: &mut dyn RowSink) -> Result<(), CaptureError> {
        self.track_new()?;
        let age = u64::try_from(CUT_EVERY.as_nanos()).unwrap_or(u64::MAX);
        if !self.is_paused() {
            self.threads = self.tasks.pass(&mut self.ebpf, age)?.alive;
        }
        let now = self.drain.clock.at(clock::monotonic());
        self.note_losses(now);
        let watermark = now.since(SLACK);
        self.drain();
        let batch = self.release(watermark);
        for (server, of) in self.servers.found_by(&batch) {
            if self.tracked.add_peer(server, of)? {
                self.introduce(server, TaskRole::Peer);
            }
        }
        if !batch.is_empty() {
            sink.accept(batch)?;
        }
        Ok(())
    }

    /// Takes out the rows that ended up to `watermark`, with what is to be said of the time.
    fn release(&mut self, watermark: Nanos) -> Batch {
        let Untold { joins, gaps } = std::mem::take(&mut self.untold);
        Batch {
            joins,
            gaps,
            ..self.drain.release(watermark, self.meta.opened)
        }
    }

    /// Notes the time from the latest cut to `now` as a gap when waits were lost in it.
    fn note_losses(&mut self, now: Nanos) {
        let waits = self.counter(Counter::WaitsLost);
        let gap = self.losses.gap(waits, now, self.meta.opened);
        self.untold.gaps.extend(gap);
    }

    /// Whether recording is paused at present, to stay within the overhead budget.
    pub(super) fn is_paused(&self) -> bool {
        self.tasks.left_out() & narrow::PAUSED != 0
    }

    /// Whether no target is left.
    fn is_over(&mut self) -> Result<bool, CaptureError> {
        if let Some(command) = &mut self.command {
            // An error here is that of a program that could not be executed.
            command.ended()?;
        }
        Ok(!self.tracked.has_target()?)
    }

    /// Closes the window: cuts all waits and hands on the rows that are left. The probes are detached when the session is dropped.
    fn close(&mut self, sink: &mut dyn RowSink) -> Result<(), CaptureError> {
        let pids = self.tracked.living();
        let paused = self.drain.clock.pauses(clock::monotonic());
        // The kernel's schedstat runs on in pauses, so the trace cannot be compared with it. Else it is read while all is still
        // recorded, so that each thread's figures are held against its timeline up to the moment they were read.
        let figures = if paused == Nanos::ZERO {
            schedstat::read(&pids, TaskFact::SchedStatClosed)
        } else {
            Vec::new()
        };
        let now = clock::monotonic();
        let closed = self.drain.clock.at(now);
        let paused = self.drain.clock.pauses(now);
        self.idle_cpus.pause();
        self.meta.idle_cpus = self.idle_cpus.total();
        if !self.is_paused() {
            self.tasks.pass(&mut self.ebpf, 0)?;
        }
        self.note_losses(closed);
        self.drain();
        self.drain.close(closed);
        if !self.is_paused() {
            self.close_network();
        }
        // A part of a wait or call that reaches beyond the end is kept whole.
        let watermark = self.drain.latest().max(closed);
        let rows = self.drain.pending();
        rows.tasks.extend(figures.into_iter().map(|mut row| {
            row.end = row.end.min(watermark);
            row
        }));
        let batch = self.release(watermark);
        sink.accept(batch)?;
        self.meta.closed = closed;
        self.meta.notes.extend(self.sites.take_notes());
        self.meta.paused = paused;
        self.tell_of_disks(paused);
        self.meta.target.memory_limits = self.memory_limits.totals();
        let dropped = self.listeners.dropped();
        self.meta.network = Network {
            peers: self.resources.tcp_peers(),
            listeners: self.listeners.all(),
            transits: self.transits.all(),
            overflows: dropped.map(|(overflows, _)| overflows),
            drops: dropped.map(|(_, drops)| drops),
        };
        let window = self.meta.window();
        if let Some(controller) = &self.controller {
            self.meta.notes.extend(controller.notes(window, paused));
            self.meta.counters.kernel_cpu = controller.kernel_cpu();
        }
        self.meta.counters = self.count();
        Ok(())
    }

    /// What the disks did, and how much of the limits on them was used.
    fn tell_of_disks(&mut self, paused: Nanos) {
        let mut limits = self.disk_limits.totals();
        for limit in &mut limits {
            limit.used = self.watched(limit.used, paused);
        }
        let target = &mut self.meta.target;
        (target.read_limits, target.disk_limits) =
            limits.into_iter().partition(|limit| limit.unit.is_read());
        target.disk_bytes = self.disks.own(&self.targets.pids());
        self.meta.disks = self.disks.totals();
    }

    /// Of what was counted all along so much as fell in the windows: in the pauses it is taken to be as much per second.
    fn watched(&self, count: u64, paused: Nanos) -> u64 {
        let window = self.meta.window();
        let share = u128::from(count) * u128::from(window.0);
        let watched = share / u128::from((window + paused).0.max(1));
        u64::try_from(watched).unwrap_or(count)
    }

    /// All counters of the session.
    fn count(&self) -> Counters {
        let full = self.counter(Counter::TaskTableFull) + self.counter(Counter::ProcessTableFull);
        Counters {
            attach: self.meta.counters.attach,
            kernel_cpu: self.meta.counters.kernel_cpu,
            events: self.drain.received,
            ring_full: self.counter(Counter::RingFull),
            lost_waits: self.counter(Counter::WaitsLost),
            lost_calls: self.counter(Counter::CallsLost),
            unseen_switches: self.counter(Counter::UnseenSwitch),
            table_full: full + self.resources.refused(),
            late: self.drain.late,
            undecodable: self.drain.undecodable,
            user_faults: self.counter(Counter::UserFault),
            stack_failures: self.counter(Counter::StackFailed) + self.sites.failures(),
            unmatched_wakeups: self.counter(Counter::UnmatchedWake),
            negative_times: self.counter(Counter::NegativeTime),
            self_cpu: describe::self_cpu().since(self.self_cpu),
            peak_resident: describe::peak_resident(),
            ..Counters::default()
        }
    }

    /// A counter of the kernel side, summed over all CPUs.
    fn counter(&self, counter: Counter) -> u64 {
        let slots = self.counters.get(&(counter as u32), 0);
        slots.map_or(0, |slots| slots.iter().sum())
    }
}

fn listen(kind: SignalKind) -> Result<Signal, CaptureError> {
    signal(kind).map_err(|source| CaptureError::System {
        doing: "cannot listen to signals",
        source,
    })
}

/// Resolves at the deadline, or never where there is none.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
