//! What every actor does: operations, stages, items, rate, and who the workers are.
//!
//! In: events by actor, as they come. Out, whenever asked: who the workers are, what one iteration of their cycle is, and where
//! each nanosecond of their time went. Nobody annotates anything: operations are told apart by what they are done to, stages
//! by verbs, bytes and files. In doubt a stage is `other`, not a guess.

mod slots;

mod account;
mod attribution;
mod blocks;

mod stage;

mod recorder;

mod inventory;

mod serving;
mod workers;

mod period;

mod cycle;
mod item;

mod times;

mod client_library;
mod stage_time;

pub use account::{Account, Accounts, ActorIndex};
pub use blocks::{Block, Blocks};
pub use cycle::{Cycle, ItemMark};
pub use inventory::{Actor, Inventory};
pub use item::ItemError;
pub use recorder::{ClassTotals, Recorder};
pub use slots::{Context, Next, Part, Slots};
pub use stage::{RuleError, StageName, Stages, UserRule};
pub use stage_time::{StageTime, WorkerTotals, crossings, worker_totals};
pub use times::Times;
pub use workers::Crew;

#[cfg(test)]
mod tests;
