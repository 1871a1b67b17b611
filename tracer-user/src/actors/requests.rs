//! Whose each request is: what is sent on a carrier continues what was read before, what is read belongs to who had asked.

use super::carriers::{Actors, NOBODY, Socket, Thread};
use super::tasks::{Give, Place, TaskIndex, carried};
use super::under_way::waits_for;
use crate::classify::{ClassifiedCall, Classifier, OperationId, State};
use crate::row::{Nanos, Pid, ResourceId, Tid};

/// `-EAGAIN` (include/uapi/asm-generic/errno-base.h): nothing has come.
const NOTHING_YET: i64 = -11;

impl Actors {
    /// Something is sent: whose it is.
    pub(super) fn sends(
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
            let is_one = thread.carries() || is_seen(call.pid, thread, classifier);
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
        let place = Place::Carrier(call.tid);
        // Who asked for the connection is the first to use it.
        let asked = socket
            .task
            .filter(|task| self.tasks.place(*task) == Place::Request(call.resource));
        let task = match asked.or_else(|| self.next((call.pid, call.tid), current)) {
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
    pub(super) fn has_sent(
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
    pub(super) fn reads(
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
        if is_over && !is_first {
            // A connection ends on which nothing was under way.
            return None;
        }
        let is_unowned = socket.open.is_none_or(|by| by == NOBODY) && socket.task.is_none();
        let headless = row.request.filter(|_| is_unowned);
        let asked_by = socket.open.filter(|_| is_first);
        // In a pause another thread may have asked.
        let is_known_who = !socket.is_stale;
        if is_first || headless.is_some() {
            (socket.open, socket.is_stale) = (None, false);
        }
        if let Some(asked_by) = asked_by {
            self.answered(asked_by);
            if asked_by != NOBODY && asked_by != call.tid && is_known_who {
                self.migrates(row, asked_by, (&mut *classifier, &mut *give));
            }
        }
        if asked_by == Some(NOBODY) && call.blocked && !self.is_carrier(call.tid) {
            self.is_a_threads(call.resource, call.end, (&mut *classifier, &mut *give));
        }
        if let Some(request) = headless {
            self.reads_headless(row, request.start, (&mut *classifier, &mut *give));
        }
        let task = self
            .sockets
            .get(&call.resource)
            .and_then(|socket| socket.task);
        let task = task?;
        let place = self.tasks.place(task);
        if matches!(place, Place::Request(other) if other != call.resource) {
            return None;
        }
        let is_running = matches!(place, Place::Carrier(_));
        if call.unread > Nanos::ZERO && !is_running {
            // The reply has come, or more of it; its carrier has not looked yet.
            let state = carried(classifier);
            let at = call.end.since(call.unread).min(call.start);
            let out = (&mut *classifier, &mut *give);
            self.tasks.change(task, place, at, state, out);
        }
        self.runs(task, call.tid, call.start, (classifier, give));
        if is_first || headless.is_some() {
            let process = self.processes.entry(call.pid).or_default();
            process.has_read(task, &self.tasks);
        }
        Some(task)
    }

    /// A request that was found under way was taken for a task's, but a thread waited for its reply in the read itself.
    fn is_a_threads(
        &mut self,
        socket: ResourceId,
        at: Nanos,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let task = self
            .sockets
            .get_mut(&socket)
            .and_then(|socket| socket.task.take());
        if let Some(task) = task {
            let out = (classifier, give);
            self.tasks
                .change(task, Place::Parked, at, State::Absent, out);
        }
    }

    /// A reply was read by another thread than had asked: whoever asked goes on elsewhere.
    fn migrates(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        asked_by: Tid,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let call = row.call;
        let process = self.process(call.pid);
        process.migrations += 1;
        let socket = self.sockets.get(&call.resource);
        let is_a_task = socket.is_some_and(|socket| socket.task.is_some());
        if !is_a_task && !self.process(call.pid).migrates() {
            return;
        }
        for tid in [asked_by, call.tid] {
            let thread = self.threads.entry(tid).or_default();
            if thread.is_target && !thread.is_carrier {
                self.becomes_a_carrier(tid, call.resource, (&mut *classifier, &mut *give));
            }
        }
    }

    /// The reply to a request from before the window was read.
    fn reads_headless(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        asked: Nanos,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let call = row.call;
        let thread = self.threads.entry(call.tid).or_default();
        thread.headless += 1;
        if !thread.is_carrier {
            if !thread.carries() && !is_seen(call.pid, thread, classifier) {
                return;
            }
            self.becomes_a_carrier(call.tid, call.resource, (&mut *classifier, &mut *give));
        }
        let operation = row.operation.map_or(OperationId::NONE, |(id, _)| id);
        let state = waits_for(row.class, operation, classifier);
        let (place, since) = (Place::Request(call.resource), asked.max(self.began));
        let answered = self.was_answered(call.resource, call.pid);
        let out = (classifier, give);
        let task = match answered {
            Some(task) => {
                self.tasks.change(task, place, since, state, out);
                task
            }
            None => self.tasks.begin(call.pid, place, since, state, out),
        };
        self.sockets.entry(call.resource).or_default().task = Some(task);
    }

    /// Which task of a process sends a request on its carrier `on`, where `current` runs. `None`: one that was not seen before.
    pub(super) fn next(
        &mut self,
        (pid, on): (Pid, Tid),
        current: Option<TaskIndex>,
    ) -> Option<TaskIndex> {
        let process = self.processes.entry(pid).or_default();
        let next = process.next(on, current, &self.tasks);
        next.or_else(|| self.any_answered(pid))
    }

    /// The task of a process whose reply lay unread on a socket when the window opened: that which had asked there, or, where that is
    /// seen to have gone on in the pause, another of those that were answered in it.
    fn was_answered(&mut self, socket: ResourceId, pid: Pid) -> Option<TaskIndex> {
        let asked = self.answered.remove(&(pid, socket));
        let asked = asked.filter(|task| self.tasks.place(*task) == Place::Parked);
        asked.or_else(|| self.any_answered(pid))
    }

    /// A task of a process that was answered in the pause before this window, and was not seen since.
    fn any_answered(&mut self, pid: Pid) -> Option<TaskIndex> {
        let all = (pid, ResourceId::NONE)..=(pid, ResourceId(u32::MAX));
        while let Some((key, task)) = self.answered.range(all.clone()).next() {
            let (key, task) = (*key, *task);
            self.answered.remove(&key);
            if self.tasks.place(task) == Place::Parked {
                return Some(task);
            }
        }
        None
    }

    /// A connection ends, with whatever was asked on it.
    pub(super) fn closes(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let call = row.call;
        let Some(socket) = self.sockets.remove(&call.resource) else {
            return;
        };
        let connects = |task: &TaskIndex| self.tasks.place(*task) == Place::Request(call.resource);
        if socket.open.is_none() && !socket.task.as_ref().is_some_and(connects) {
            return;
        }
        if let Some(asked_by) = socket.open {
            self.answered(asked_by);
        }
        if let Some(task) = socket.task {
            self.runs(task, call.tid, call.start, (classifier, give));
            let process = self.processes.entry(call.pid).or_default();
            process.has_read(task, &self.tasks);
        }
    }
}

/// The runtime of its process shows tasks, and this thread is one that carries them: any, or the one that waits for all of them.
fn is_seen(pid: Pid, thread: &Thread, classifier: &Classifier) -> bool {
    let go_from_thread_to_thread = classifier.seen.carries(pid);
    go_from_thread_to_thread.is_some_and(|go| go || thread.is_loop)
}
