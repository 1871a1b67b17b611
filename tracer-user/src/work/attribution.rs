//! The second pass: each nanosecond of each worker goes to one stage.
//!
//! ```text
//! calls      send recv          futex    write fsync           send
//! stage      fetch    |transform|      write        |   fetch ...
//!                      gap       lock, gap
//! ```
//! What lies between two operations of known stage waits in a list until the second one comes; then it is given to a stage
//! by [`settle`](super::segment::settle).

use foldhash::HashMap;
use std::collections::BTreeMap;

use super::class::{ClassId, ResourceClasses};
use super::cycle::{Cycle, ItemMark};
use super::operation::{Operation, OperationKind};
use super::segment::{Segment, What, attribute};
use super::stage::{StageName, Stages};
use super::times::Times;
use super::wait_site::{WaitKind, WaitSite};
use crate::row::{Call, Nanos, Tid};
use crate::timeline::{Piece, State};

/// Segments kept open per worker; beyond it they are settled as they are.
const OPEN_SEGMENTS: usize = 4096;
/// Pieces kept per worker before old ones are summed.
const OPEN_PIECES: usize = 4096;

/// One stage of one worker, or of all.
#[derive(Clone, Debug, Default)]
pub struct StageTime {
    /// Its time.
    pub times: Times,
    /// How often something was done to a resource class.
    pub visits: BTreeMap<WaitSite, u64>,
    /// Time running at its edges, which may belong to the neighbour.
    pub edge: Nanos,
}

/// What one worker did in the window.
#[derive(Clone, Debug, Default)]
pub struct WorkerTotals {
    /// By stage.
    pub stages: BTreeMap<StageName, StageTime>,
    /// Items completed.
    pub items: u64,
    /// How long it lived in the window.
    pub lived: Nanos,
}

#[derive(Debug, Default)]
struct Worker {
    since: Nanos,
    state: State,
    pieces: Vec<Piece>,
    open: Vec<Segment>,
    before: Option<StageName>,
    polling: Option<WaitSite>,
    steered: Option<StageName>,
    marks: u32,
    totals: WorkerTotals,
}

/// The attribution of all workers.
pub struct Attribution<'a> {
    stages: &'a Stages,
    cycle: &'a Cycle,
    /// The lock that a futex word is part of.
    lock: &'a dyn Fn(ClassId) -> ClassId,
    workers: HashMap<Tid, Worker>,
    /// The present window began: where it joins the one before.
    began: Nanos,
    /// Pieces before a call and inside it, kept for their memory.
    cut: (Vec<Piece>, Vec<Piece>),
    /// The work has operations of known stage; else running is computing and the rest is coordination.
    classified: bool,
}

impl<'a> Attribution<'a> {
    /// An empty attribution for the workers of a cycle; `lock` gives the lock that a futex word is part of.
    #[must_use]
    pub fn new(stages: &'a Stages, cycle: &'a Cycle, lock: &'a dyn Fn(ClassId) -> ClassId) -> Self {
        let workers = cycle
            .workers
            .iter()
            .map(|tid| (*tid, Worker::default()))
            .collect();
        let classified = cycle
            .regular
            .keys()
            .any(|operation| stages.of(*operation).is_some());
        Self {
            stages,
            cycle,
            lock,
            workers,
            began: Nanos::ZERO,
            cut: Default::default(),
            classified,
        }
    }

    fn word(&self, word: ClassId) -> WaitSite {
        WaitSite {
            kind: WaitKind::Futex,
            class: (self.lock)(word),
        }
    }

    /// A worker's state changed.
    pub fn change(&mut self, tid: Tid, at: Nanos, now: State, classes: &mut ResourceClasses) {
        if let Some(worker) = self.workers.get_mut(&tid) {
            worker.flush(at);
            worker.state = now;
            if worker.pieces.len() > OPEN_PIECES {
                // Computing for long, being preempted often: nothing a stage depends on is lost by summing it.
                let old: Vec<Piece> = worker.pieces.drain(..OPEN_PIECES / 2).collect();
                let segment = Segment::new(What::Gap, &old, None, classes);
                worker.open.push(segment);
            }
        }
    }

