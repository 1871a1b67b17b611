//! Threads that stand ready, and do their share of a number of operations when told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::system;

/// Stack of a thread that does next to nothing: ten thousand of them shall fit.
const STACK_BYTES: usize = 64 << 10;

struct Shared {
    /// Counts the runs; threads sleep on it between two.
    run: AtomicU32,
    /// Operations of each thread in this run.
    share: AtomicU64,
    /// Threads not done with it.
    busy: AtomicU32,
}

/// The threads.
pub struct Crew {
    shared: Arc<Shared>,
    threads: u32,
}

impl Crew {
    /// Starts `threads` threads; `work(index)` makes what a thread does with its number of operations.
    pub fn new<W>(threads: u32, work: impl Fn(u32) -> W) -> Self
    where
        W: FnMut(u64) + Send + 'static,
    {
        let shared = Arc::new(Shared {
            run: AtomicU32::new(0),
            share: AtomicU64::new(0),
            busy: AtomicU32::new(0),
        });
        for index in 0..threads {
            let mut work = work(index);
            let shared = Arc::clone(&shared);
            let builder = std::thread::Builder::new()
                .name(format!("worker-{index}"))
                .stack_size(STACK_BYTES);
            let started = builder.spawn(move || {
                let mut seen = 0;
                loop {
                    while shared.run.load(Ordering::Acquire) == seen {
                        system::futex_wait(&shared.run, seen);
                    }
                    seen += 1;
                    work(shared.share.load(Ordering::Relaxed));
                    if shared.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
                        system::futex_wake(&shared.busy, 1);
                    }
                }
            });
            if let Err(error) = started {
                eprintln!("load: thread {index} of {threads}: {error}");
                std::process::exit(1);
            }
        }
        Self { shared, threads }
    }

    /// Has every thread do its share; gives how many operations that was.
    pub fn run(&self, operations: u64) -> u64 {
        let share = operations.div_ceil(u64::from(self.threads)).max(1);
        self.shared.share.store(share, Ordering::Relaxed);
        self.shared.busy.store(self.threads, Ordering::Release);
        self.shared.run.fetch_add(1, Ordering::AcqRel);
        system::futex_wake(&self.shared.run, i32::MAX);
        loop {
            let busy = self.shared.busy.load(Ordering::Acquire);
            if busy == 0 {
                return share * u64::from(self.threads);
            }
            system::futex_wait(&self.shared.busy, busy);
        }
    }
}
