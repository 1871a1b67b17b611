//! Carriers: threads that have several requests under way at once, and the tasks they carry.
//!
//! ```text
//! carrier  poll  read A  send B  read C  send D  poll
//! tasks          1: A is answered, B is asked    (what is sent after a read continues what was read)
//!                                2: C is answered, D is asked
//! ```

use foldhash::HashMap;
use std::collections::BTreeSet;

use super::actor::{ActorId, of_thread};
use super::tasks::{Give, Place, Process, TaskIndex, Tasks, carried, parked};
use crate::classify::{
    ClassKind, ClassifiedCall, Classifier, Event, Operation, OperationId, OperationKind, State,
    WaitKind, WaitSite,
};
use crate::row::{Nanos, OpenRequest, Pid, ResourceId, Syscall, Task, TaskFact, TaskRole, Tid};

/// So many requests at once make a carrier of a thread that waits in `epoll_wait`, as event loops do.
const IN_A_LOOP: u32 = 2;
/// So many make one of any thread: one that asks two peers at a time and waits for both is none.
const ANYWHERE: u32 = 3;

/// `-EAGAIN` (include/uapi/asm-generic/errno-base.h): nothing has come.
const NOTHING_YET: i64 = -11;

/// No thread that is known.
const NOBODY: Tid = Tid(0);

/// One thread of the target.
#[derive(Clone, Debug, Default)]
struct Thread {
    pid: Pid,
    is_target: bool,
    state: State,
    /// It has waited in `epoll_wait`.
    is_loop: bool,
    /// Requests that it sent and that are under way.
    open: u32,
    /// Replies it has read in this window to requests from before it.
    headless: u32,
    is_carrier: bool,
    /// It is a carrier, or was one before it ended.
    has_carried: bool,
    /// The task that runs on it.
    current: Option<TaskIndex>,
}

impl Thread {
    fn carries(&self) -> bool {
        let at_once = self.open.max(self.headless);
        at_once >= ANYWHERE || (self.is_loop && at_once >= IN_A_LOOP)
    }
}

/// The latest request on a socket.
#[derive(Clone, Copy, Debug, Default)]
struct Socket {
    /// It is under way, asked by this thread; by [`NOBODY`] where it was so already when the window opened.
    open: Option<Tid>,
    pid: Pid,
    since: Nanos,
    operation: OperationId,
    /// Whose it is.
    task: Option<TaskIndex>,
    /// A window has begun since it was sent: it may have been answered in between.
    is_stale: bool,
}

/// Makes actors' events of threads'.
#[derive(Clone, Debug, Default)]
pub struct Actors {
    threads: HashMap<Tid, Thread>,
    processes: HashMap<Pid, Process>,
    sockets: HashMap<ResourceId, Socket>,
    tasks: Tasks,
    /// When the present window began.
    began: Nanos,
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
        classifier: &mut Classifier,
        give: &mut Give<'_>,
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

    /// These requests, all there are on TCP connections, were under way when the present window opened; by whose thread, their
    /// replies will show.
    pub fn found_under_way(
        &mut self,
        requests: &[OpenRequest],
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let found: BTreeSet<ResourceId> = requests.iter().map(|one| one.resource).collect();
        let stale = self.sockets.iter().filter(|(_, socket)| socket.is_stale);
        let mut stale: Vec<ResourceId> = stale.map(|(id, _)| *id).collect();
        stale.sort_unstable();
        for id in stale {
            if found.contains(&id) {
                // The same task asks again and again on its connection.
                self.sockets.entry(id).or_default().is_stale = false;
            } else {
                self.answered_in_a_pause(id, (&mut *classifier, &mut *give));
            }
        }
        for request in requests {
            let socket = self.sockets.entry(request.resource).or_default();
            if socket.open.is_some() {
                continue;
            }
            *socket = Socket {
                open: Some(NOBODY),
                pid: request.pid,
                since: request.asked,
                ..Socket::default()
            };
            if self.process(request.pid).carriers > 0 {
                self.take_up(request.resource, (&mut *classifier, &mut *give));
            }
        }
    }

    /// What was under way on a socket when a window ended was not any more when the next one opened.
    fn answered_in_a_pause(
        &mut self,
        id: ResourceId,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let Some(socket) = self.sockets.remove(&id) else {
            return;
        };
        if let Some(asked_by) = socket.open {
            self.answered(asked_by);
        }
        if let Some(task) = socket.task {
            let (state, at) = (parked(classifier), self.began);
            self.tasks
                .change(task, Place::Parked, at, state, (classifier, give));
            self.process(socket.pid).has_read(task);
        }
    }

