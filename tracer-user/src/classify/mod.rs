//! Each wait and each call gets its meaning, once: what it is done to, what is waited for, which request it belongs to.
//!
//! In: batches (what is known of resources and stacks) and steps of the sweep. Out: [`Event`]s. Many resources of one sort are
//! one resource class; a wait site is an interned key of wait kind, class and operation. Locks that are asked for again and
//! again are recognised as waits for that lock, and polls take the site of what is read after them (see `work`). In doubt a
//! wait is [`WaitKind::Other`] or [`WaitKind::Poll`], and no rule takes it for anything else.

mod class;
mod interpreter;
mod kernel_locks;
mod operation;
mod request;
mod sampled;
mod seen;
mod statement;
mod wait_site;

mod event;

mod connecting;
mod futex;
mod lock_words;

mod classifier;

pub use class::{ClassId, ClassKind, ResourceClasses, pattern};
pub use classifier::Classifier;
pub use event::{ClassifiedCall, Connected, Event, Piece, State, WaitBegin, Waker};
pub use futex::{CallSiteId, FutexWord, FutexWords, LockId};
pub use interpreter::{CallIntoC, Way, call_into_c, way as way_to_interpreter};
pub use kernel_locks::KernelLocks;
pub use lock_words::LockWords;
pub use operation::{Operation, OperationId, OperationKind, Operations};
pub use request::{Request, RequestTracker};
pub use sampled::{Sampled, SampledFunctions};
pub use seen::{SeenOthers, SeenPlace, SeenTasks, SeenWorkers, Sort};
pub use statement::Statements;
pub use wait_site::{SiteId, WaitKind, WaitSite, WaitSites};

#[cfg(test)]
pub(crate) mod replay;
#[cfg(test)]
mod tests;
