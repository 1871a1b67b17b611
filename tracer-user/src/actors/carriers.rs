//! Carriers: threads that have several requests under way at once, and the tasks they carry.
//!
//! ```text
//! carrier  poll  read A  send B  read C  send D  poll
//! tasks          1: A is answered, B is asked    (what is sent after a read continues what was read)
//!                                2: C is answered, D is asked
//! ```

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::actor::{ActorId, of_thread};
use super::tasks::{Give, Place, Process, TaskIndex, Tasks, carried, parked};
use crate::classify::{
    ClassifiedCall, Classifier, Event, OperationId, OperationKind, State, WaitKind, WaitSite,
};
use crate::row::{Nanos, Pid, ResourceId, Syscall, Task, TaskRole, Tid};

/// So many requests at once make a carrier of a thread that waits in `epoll_wait`, as event loops do.
const IN_A_LOOP: u32 = 2;
/// So many make one of any thread: one that asks two peers at a time and waits for both is none.
const ANYWHERE: u32 = 3;

/// No thread that is known.
pub(super) const NOBODY: Tid = Tid(0);

/// One thread of the target.
#[derive(Clone, Debug, Default)]
pub(super) struct Thread {
    pub(super) pid: Pid,
    pub(super) is_target: bool,
    /// It has waited in `epoll_wait`.
    pub(super) is_loop: bool,
    /// Requests that it sent and that are under way.
    pub(super) open: u32,
    /// Replies it has read in this window to requests from before it.
    pub(super) headless: u32,
    pub(super) is_carrier: bool,
    /// It is a carrier, or was one before it ended.
    pub(super) has_carried: bool,
    /// The task that runs on it.
    pub(super) current: Option<TaskIndex>,
    /// Tasks whose reply it has read and that go on when it comes to them: at the latest before it has nothing to do.
    pub(super) ready: Vec<TaskIndex>,
}

impl Thread {
    pub(super) fn carries(&self) -> bool {
        let at_once = self.open.max(self.headless);
        at_once >= ANYWHERE || (self.is_loop && at_once >= IN_A_LOOP)
    }
}

/// The latest request on a socket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Socket {
    /// It is under way, asked by this thread; by [`NOBODY`] where it was so already when the window opened.
    pub(super) open: Option<Tid>,
    pub(super) pid: Pid,
    pub(super) since: Nanos,
    pub(super) operation: OperationId,
    /// Whose it is.
    pub(super) task: Option<TaskIndex>,
    /// A window has begun since it was sent: it may have been answered in between.
    pub(super) is_stale: bool,
}

/// Makes actors' events of threads'.
#[derive(Clone, Debug, Default)]
pub struct Actors {
    pub(super) threads: HashMap<Tid, Thread>,
    pub(super) processes: HashMap<Pid, Process>,
    pub(super) sockets: HashMap<ResourceId, Socket>,
    pub(super) tasks: Tasks,
    /// Tasks whose requests were not under way any more when the present window opened, by socket: their replies may lie unread.
    pub(super) answered: BTreeMap<(Pid, ResourceId), TaskIndex>,
    /// When the present window began.
    pub(super) began: Nanos,
}

impl Actors {
    /// No thread is known yet; the window opens at `opened`.
    #[must_use]
    pub fn new(opened: Nanos) -> Self {
        Self {
            began: opened,
            ..Self::default()
        }
    }

