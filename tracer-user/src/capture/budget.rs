//! How much watching may cost, and what is left out when it costs more. Pure: figures in, decisions out.
//!
//! In the order of [`Level`]: first the call sites, then calls that did not block (where that can be enough), then time: windows
//! are watched with pauses between them, as many as the budget allows. What is watched in a window is watched whole, call sites
//! and all, so rates and shares stay what they are; only their number is smaller.

use crate::row::Nanos;

/// From one decision to the next.
pub const PERIOD: Nanos = Nanos(500_000_000);
/// Shortest window between two pauses: several turns of a workload that is as busy as to need pauses.
const SHORTEST_WINDOW: Nanos = Nanos(500_000_000);
/// Periods over the budget in a row before more is left out.
const PATIENCE: u32 = 2;
/// A kernel side this many times over the budget cannot be helped by leaving out a little.
const FAR_OVER: u64 = 4;
/// Periods over which holdup's own CPU is judged by its median: loading symbols, or a look at the answer, comes in bursts.
const OWN_PERIODS: usize = 5;

/// What is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    #[default]
    Everything,
    /// Call sites of waits.
    NoSamples,
    /// Call sites, and calls that did not block, and neither bound an exchange nor make data durable.
    NoFreeCalls,
    /// The time between windows.
    Windows,
}

/// What a period cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Its length.
    pub wall: Nanos,
    /// Time in eBPF programs, all CPUs together.
    pub kernel: Nanos,
    /// CPU time of holdup itself.
    pub own: Nanos,
    /// CPU time of the watched processes.
    pub targets: Nanos,
}

impl Spent {
    /// Both periods together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            wall: self.wall + other.wall,
            kernel: self.kernel + other.kernel,
            own: self.own + other.own,
            targets: self.targets + other.targets,
        }
    }

    /// Cost as a share of what the watched processes use themselves, and of one core at least: below that it is nobody's
    /// concern how little they use.
    #[must_use]
    pub fn share(&self) -> f64 {
        (self.kernel + self.own).seconds() / self.base().seconds().max(1e-9)
    }

    fn base(&self) -> Nanos {
        self.targets.since(self.kernel).max(self.wall)
    }
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Go on.
    Stay,
    /// Leave out what this level says.
    Narrow(Level),
    /// Watch nothing for now.
    Pause,
    /// Watch again.
    Resume,
}

/// A budget and how it stands.
#[derive(Debug)]
pub struct Budget {
    share: f64,
    level: Level,
    over: u32,
    own: Vec<u64>,
    /// What was spent above the budget since the level is [`Level::Windows`], ns; negative: saved.
    debt: f64,
    window: Nanos,
    paused: bool,
}

impl Budget {
    /// A budget of this share of the watched processes' CPU time.
    #[must_use]
    pub fn new(share: f64) -> Self {
        Self {
            share,
            level: Level::Everything,
            over: 0,
            own: vec![0; OWN_PERIODS],
            debt: 0.0,
            window: Nanos::ZERO,
            paused: false,
        }
    }

    /// What is left out now.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Takes in what the latest period cost. `free`: share of its records that are told of calls that did not block.
    #[expect(clippy::cast_precision_loss, reason = "times of a period")]
    pub fn step(&mut self, spent: Spent, free: f64) -> Step {
        let allowed = self.share * spent.base().0 as f64;
        if self.level < Level::Windows {
            return self.narrow(spent, free, allowed);
        }
        // What is saved lasts for a window: a quiet minute does not pay for a loud one.
        let most_saved = self.share * SHORTEST_WINDOW.0 as f64;
        self.debt = (self.debt + (spent.kernel + spent.own).0 as f64 - allowed).max(-most_saved);
        if self.paused {
            if self.debt > 0.0 {
                return Step::Stay;
            }
            self.paused = false;
            self.window = Nanos::ZERO;
            return Step::Resume;
        }
        self.window += spent.wall;
        if self.debt <= 0.0 || self.window < SHORTEST_WINDOW {
            return Step::Stay;
        }
        self.paused = true;
        Step::Pause
    }

