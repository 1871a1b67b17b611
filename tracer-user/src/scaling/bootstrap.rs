//! How stable a conclusion is: what it would have been, had the window's blocks come in other proportions.
//!
//! In: for each block of the window the workers' time, the items, and the time at each candidate. Out: how often the same
//! candidate comes first, and where factor and rate lie. A circular block bootstrap (Politis and Romano, 1992): runs of
//! neighbouring blocks are drawn, so that what goes on for longer than a block keeps its weight, and after the last block comes
//! the first, so that all weigh the same. The draws are the same each time, so that a
//! report can be made again byte for byte.

/// How many times the window is drawn anew: percentiles of 2.5 and 97.5 rest on ten draws each.
const DRAWS: usize = 400;
/// Fewer blocks than this say nothing.
const LEAST_BLOCKS: usize = 8;
/// Share of the draws outside an interval, at each end.
const TAIL: f64 = 0.025;

/// One block of the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockSample {
    /// Its length, s.
    pub seconds: f64,
    /// The workers' time in it, s.
    pub time: f64,
    /// Items completed in it.
    pub items: f64,
    /// The workers' time at each candidate, s.
    pub at_candidates: Vec<f64>,
}

/// What the draws say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stability {
    /// Share of the draws in which the same candidate comes first, 0 to 1.
    pub first_cause: f64,
    /// Serialization factor in 95% of the draws.
    pub factor: [f64; 2],
    /// Items a second in 95% of the draws.
    pub rate: [f64; 2],
}

/// Draws the blocks anew. `lost`: of the time at each candidate, the share that is lost to others, as found for the whole
/// window; the first is the one that came first. `None`: too few blocks.
#[must_use]
pub fn stability(blocks: &[BlockSample], lost: &[f64]) -> Option<Stability> {
    if blocks.len() < LEAST_BLOCKS {
        return None;
    }
    let run = run_length(blocks.len());
    let mut dice = Dice::default();
    let (mut same, mut factors, mut rates) = (0_usize, Vec::new(), Vec::new());
    for _ in 0..DRAWS {
        let drawn = draw(blocks, run, lost.len(), &mut dice);
        let losses: Vec<f64> = drawn
            .at_candidates
            .iter()
            .zip(lost)
            .map(|(time, share)| time * share)
            .collect();
        let first = losses.first().copied().unwrap_or(0.0);
        same += usize::from(losses.iter().all(|loss| *loss <= first));
        let left = (drawn.time - losses.iter().sum::<f64>()).max(drawn.time / 1000.0);
        if left > 0.0 {
            factors.push(drawn.time / left);
        }
        if drawn.seconds > 0.0 {
            rates.push(drawn.items / drawn.seconds);
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "some hundred draws")]
    Some(Stability {
        first_cause: same as f64 / DRAWS as f64,
        factor: interval(factors),
        rate: interval(rates),
    })
}

/// Blocks drawn together: the cube root of all, which is optimal in order for a mean (Hall, Horowitz and Jing, 1995).
fn run_length(blocks: usize) -> usize {
    (1..=blocks)
        .find(|length| length.pow(3) >= blocks)
        .unwrap_or(1)
}

fn draw(blocks: &[BlockSample], run: usize, candidates: usize, dice: &mut Dice) -> BlockSample {
    let mut sum = BlockSample {
        at_candidates: vec![0.0; candidates],
        ..BlockSample::default()
    };
    let mut drawn = 0;
    while drawn < blocks.len() {
        let from = dice.below(blocks.len());
        let neighbours = blocks.iter().cycle().skip(from);
        for block in neighbours.take(run.min(blocks.len() - drawn)) {
            sum.seconds += block.seconds;
            sum.time += block.time;
            sum.items += block.items;
            for (all, one) in sum.at_candidates.iter_mut().zip(&block.at_candidates) {
                *all += one;
            }
        }
        drawn += run;
    }
    sum
}

fn interval(mut values: Vec<f64>) -> [f64; 2] {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index among some hundred draws"
    )]
    let at = |share: f64| {
        let index = (share * values.len() as f64) as usize;
        values
            .get(index.min(values.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    [at(TAIL), at(1.0 - TAIL)]
}

/// Numbers that look random and are the same each time (a linear congruential generator, Knuth's MMIX constants).
struct Dice(u64);

impl Default for Dice {
    fn default() -> Self {
        Self(0x5DEE_CE66)
    }
}

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let limit = u64::try_from(limit.max(1)).unwrap_or(1);
        usize::try_from((self.0 >> 33) % limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{BlockSample, stability};

    /// Blocks of a second with eight workers: so much at the first candidate, so much at the second.
    fn blocks(times: &[(f64, f64)]) -> Vec<BlockSample> {
        let block = |(first, second): &(f64, f64)| BlockSample {
            seconds: 1.0,
            time: 8.0,
            items: 100.0,
            at_candidates: vec![*first, *second],
        };
        times.iter().map(block).collect()
    }

    #[test]
    fn what_is_the_same_all_the_while_is_stable() {
        let seen = stability(&blocks(&[(6.0, 1.0); 20]), &[1.0, 1.0]).expect("enough blocks");
        assert_eq!(seen.first_cause, 1.0);
        assert_eq!((seen.factor, seen.rate), ([8.0, 8.0], [100.0, 100.0]));
    }

    #[test]
    fn what_comes_first_by_a_hair_or_by_one_burst_is_not() {
        let turns: Vec<(f64, f64)> = (0..20)
            .map(|at| if at % 4 < 2 { (5.0, 1.0) } else { (1.0, 4.9) })
            .collect();
        let seen = stability(&blocks(&turns), &[1.0, 1.0]).expect("enough blocks");
        assert!(seen.first_cause < 0.8, "{seen:?}");
        let mut burst = vec![(0.2, 0.5); 19];
        burst.push((8.0, 0.0));
        let seen = stability(&blocks(&burst), &[1.0, 1.0]).expect("enough blocks");
        assert!(seen.first_cause < 0.8, "{seen:?}");
        assert!(seen.factor[1] > 1.15 * seen.factor[0], "{seen:?}");
    }

    #[test]
    fn time_that_is_service_does_not_make_a_cause_first() {
        let seen = stability(&blocks(&[(5.0, 4.0); 20]), &[0.1, 1.0]).expect("enough blocks");
        assert_eq!(seen.first_cause, 0.0);
    }

    #[test]
    fn few_blocks_say_nothing() {
        assert_eq!(stability(&blocks(&[(5.0, 1.0); 7]), &[1.0, 1.0]), None);
    }
}
