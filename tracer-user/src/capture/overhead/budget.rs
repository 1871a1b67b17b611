//! How much recording may cost, and what is left out when it costs more. Pure: figures in, decisions out.
//!
//! More is left out in the order of [`Level`]: first the call sites, then calls that did not block (where that can be enough), then
//! time: windows are recorded with pauses between them, as many as the budget allows. Within a window everything is recorded, call
//! sites and all, so that rates and shares stay what they are; only there are fewer samples of them.

use crate::row::Nanos;

/// Time from one decision to the next.
pub const PERIOD: Nanos = Nanos(500_000_000);
/// Shortest window between two pauses: it holds several items of a workload that is so busy that it needs pauses.
const SHORTEST_WINDOW: Nanos = Nanos(500_000_000);
/// How many periods in a row exceed the budget before more is left out.
const PATIENCE: u32 = 2;
/// Where the kernel side alone exceeds the budget this many times, leaving out a little cannot help.
const FAR_OVER: f64 = 4.0;
/// What slows the targets is compared with this share of a core at least: how little they use below that concerns nobody.
const LEAST_USE: f64 = 0.1;
/// holdup's own CPU time is judged by its median over so many periods, since loading symbols and looking at the answer come in
/// bursts.
const OWN_PERIODS: usize = 5;

/// What is left out of the recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is left out.
    #[default]
    Everything,
    /// Call sites of waits are left out.
    NoSamples,
    /// Call sites are left out, and calls that did not block and neither bound an exchange nor make data durable.
    NoFreeCalls,
    /// Everything is left out in pauses between windows, and nothing within them.
    Windows,
}

/// What recording cost in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Length of the period.
    pub wall: Nanos,
    /// Time spent in eBPF programs, on all CPUs together.
    pub kernel: Nanos,
    /// The part of `kernel` that slowed the tracked processes; the rest slowed others on the host.
    pub slowed: Nanos,
    /// CPU time that holdup itself used.
    pub own: Nanos,
    /// CPU time that the tracked processes used.
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

    /// What the tracked processes were slowed by, as a share of the CPU time they use themselves, and of a tenth of a core at least.
    #[must_use]
    pub fn slowdown(&self) -> f64 {
        self.slowed.seconds() / self.used(LEAST_USE)
    }

    /// All that was spent, as a share of the CPU time that the tracked processes use themselves, and of one core at least.
    #[must_use]
    pub fn share(&self) -> f64 {
        (self.kernel + self.own).seconds() / self.used(1.0)
    }

    /// The CPU time that the tracked processes use themselves, and at least the share `least` of a core, in seconds.
    fn used(&self, least: f64) -> f64 {
        let targets = self.targets.since(self.slowed).seconds();
        targets.max(least * self.wall.seconds()).max(1e-9)
    }

    /// The seconds by which [`Self::slowdown`] and [`Self::share`] exceed `share`; negative where they stay below it.
    fn beyond(&self, share: f64) -> [f64; 2] {
        [
            self.slowed.seconds() - share * self.used(LEAST_USE),
            (self.kernel + self.own).seconds() - share * self.used(1.0),
        ]
    }
}

/// What the session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on as before.
    Stay,
    /// It leaves out what this level says.
    Narrow(Level),
    /// It pauses recording.
    Pause,
    /// It records again.
    Resume,
}

/// A budget, and how much of it is used.
#[derive(Debug)]
pub struct Budget {
    share: f64,
    level: Level,
    over: u32,
    own: Vec<u64>,
    /// The seconds spent beyond the budget since the level is [`Level::Windows`], of slowdown and in all; negative where some are
    /// saved.
    debt: [f64; 2],
    window: Nanos,
    paused: bool,
}

impl Budget {
    /// A budget of this share of the tracked processes' CPU time, both for [`Spent::slowdown`] and for [`Spent::share`].
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

    /// The level that holds now.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Decides by what the latest period cost. `free`: the share of its records that are of calls that did not block.
    pub fn step(&mut self, spent: Spent, free: f64) -> Step {
        if self.level < Level::Windows {
            return self.narrow(spent, free);
        }
        // At most the budget of one window is saved up: a quiet minute does not pay for a loud one.
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

    /// Decides while no pauses are needed yet.
    fn narrow(&mut self, mut spent: Spent, free: f64) -> Step {
        self.own.remove(0);
        // The first period is shorter than the others, so each is scaled to the same length.
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
            // Leaving these calls out saves no more than their share.
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

    /// A period in which the targets use one core, and recording costs so many percent of it.
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
        let (mut recording, mut total) = (true, Spent::default());
        let mut windows = 0;
        for _ in 0..2000 {
            let spent = if recording {
                period(50, 5)
            } else {
                period(0, 0)
            };
            total = total.and(spent);
            match budget.step(spent, FREE) {
                Step::Pause => recording = false,
                Step::Resume => {
                    recording = true;
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
