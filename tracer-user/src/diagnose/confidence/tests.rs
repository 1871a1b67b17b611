//! Each input that is taken away lowers the confidence.

use super::*;

const SEEN: [Test; 3] = [
    Sign::WokenByCoWaiters.is(Outcome::Seen),
    Sign::HolderSeen.is(Outcome::Seen),
    Sign::CallSite.is(Outcome::Seen),
];

const ONE_MISSING: [Test; 2] = [
    Sign::WokenByCoWaiters.is(Outcome::Seen),
    Sign::HolderSeen.is(Outcome::NotSeen),
];
const NONE_AVAILABLE: [Test; 1] = [Sign::SeenInside.is(Outcome::NotAvailable)];

fn everything() -> Grounds<'static> {
    Grounds {
        stability: Some(Stability {
            first_cause: 1.0,
            factor: [5.0, 5.0],
            rate: [1.0, 1.0],
        }),
        tests: &SEEN,
        alternatives: &[],
        factor: Factor {
            value: 5.0,
            interval: [5.0, 5.0],
            single_rate: 1.0,
        },
        items: 1000,
        seen: Seen::default(),
    }
}

/// With one input changed the score falls, to this level and with this doubt.
fn check(change: impl FnOnce(&mut Grounds<'static>), level: Level, doubt: &Doubt) {
    let mut grounds = everything();
    change(&mut grounds);
    let weighed = confidence(&grounds);
    assert!(weighed.score < 1.0, "{weighed:?}");
    assert_eq!((weighed.level, &weighed.doubt), (level, doubt));
}

#[test]
fn with_everything_seen_it_is_strong_and_there_is_no_doubt() {
    let weighed = confidence(&everything());
    assert_eq!((weighed.level, weighed.doubt), (Level::Strong, Doubt::None));
    assert!((weighed.score - 1.0).abs() < 1e-12);
}

#[test]
fn each_input_that_is_taken_away_lowers_it() {
    use Level::{Fair, Strong};
    check(|g| g.stability = None, Strong, &Doubt::NotResampled);
    check(
        |g| {
            g.stability = Some(Stability {
                first_cause: 0.6,
                factor: [5.0, 5.0],
                rate: [1.0, 1.0],
            });
        },
        Fair,
        &Doubt::Unstable(0.6),
    );
    check(
        |g| g.tests = &ONE_MISSING,
        Fair,
        &Doubt::NotSeen(Sign::HolderSeen),
    );
    check(
        |g| g.tests = &NONE_AVAILABLE,
        Fair,
        &Doubt::NotAvailable(Sign::SeenInside),
    );
    check(
        |g| g.factor.interval = [1.0, 12.0],
        Fair,
        &Doubt::Wide([1.0, 12.0]),
    );
    check(|g| g.items = 20, Fair, &Doubt::FewItems(20));
    check(
        |g| g.alternatives = &[Cause::RateLimit],
        Fair,
        &Doubt::Alternatives(vec![Cause::RateLimit]),
    );
}

#[test]
fn what_was_not_seen_or_not_explained_caps_it() {
    use Level::Fair;
    check(|g| g.seen.unexplained = 0.3, Fair, &Doubt::Unexplained(0.3));
    check(|g| g.seen.unknown = 0.06, Fair, &Doubt::UnknownTime(0.06));
    check(|g| g.seen.kernel = 0.06, Fair, &Doubt::Kernel(0.06));
    check(|g| g.seen.lost = 0.01, Fair, &Doubt::Lost(0.01));
    // Within bounds it takes away what it is, and no more.
    check(
        |g| g.seen.unexplained = 0.1,
        Level::Strong,
        &Doubt::Unexplained(0.1),
    );
}

#[test]
fn a_sign_that_cannot_be_seen_costs_less_than_one_that_is_not_there() {
    let with = |outcome| {
        let mut tests = SEEN.to_vec();
        tests.push(Sign::OwnerWord.is(outcome));
        confidence(&Grounds {
            tests: &tests,
            ..everything()
        })
        .score
    };
    assert!(with(Outcome::NotSeen) < with(Outcome::NotAvailable));
    assert!(with(Outcome::NotAvailable) < with(Outcome::Seen));
}

#[test]
fn an_interval_that_is_wide_for_what_is_unexplained_lowers_it_once() {
    let wide = |unexplained| {
        let mut grounds = everything();
        grounds.factor.interval = [5.0, 7.0];
        grounds.seen.unexplained = unexplained;
        confidence(&grounds).score
    };
    assert!((wide(0.05) - wide(0.0)).abs() < 1e-12);
    assert!(wide(0.15) < wide(0.05));
}