    /// A worker's call returned; `operation` is what it means, `turn` whether it completed an exchange.
    pub fn call(
        &mut self,
        call: &Call,
        operation: Option<Operation>,
        request: bool,
        classes: &mut ResourceClasses,
    ) {
        let lock = operation.map(|operation| self.word(operation.class));
        let Some(worker) = self.workers.get_mut(&call.tid) else {
            return;
        };
        worker.flush(call.end);
        let Some(operation) = operation else { return };
        let (before, inside) = &mut self.cut;
        worker.split(call.start, before, inside);
        let gap = Segment::new(What::Gap, before, None, classes);
        let stage = self.stages.of(operation);
        if let Some(stage) = stage {
            worker.open.push(gap);
            let site = WaitSite {
                kind: kind_of(operation.kind),
                class: operation.class,
            };
            if site.kind == WaitKind::Exchange && call.call.is_input() && call.ret > 0 {
                // An event loop polls for all its sockets at once; what ended it tells what it was for.
                for segment in worker.open.iter_mut().filter(|open| open.what == What::Gap) {
                    segment.times.polled_for(site);
                }
            }
            worker.attribute(Some(stage), self.classified);
            let entry = worker.totals.stages.entry(stage).or_default();
            for piece in inside.iter() {
                entry.times.add(piece, None, classes);
            }
            *entry.visits.entry(site).or_default() += match operation.kind {
                // However many sends and receives it takes.
                OperationKind::Exchange(_) | OperationKind::Serve => u64::from(request),
                _ => u64::from(call.count),
            };
            worker.before = Some(stage);
            worker.polling = None;
            if self.cycle.regular.contains_key(&operation) && !TRY_AGAIN.contains(&call.status) {
                if call.start <= self.began && stage == StageName::Fetch {
                    // It began in the pause before this window, and so was the item before it complete in there.
                    worker.steered = Some(stage);
                }
                worker.steer(stage, self.cycle);
            }
        } else {
            let site = worker.polling;
            let file = WaitSite {
                kind: WaitKind::FileLock,
                class: operation.class,
            };
            let what = match operation.kind {
                OperationKind::Wait => lock.map_or(What::Gap, What::Lock),
                OperationKind::Release => lock.map_or(What::Gap, What::Release),
                OperationKind::LockFile | OperationKind::LockRefused => What::Lock(file),
                OperationKind::UnlockFile => What::Release(file),
                OperationKind::Sleep => site.map_or(What::Sleep, What::Lock),
                _ => What::Gap,
            };
            worker.polling = match operation.kind {
                OperationKind::LockRefused => Some(file),
                OperationKind::LockFile => None,
                _ => worker.polling,
            };
            worker.open.push(gap);
            worker.open.push(Segment::new(
                what,
                inside,
                site.filter(|_| operation.kind == OperationKind::Sleep),
                classes,
            ));
        }
        if self.cycle.mark == Some(ItemMark::Each(operation)) && counts(call, operation) {
            for _ in 0..call.count.max(1) {
                worker.mark(self.cycle.times);
            }
            if stage.is_none() {
                worker.attribute(None, self.classified);
            }
        }
        if worker.open.len() > OPEN_SEGMENTS {
            worker.attribute(None, self.classified);
        }
    }

    /// Windows join here, with a pause between them: a call that is under way in the next one need not be the one before.
    pub fn join(&mut self, at: Nanos, classes: &mut ResourceClasses) {
        self.end_window(at, classes);
        self.began = at;
    }

    /// Ends the window and gives what each worker did.
    #[must_use]
    pub fn close(
        mut self,
        closed: Nanos,
        classes: &mut ResourceClasses,
    ) -> BTreeMap<Tid, WorkerTotals> {
        self.end_window(closed, classes);
        self.workers
            .into_iter()
            .map(|(tid, worker)| (tid, worker.totals))
            .collect()
    }

    fn end_window(&mut self, at: Nanos, classes: &mut ResourceClasses) {
        for worker in self.workers.values_mut() {
            worker.flush(at);
            let rest = std::mem::take(&mut worker.pieces);
            // A call that has not returned shows by the waits in it.
            for piece in &rest {
                let State::Blocked(blocked) = piece.state else {
                    worker
                        .open
                        .push(Segment::new(What::Gap, &[*piece], None, classes));
                    continue;
                };
                let site = WaitSite::of(&blocked, classes);
                let stage = self.stages.of_wait(site, blocked.call);
                let what = match site.kind {
                    WaitKind::Futex => What::Lock(WaitSite {
                        class: (self.lock)(site.class),
                        ..site
                    }),
                    WaitKind::FileLock => What::Lock(site),
                    WaitKind::Sleep => worker.polling.map_or(What::Sleep, What::Lock),
                    _ => What::Gap,
                };
                let segment = Segment::new(
                    what,
                    &[*piece],
                    worker.polling.filter(|_| site.kind == WaitKind::Sleep),
                    classes,
                );
                match stage {
                    Some(stage) => {
                        if stage == StageName::Fetch {
                            // The next fetch is under way: the item before it is complete.
                            worker.steer(stage, self.cycle);
                        }
                        worker.attribute(Some(stage), self.classified);
                        worker
                            .totals
                            .stages
                            .entry(stage)
                            .or_default()
                            .times
                            .merge(&segment.times);
                        worker.before = Some(stage);
                    }
                    None => worker.open.push(segment),
                }
            }
        }
        // A lock that is still waited for belongs where the workers usually have it.
        let usual = self.usual_lock_stages();
        for worker in self.workers.values_mut() {
            let waits = worker
                .open
                .iter()
                .rev()
                .find_map(|segment| match segment.what {
                    What::Lock(site) => usual.get(&site).copied(),
                    _ => None,
                });
            worker.attribute(waits, self.classified);
        }
    }
}

