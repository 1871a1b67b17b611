//! The zoo: workloads whose cause is known, and the runner that holds holdup's reports against their own truth.
//!
//! In: seeds. Out: a table with a row for each case and seed. A [`Case`](plan::Case) draws a [`Plan`](plan::Plan) from a seed; a
//! [`Scene`](scene::Scene) runs it with so many workers; [`truth`] measures its rates untraced, [`observe`] records and reports it, [`judge`]
//! compares. Nothing that holdup can see (names of programs, files, processes, arguments) differs from case to case by
//! anything but the work itself: labels and seeds stay here.
#![cfg(target_os = "linux")]

pub mod draw;
pub mod plan;

pub mod cases;

pub mod programs;
pub mod workshop;

pub mod scene;

pub mod observe;
pub mod truth;

pub mod judge;

pub mod run;
pub mod table;
