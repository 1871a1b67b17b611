//! Timelines to exchanges, stages, items and their rate.
//!
//! In: rows (for the inventory, a first pass) and steps of the sweep (for the attribution, a second pass). Out: who the workers are,
//! what a turn of their cycle is, and where each nanosecond of their time went. Nobody annotates anything: operations are
//! told apart by what they are done to, stages by verbs, bytes and files. In doubt a stage is `other`, not a guess.

mod attribution;
mod class;
mod cycle;
mod inventory;
mod item;
mod operation;
mod period;
mod request;
mod segment;
mod stage;
mod times;
mod wait_site;

pub use attribution::{Attribution, StageTime, WorkerTotals};
pub use class::{ClassId, ClassKind, ResourceClasses, pattern};
pub use cycle::{Cycle, ItemMark};
pub use inventory::{ClassTotals, FutexTotals, Inventory, ThreadTotals};
pub use item::ItemError;
pub use operation::{Operation, OperationKind, operation};
pub use request::{Request, RequestTracker};
pub use stage::{RuleError, StageName, Stages, UserRule};
pub use times::Times;
pub use wait_site::{WaitKind, WaitSite};
