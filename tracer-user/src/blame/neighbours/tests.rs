//! Threads whose slowdown is known, since it is made here.

use super::*;
use crate::row::Tid;

const STEP: Nanos = Nanos(20_000);

/// A small generator of numbers (Knuth's MMIX constants), so that each test is the same every time.
struct Dice(u64);

impl Dice {
    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap_or(0)) / f64::from(u32::MAX)
    }
}

/// Threads that wait and compute by turns, times in ms. While `n` others compute, each gets ahead at `1 / (1 + slows n)`.
struct Crew {
    threads: u32,
    waits: f64,
    computes: f64,
    /// Wait and work of an item are up to so much longer or shorter, 0 to 1.
    spread: f64,
    slows: f64,
}

fn waits(site: u32) -> State {
    State::Waiting(SiteId(site))
}

fn who(number: u32) -> ActorId {
    ActorId::Thread(Tid(number))
}

/// What is told after so many seconds, and how much of the CPU time was in truth lost to neighbours, s.
fn run(crew: &Crew, seconds: f64) -> (Option<Slowdown>, f64) {
    let mut neighbours = Neighbours::default();
    let mut dice = Dice(7);
    let mut left: Vec<(bool, f64)> = (0..crew.threads)
        .map(|_| (false, crew.waits * dice.share()))
        .collect();
    let step = STEP.seconds() * 1e3;
    for thread in 0..crew.threads {
        neighbours.change(who(thread), Nanos(1), waits(1));
    }
    let (mut at, mut lost) = (Nanos(1_000_000_000), 0.0);
    let until = at + Nanos((seconds * 1e9) as u64);
    while at < until {
        let computing = left.iter().filter(|(computes, _)| *computes).count();
        for (number, (computes, left)) in left.iter_mut().enumerate() {
            let actor = who(u32::try_from(number).unwrap_or(0));
            let mut draw = |mean: f64| mean * (1.0 + crew.spread * (2.0 * dice.share() - 1.0));
            let speed = match *computes {
                true => 1.0 / (1.0 + crew.slows * (computing.max(1) - 1) as f64),
                false => 1.0,
            };
            if *computes {
                lost += (1.0 - speed) * STEP.seconds();
            }
            *left -= step * speed;
            if *left <= 0.0 {
                let now = if *computes { waits(1) } else { State::Running };
                neighbours.change(actor, at, now);
                *left = draw(if *computes { crew.waits } else { crew.computes });
                *computes = !*computes;
            }
        }
        at += STEP;
    }
    (neighbours.slowdown(|_| true), lost)
}

const CREW: Crew = Crew {
    threads: 2,
    waits: 4.0,
    computes: 3.0,
    spread: 0.9,
    slows: 0.0,
};

#[test]
fn what_neighbours_cost_is_found() {
    for slows in [0.7, 4.0] {
        let (told, lost) = run(&Crew { slows, ..CREW }, 10.0);
        let told = told.expect("it is told");
        assert!(told.least > 0.0, "{slows}: {told:?}");
        let range = [told.least * told.beside, told.most * told.beside];
        assert!(
            range[0] < lost && lost < range[1],
            "{slows}: {lost} {range:?} {told:?}"
        );
        let likely = told.likely * told.beside;
        assert!(
            (likely / lost - 1.0).abs() < 0.2,
            "{slows}: {likely} and not {lost}"
        );
    }
}

/// Of four the third neighbour costs less than the first, and the figure is that of the middle: it is too low for all of them together.
#[test]
fn of_many_neighbours_less_is_told_than_they_cost() {
    let crew = Crew {
        threads: 4,
        slows: 0.3,
        ..CREW
    };
    let (told, lost) = run(&crew, 10.0);
    let told = told.expect("it is told");
    let share = told.likely * told.beside / lost;
    assert!(
        told.least > 0.0 && (0.6..1.0).contains(&share),
        "{share} {told:?}"
    );
}

