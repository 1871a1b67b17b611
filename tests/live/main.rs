//! Tests that need a kernel and the rights to watch with eBPF.
//!
//! Where they cannot run they say so and pass, unless `HOLDUP_REQUIRE_LIVE=1`: then they fail.
#![cfg(target_os = "linux")]

mod watched;

mod verifier;

mod calls;
mod statements;
mod waits;

mod budget;
mod loss;

mod call_sites;

mod diagnosis;

use holdup::capture::CaptureError;

/// What a capture gave; `None` where this host or these rights do not allow one and nobody insists.
fn live<T>(outcome: Result<T, CaptureError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(error @ (CaptureError::Rights | CaptureError::NoBtf { .. })) => {
            let required =
                std::env::var_os("HOLDUP_REQUIRE_LIVE").is_some_and(|value| value == "1");
            assert!(!required, "HOLDUP_REQUIRE_LIVE=1, and: {error}");
            eprintln!("NOT RUN: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
