//! One named cause with its evidence.
//!
//! In: what the stations above found ([`Findings`]). Out: a list of [`Candidate`]s. Each cause is one file with one rule: what
//! must be seen, what would refute it, one sentence about this very case, thresholds as named constants with their source.
//! A rule that sees too little names nothing.

mod candidate;
mod findings;

mod blocks;
mod inside;

mod cpu;
mod file_lock;
mod fsync;
mod pool;
mod rate_limit;
mod remote;
mod starved;
mod user_lock;

mod verdict;

pub use blocks::Where;
pub use candidate::Candidate;
pub use findings::{Evidence, Findings, Spans};
pub use verdict::{Conclusion, conclude};

/// All candidates, each rule asked once; none of them looks at the size of the serialization factor.
#[must_use]
pub fn candidates(findings: &Findings<'_>) -> Vec<Candidate> {
    let rules: [fn(&Findings<'_>) -> Vec<Candidate>; 8] = [
        pool::candidates,
        user_lock::candidates,
        file_lock::candidates,
        remote::candidates,
        rate_limit::candidates,
        fsync::candidates,
        cpu::candidates,
        starved::candidates,
    ];
    rules.iter().flat_map(|rule| rule(findings)).collect()
}