    /// Takes a thread's event, and gives those of the actors it is about, in their order.
    pub fn take(
        &mut self,
        event: Event<'_, Tid>,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        match &event {
            Event::Call(call) => self.call(call, (classifier, give)),
            Event::Change { who, was, now, .. } => {
                let (who, at, now) = (*who, was.end, *now);
                give(&of_thread(event), classifier);
                self.carrier_changed(who, at, now, (classifier, give));
            }
            Event::Task(task) => {
                self.thread(task);
                give(&of_thread(event), classifier);
            }
            Event::Asked(..) => give(&of_thread(event), classifier),
            Event::Join(at, _) => {
                self.cut_connections(*at, (classifier, give));
                self.join(*at);
                give(&of_thread(event), classifier);
            }
        }
    }

    /// Threads that carry tasks, or did: what they wait for is not what the work waits for.
    #[must_use]
    pub fn carriers(&self) -> BTreeSet<ActorId> {
        let threads = self.threads.iter();
        threads
            .filter(|(_, thread)| thread.has_carried)
            .map(|(tid, _)| ActorId::Thread(*tid))
            .collect()
    }

    fn thread(&mut self, task: &Task) {
        if task.is_reading() {
            return;
        }
        let thread = self.threads.entry(task.tid).or_default();
        thread.pid = task.pid;
        thread.is_target = task.role == TaskRole::Target;
        let program = task.exe.rsplit('/').next().unwrap_or_default();
        if program.starts_with("python") {
            self.processes.entry(task.pid).or_default().is_deferred = true;
        }
    }

    /// What was asked before may have been answered in the pause.
    fn join(&mut self, at: Nanos) {
        self.began = at;
        self.answered.clear();
        for socket in self.sockets.values_mut() {
            socket.is_stale = socket.open.is_some();
        }
        for thread in self.threads.values_mut() {
            thread.headless = 0;
        }
    }

    fn carrier_changed(
        &mut self,
        tid: Tid,
        at: Nanos,
        now: State,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let Some(thread) = self.threads.get_mut(&tid) else {
            return;
        };
        if !thread.is_carrier {
            return;
        }
        let current = thread.current;
        let mut now = now;
        if let State::Waiting(site) = now {
            let site = classifier.sites.get(site);
            // A loop that carries all by itself waits for what comes in its poll, and in a futex for what it called.
            let pid = thread.pid;
            let (is_loop, carriers) = (
                thread.is_loop,
                self.processes
                    .get(&pid)
                    .map_or(0, |process| process.carriers),
            );
            let is_idle = match site.kind {
                WaitKind::Poll => true,
                WaitKind::Futex => !is_loop || carriers > 1,
                _ => false,
            };
            if is_idle {
                // It has nothing to do, and so has nobody on it.
                thread.current = None;
                let idle = std::mem::take(&mut thread.ready);
                let idle = idle.into_iter().filter(|task| Some(*task) != current);
                let state = parked(classifier);
                for task in current.into_iter().chain(idle) {
                    if self.tasks.place(task) == Place::Parked || Some(task) == current {
                        let out = (&mut *classifier, &mut *give);
                        self.tasks.change(task, Place::Parked, at, state, out);
                    }
                }
                return;
            }
            if site.kind == WaitKind::Futex {
                // No lock of the task's: its thread is stopped.
                let stopped = WaitSite::plain(WaitKind::Other, site.class);
                now = State::Waiting(classifier.sites.intern(stopped));
            }
        }
        if now == State::Absent {
            thread.is_carrier = false;
            thread.current = None;
            let pid = thread.pid;
            let process = self.processes.entry(pid).or_default();
            process.carriers = process.carriers.saturating_sub(1);
            if process.carriers == 0 {
                self.tasks.end(pid, at, (classifier, give));
                return;
            }
        }
        if let Some(task) = current {
            let place = Place::Carrier(tid);
            self.tasks.change(task, place, at, now, (classifier, give));
        }
    }

    fn call(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let call = row.call;
        let Some(thread) = self
            .threads
            .get_mut(&call.tid)
            .filter(|thread| thread.is_target)
        else {
            give(&of_thread(Event::Call(*row)), classifier);
            return;
        };
        thread.is_loop |= row.is(Syscall::EpollWait);
        let kind = row.operation.map(|(_, operation)| operation.kind);
        let is_exchange = matches!(
            kind,
            Some(OperationKind::Request(_) | OperationKind::Refused(_) | OperationKind::Reply)
        );
        let task = if is_exchange && call.call.is_output() {
            self.sends(row, (classifier, give))
        } else if is_exchange {
            self.reads(row, (classifier, give))
        } else if row.is(Syscall::Close) {
            self.closes(row, (classifier, give));
            None
        } else if row.is(Syscall::Connect) {
            self.connects(row, (classifier, give))
        } else {
            thread.current.filter(|_| is_done_by_tasks(kind))
        };
        let is_nobodys = is_exchange && call.ret <= 0 && task.is_none();
        if is_nobodys && self.is_carrier(call.tid) {
            // It looked whether a reply has come: nobody's act.
            return;
        }
        let who = task.map_or(ActorId::Thread(call.tid), TaskIndex::actor);
        if let Event::Call(event) = of_thread(Event::Call(*row)) {
            give(&Event::Call(ClassifiedCall { who, ..event }), classifier);
        }
        if is_exchange && call.call.is_output() {
            self.has_sent(row, task, (classifier, give));
        } else if let Some(task) = task.filter(|_| row.is(Syscall::Connect)) {
            self.awaits_its_connection(row, task, (classifier, give));
        }
    }

    /// A task runs on a carrier; who ran there before does not any more.
    pub(super) fn runs(
        &mut self,
        task: TaskIndex,
        tid: Tid,
        at: Nanos,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        if !self.threads.entry(tid).or_default().is_carrier {
            // What a task has asked is read on it.
            self.becomes_a_carrier(tid, ResourceId::NONE, (&mut *classifier, &mut *give));
        }
        let thread = self.threads.entry(tid).or_default();
        let former = thread
            .current
            .replace(task)
            .filter(|former| *former != task);
        if let Some(former) = former {
            let is_deferred = self.process_of(tid).is_deferred;
            let state = if is_deferred {
                self.is_ready(tid, former);
                carried(classifier)
            } else {
                parked(classifier)
            };
            let out = (&mut *classifier, &mut *give);
            self.tasks.change(former, Place::Parked, at, state, out);
        }
        let place = Place::Carrier(tid);
        self.tasks
            .change(task, place, at, State::Running, (classifier, give));
    }

    pub(super) fn is_carrier(&self, tid: Tid) -> bool {
        let thread = self.threads.get(&tid);
        thread.is_some_and(|thread| thread.is_carrier)
    }

    pub(super) fn answered(&mut self, asked_by: Tid) {
        if let Some(thread) = self.threads.get_mut(&asked_by) {
            thread.open = thread.open.saturating_sub(1);
        }
    }

    /// A task goes on when its carrier comes to it. A loop that is never idle is never asked for those that have gone on since.
    fn is_ready(&mut self, tid: Tid, task: TaskIndex) {
        let ready = &mut self.threads.entry(tid).or_default().ready;
        if ready.len() >= 2 * (self.tasks.len() + 1) {
            ready.sort_unstable();
            ready.dedup();
        }
        ready.push(task);
    }

    fn process_of(&mut self, tid: Tid) -> &mut Process {
        let pid = self.threads.entry(tid).or_default().pid;
        self.process(pid)
    }

    pub(super) fn process(&mut self, pid: Pid) -> &mut Process {
        self.processes.entry(pid).or_default()
    }
}

/// What a carrier does apart from its requests is done by the task that runs on it, where it is a step of the work.
fn is_done_by_tasks(kind: Option<OperationKind>) -> bool {
    kind.is_some_and(|kind| {
        kind.is_staged()
            || matches!(
                kind,
                OperationKind::LockFile
                    | OperationKind::LockRefused
                    | OperationKind::UnlockFile
                    | OperationKind::Sleep
            )
    })
}
