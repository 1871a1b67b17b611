//! Who made whom wait: holders of locks, queues at peers, CPUs taken by each other.
//!
//! In: steps of the sweep with their operations. Out: books on each lock, each peer, each service and the run queue, per
//! instant and not per wait: a holder is charged for the waiting that went on while it held, not for the whole wait of
//! whom it wakes. What a holder does meanwhile is the "because".

mod hold;
mod lock;
mod observer;
mod queue;
mod recent;
mod service;
mod visit;
mod word;

pub use hold::{Because, Charge};
pub use lock::{LockBook, LockKey, Locks};
pub use observer::{Observer, Wakers};
pub use queue::RunQueue;
pub use recent::Recent;
pub use service::{ServiceBook, Services, port_of};
pub use visit::{Figures, Part, Visit, figures};
pub use word::Words;
