//! What is left out when recording slows the work by more than it may. Pure: facts in, decisions out.
//!
//! More is left out in the order of [`Level`], and of that no more than is needed by what it is reckoned to save: call sites, of
//! which half as many are taken again and again; and last time: windows are recorded with pauses between them, as many as the
//! budget allows. Within a window everything is recorded, so that rates and shares stay what they are; only there are fewer
//! samples of them.
//!
//! What recording costs is not known until some has been recorded, so the periods are short at first (`FIRST_PERIODS`). What is lost before
//! it is known counts: recording pauses as soon as more is lost than the budget makes up for in a second, and for as long as that takes.

use super::loss::Facts;
use crate::row::Nanos;

/// Time from one decision to the next.
pub const PERIOD: Nanos = Nanos(500_000_000);
/// The same at first: long enough for a sample of what recording costs.
const FIRST_PERIOD: Nanos = Nanos(120_000_000);
/// So many of those; together they are as long as one of the others.
const FIRST_PERIODS: u32 = 4;
/// Shortest window between two pauses: it holds several items of a workload that is so busy that it needs pauses.
const SHORTEST_WINDOW: Nanos = Nanos(500_000_000);
/// How long periods in a row exceed the budget before more is left out: for two periods, or for all of the first ones and one more.
const PATIENCE: Nanos = Nanos(900_000_000);
/// No more is lost before anything is left out than what the budget makes up for in this time.
const MAKES_UP: Nanos = Nanos::SECOND;
/// The share of the budget that a pause pays back at least, whatever holdup itself uses meanwhile.
const LEAST_PAID_BACK: f64 = 0.5;
/// Where the work loses this many times the budget even though CPUs were free, a second period is not waited for. A queue may be that
/// of a moment, such as the start of holdup itself.
const FAR_OVER: f64 = 4.0;
/// holdup's own CPU time is judged by its median over so many periods, since loading symbols and looking at the answer come in
/// bursts.
const OWN_PERIODS: usize = 5;
/// Call sites are halved this many times at most: less than four a second would be left.
const MOST_HALVINGS: u32 = tracer_common::narrow::MOST_HALVINGS;

/// What is left out of the recording. Nothing is at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// How often the number of call sites was halved.
    pub halvings: u32,
    /// Time: everything in pauses between windows, and nothing within them.
    pub windows: bool,
}

impl Level {
    /// All that comes after this and before windows, in its order.
    fn more(self) -> impl Iterator<Item = Self> {
        (self.halvings + 1..=MOST_HALVINGS).map(move |halvings| Self { halvings, ..self })
    }

    /// The share (0 to 1) of the call sites taken at this level that are left out at a later one.
    fn fewer_sites(self, later: Self) -> f64 {
        1.0 - 0.5_f64.powi((later.halvings - self.halvings).cast_signed())
    }
}

/// What the session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It goes on as before.
    Stay,
    /// It leaves out what this level says.
    Narrow(Level),
    /// It pauses recording; from the first pause on windows are recorded.
    Pause,
    /// It records again.
    Resume,
}

/// CPU time of holdup, and in how long.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    own: Nanos,
    wall: Nanos,
}

/// A budget, and how much of it is used.
#[derive(Debug)]
pub struct Budget {
    share: f64,
    level: Level,
    /// Periods up to now.
    periods: u32,
    /// How long the budget has been exceeded.
    over: Nanos,
    own: Vec<Nanos>,
    latest: Spent,
    /// The seconds lost beyond the budget, by the work and by the host; negative where some are saved.
    debt: [f64; 2],
    window: Nanos,
    paused: bool,
}

