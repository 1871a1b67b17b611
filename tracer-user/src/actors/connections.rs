//! Tasks that wait for a connection: from asking for it without waiting to the first use of it.
//!
//! In: the call of a carrier that asks for a connection and returns before that is there. Out: its task waits for it, and is the one that
//! sends on it first. In the doubtful case (nobody was read for who could have asked) the connection is nobody's.

use super::carriers::{Actors, Socket};
use super::tasks::{Give, Place, TaskIndex, parked};
use crate::classify::{ClassifiedCall, Classifier, State, WaitKind, WaitSite};
use crate::row::{Nanos, Tid};

/// `-EINPROGRESS` (include/uapi/asm-generic/errno.h): the connection is not there yet.
const IN_PROGRESS: i64 = -115;

impl Actors {
    /// A carrier asks for a connection: whose it is.
    pub(super) fn connects(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) -> Option<TaskIndex> {
        let call = row.call;
        let thread = self.threads.get(&call.tid)?;
        if call.ret != IN_PROGRESS || !thread.is_carrier {
            return None;
        }
        let task = self.next((call.pid, call.tid), thread.current)?;
        let place = Place::Carrier(call.tid);
        let out = (classifier, give);
        self.tasks
            .change(task, place, call.start, State::Running, out);
        Some(task)
    }

    /// It waits for that connection from now on.
    pub(super) fn awaits_its_connection(
        &mut self,
        row: &ClassifiedCall<'_, Tid>,
        task: TaskIndex,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let call = row.call;
        let site = WaitSite::plain(WaitKind::Connect, row.class);
        let state = State::Waiting(classifier.sites.intern(site));
        let place = Place::Request(call.resource);
        self.tasks
            .change(task, place, call.end, state, (classifier, give));
        let socket = Socket {
            pid: call.pid,
            since: call.end,
            task: Some(task),
            ..Socket::default()
        };
        self.sockets.insert(call.resource, socket);
        if let Some(thread) = self.threads.get_mut(&call.tid)
            && thread.current == Some(task)
        {
            thread.current = None;
        }
    }

    /// Windows join: what became of a connection in the pause is not seen.
    pub(super) fn cut_connections(
        &mut self,
        at: Nanos,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let tasks = &self.tasks;
        let connect = self.sockets.iter().filter_map(|(socket, of)| {
            let task = of.task.filter(|_| of.open.is_none())?;
            (tasks.place(task) == Place::Request(*socket)).then_some((*socket, task))
        });
        let mut connect: Vec<_> = connect.collect();
        connect.sort_unstable();
        let state = parked(classifier);
        for (socket, task) in connect {
            self.sockets.remove(&socket);
            let out = (&mut *classifier, &mut *give);
            self.tasks.change(task, Place::Parked, at, state, out);
        }
    }
}
