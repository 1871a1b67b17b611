//! Who made whom wait: holders of locks, queues at peers, CPUs taken by each other.
//!
//! In: events by actor, as they come. Out: statistics of each lock, each peer, each service and the run queue, per instant and
//! not per wait: a holder is charged for the waiting that went on while it held, not for the whole wait of whom it wakes. What
//! a holder does meanwhile is the "because".

mod hold;
mod recent_pieces;
mod together;

mod in_flight;
mod lock;
mod lock_group;
mod meanwhile;
mod neighbours;
mod passed_on;

mod queue;
mod unread;

mod service;
mod visit;
mod visits;

mod collector;

pub use collector::{Collector, Wakers};
pub use hold::{Charge, HolderActivity};
pub use in_flight::InFlight;
pub use lock::{LockStats, Locks};
pub use lock_group::LockGroups;
pub use meanwhile::Meanwhile;
pub use neighbours::Slowdown;
pub use queue::{Behind, Queued, RunQueue};
pub use service::{ServiceStats, Services, is_known_lock, port_of};
pub use together::{After, Between, Released, Together};
pub use unread::Unread;
pub use visit::{Figures, Part, Visit, figures, turns};
pub use visits::Visits;

#[cfg(test)]
mod tests;
