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
const FAR_OVER: f64 = 4.0;
/// What slows the targets is held against this share of a core at least: below that it is nobody's concern how little they use.
const LEAST_USE: f64 = 0.1;
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
    /// Of it, what the watched processes were slowed by; the rest fell on others of the host.
    pub slowed: Nanos,
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
            slowed: self.slowed + other.slowed,
            own: self.own + other.own,
            targets: self.targets + other.targets,
        }
    }

    /// What the watched processes were slowed by, as a share of what they use themselves, and of a tenth of a core at least.
    #[must_use]
    pub fn slowdown(&self) -> f64 {
        self.slowed.seconds() / self.used(LEAST_USE)
    }

    /// All that was spent, as a share of what the watched processes use themselves, and of one core at least.
    #[must_use]
    pub fn share(&self) -> f64 {
        (self.kernel + self.own).seconds() / self.used(1.0)
    }

    /// What the watched processes use themselves, and at least so much of a core, seconds.
    fn used(&self, least: f64) -> f64 {
        let targets = self.targets.since(self.slowed).seconds();
        targets.max(least * self.wall.seconds()).max(1e-9)
    }

    /// What was spent beyond `share`, seconds, of each of the two.
    fn beyond(&self, share: f64) -> [f64; 2] {
        [
            self.slowed.seconds() - share * self.used(LEAST_USE),
            (self.kernel + self.own).seconds() - share * self.used(1.0),
        ]
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
    /// What was spent above the budget since the level is [`Level::Windows`], seconds, slowing the targets and in all;
    /// negative: saved.
    debt: [f64; 2],
    window: Nanos,
    paused: bool,
}

impl Budget {
    /// A budget of this share of the watched processes' CPU time, both for [`Spent::slowdown`] and for [`Spent::share`].
    #[must_use]
    pub fn new(share: f64) -> Self {
        Self {
            share,
            level: Level::Everything,
            over: 0,
            own: vec![0; OWN_PERIODS],
            debt: [0.0; 2],
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
    pub fn step(&mut self, spent: Spent, free: f64) -> Step {
        if self.level < Level::Windows {
            return self.narrow(spent, free);
        }
        // What is saved lasts for a window: a quiet minute does not pay for a loud one.
        let most_saved = self.share * SHORTEST_WINDOW.seconds();
        for (debt, beyond) in self.debt.iter_mut().zip(spent.beyond(self.share)) {
            *debt = (*debt + beyond).max(-most_saved);
        }
        let in_debt = self.debt.iter().any(|debt| *debt > 0.0);
        if self.paused {
            if in_debt {
                return Step::Stay;
            }
            self.paused = false;
            self.window = Nanos::ZERO;
            return Step::Resume;
        }
        self.window += spent.wall;
        if !in_debt || self.window < SHORTEST_WINDOW {
            return Step::Stay;
        }
        self.paused = true;
        Step::Pause
    }

    fn narrow(&mut self, mut spent: Spent, free: f64) -> Step {
        self.own.remove(0);
        // As if every period had this one's length: the first is shorter.
        let each = u128::from(spent.own.0) * u128::from(PERIOD.0) / u128::from(spent.wall.0.max(1));
        self.own.push(u64::try_from(each).unwrap_or(u64::MAX));
        let mut own = self.own.clone();
        own.sort_unstable();
        let usual =
            u128::from(own[OWN_PERIODS / 2]) * u128::from(spent.wall.0) / u128::from(PERIOD.0);
        spent.own = Nanos(u64::try_from(usual).unwrap_or(u64::MAX));
        let over =
            |spent: Spent, share: f64| spent.beyond(share).iter().any(|beyond| *beyond > 0.0);
        if !over(spent, self.share) {
            self.over = 0;
            return Step::Stay;
        }
        self.over += 1;
        let kernel = Spent {
            own: Nanos::ZERO,
            ..spent
        };
        let far = over(kernel, self.share * FAR_OVER);
        if self.over < PATIENCE && !far {
            return Step::Stay;
        }
        self.over = 0;
        self.level = match self.level {
            _ if far => Level::Windows,
            Level::Everything => Level::NoSamples,
            // Leaving them out saves no more than their share.
            Level::NoSamples if !over(spent, self.share / (1.0 - free).max(1e-9)) => {
                Level::NoFreeCalls
            }
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
            slowed: Nanos(kernel * percent),
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
    fn all_is_held_against_one_core_at_least_and_what_slows_the_targets_against_less() {
        let idle = Spent {
            wall: Nanos(1_000_000_000),
            kernel: Nanos(1_000_000),
            slowed: Nanos(1_000_000),
            own: Nanos(9_000_000),
            targets: Nanos(2_000_000),
        };
        assert!((idle.share() - 0.01).abs() < 1e-9);
        assert!((idle.slowdown() - 0.01).abs() < 1e-9);
        let more = Spent {
            targets: Nanos(801_000_000),
            ..idle
        };
        assert!((more.share() - 0.01).abs() < 1e-9);
        assert!((more.slowdown() - 0.00125).abs() < 1e-9);
        let busy = Spent {
            targets: Nanos(4_001_000_000),
            ..idle
        };
        assert!((busy.share() - 0.0025).abs() < 1e-9);
        assert!((busy.slowdown() - 0.00025).abs() < 1e-9);
    }

    #[test]
    fn targets_that_use_little_are_slowed_by_no_more_than_the_budget() {
        let mut budget = Budget::new(0.02);
        // Two percent of a core in the kernel, while they use half of one.
        let slowing = Spent {
            targets: Nanos(PERIOD.0 / 2),
            ..period(2, 0)
        };
        assert_eq!(budget.step(slowing, FREE), Step::Stay);
        assert_eq!(budget.step(slowing, FREE), Step::Narrow(Level::NoSamples));
        // The same falls on others of the host.
        let mut budget = Budget::new(0.02);
        let aside = Spent {
            slowed: Nanos::ZERO,
            ..slowing
        };
        for _ in 0..10 {
            assert_eq!(budget.step(aside, FREE), Step::Stay);
        }
    }
}