    #[expect(clippy::cast_precision_loss, reason = "times of a period")]
    fn narrow(&mut self, spent: Spent, free: f64, allowed: f64) -> Step {
        self.own.remove(0);
        // As if every period had this one's length: the first is shorter.
        let each = u128::from(spent.own.0) * u128::from(PERIOD.0) / u128::from(spent.wall.0.max(1));
        self.own.push(u64::try_from(each).unwrap_or(u64::MAX));
        let mut own = self.own.clone();
        own.sort_unstable();
        let own = own[OWN_PERIODS / 2] as f64 * spent.wall.0 as f64 / PERIOD.0 as f64;
        let kernel = spent.kernel.0 as f64;
        if kernel + own <= allowed {
            self.over = 0;
            return Step::Stay;
        }
        self.over += 1;
        let far = kernel > allowed * FAR_OVER as f64;
        if self.over < PATIENCE && !far {
            return Step::Stay;
        }
        self.over = 0;
        self.level = match self.level {
            _ if far => Level::Windows,
            Level::Everything => Level::NoSamples,
            // Leaving them out saves no more than their share.
            Level::NoSamples if (kernel + own) * (1.0 - free) <= allowed => Level::NoFreeCalls,
            _ => Level::Windows,
        };
        Step::Narrow(self.level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Share of calls that did not block.
    const FREE: f64 = 0.6;

    /// A period in which the targets use one core, and watching costs so many percent of it.
    fn period(kernel: u64, own: u64) -> Spent {
        let percent = PERIOD.0 / 100;
        Spent {
            wall: PERIOD,
            kernel: Nanos(kernel * percent),
            own: Nanos(own * percent),
            targets: PERIOD + Nanos(kernel * percent),
        }
    }

    #[test]
    fn within_the_budget_nothing_is_left_out() {
        let mut budget = Budget::new(0.05);
        for _ in 0..100 {
            assert_eq!(budget.step(period(3, 1), FREE), Step::Stay);
        }
        assert_eq!(budget.level(), Level::Everything);
    }

    #[test]
    fn more_is_left_out_one_level_after_the_other() {
        let mut budget = Budget::new(0.02);
        let mut steps = Vec::new();
        for _ in 0..6 {
            steps.push(budget.step(period(3, 1), FREE));
        }
        assert_eq!(
            steps,
            [
                Step::Stay,
                Step::Narrow(Level::NoSamples),
                Step::Stay,
                Step::Narrow(Level::NoFreeCalls),
                Step::Stay,
                Step::Narrow(Level::Windows)
            ]
        );
    }

    #[test]
    fn calls_stay_where_leaving_them_out_cannot_be_enough() {
        let mut budget = Budget::new(0.02);
        let steps = [0; 4].map(|_| budget.step(period(3, 1), 0.4));
        assert_eq!(
            steps,
            [
                Step::Stay,
                Step::Narrow(Level::NoSamples),
                Step::Stay,
                Step::Narrow(Level::Windows)
            ]
        );
    }

    #[test]
    fn a_burst_of_holdup_itself_narrows_nothing() {
        let mut budget = Budget::new(0.02);
        assert_eq!(budget.step(period(1, 0), FREE), Step::Stay);
        for _ in 0..2 {
            assert_eq!(budget.step(period(1, 40), FREE), Step::Stay);
            for _ in 0..4 {
                assert_eq!(budget.step(period(1, 0), FREE), Step::Stay);
            }
        }
    }

    #[test]
    fn far_over_the_budget_windows_come_at_once_and_hold_it() {
        let mut budget = Budget::new(0.02);
        assert_eq!(
            budget.step(period(50, 5), FREE),
            Step::Narrow(Level::Windows)
        );
        let (mut watched, mut total) = (true, Spent::default());
        let mut windows = 0;
        for _ in 0..2000 {
            let spent = if watched { period(50, 5) } else { period(0, 0) };
            total = total.and(spent);
            match budget.step(spent, FREE) {
                Step::Pause => watched = false,
                Step::Resume => {
                    watched = true;
                    windows += 1;
                }
                Step::Stay => {}
                Step::Narrow(level) => panic!("{level:?} after windows"),
            }
        }
        assert!(windows > 50, "{windows} windows");
        assert!(
            total.share() <= 0.021 && total.share() > 0.015,
            "{}",
            total.share()
        );
    }

    #[test]
    fn the_budget_is_of_one_core_at_least() {
        let idle = Spent {
            wall: Nanos(1_000_000_000),
            kernel: Nanos(1_000_000),
            own: Nanos(9_000_000),
            targets: Nanos(2_000_000),
        };
        assert!((idle.share() - 0.01).abs() < 1e-9);
        let busy = Spent {
            targets: Nanos(4_001_000_000),
            ..idle
        };
        assert!((busy.share() - 0.0025).abs() < 1e-9);
    }
}
