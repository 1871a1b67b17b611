//! The zoo: workloads whose cause is known, and the runner that holds holdup's reports against their own truth.
//!
//! In: seeds. Out: a table with a row for each case and seed. A `Case` draws a `Plan` from a seed; a
//! `Scene` runs it with so many workers; `truth` measures its rates untraced, `observe` records and reports it, `judge`
//! compares. `recording` keeps a short trace of a case with its [`expectation`], which can be replayed anywhere. Nothing that holdup can see (names of programs, files, processes, arguments) differs from case to case by
//! anything but the work itself: labels and seeds stay here.

pub mod wanted;

pub mod expectation;

#[cfg(target_os = "linux")]
pub mod draw;
#[cfg(target_os = "linux")]
pub mod plan;

#[cfg(target_os = "linux")]
pub mod cases;

#[cfg(target_os = "linux")]
pub mod programs;
#[cfg(target_os = "linux")]
pub mod workshop;

#[cfg(target_os = "linux")]
pub mod link;
#[cfg(target_os = "linux")]
pub mod processors;
#[cfg(target_os = "linux")]
pub mod scene;

#[cfg(target_os = "linux")]
pub mod observe;
#[cfg(target_os = "linux")]
pub mod truth;

#[cfg(target_os = "linux")]
pub mod judge;

#[cfg(target_os = "linux")]
pub mod recording;
#[cfg(target_os = "linux")]
pub mod run;
#[cfg(target_os = "linux")]
pub mod schedule;

#[cfg(target_os = "linux")]
pub mod accuracy;
#[cfg(target_os = "linux")]
pub mod table;