impl Budget {
    /// A budget of this share of the work's throughput ([`Facts::loss`]), and of the host's CPUs ([`Facts::host_share`]).
    #[must_use]
    pub fn new(share: f64) -> Self {
        Self {
            share,
            level: Level::default(),
            periods: 0,
            over: Nanos::ZERO,
            own: vec![Nanos::ZERO; OWN_PERIODS],
            latest: Spent::default(),
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

    /// How long the period lasts that begins now.
    #[must_use]
    pub fn period(&self) -> Nanos {
        if self.periods < FIRST_PERIODS {
            FIRST_PERIOD
        } else {
            PERIOD
        }
    }

    /// Decides by what the latest period cost.
    pub fn step(&mut self, facts: &Facts) -> Step {
        self.periods = self.periods.saturating_add(1);
        if !self.level.windows {
            return self.narrow(facts);
        }
        self.book(facts);
        let in_debt = self.debt.iter().any(|debt| *debt > 0.0);
        if self.paused {
            if in_debt {
                return Step::Stay;
            }
            self.paused = false;
            self.window = Nanos::ZERO;
            return Step::Resume;
        }
        self.window += facts.wall;
        if !in_debt || self.window < SHORTEST_WINDOW {
            return Step::Stay;
        }
        self.paused = true;
        Step::Pause
    }

    /// Adds what a period lost to what is lost beyond the budget.
    fn book(&mut self, facts: &Facts) {
        // At most the budget of one window is saved up: a quiet minute does not pay for a loud one.
        let most_saved = self.share * SHORTEST_WINDOW.seconds();
        // What is lost in a pause is lost in any, and a longer one does not save it.
        let most = match self.paused {
            true => (1.0 - LEAST_PAID_BACK) * self.share,
            false => f64::INFINITY,
        };
        for (debt, share) in self.debt.iter_mut().zip([facts.loss(), facts.host_share()]) {
            *debt =
                (*debt + (share.min(most) - self.share) * facts.wall.seconds()).max(-most_saved);
        }
    }

    /// Decides while no pauses are needed yet.
    fn narrow(&mut self, facts: &Facts) -> Step {
        let facts = Facts {
            own: self.usual_own(facts),
            ..*facts
        };
        self.book(&facts);
        if self.holds(&facts) {
            self.over = Nanos::ZERO;
            return Step::Stay;
        }
        self.over += facts.wall;
        let [lost, _] = self.debt;
        let makes_up = self.share * MAKES_UP.seconds();
        let is_far_over = facts.loss_by_chain() > self.share * FAR_OVER || lost > makes_up;
        if self.over < PATIENCE && !is_far_over {
            return Step::Stay;
        }
        self.over = Nanos::ZERO;
        let level = self.level;
        let enough = |later: &Level| self.holds(&facts.with_fewer_sites(level.fewer_sites(*later)));
        if let Some(later) = level.more().find(enough) {
            self.level = later;
            return Step::Narrow(later);
        }
        self.level = Level {
            halvings: 0,
            windows: true,
        };
        // The first window is over.
        self.paused = true;
        Step::Pause
    }

    /// Whether a period like this holds the budget.
    fn holds(&self, facts: &Facts) -> bool {
        facts.loss().max(facts.host_share()) <= self.share
    }

    /// holdup's own CPU time in a period of this length, by the median of the latest ones. The first periods count as one together: what
    /// is done once as a window opens is no burden for long.
    fn usual_own(&mut self, facts: &Facts) -> Nanos {
        let scale = |time: Nanos, to: Nanos, from: Nanos| {
            let scaled = u128::from(time.0) * u128::from(to.0) / u128::from(from.0.max(1));
            Nanos(u64::try_from(scaled).unwrap_or(u64::MAX))
        };
        self.latest = Spent {
            own: self.latest.own + facts.own,
            wall: self.latest.wall + facts.wall,
        };
        if self.periods >= FIRST_PERIODS {
            let Spent { own, wall } = std::mem::take(&mut self.latest);
            self.own.remove(0);
            self.own.push(scale(own, PERIOD, wall));
        }
        let mut own = self.own.clone();
        own.sort_unstable();
        scale(own[OWN_PERIODS / 2], facts.wall, PERIOD)
    }
}

#[cfg(test)]
mod tests;
