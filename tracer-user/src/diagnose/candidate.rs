//! A cause under suspicion, and one that was cleared.

use super::culprit::Culprit;
use super::facts::Facts;
use super::refutation::Refutation;
use super::sign::Test;
use crate::cause::Cause;
use crate::classify::WaitSite;
use crate::scaling::Lost;
use crate::work::StageName;

/// Worker time at one wait site that a candidate says is lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Where.
    pub site: WaitSite,
    /// How much of it, worker seconds of the window.
    pub lost: Lost,
}

/// A cause under suspicion: numbers only, no sentences.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Which.
    pub cause: Cause,
    /// Stage most of its time is in.
    pub stage: StageName,
    /// The thing to look at.
    pub culprit: Culprit,
    /// Where the workers lose the time; two candidates never claim the same wait site in the end (`claims.rs`).
    pub claims: Vec<Claim>,
    /// What they lose at wait sites where those that serve them have no CPU, beside what others claim there.
    pub in_peers: Vec<Claim>,
    /// What they lose on the CPU itself, where they wait in loops, worker seconds of the window.
    pub running: Lost,
    /// What they lose in the run queue, which has no wait site, worker seconds of the window.
    pub run_queue: Lost,
    /// A rate that would hold for one worker too, items/s.
    pub cap: Option<f64>,
    /// Service demand of one item at it, s; 0: not known.
    pub demand: f64,
    /// How many it serves at once.
    pub capacity: f64,
    /// What separates it from its runner-up, and what came of looking for it.
    pub tests: Vec<Test>,
    /// What was seen.
    pub facts: Facts,
    /// What speaks against it without clearing it.
    pub refutations: Vec<Refutation>,
    /// What cannot be told apart from it from outside.
    pub alternatives: Vec<Cause>,
}

impl Candidate {
    /// A candidate with nothing claimed yet.
    #[must_use]
    pub fn new(stage: StageName, culprit: Culprit, facts: Facts) -> Self {
        Self {
            cause: facts.cause(),
            stage,
            culprit,
            claims: Vec::new(),
            in_peers: Vec::new(),
            running: Lost::default(),
            run_queue: Lost::default(),
            cap: None,
            demand: 0.0,
            capacity: 1.0,
            tests: Vec::new(),
            facts,
            refutations: Vec::new(),
            alternatives: Vec::new(),
        }
    }

    /// Worker seconds lost to it in the window.
    #[must_use]
    pub fn lost(&self) -> Lost {
        self.all_claims()
            .fold(self.running + self.run_queue, |sum, claim| sum + claim.lost)
    }

    /// All that it says is lost at wait sites.
    pub fn all_claims(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter().chain(&self.in_peers)
    }

    /// The wait sites it claims something of.
    #[must_use]
    pub fn sites(&self) -> Vec<WaitSite> {
        self.all_claims().map(|claim| claim.site).collect()
    }
}

/// A cause that was looked into because what must be seen was there, and that something clears.
#[derive(Clone, Debug, PartialEq)]
pub struct Refuted {
    /// Which.
    pub cause: Cause,
    /// What it would have been.
    pub culprit: Culprit,
    /// What clears it.
    pub by: Vec<Refutation>,
}

/// What a rule says, or all of them together.
#[derive(Clone, Debug, Default)]
pub struct Ruling {
    /// Under suspicion.
    pub candidates: Vec<Candidate>,
    /// Cleared.
    pub refuted: Vec<Refuted>,
}

impl Ruling {
    /// Takes in what another rule says.
    pub fn merge(&mut self, other: Self) {
        self.candidates.extend(other.candidates);
        self.refuted.extend(other.refuted);
    }

    /// Notes a cause that is cleared.
    pub fn clear(&mut self, cause: Cause, culprit: Culprit, by: Refutation) {
        self.refuted.push(Refuted {
            cause,
            culprit,
            by: vec![by],
        });
    }
}
