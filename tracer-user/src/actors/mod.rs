//! Who carries the work: from threads to actors.
//!
//! In: the classifier's events, by thread. Out: the same events, by actor. An actor is a thread, or a task that threads carry;
//! the stations behind do not tell them apart. A thread that has several requests under way at once is a carrier: its requests
//! are those of tasks, made here from the order of what is sent and read, and its own time stays its own.

mod actor;
mod tasks;

mod carriers;
mod connections;
mod requests;
mod under_way;

pub use actor::{ActorId, of_thread};
pub use carriers::Actors;
pub use tasks::Give;

#[cfg(test)]
mod tests;
