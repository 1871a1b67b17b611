//! Live tests: they attach to real processes, so they need root and a kernel that allows it. Where they cannot run they say
//! why and pass, unless `HOLDUP_REQUIRE_LIVE=1`, which makes that a failure.

mod watched;

mod calls;
mod waits;
