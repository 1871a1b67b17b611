//! A cause under suspicion.

use crate::cause::Cause;
use crate::report::{Culprit, StageName};
use crate::scaling::Lost;
use crate::work::WaitSite;

/// A cause under suspicion, with what speaks for and against it.
#[derive(Clone, Debug, Default)]
pub struct Candidate {
    /// Which.
    pub cause: Cause,
    /// Stage most of its time is in.
    pub stage: StageName,
    /// The thing to look at.
    pub culprit: Culprit,
    /// Where the workers lose the time; no two candidates share a wait site.
    pub sites: Vec<WaitSite>,
    /// It is the run queue, which has no wait site.
    pub run_queue: bool,
    /// Worker seconds lost in the window.
    pub lost: Lost,
    /// A rate that would hold for one worker too, items/s.
    pub cap: Option<f64>,
    /// Service demand of one item at it, s.
    pub demand: f64,
    /// How many it serves at once.
    pub capacity: f64,
    /// What was seen of what could have been seen to tell it from the runner-up, 0 to 1.
    pub seen: f64,
    /// Full sentences with numbers.
    pub evidence: Vec<String>,
    /// What speaks against it.
    pub against: Vec<String>,
    /// What cannot be told apart from it from outside.
    pub alternatives: Vec<Cause>,
    /// What serialises, as the middle of the verdict's sentence: "inserts to 127.0.0.1:8123 are served one at a time".
    pub clause: String,
    /// From the waiters to the root.
    pub chain: Vec<String>,
    /// Who has it.
    pub holder: String,
}