    /// The request under way on a socket is a task's: one that was seen before, or a new one.
    fn take_up(&mut self, id: ResourceId, (classifier, give): (&mut Classifier, &mut Give<'_>)) {
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        let class = classifier.classes.of(id);
        if classifier.classes.kind(class) != ClassKind::Peer {
            return;
        }
        if socket.operation == OperationId::NONE {
            let reply = Operation::of(OperationKind::Reply, class);
            socket.operation = classifier.operations.intern(reply);
        }
        let (pid, since) = (socket.pid, socket.since.max(self.began));
        let state = waits_for(class, socket.operation, classifier);
        let place = Place::Request(id);
        let process = self.processes.entry(pid).or_default();
        let out = (&mut *classifier, &mut *give);
        let task = match process.next(None, &self.tasks) {
            Some(task) => {
                self.tasks.change(task, place, since, state, out);
                task
            }
            None => self.tasks.begin(pid, place, since, state, out),
        };
        socket.task = Some(task);
        give(&Event::Asked(task.actor(), id), classifier);
    }

    fn thread(&mut self, task: &Task) {
        if matches!(
            task.fact,
            TaskFact::SchedStatOpened | TaskFact::SchedStatClosed
        ) {
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
        thread.state = now;
        if !thread.is_carrier {
            return;
        }
        let current = thread.current;
        if let State::Waiting(site) = now {
            let site = classifier.sites.get(site);
            if matches!(site.kind, WaitKind::Poll | WaitKind::Futex) {
                // It has nothing to do, and so has nobody on it.
                thread.current = None;
                if let Some(task) = current {
                    let state = parked(classifier);
                    let out = (classifier, give);
                    self.tasks.change(task, Place::Parked, at, state, out);
                }
                return;
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
        } else {
            thread.current.filter(|_| is_done_by_tasks(kind))
        };
        let carrier = self.threads.get(&call.tid);
        if is_exchange && task.is_none() && carrier.is_some_and(|thread| thread.is_carrier) {
            // It looked whether a reply has come: nobody's act.
            return;
        }
        let who = task.map_or(ActorId::Thread(call.tid), TaskIndex::actor);
        if let Event::Call(event) = of_thread(Event::Call(*row)) {
            give(&Event::Call(ClassifiedCall { who, ..event }), classifier);
        }
        if is_exchange && call.call.is_output() {
            self.has_sent(row, task, (classifier, give));
        }
    }

    /// Something is sent: whose it is.
    fn sends(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) -> Option<TaskIndex> {
        let call = row.call;
        let socket = self
            .sockets
            .get(&call.resource)
            .copied()
            .unwrap_or_default();
        if call.ret <= 0 {
            return None;
        }
        let is_more = socket.open.is_some() && !socket.is_stale;
        if is_more && (socket.open != Some(NOBODY) || socket.task.is_some()) {
            // More of the same request.
            return socket.task;
        }
        if socket.open.is_some() {
            self.answered_in_a_pause(call.resource, (&mut *classifier, &mut *give));
        }
        let (operation, since) = (
            row.operation.map_or(OperationId::NONE, |(id, _)| id),
            call.start,
        );
        self.sockets.insert(
            call.resource,
            Socket {
                open: Some(call.tid),
                pid: call.pid,
                since,
                operation,
                task: None,
                is_stale: false,
            },
        );
        let thread = self.threads.entry(call.tid).or_default();
        thread.open += 1;
        if !thread.is_carrier {
            let is_one = thread.carries();
            if !is_one && !self.process(call.pid).migrates() {
                return None;
            }
            let out = (&mut *classifier, &mut *give);
            self.becomes_a_carrier(call.tid, call.resource, out);
        }
        let current = self
            .threads
            .get(&call.tid)
            .and_then(|thread| thread.current);
        let process = self.processes.entry(call.pid).or_default();
        let place = Place::Carrier(call.tid);
        let task = match process.next(current, &self.tasks) {
            Some(task) => {
                let out = (classifier, give);
                self.tasks.change(task, place, since, State::Running, out);
                task
            }
            None => {
                let out = (classifier, give);
                self.tasks
                    .begin(call.pid, place, since, State::Running, out)
            }
        };
        if let Some(socket) = self.sockets.get_mut(&call.resource) {
            socket.task = Some(task);
        }
        Some(task)
    }

    /// The request is on its way.
    fn has_sent(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        task: Option<TaskIndex>,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let (Some(task), Some((operation, _))) = (task, row.operation) else {
            return;
        };
        let state = waits_for(row.class, operation, classifier);
        let place = Place::Request(row.call.resource);
        self.tasks
            .change(task, place, row.call.end, state, (classifier, give));
        if let Some(thread) = self.threads.get_mut(&row.call.tid)
            && thread.current == Some(task)
        {
            thread.current = None;
        }
    }

    /// Something is read: whose it is.
    fn reads(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) -> Option<TaskIndex> {
        let call = row.call;
        let is_over = call.ret <= 0 && call.ret != NOTHING_YET;
        if call.ret == NOTHING_YET {
            return None;
        }
        let socket = self.sockets.entry(call.resource).or_default();
        let is_first = (row.request.is_some() || is_over) && socket.open.is_some();
        let is_unowned = socket.open.is_none_or(|by| by == NOBODY) && socket.task.is_none();
        let headless = row.request.filter(|_| is_unowned);
        let (asked_by, mut task) = (socket.open, socket.task);
        if is_first || headless.is_some() {
            (socket.open, socket.is_stale) = (None, false);
        }
        if let Some(asked_by) = asked_by.filter(|_| is_first) {
            self.answered(asked_by);
        }
        if let Some(asked_by) = asked_by.filter(|by| *by != NOBODY && *by != call.tid && is_first) {
            // Whoever asked goes on elsewhere.
            let process = self.process(call.pid);
            process.migrations += 1;
            let is_known = process.migrates();
            for tid in [asked_by, call.tid] {
                let thread = self.threads.entry(tid).or_default();
                if thread.is_target && !thread.is_carrier && (is_known || task.is_some()) {
                    let out = (&mut *classifier, &mut *give);
                    self.becomes_a_carrier(tid, call.resource, out);
                }
            }
        }
        if let Some(request) = headless {
            let thread = self.threads.entry(call.tid).or_default();
            thread.headless += 1;
            if !thread.is_carrier && thread.carries() {
                self.becomes_a_carrier(call.tid, call.resource, (classifier, give));
            }
            let is_carrier = self
                .threads
                .get(&call.tid)
                .is_some_and(|thread| thread.is_carrier);
            if task.is_none() && is_carrier {
                let operation = row.operation.map_or(OperationId::NONE, |(id, _)| id);
                let state = waits_for(row.class, operation, classifier);
                let place = Place::Request(call.resource);
                // Its request was under way as the window began.
                let since = request.start.max(self.began);
                let out = (&mut *classifier, &mut *give);
                let new = self.tasks.begin(call.pid, place, since, state, out);
                self.sockets.entry(call.resource).or_default().task = Some(new);
                task = Some(new);
            }
        }
        let task = task?;
        let is_elsewhere =
            matches!(self.tasks.place(task), Place::Request(other) if other != call.resource);
        if is_elsewhere {
            return None;
        }
        if call.unread > Nanos::ZERO {
            // The reply has come; its carrier has not looked yet.
            let state = carried(classifier);
            let place = Place::Request(call.resource);
            let at = call.end.since(call.unread).min(call.start);
            let out = (&mut *classifier, &mut *give);
            self.tasks.change(task, place, at, state, out);
        }
        self.runs(task, call.tid, call.start, (classifier, give));
        if is_first || headless.is_some() {
            self.process(call.pid).has_read(task);
        }
        Some(task)
    }

    /// A connection ends, with whatever was asked on it.
    fn closes(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let call = row.call;
        let Some(socket) = self.sockets.remove(&call.resource) else {
            return;
        };
        let Some(asked_by) = socket.open else {
            return;
        };
        self.answered(asked_by);
        if let Some(task) = socket.task {
            self.runs(task, call.tid, call.start, (classifier, give));
            self.process(call.pid).has_read(task);
        }
    }

    /// A task runs on a carrier; who ran there before does not any more.
    fn runs(
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
            let state = parked(classifier);
            let out = (&mut *classifier, &mut *give);
            self.tasks.change(former, Place::Parked, at, state, out);
        }
        let place = Place::Carrier(tid);
        self.tasks
            .change(task, place, at, State::Running, (classifier, give));
    }

    fn answered(&mut self, asked_by: Tid) {
        if let Some(thread) = self.threads.get_mut(&asked_by) {
            thread.open = thread.open.saturating_sub(1);
        }
    }

    fn process(&mut self, pid: Pid) -> &mut Process {
        self.processes.entry(pid).or_default()
    }

    /// A thread has several requests under way: each is a task's, but for the one on `but`, which is looked at next.
    fn becomes_a_carrier(
        &mut self,
        tid: Tid,
        but: ResourceId,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let thread = self.threads.entry(tid).or_default();
        (thread.is_carrier, thread.has_carried) = (true, true);
        let pid = thread.pid;
        self.process(pid).carriers += 1;
        let mut open: Vec<(Nanos, ResourceId)> = self
            .sockets
            .iter()
            .filter(|(id, socket)| {
                let is_its = match socket.open {
                    Some(NOBODY) => socket.pid == pid,
                    by => by == Some(tid),
                };
                **id != but && is_its && socket.task.is_none()
            })
            .map(|(id, socket)| (socket.since, *id))
            .collect();
        open.sort_unstable();
        for (_, id) in open {
            self.take_up(id, (&mut *classifier, &mut *give));
        }
    }
}

fn waits_for(
    class: crate::classify::ClassId,
    operation: OperationId,
    classifier: &mut Classifier,
) -> State {
    State::Waiting(classifier.sites.intern(WaitSite {
        kind: WaitKind::Request,
        class,
        operation,
    }))
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
