//! The live commands where there is no Linux: they say so.

use super::args::{Attach, Record, Run};
use super::exit::{Exit, Failure, OrExit};

/// Not here.
pub fn attach(_attach: &Attach) -> Result<Exit, Failure> {
    nowhere()
}

/// Not here.
pub fn run(_run: &Run) -> Result<Exit, Failure> {
    nowhere()
}

/// Not here.
pub fn record(_record: &Record) -> Result<Exit, Failure> {
    nowhere()
}

fn nowhere() -> Result<Exit, Failure> {
    Err(anyhow::anyhow!(
        "live capture needs Linux (6.1 or later); `holdup report` reads recordings on any system"
    ))
    .or_exit(Exit::Host)
}