/// Work that is long for its own reasons has more beside it, and is not slowed by that.
#[test]
fn threads_that_do_not_slow_each_other_lose_nothing() {
    for threads in [2, 4] {
        let (told, _) = run(&Crew { threads, ..CREW }, 10.0);
        let told = told.expect("it is told");
        assert!(told.least < 0.0 && told.most > 0.0, "{told:?}");
        assert!(told.likely.abs() < 0.1, "{told:?}");
    }
}

#[test]
fn where_all_compute_all_the_while_nothing_is_told() {
    let mut neighbours = Neighbours::default();
    let second = |at: u64| Nanos(at * 1_000_000_000);
    for thread in [1, 2] {
        neighbours.change(who(thread), second(1), waits(1));
        neighbours.change(who(thread), second(2), State::Running);
    }
    assert_eq!(neighbours.slowdown(|_| true), None);
    assert_eq!(run(&CREW, 0.2).0, None);
}

/// It is not told from the few moments in which they do not what they cost each other in all.
#[test]
fn where_they_hardly_ever_wait_nothing_is_told() {
    let crew = Crew {
        waits: 0.3,
        slows: 0.7,
        ..CREW
    };
    assert_eq!(run(&crew, 10.0).0, None);
    let crew = Crew { waits: 1.0, ..crew };
    assert!(run(&crew, 10.0).0.is_some());
}

/// Two kinds of work: a long one that follows a wait in which others compute, and a short one that does not.
#[test]
fn kinds_of_work_are_not_compared_with_each_other() {
    let mut neighbours = Neighbours::default();
    let ms = |at: u64| Nanos(1_000_000_000 + at * 1_000_000);
    for (thread, site) in [(1, 1), (2, 3)] {
        neighbours.change(who(thread), Nanos(1), waits(site));
    }
    for turn in 0..200 {
        let at = |offset: u64| ms(turn * 20 + offset);
        let mut change = |thread, offset, now| neighbours.change(who(thread), at(offset), now);
        let long = turn % 2;
        // The other one computes from 0 to 5.
        change(2, 0, State::Running);
        change(1, 2, State::Running);
        change(2, 5, waits(3));
        change(1, 8 + long, waits(2));
        change(1, 10, State::Running);
        change(1, 11, waits(1));
    }
    // Within each kind as many others were there each time.
    assert_eq!(neighbours.slowdown(|actor| actor == who(1)), None);
}

#[test]
fn more_parts_than_there_is_room_for_are_joined() {
    let crew = Crew { slows: 0.7, ..CREW };
    let (short, _) = run(&crew, 3.0);
    let (long, lost) = run(&crew, 30.0);
    let error = |told: Option<Slowdown>| told.map_or(f64::INFINITY, |told| told.most - told.likely);
    assert!(error(long) < 0.5 * error(short), "{short:?} {long:?}");
    let told = long.expect("it is told");
    assert!(
        (told.likely * told.beside / lost - 1.0).abs() < 0.1,
        "{told:?} {lost}"
    );
}

#[test]
fn what_is_cut_off_does_not_count() {
    let mut neighbours = Neighbours::default();
    let second = |at: u64| Nanos(at * 1_000_000_000);
    neighbours.change(who(1), second(1), waits(1));
    neighbours.change(who(1), second(1), State::Queued);
    neighbours.change(who(1), second(2), State::Running);
    neighbours.join();
    neighbours.change(who(1), second(3), waits(1));
    neighbours.change(who(1), second(4), State::Running);
    neighbours.change(who(1), second(5), State::Absent);
    assert!(neighbours.parts.is_empty());
    assert_eq!(neighbours.running, 0);
    neighbours.change(who(1), second(6), waits(1));
    neighbours.change(who(1), second(7), State::Running);
    neighbours.change(who(1), second(8), waits(1));
    assert_eq!(neighbours.parts.len(), 1);
}
