//! What recording costs the work that is watched, and what is left out so that it stays within `--max-overhead`.
//!
//! In: the kernel's run statistics of the eBPF programs, the CPU time of holdup and of the tracked processes, and the records
//! themselves, a part of which is looked at. Out: a [`budget::Step`] each period, which the session carries out.
//!
//! # The promise
//! The tracked workers lose at most the allowed share of their **throughput**, and the host at most that share of its CPUs.
//! Time that is added to a thread while it waits for something else delays nothing, so time in programs is not held against
//! CPU time as such. What is added can slow the work in two ways only, and the loss is the larger of them ([`loss`]):
//!
//! - **Along a chain**, in which one thread's step follows another's. At any instant at most one thread of a chain advances, so
//!   the shares of the time that its threads advance sum to at most 1:
//!   `loss <= time added on these threads / wall time`, for the worst set of threads whose shares sum to 1.
//!   A thread advances while it runs and while it waits for the outside (a device, a timer, a peer that is not tracked); it does
//!   not while it waits for a CPU, or to be woken by a tracked thread, since another link of the chain is at work then. With `p`
//!   a thread's share of the records and `u` the share of the time it advances, the worst set is found by taking threads in the
//!   order of `p / u` until the sum of `u` is 1 ([`threads`]). One busy thread, an event loop that carries all the work, and two
//!   threads that play ping-pong each fill the time alone: all that is added counts. Of 64 workers that wait for a peer each fills the
//!   time by itself: a 64th of it counts. It is an upper bound, since a set is not always a chain; so where all programs
//!   together take less than the allowed share of one core, nothing is ever lost beyond it by this way.
//! - **While CPUs are short**, all that is added takes CPU time from the work:
//!   `loss <= share of the time a tracked thread queues for a CPU x (time added on tracked threads / their own CPU time +
//!   time taken by holdup and by programs on other threads / CPU time of the host)`.
//!   Queueing is what the records say; a queue of a moment after a wake-up counts only while all CPUs of the host have work.
//!
//! In the doubtful case the loss is taken to be larger: runs of programs that no record tells of count as if they were on one
//! chain, and where nothing is known of the threads everything is.

pub mod run_stats;

pub mod threads;

pub mod loss;

pub mod host_cpu;

pub mod cost;

pub mod budget;

pub mod controller;
