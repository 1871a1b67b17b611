//! What recording costs the targets, and what is left out so that it stays within `--max-overhead`.
//!
//! In: the kernel's run statistics of the eBPF programs and the CPU time of holdup and of the targets. Out: a [`budget::Step`]
//! each period, which the session carries out.

pub mod run_stats;

pub mod cost;

pub mod budget;

pub mod controller;
