//! Requests that were under way before it was known whose they are: when a window opened, or when their thread turned out to be a
//! carrier.

use std::collections::BTreeSet;

use super::carriers::{Actors, NOBODY, Socket};
use super::tasks::{Give, Place, parked};
use crate::classify::{
    ClassId, ClassKind, Classifier, Event, Operation, OperationId, OperationKind, State, WaitKind,
    WaitSite,
};
use crate::row::{Nanos, OpenRequest, ResourceId, Tid};

impl Actors {
    /// These requests, all there are on TCP connections, were under way when the present window opened; by whose thread, their
    /// replies will show.
    pub fn found_under_way(
        &mut self,
        requests: &[OpenRequest],
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let found: BTreeSet<ResourceId> = requests.iter().map(|one| one.resource).collect();
        // Of other connections nothing was asked.
        let is_tcp = |id: &ResourceId| {
            let socket = classifier.classes.resource(*id);
            socket.is_some_and(|socket| socket.family.starts_with("tcp"))
        };
        let stale = self.sockets.iter();
        let stale = stale.filter(|(id, socket)| socket.is_stale && is_tcp(id));
        let mut stale: Vec<ResourceId> = stale.map(|(id, _)| *id).collect();
        stale.sort_unstable();
        for id in stale {
            if found.contains(&id) {
                self.asked_over_a_pause(id);
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
            // What was sent since the window opened is known by its own call.
            let is_known = request.asked > request.end;
            if !is_known && self.process(request.pid).carriers > 0 {
                self.take_up(request.resource, (&mut *classifier, &mut *give));
            }
        }
    }

    /// A request was under way on a socket when a window ended, and one is when the next one opens. A task asks again and again on its
    /// connection; of threads that share some, another may have asked in the pause.
    fn asked_over_a_pause(&mut self, id: ResourceId) {
        let Some(socket) = self.sockets.get_mut(&id) else {
            return;
        };
        socket.is_stale = false;
        if socket.task.is_none()
            && let Some(asked_by) = socket.open.replace(NOBODY)
        {
            self.answered(asked_by);
        }
    }

    /// What was under way on a socket when a window ended was not any more when the next one opened.
    pub(super) fn answered_in_a_pause(
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
            self.answered.insert((socket.pid, id), task);
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
        let out = (&mut *classifier, &mut *give);
        let task = match self.next((pid, NOBODY), None) {
            Some(task) => {
                self.tasks.change(task, place, since, state, out);
                task
            }
            None => self.tasks.begin(pid, place, since, state, out),
        };
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.task = Some(task);
        }
        give(&Event::Asked(task.actor(), id), classifier);
    }

    /// A thread has several requests under way: each is a task's, but for the one on `but`, which is looked at next.
    pub(super) fn becomes_a_carrier(
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

/// The state of who waits for a reply.
pub(super) fn waits_for(
    class: ClassId,
    operation: OperationId,
    classifier: &mut Classifier,
) -> State {
    State::Waiting(classifier.sites.intern(WaitSite {
        kind: WaitKind::Request,
        class,
        operation,
    }))
}
