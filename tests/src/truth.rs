//! What one worker and all of them do while nobody watches: interleaved, so that a drift of the host hits both.

use std::time::Duration;

use holdup::demo::Span;
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::scene::{Scene, SceneError};
use crate::workshop::Workshop;

/// Rounds of one worker, all, one worker.
pub const ROUNDS: usize = 3;

/// Rates without tracing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rates {
    /// One worker, items/s.
    pub alone: Vec<f64>,
    /// All, items/s.
    pub together: Vec<f64>,
    /// Serialization factor of each round.
    pub factors: Vec<f64>,
    /// What all did in the last round.
    pub last: Span,
    /// Largest difference between the workers' time in stages and the time there was, 0 to 1.
    pub books_off: f64,
}

impl Rates {
    /// The serialization factor: N times the mean rate of one, by the mean rate of all.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "at most 64 workers")]
    pub fn factor(&self, workers: usize) -> f64 {
        workers as f64 * mean(&self.alone) / mean(&self.together).max(1e-9)
    }

    /// Smallest and largest factor of a round.
    #[must_use]
    pub fn spread(&self) -> [f64; 2] {
        let low = self.factors.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.factors.iter().copied().fold(0.0, f64::max);
        [low, high]
    }
}

#[expect(clippy::cast_precision_loss, reason = "a handful of numbers")]
fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len().max(1) as f64
}

/// Measures `plan` so many times.
///
/// # Errors
/// [`SceneError`]: a scene does not run.
#[expect(clippy::cast_precision_loss, reason = "at most 64 workers")]
pub fn measure(workshop: &mut Workshop, plan: &Plan, rounds: usize) -> Result<Rates, SceneError> {
    let alone = Duration::from_millis((15 * plan.alone_ms).clamp(1_200, 3_000));
    let together = Duration::from_millis((3 * plan.together_ms).clamp(2_000, 4_000));
    let mut rates = Rates::default();
    for _ in 0..rounds {
        let before = one(workshop, plan, 1, alone, &mut rates)?;
        let all = one(workshop, plan, plan.workers, together, &mut rates)?;
        let after = one(workshop, plan, 1, alone, &mut rates)?;
        rates.alone.extend([before, after]);
        rates.together.push(all);
        rates
            .factors
            .push(plan.workers as f64 * (before + after) / 2.0 / all.max(1e-9));
    }
    Ok(rates)
}

fn one(
    workshop: &mut Workshop,
    plan: &Plan,
    workers: usize,
    window: Duration,
    rates: &mut Rates,
) -> Result<f64, SceneError> {
    let scene = Scene::start(workshop, plan, workers)?;
    let ((), record) = scene.watch(|| std::thread::sleep(window));
    if let Some((first, last)) = record.ends() {
        let span = last.since(&first);
        let spent: f64 = span.spent.iter().map(|nanos| nanos.seconds()).sum();
        #[expect(clippy::cast_precision_loss, reason = "at most 64 workers")]
        let there = span.length.seconds() * workers as f64;
        rates.books_off = rates.books_off.max((spent / there - 1.0).abs());
        if workers == plan.workers {
            rates.last = span;
        }
    }
    Ok(record.rate().unwrap_or_default())
}
