//! Tasks: what each of them does now, and which one goes on.
//!
//! A task is at each instant in one place: inside a request, running on its carrier, or parked in the process for something
//! that nothing outside shows (a timer, a lock, a pool, a queue).

use std::collections::VecDeque;

use super::actor::ActorId;
use super::carriers::NOBODY;
use crate::classify::{
    ClassId, Classifier, Event, Piece, State, WaitBegin, WaitKind, WaitSite, Waker,
};
use crate::row::{Nanos, Pid, ResourceId, StackId, Tid};

/// Place of a task in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TaskIndex(pub u32);

impl TaskIndex {
    pub(super) fn actor(self) -> ActorId {
        ActorId::Task(self.0)
    }
}

/// Where a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Inside a request on this socket.
    Request(ResourceId),
    /// On this carrier.
    Carrier(Tid),
    /// In the process.
    Parked,
}

/// One task.
#[derive(Clone, Debug)]
struct Task {
    pid: Pid,
    place: Place,
    state: State,
    since: Nanos,
    /// How often it has gone into a request.
    turn: u32,
}

/// Takes events of actors.
pub type Give<'g> = dyn FnMut(&Event<'_, ActorId>, &mut Classifier) + 'g;

/// All tasks.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks {
    list: Vec<Task>,
}

impl Tasks {
    /// A task that is seen for the first time, from `at` on.
    pub(super) fn begin(
        &mut self,
        pid: Pid,
        place: Place,
        at: Nanos,
        now: State,
        out: (&mut Classifier, &mut Give<'_>),
    ) -> TaskIndex {
        let index = TaskIndex(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(Task {
            pid,
            place,
            state: State::Absent,
            since: at,
            turn: 0,
        });
        self.change(index, place, at, now, out);
        index
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// How often a task has gone into a request.
    fn turn(&self, task: TaskIndex) -> u32 {
        self.list.get(task.0 as usize).map_or(0, |task| task.turn)
    }

    /// Where a task is.
    pub(super) fn place(&self, task: TaskIndex) -> Place {
        self.list
            .get(task.0 as usize)
            .map_or(Place::Parked, |task| task.place)
    }

    /// A task goes elsewhere, or does something else there.
    pub(super) fn change(
        &mut self,
        index: TaskIndex,
        place: Place,
        at: Nanos,
        now: State,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        let Some(task) = self.list.get_mut(index.0 as usize) else {
            return;
        };
        if let (Place::Request(_), Place::Carrier(_) | Place::Parked) = (place, task.place) {
            task.turn += 1;
        }
        task.place = place;
        if task.state == now {
            return;
        }
        // What is found out late, such as that a request was under way, began no sooner than what is known already.
        let at = at.max(task.since);
        let was = Piece {
            start: task.since,
            end: at,
            state: task.state,
        };
        (task.state, task.since) = (now, at);
        let wait = match now {
            State::Waiting(site) => Some(WaitBegin {
                site: classifier.sites.get(site),
                owner: Tid(0),
                stack: StackId::NONE,
                lock: None,
            }),
            _ => None,
        };
        let event = Event::Change {
            who: index.actor(),
            pid: task.pid,
            was,
            now,
            wait,
            waker: Waker { who: None },
        };
        give(&event, classifier);
    }
}

impl Tasks {
    /// The process has ended, or the window.
    pub(super) fn end(
        &mut self,
        pid: Pid,
        at: Nanos,
        (classifier, give): (&mut Classifier, &mut Give<'_>),
    ) {
        for index in 0..self.list.len() {
            if self.list[index].pid == pid {
                let task = TaskIndex(u32::try_from(index).unwrap_or(u32::MAX));
                let out = (&mut *classifier, &mut *give);
                self.change(task, Place::Parked, at, State::Absent, out);
            }
        }
    }
}

/// The tasks of a process that are parked, or about to go on.
#[derive(Clone, Debug, Default)]
pub(super) struct Process {
    /// Tasks whose reply was read, the oldest first, and the turn in which each was; those that have gone on since are passed over.
    read: VecDeque<(TaskIndex, u32)>,
    /// What goes on does so a turn of the loop later, in the order of the reads (`asyncio`: `call_soon`). Else at once.
    pub is_deferred: bool,
    /// Carriers that have not ended.
    pub carriers: u32,
    /// Replies that another thread read than had asked.
    pub migrations: u32,
}

/// So many replies read elsewhere show that tasks go from thread to thread, and that any thread may carry them.
const MIGRATES: u32 = 3;

impl Process {
    /// Its tasks go from thread to thread.
    pub fn migrates(&self) -> bool {
        self.migrations >= MIGRATES
    }

    /// A reply was read: its task goes on, now or later.
    pub(super) fn has_read(&mut self, task: TaskIndex, tasks: &Tasks) {
        if self.read.len() >= 2 * (tasks.len() + 1) {
            // Most of them have gone on since.
            self.read.retain(|(task, turn)| *turn == tasks.turn(*task));
        }
        self.read.push_back((task, tasks.turn(task)));
    }

    /// Which of its tasks sends a request on the carrier `on`, where `current` runs; [`NOBODY`]: on whichever. `None`: one that was not
    /// seen before.
    pub(super) fn next(
        &mut self,
        on: Tid,
        current: Option<TaskIndex>,
        tasks: &Tasks,
    ) -> Option<TaskIndex> {
        let is_free = |task: TaskIndex| match tasks.place(task) {
            Place::Parked => true,
            Place::Carrier(at) => at == on || on == NOBODY,
            Place::Request(_) => false,
        };
        if let Some(current) = current.filter(|task| !self.is_deferred && is_free(*task)) {
            // Mostly it is the one that was read last.
            if self.read.back().is_some_and(|(task, _)| *task == current) {
                self.read.pop_back();
            }
            return Some(current);
        }
        let has_gone_on = |(task, turn): &(TaskIndex, u32)| *turn != tasks.turn(*task);
        while self.read.front().is_some_and(has_gone_on) {
            self.read.pop_front();
        }
        let next = |one: &(TaskIndex, u32)| is_free(one.0) && !has_gone_on(one);
        let at = self.read.iter().position(next)?;
        self.read.remove(at).map(|(task, _)| task)
    }
}

/// The wait site of a task whose reply has come and is not read yet.
pub(super) fn carried(classifier: &mut Classifier) -> State {
    let class: ClassId = classifier.classes.of(ResourceId(0));
    let site = WaitSite::plain(WaitKind::Carrier, class);
    State::Waiting(classifier.sites.intern(site))
}

/// The wait site of what is parked in the process.
pub(super) fn parked(classifier: &mut Classifier) -> State {
    let class: ClassId = classifier.classes.of(ResourceId(0));
    let site = WaitSite::plain(WaitKind::Parked, class);
    State::Waiting(classifier.sites.intern(site))
}
