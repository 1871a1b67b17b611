//! Actors, and the plain case: a thread that is an actor of its own.

use std::fmt;

use crate::classify::{ClassifiedCall, Event};
use crate::row::Tid;

/// A worker of either kind, or any other thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorId {
    /// A thread.
    Thread(Tid),
    /// A task, by its number in this analysis.
    Task(u32),
}

impl ActorId {
    /// The thread that it is; a task is none.
    #[must_use]
    pub fn tid(self) -> Option<Tid> {
        match self {
            Self::Thread(tid) => Some(tid),
            Self::Task(_) => None,
        }
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thread(tid) => write!(f, "thread {tid}"),
            Self::Task(number) => write!(f, "task {number}"),
        }
    }
}

/// The event of the thread's own actor.
#[must_use]
pub fn of_thread(event: Event<'_, Tid>) -> Event<'_, ActorId> {
    match event {
        Event::Change {
            who,
            pid,
            was,
            now,
            wait,
            waker,
        } => Event::Change {
            who: ActorId::Thread(who),
            pid,
            was,
            now,
            wait,
            waker: crate::classify::Waker {
                who: waker.who.map(ActorId::Thread),
            },
        },
        Event::Call(call) => Event::Call(ClassifiedCall {
            who: ActorId::Thread(call.who),
            call: call.call,
            class: call.class,
            operation: call.operation,
            exact: call.exact,
            statement: call.statement,
            request: call.request,
            polled_lock: call.polled_lock,
            lock: call.lock,
            exclusive: call.exclusive,
            connected: call.connected,
        }),
        Event::Task(task) => Event::Task(task),
        Event::Asked(who, socket) => Event::Asked(ActorId::Thread(who), socket),
        Event::Join(at, open) => Event::Join(at, open),
    }
}