impl Attribution<'_> {
    fn usual_lock_stages(&self) -> HashMap<WaitSite, StageName> {
        let mut visits: HashMap<WaitSite, BTreeMap<StageName, u64>> = HashMap::default();
        for (stage, time) in self
            .workers
            .values()
            .flat_map(|worker| &worker.totals.stages)
        {
            for (site, count) in &time.visits {
                *visits.entry(*site).or_default().entry(*stage).or_default() += count;
            }
        }
        let most = |by_stage: BTreeMap<StageName, u64>| {
            by_stage.into_iter().max_by_key(|(_, count)| *count)
        };
        visits
            .into_iter()
            .filter_map(|(site, by_stage)| most(by_stage).map(|(stage, _)| (site, stage)))
            .collect()
    }
}

/// HTTP statuses of a request that is to be tried again: 429 Too Many Requests, 503 Service Unavailable (RFC 6585, RFC 9110).
const TRY_AGAIN: [u16; 2] = [429, 503];

/// An exchange ends an item when its reply came, not with each of its calls, and not when it has to be tried again.
fn counts(call: &Call, operation: Operation) -> bool {
    match operation.kind {
        OperationKind::Exchange(_) => {
            call.call.is_input() && call.ret > 0 && !TRY_AGAIN.contains(&call.status)
        }
        OperationKind::Serve => call.call.is_output() && call.ret > 0,
        _ => call.ret >= 0,
    }
}

fn kind_of(kind: OperationKind) -> WaitKind {
    match kind {
        OperationKind::Exchange(_) => WaitKind::Exchange,
        OperationKind::Serve => WaitKind::Service,
        OperationKind::Sync => WaitKind::Sync,
        OperationKind::Take | OperationKind::Give => WaitKind::Pipe,
        OperationKind::Wait | OperationKind::Release => WaitKind::Futex,
        OperationKind::LockFile | OperationKind::LockRefused | OperationKind::UnlockFile => {
            WaitKind::FileLock
        }
        OperationKind::Read | OperationKind::Write => WaitKind::File,
        OperationKind::Sleep => WaitKind::Sleep,
    }
}

impl Worker {
    fn flush(&mut self, at: Nanos) {
        if at > self.since && self.state != State::Absent {
            self.totals.lived += at.since(self.since);
            self.pieces.push(Piece {
                start: self.since,
                end: at,
                state: self.state,
            });
        }
        self.since = self.since.max(at);
    }

    /// Takes all pieces, cut at `at`.
    fn split(&mut self, at: Nanos, before: &mut Vec<Piece>, inside: &mut Vec<Piece>) {
        before.clear();
        inside.clear();
        for piece in self.pieces.drain(..) {
            if piece.end <= at {
                before.push(piece);
            } else if piece.start >= at {
                inside.push(piece);
            } else {
                before.push(Piece { end: at, ..piece });
                inside.push(Piece { start: at, ..piece });
            }
        }
    }

    fn attribute(&mut self, after: Option<StageName>, classified: bool) {
        let stages = &mut self.totals.stages;
        attribute(&self.open, self.before, after, classified, stages);
        self.open.clear();
    }

    /// What ends an item happened; an item is done when it did so `times` times.
    fn mark(&mut self, times: u32) {
        self.marks += 1;
        if self.marks >= times {
            self.marks = 0;
            self.totals.items += 1;
        }
    }

    fn steer(&mut self, stage: StageName, cycle: &Cycle) {
        if cycle.mark == Some(ItemMark::WriteBeforeFetch)
            && stage == StageName::Fetch
            && self.steered == Some(StageName::Write)
        {
            self.mark(cycle.times);
        }
        if matches!(stage, StageName::Fetch | StageName::Write) {
            self.steered = Some(stage);
        }
    }
}
