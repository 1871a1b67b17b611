//! Timelines to exchanges, stages, items and their rate.
//!
//! In: rows (for the census, a first pass) and steps of the sweep (for the ledger, a second pass). Out: who the workers are,
//! what a turn of their cycle is, and where each nanosecond of their time went. Nobody annotates anything: operations are
//! told apart by what they are done to, stages by verbs, bytes and files. In doubt a stage is `other`, not a guess.

mod census;
mod cycle;
mod item;
mod ledger;
mod operation;
mod period;
mod place;
mod segment;
mod spot;
mod stage;
mod times;
mod turn;

pub use census::{Census, PlaceTotals, ThreadTotals, WordTotals};
pub use cycle::{Cycle, ItemMark};
pub use item::ItemError;
pub use ledger::{Ledger, StageTime, WorkerTotals};
pub use operation::{Act, Operation, operation};
pub use place::{PlaceId, PlaceKind, Places, pattern};
pub use spot::{Spot, Way};
pub use stage::{RuleError, StageName, Stages, UserRule};
pub use times::Times;
pub use turn::{Turn, Turns};
