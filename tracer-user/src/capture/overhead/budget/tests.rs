//! What the controller decides, by facts of workloads as they are met.

use super::*;
use crate::capture::overhead::threads::Pattern;

const BUDGET: f64 = 0.02;

/// A period on two CPUs. `recorded` and `targets`: percent of a core; `chain`, `queued`: see [`Pattern`].
fn period(recorded: f64, targets: f64, chain: f64, queued: f64) -> Facts {
    Facts {
        wall: PERIOD,
        cpus: 2,
        recorded: percent(recorded),
        targets: percent(targets),
        pattern: Pattern {
            chain,
            queued,
            ..Pattern::UNKNOWN
        },
        ..Facts::default()
    }
}

fn percent(cores: f64) -> Nanos {
    super::super::loss::from_seconds(PERIOD.seconds() * cores / 100.0)
}

/// What is decided in so many periods alike, until nothing changes any more.
fn decide(facts: Facts) -> Vec<Level> {
    let mut budget = Budget::new(BUDGET);
    let steps = (0..40).map(|_| budget.step(&facts));
    let narrowed = steps.filter_map(|step| match step {
        Step::Narrow(level) => Some(level),
        Step::Stay | Step::Pause | Step::Resume => None,
    });
    narrowed.collect()
}

fn check(facts: Facts, expected: &[Level]) {
    assert_eq!(decide(facts), expected, "{facts:?}");
}

const NOTHING: Level = Level {
    halvings: 0,
    windows: false,
};
const WINDOWS: Level = Level {
    windows: true,
    ..NOTHING
};

#[test]
fn for_workers_that_wait_nothing_is_left_out() {
    // 64 of them, which use half as much again as watching adds.
    check(period(1.0, 3.0, 1.0 / 64.0, 0.0), &[]);
    // Thousands of transactions a second on a server that is far from busy.
    check(period(8.0, 60.0, 0.2, 0.02), &[]);
    // One event loop that carries 64 requests.
    check(period(1.5, 4.0, 1.0, 0.0), &[]);
}

#[test]
fn below_the_share_of_one_core_nothing_is_left_out_while_cpus_are_free() {
    check(period(1.9, 2.0, 1.0, 0.0), &[]);
}

#[test]
fn ten_thousand_threads_cost_nothing_to_leave_out() {
    let facts = Facts {
        own: percent(3.0),
        ..period(6.0, 30.0, 0.001, 0.0)
    };
    check(facts, &[]);
}

#[test]
fn a_thread_that_is_busy_with_calls_is_watched_in_windows() {
    check(period(30.0, 100.0, 1.0, 0.0), &[WINDOWS]);
    // Runs of which no record tells slow it as well.
    let unseen = Facts {
        unrecorded: percent(15.0),
        ..period(0.0, 100.0, 1.0, 0.0)
    };
    check(unseen, &[WINDOWS]);
}

#[test]
fn a_ping_pong_chain_is_slowed_by_all_that_is_added() {
    check(period(10.0, 90.0, 1.0, 0.0), &[WINDOWS]);
    // Little beyond the budget.
    check(period(3.0, 90.0, 1.0, 0.0), &[WINDOWS]);
}

#[test]
fn while_cpus_are_short_time_on_all_threads_counts() {
    // 16 threads compute, 2 of them run.
    check(period(3.0, 200.0, 1.0 / 16.0, 14.0), &[]);
    check(period(20.0, 200.0, 1.0 / 16.0, 14.0), &[WINDOWS]);
    // The same where nobody queues.
    check(period(20.0, 180.0, 1.0 / 16.0, 0.0), &[]);
}

#[test]
fn call_sites_are_halved_as_often_as_is_needed() {
    // 500 snapshots a second are 0.15% of a core in the kernel, and 1% of holdup itself.
    let facts = |own: f64| {
        let mut facts = Facts {
            own: percent(own),
            ..period(1.0, 50.0, 1.0, 0.0)
        };
        facts.pattern.sites = 250.0;
        facts
    };
    let sites = |halvings| Level {
        halvings,
        ..NOTHING
    };
    let mut budget = Budget::new(BUDGET);
    let first = |budget: &mut Budget, facts: Facts| {
        (0..10)
            .map(|_| budget.step(&facts))
            .find(|step| *step != Step::Stay)
    };
    assert_eq!(first(&mut budget, facts(4.0)), None);
    assert_eq!(first(&mut budget, facts(4.4)), Some(Step::Narrow(sites(1))));
    let mut budget = Budget::new(BUDGET);
    assert_eq!(first(&mut budget, facts(4.7)), Some(Step::Narrow(sites(2))));
    // They are too few to be what holdup spends its time on.
    check(facts(8.0), &[WINDOWS]);
}

#[test]
fn a_burst_of_holdup_itself_narrows_nothing() {
    let mut budget = Budget::new(BUDGET);
    let quiet = period(1.0, 100.0, 1.0, 0.0);
    let burst = Facts {
        own: percent(40.0),
        ..quiet
    };
    assert_eq!(budget.step(&quiet), Step::Stay);
    for _ in 0..2 {
        assert_eq!(budget.step(&burst), Step::Stay);
        for _ in 0..4 {
            assert_eq!(budget.step(&quiet), Step::Stay);
        }
    }
}

#[test]
fn far_over_the_budget_windows_come_at_once_and_hold_it() {
    let mut budget = Budget::new(BUDGET);
    let loud = period(50.0, 150.0, 1.0, 0.0);
    let silent = period(0.0, 100.0, 1.0, 0.0);
    assert_eq!(budget.step(&loud), Step::Narrow(WINDOWS));
    let (mut recording, mut lost, mut windows) = (true, 0.0, 0);
    for _ in 0..2000 {
        let facts = if recording { loud } else { silent };
        lost += facts.loss();
        match budget.step(&facts) {
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
    let share = lost / 2000.0;
    assert!(share <= 0.021 && share > 0.015, "{share}");
}

#[test]
fn in_windows_all_call_sites_are_taken_again() {
    let mut budget = Budget::new(BUDGET);
    let mut with_sites = period(2.1, 90.0, 1.0, 0.0);
    with_sites.pattern.sites = 250.0;
    let mut levels = Vec::new();
    for facts in [with_sites, period(60.0, 100.0, 1.0, 0.0)] {
        for _ in 0..3 {
            if let Step::Narrow(level) = budget.step(&facts) {
                levels.push(level);
            }
        }
    }
    let halved = Level {
        halvings: 2,
        ..NOTHING
    };
    assert_eq!(levels, [halved, WINDOWS]);
}
