//! One named cause with its evidence.
//!
//! In: what the stations above found ([`Findings`]). Out: a list of [`Suspect`]s. Each cause is one file with one rule: what
//! must be seen, what would refute it, one sentence about this very case, thresholds as named constants with their source.
//! A rule that sees too little names nothing.

mod findings;
mod inside;
mod suspect;

mod cpu;
mod file_lock;
mod fsync;
mod pool;
mod rate_limit;
mod remote;
mod starved;
mod user_lock;

mod verdict;

pub use findings::Findings;
pub use suspect::Suspect;
pub use verdict::{Conclusion, conclude};

/// All suspects, each rule asked once; none of them looks at the size of the serialization factor.
#[must_use]
pub fn suspects(findings: &Findings<'_>) -> Vec<Suspect> {
    let rules: [fn(&Findings<'_>) -> Vec<Suspect>; 8] = [
        pool::suspects,
        user_lock::suspects,
        file_lock::suspects,
        remote::suspects,
        rate_limit::suspects,
        fsync::suspects,
        cpu::suspects,
        starved::suspects,
    ];
    rules.iter().flat_map(|rule| rule(findings)).collect()
}
