//! What recording costs the work that is watched, and what is left out so that it stays within `--max-overhead`.
//!
//! In: the kernel's run statistics of the eBPF programs, the CPU time of holdup and of the tracked processes, and the records
//! themselves, a part of which is looked at. Out: a [`budget::Step`] each period, which the session carries out.
//!
//! # The promise
//! The tracked workers lose at most the allowed share of their **throughput**, and the host at most that share of its CPUs.
//! Time that is added to a thread beside what the work waits for delays nothing, so time in programs is not held against CPU
//! time as such. What is added slows the work along a **chain**, in which one step follows another: a thread's own steps, and
//! where a tracked thread ends its wait, the steps of that one before ([`loss`]):
//!
//! `loss <= time added on the chain / wall time x stretch + share of the time in which threads queue x share of the host's CPU time taken`
//!
//! - **The chain** is found in the records of each period, walked backwards from what threads did last ([`chain`]); the time added is
//!   taken to be spread evenly over records. One busy thread, an event loop that carries all the work, and two threads that play ping-pong
//!   are chains of all records: all that is added counts. Of 64 workers that wait for a peer each is a chain by itself: a 64th counts. Of
//!   16 that hand on a lock, what each does while it holds it counts, and what it does before and after does not. Where all
//!   programs together take less than the allowed share of one core, nothing is lost beyond it while CPUs are free.
//! - **The stretch** is 1 while CPUs are free. While they are short, a thread needs `(running + queued) / running` of time by the clock for
//!   what it computes, and so for what is added; holdup itself is among what runs. Of n threads that compute on c CPUs each is a chain of an n-th of the records, and
//!   the stretch is n / c: together that is the time added on all threads / their CPU time. Queueing is what the records say; a queue
//!   of a moment after a wake-up counts only while all CPUs of the host have work.
//! - **Taken** from the host is what holdup uses itself, and what programs take on threads that nobody watches.
//!
//! In the doubtful case the loss is taken to be larger: runs of programs that no record tells of count as if they were on one
//! chain, and where nothing is known of the threads everything is.

pub mod run_stats;

pub mod chain;
pub mod threads;

pub mod loss;

pub mod host_cpu;

pub mod cost;

pub mod budget;

pub mod controller;
