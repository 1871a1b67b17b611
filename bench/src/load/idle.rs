//! Threads that sleep most of the time, wake up and compute a little: what the connections of a server do.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::Load;
use super::crew::Crew;

/// Parameters.
#[derive(clap::Args)]
pub struct Arguments {
    /// Threads.
    #[arg(long, default_value_t = 1000)]
    threads: u32,
    /// How long each sleeps, ms.
    #[arg(long, default_value_t = 500)]
    sleep: u64,
    /// How long each computes then, us.
    #[arg(long, default_value_t = 50)]
    work: u64,
}

/// The threads.
pub struct Idle(Crew);

impl Idle {
    /// Starts them.
    pub fn new(arguments: &Arguments) -> Self {
        let (threads, sleep) = (arguments.threads.max(1), arguments.sleep);
        let work = Duration::from_micros(arguments.work);
        Self(Crew::new(threads, |index| {
            // Spread over the period, so that they do not all wake at once.
            let first = Duration::from_micros(sleep * 1000 * u64::from(index) / u64::from(threads));
            move |wakes| {
                for wake in 0..wakes {
                    let late = if wake == 0 { first } else { Duration::ZERO };
                    std::thread::sleep(Duration::from_millis(sleep) + late);
                    compute(work);
                }
            }
        }))
    }
}

impl Load for Idle {
    fn run(&mut self, operations: u64) -> u64 {
        self.0.run(operations)
    }
}

/// Computes for about `time`: a fixed number of steps, so that what is lost to a tracer shows as time and is not made up for.
pub fn compute(time: Duration) {
    static STEPS: OnceLock<f64> = OnceLock::new();
    let steps = STEPS.get_or_init(|| {
        let best = (0..20)
            .map(|_| {
                let start = Instant::now();
                spin(20_000);
                start.elapsed().as_secs_f64()
            })
            .fold(f64::MAX, f64::min);
        20_000.0 / best
    });
    spin((time.as_secs_f64() * steps) as u64);
}

fn spin(steps: u64) {
    let mut value = 1u64;
    for step in 0..steps {
        value = std::hint::black_box(value.wrapping_mul(6_364_136_223_846_793_005) ^ step);
    }
    std::hint::black_box(value);
}
