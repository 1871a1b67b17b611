//! Threads that all take one mutex, hold it computing, and compute a while outside.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::time::Duration;

use super::Load;
use super::crew::Crew;
use super::idle::compute;

/// Parameters.
#[derive(clap::Args)]
pub struct Arguments {
    /// Threads.
    #[arg(long, default_value_t = 16)]
    threads: u32,
    /// How long the mutex is held, ns of computing.
    #[arg(long)]
    hold: u64,
    /// How long is computed between two holds, ns.
    #[arg(long, default_value_t = 0)]
    between: u64,
}

/// glibc's mutex, as programs in C use it.
struct Lock(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: made to be shared; it is only touched through the calls below.
unsafe impl Sync for Lock {}
// SAFETY: it stays where the `Arc` put it.
unsafe impl Send for Lock {}

/// The threads.
pub struct Mutex(Crew);

impl Mutex {
    /// Starts them.
    pub fn new(arguments: &Arguments) -> Self {
        let hold = Duration::from_nanos(arguments.hold);
        let between = Duration::from_nanos(arguments.between);
        let lock = Arc::new(Lock(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER)));
        Self(Crew::new(arguments.threads.max(1), |_| {
            let lock = Arc::clone(&lock);
            move |holds| {
                for _ in 0..holds {
                    // SAFETY: an initialised mutex that does not move.
                    unsafe { libc::pthread_mutex_lock(lock.0.get()) };
                    compute(hold);
                    // SAFETY: held by this thread.
                    unsafe { libc::pthread_mutex_unlock(lock.0.get()) };
                    compute(between);
                }
            }
        }))
    }
}

impl Load for Mutex {
    fn run(&mut self, operations: u64) -> u64 {
        self.0.run(operations)
    }
}
