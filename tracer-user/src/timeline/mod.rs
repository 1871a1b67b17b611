//! Rows to each thread's timeline: who ran, queued for a CPU, or waited for what, when.
//!
//! In: batches of rows, which are in order of their ends. Out: [`Step`]s in strict order of time, so that whoever listens
//! knows at every instant what every thread does. A row says when something ended; the sweep holds rows back for
//! [`LOOKAHEAD`], longer than any record (the kernel side cuts waits each second), and by then knows the starts too.
//! In doubt a thread is [`State::Unknown`], never guessed.

mod comparison;
mod state;
mod sweep;
mod threads;

pub use comparison::{Comparison, KernelComparison};
pub use state::{Blocked, Piece, State};
pub use sweep::{Gap, LOOKAHEAD, Step, Sweep};

#[cfg(test)]
mod tests;
