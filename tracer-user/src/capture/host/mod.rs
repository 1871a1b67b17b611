//! Finds out what this host allows, in three steps: facts, findings, and the text that tells them.
//!
//! In: this machine ([`examine`]). Out: [`Facts`] ("could not tell" is a `None`), [`Finding`]s by a pure [`judge`], a
//! [`Table`] for `doctor`, and a [`HostError`] for who wants to attach where that is impossible.

mod capability;
mod config;
mod examine;
mod facts;
mod finding;
mod judge;

pub use capability::Capability;
pub use config::Config;
pub use examine::{examine, glance};
pub use facts::{Facts, Lockdown};
pub use finding::{Finding, HostError, State, Table};
pub use judge::judge;

/// Whether holdup can attach here at all.
///
/// # Errors
/// [`HostError`] with everything that forbids it; its text says what to do. The command line ends with exit code 3.
pub fn allow(facts: &Facts) -> Result<(), HostError> {
    let obstacles: Vec<Finding> = judge(facts)
        .into_iter()
        .filter(|finding| finding.state == State::Impossible)
        .collect();
    if obstacles.is_empty() {
        Ok(())
    } else {
        Err(HostError { obstacles })
    }
}
