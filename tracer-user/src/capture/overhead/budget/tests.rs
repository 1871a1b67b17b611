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

/// These facts of a period that is as long as the budget wants the next one to be.
fn of_length(facts: Facts, wall: Nanos) -> Facts {
    let scale = |time: Nanos| {
        super::super::loss::from_seconds(time.seconds() * wall.seconds() / facts.wall.seconds())
    };
    Facts {
        wall,
        recorded: scale(facts.recorded),
        unrecorded: scale(facts.unrecorded),
        aside: scale(facts.aside),
        own: scale(facts.own),
        ran: scale(facts.ran),
        targets: scale(facts.targets),
        pattern: Pattern {
            sites: facts.pattern.sites * wall.seconds() / facts.wall.seconds(),
            ..facts.pattern
        },
        ..facts
    }
}

/// What a budget decides after one more period like this.
fn next(budget: &mut Budget, facts: Facts) -> Step {
    let wall = budget.period();
    budget.step(&of_length(facts, wall))
}

/// The levels that are entered in so many periods alike, until nothing changes any more.
fn decide(facts: Facts) -> Vec<Level> {
    let mut budget = Budget::new(BUDGET);
    let mut levels = vec![NOTHING];
    for _ in 0..40 {
        next(&mut budget, facts);
        levels.push(budget.level());
    }
    levels.dedup();
    levels.split_off(1)
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
        (0..20)
            .map(|_| next(budget, facts))
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
    // Call stacks that are met for the first time keep it busy as a window opens.
    for _ in 0..FIRST_PERIODS {
        assert_eq!(next(&mut budget, burst), Step::Stay);
    }
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(next(&mut budget, quiet), Step::Stay);
        }
        assert_eq!(next(&mut budget, burst), Step::Stay);
    }
}

/// How long is recorded of so many seconds, and the share of the throughput that is lost; `loud`: what recording costs.
fn recorded(loud: Facts, seconds: f64) -> (Vec<f64>, f64) {
    let silent = Facts {
        recorded: Nanos::ZERO,
        own: Nanos::ZERO,
        ..loud
    };
    let mut budget = Budget::new(BUDGET);
    let (mut windows, mut is_recording) = (vec![0.0], true);
    let (mut time, mut lost) = (0.0, 0.0);
    while time < seconds {
        let facts = of_length(if is_recording { loud } else { silent }, budget.period());
        let wall = facts.wall.seconds();
        time += wall;
        lost += facts.loss() * wall;
        if let (true, Some(last)) = (is_recording, windows.last_mut()) {
            *last += wall;
        }
        match budget.step(&facts) {
            Step::Pause => is_recording = false,
            Step::Resume => {
                is_recording = true;
                windows.push(0.0);
            }
            Step::Stay => {}
            Step::Narrow(level) => panic!("{level:?}"),
        }
    }
    (windows, lost / time)
}

#[test]
fn far_over_the_budget_windows_come_at_once_and_hold_it() {
    let (windows, lost) = recorded(period(50.0, 150.0, 1.0, 0.0), 1000.0);
    assert!(windows.len() > 30, "{windows:?}");
    assert!(lost <= 0.021 && lost > 0.015, "{lost}");
}

/// CPUs that are full stretch what is added to each of many chains: a fifth of the throughput of 16 clients and their database.
#[test]
fn what_is_lost_before_the_cost_is_known_is_little_and_is_made_up_for() {
    let full = period(40.0, 200.0, 1.0 / 16.0, 14.0);
    let (windows, lost) = recorded(full, 10.0);
    assert!(windows[0] < 0.25, "{windows:?}");
    assert!(windows.len() > 1, "{windows:?}");
    // The window that the end finds open is not made up for.
    let open = 0.2 * PERIOD.seconds() / 10.0;
    assert!(lost <= BUDGET + open, "{lost}");
    // Where less is lost it takes longer to be sure.
    let (windows, _) = recorded(period(10.0, 200.0, 1.0 / 16.0, 14.0), 10.0);
    assert!(windows[0] > 0.4 && windows[0] < 1.2, "{windows:?}");
}

/// A slow host: holdup itself takes more than the budget even while it records nothing.
#[test]
fn what_a_pause_costs_does_not_make_it_last() {
    let loud = period(50.0, 150.0, 1.0, 0.0);
    let idle = Facts {
        own: percent(8.0),
        ..period(0.0, 150.0, 1.0, 0.0)
    };
    assert!(idle.host_share() > BUDGET);
    let mut budget = Budget::new(BUDGET);
    let steps: Vec<Step> = std::iter::repeat_with(|| {
        let facts = if budget.paused { idle } else { loud };
        next(&mut budget, facts)
    })
    .take(2_000)
    .collect();
    let times = |wanted| steps.iter().filter(|step| **step == wanted).count();
    assert!(times(Step::Resume) > 15, "{}", times(Step::Resume));
    // What is lost in windows is made up for all the same, at half the pace.
    assert!(times(Step::Stay) > 1_500);
}

/// The queue of a moment, as holdup itself begins, is no reason for a pause.
#[test]
fn a_short_queue_as_the_window_opens_is_passed_over() {
    let mut budget = Budget::new(BUDGET);
    let start = period(1.0, 20.0, 0.2, 6.0);
    let calm = period(1.0, 20.0, 0.2, 0.0);
    assert!(start.loss() > BUDGET);
    // Where it is holdup that they queue behind, it may take all of the first periods.
    let behind_holdup = Facts {
        ran: percent(90.0),
        ..period(1.0, 5.0, 0.5, 1.5)
    };
    let mut at_first = Budget::new(BUDGET);
    for _ in 0..FIRST_PERIODS {
        assert_eq!(next(&mut at_first, behind_holdup), Step::Stay);
    }
    for _ in 0..2 {
        assert_eq!(next(&mut budget, start), Step::Stay);
    }
    for _ in 0..40 {
        assert_eq!(next(&mut budget, calm), Step::Stay);
    }
}

#[test]
fn in_windows_all_call_sites_are_taken_again() {
    let mut budget = Budget::new(BUDGET);
    let mut with_sites = period(2.1, 90.0, 1.0, 0.0);
    with_sites.pattern.sites = 250.0;
    let mut levels = vec![NOTHING];
    for facts in [with_sites, period(60.0, 100.0, 1.0, 0.0)] {
        let before = budget.level();
        for _ in 0..20 {
            if budget.level() == before {
                next(&mut budget, facts);
            }
        }
        levels.push(budget.level());
    }
    let halved = Level {
        halvings: 2,
        ..NOTHING
    };
    assert_eq!(levels, [NOTHING, halved, WINDOWS]);
}
