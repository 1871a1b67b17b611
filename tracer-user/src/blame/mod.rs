//! Who made whom wait: holders of locks, queues at peers, CPUs taken by each other.
//!
//! In: steps of the sweep with their operations. Out: books on each lock, each peer, each service and the run queue, per
//! instant and not per wait: a holder is charged for the waiting that went on while it held, not for the whole wait of
//! whom it wakes. What a holder does meanwhile is the "because".

mod collector;
mod hold;
mod lock;
mod lock_group;
mod queue;
mod recent_pieces;
mod service;
mod visit;

pub use collector::{Collector, Wakers};
pub use hold::{Charge, HolderActivity};
pub use lock::{LockKey, LockStats, Locks};
pub use lock_group::LockGroups;
pub use queue::RunQueue;
pub use recent_pieces::RecentPieces;
pub use service::{ServiceStats, Services, port_of};
pub use visit::{Figures, Part, Visit, figures};
