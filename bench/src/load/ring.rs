//! A token goes around a ring of threads: each waits on a futex of its own, and wakes the next.
//!
//! Two threads on one CPU are the ping-pong in which every hop costs one wait and nothing else happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::crew::Crew;
use super::{Load, system};

/// Parameters.
#[derive(clap::Args)]
pub struct Arguments {
    /// Threads of the ring.
    #[arg(long, default_value_t = 2)]
    threads: u32,
    /// Futex words a thread uses in turn.
    #[arg(long, default_value_t = 1)]
    locks: u32,
    /// Different call stacks a thread waits with in turn.
    #[arg(long, default_value_t = 1)]
    stacks: u32,
    /// Bind all threads to this CPU.
    #[arg(long)]
    pin: Option<usize>,
}

/// The ring.
pub struct Ring(Crew);

impl Ring {
    /// Starts it.
    pub fn new(arguments: &Arguments) -> Self {
        let &Arguments {
            threads,
            locks,
            stacks,
            pin,
        } = arguments;
        let (threads, locks) = (threads.max(2), locks.max(1));
        let words: Arc<Vec<AtomicU32>> =
            Arc::new((0..threads * locks).map(|_| AtomicU32::new(0)).collect());
        let crew = Crew::new(threads, |index| {
            let words = Arc::clone(&words);
            let next = (index + 1) % threads;
            let mut pinned = false;
            let mut round = 0u32;
            move |turns: u64| {
                if let (Some(cpu), false) = (pin, pinned) {
                    system::pin(cpu);
                    pinned = true;
                }
                for turn in 0..turns {
                    let at = |thread: u32| &words[(thread * locks + round % locks) as usize];
                    if index != 0 || turn != 0 {
                        descend(round % stacks.max(1), &mut || take(at(index)));
                    }
                    if index == threads - 1 && turn == turns - 1 {
                        // The token is put down.
                    } else if index == threads - 1 {
                        // The first of the ring is one turn ahead.
                        give(&words[((round + 1) % locks) as usize]);
                    } else {
                        give(at(next));
                    }
                    round = round.wrapping_add(1);
                }
            }
        });
        Self(crew)
    }
}

fn take(word: &AtomicU32) {
    while word.swap(0, Ordering::Acquire) == 0 {
        system::futex_wait(word, 0);
    }
}

fn give(word: &AtomicU32) {
    word.store(1, Ordering::Release);
    system::futex_wake(word, 1);
}

/// Calls `then` through a chain of calls that is different for every `path`.
#[inline(never)]
fn descend(path: u32, then: &mut dyn FnMut()) {
    match path {
        0 => then(),
        odd if odd & 1 == 1 => left(odd >> 1, then),
        even => right(even >> 1, then),
    }
    std::hint::black_box(path);
}

#[inline(never)]
fn left(path: u32, then: &mut dyn FnMut()) {
    descend(path, then);
    std::hint::black_box(path);
}

#[inline(never)]
fn right(path: u32, then: &mut dyn FnMut()) {
    descend(path, then);
    std::hint::black_box(path + 1);
}

impl Load for Ring {
    fn run(&mut self, operations: u64) -> u64 {
        self.0.run(operations)
    }
}
