//! What the classifier gives: the steps of the sweep with their meaning.

use super::futex::LockId;
use super::operation::OperationId;
use super::request::Request;
use super::wait_site::{SiteId, WaitSite};
use super::{ClassId, Operation};
use crate::row::{Call, Nanos, Pid, ResourceId, StackId, StatementId, Syscall, Task, Tid};

/// What a thread or an actor does at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// Not yet born, or ended.
    #[default]
    Absent,
    /// Nothing is known: rows are missing.
    Unknown,
    /// On a CPU.
    Running,
    /// Could run, and has no CPU.
    Queued,
    /// Stopped by a signal, a debugger or the freezer.
    Stopped,
    /// Waits there.
    Waiting(SiteId),
}

/// A stretch of time in one state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Begin.
    pub start: Nanos,
    /// End.
    pub end: Nanos,
    /// In what state.
    pub state: State,
}

impl Piece {
    /// Its length.
    #[must_use]
    pub fn length(&self) -> Nanos {
        self.end.since(self.start)
    }
}

/// What is known of a wait that begins, beyond its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitBegin {
    /// Its site, in full.
    pub site: WaitSite,
    /// The lock's own word named this thread as its owner; 0: it was not looked at, or named nobody.
    pub owner: Tid,
    /// Where in the code; [`StackId::NONE`]: not taken.
    pub stack: StackId,
    /// The lock that it is for, if it is for one.
    pub lock: Option<LockId>,
}

/// Who ended a wait; of no interest where an interrupt did that over an innocent thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waker<Who> {
    /// Thread or actor; `None`: nobody seen, a timer or the network.
    pub who: Option<Who>,
}

/// A step with its meaning. `Who` is a thread as the classifier gives it, an actor as the stations behind take it.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a, Who> {
    /// Somebody changed state.
    Change {
        /// Who.
        who: Who,
        /// Process.
        pid: Pid,
        /// The stretch that ended now.
        was: Piece,
        /// The state from now on.
        now: State,
        /// What is known of the wait that begins, if one does.
        wait: Option<WaitBegin>,
        /// Who ended the wait that `was`, if it was one.
        waker: Waker<Who>,
    },
    /// A call returned.
    Call(ClassifiedCall<'a, Who>),
    /// The request that is under way on a socket is this one's, who sent it before that could be told.
    Asked(Who, ResourceId),
    /// A fact about a thread.
    Task(&'a Task),
    /// Windows join here, with a pause between them; these requests were under way.
    Join(Nanos, &'a [Request]),
}

/// A call with its meaning.
#[derive(Clone, Copy, Debug)]
pub struct ClassifiedCall<'a, Who> {
    /// Who called.
    pub who: Who,
    /// The row.
    pub call: &'a Call,
    /// What it is about.
    pub class: ClassId,
    /// What it does; `None`: it says nothing about the work.
    pub operation: Option<(OperationId, Operation)>,
    /// The same by its statement; where that is not known or not told apart, the same.
    pub exact: OperationId,
    /// The statement of the request that it belongs to, if it is one of those told apart.
    pub statement: StatementId,
    /// The request that it completed: its first reply bytes came, or were sent.
    pub request: Option<Request>,
    /// The file whose lock the caller asks for again and again, when this call is a sleep in between.
    pub polled_lock: Option<ClassId>,
    /// The lock that it takes, asks for or lets go.
    pub lock: Option<LockId>,
    /// It took the lock of a file so that nobody shares it.
    pub exclusive: bool,
    /// The connection that was made by its end, or is used by it for the first time.
    pub connected: Option<Connected>,
}

/// A connection to a peer was made, or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    /// It was asked for.
    pub from: Nanos,
    /// It was there.
    pub until: Nanos,
}

impl<Who> ClassifiedCall<'_, Who> {
    /// It is this call.
    #[must_use]
    pub fn is(&self, call: Syscall) -> bool {
        self.call.call == call
    }
}
