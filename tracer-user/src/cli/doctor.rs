//! What this host allows.

use super::exit::{Exit, Failure};

/// Prints the examination.
#[cfg(target_os = "linux")]
pub fn doctor() -> Result<Exit, Failure> {
    use super::exit::OrExit;
    use super::output;
    use crate::capture::host::{State, Table, examine, judge};

    let findings = judge(&examine());
    output::put(Table(&findings).to_string().as_bytes(), None).or_exit(Exit::BadInput)?;
    let impossible = findings
        .iter()
        .any(|finding| finding.state == State::Impossible);
    Ok(if impossible { Exit::Host } else { Exit::Done })
}

/// There is nothing to examine.
#[cfg(not(target_os = "linux"))]
pub fn doctor() -> Result<Exit, Failure> {
    println!(
        "This is no Linux: live capture is not possible. `holdup report` reads traces taken elsewhere."
    );
    Ok(Exit::Host)
}
