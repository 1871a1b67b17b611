//! The case everybody knows, and figures that make no sense.

use super::*;

fn station(name: &str, demand_s: f64, capacity: f64) -> Station {
    Station {
        name: name.to_owned(),
        demand_s,
        capacity,
    }
}

fn goldsky() -> BoundsInput {
    BoundsInput {
        stations: vec![
            station("fetch", 0.205, f64::INFINITY),
            station("insert", 0.236, 1.0),
        ],
        think_s: 0.0,
        workers: 64,
        rate_per_s: 4.2,
        relieved: 1,
        relief: [10.0, f64::INFINITY],
    }
}

fn near(value: f64, expect: f64) {
    assert!((value - expect).abs() < 0.01 * expect, "{value} {expect}");
}

#[test]
fn a_serial_insert_limits_and_a_batch_frees() {
    let input = goldsky();
    near(bound(&input), 4.237);
    assert_eq!(knee(&input), Some(2));
    let prediction = expected(&input);
    near(prediction.rate_per_s, 42.37);
    near(prediction.speedup, 10.09);
    near(prediction.interval[0], 4.2);
    near(prediction.interval[1], 145.1);
    near(prediction.model_error, 0.0089);
    let Some(NextLimit::Workers {
        count: 64, item_s, ..
    }) = prediction.next_limit
    else {
        panic!("{prediction:?}");
    };
    near(item_s, 0.441);
}

#[test]
fn the_next_station_is_named_when_it_limits() {
    let mut input = goldsky();
    input.stations.push(station("disk", 0.05, 2.0));
    let prediction = expected(&input);
    near(prediction.rate_per_s, 40.0);
    near(prediction.interval[1], 40.0);
    let disk = NextLimit::Station {
        name: "disk".to_owned(),
        rate_per_s: 40.0,
    };
    assert_eq!(prediction.next_limit, Some(disk));
}

#[test]
fn never_worse_than_observed_and_always_finite() {
    let nan = f64::NAN;
    let cases = [
        BoundsInput {
            rate_per_s: 200.0,
            ..goldsky()
        },
        BoundsInput {
            rate_per_s: nan,
            ..goldsky()
        },
        BoundsInput {
            rate_per_s: 0.0,
            ..goldsky()
        },
        BoundsInput {
            relieved: 99,
            ..goldsky()
        },
        BoundsInput {
            relief: [nan, nan],
            ..goldsky()
        },
        BoundsInput {
            relief: [f64::INFINITY; 2],
            ..goldsky()
        },
        BoundsInput {
            stations: vec![],
            ..goldsky()
        },
        BoundsInput {
            stations: vec![station("x", nan, nan)],
            think_s: nan,
            ..goldsky()
        },
        BoundsInput {
            stations: vec![station("x", 1e-300, 1e300)],
            ..goldsky()
        },
    ];
    for input in cases {
        let prediction = expected(&input);
        let [low, high] = prediction.interval;
        assert!(
            low <= prediction.rate_per_s && prediction.rate_per_s <= high,
            "{input:?}"
        );
        for value in [low, high, prediction.speedup, prediction.model_error] {
            assert!(value.is_finite(), "{input:?} {prediction:?}");
        }
    }
}

#[test]
fn without_a_station_that_limits_there_is_no_knee() {
    let mut input = goldsky();
    input.stations[1].capacity = f64::INFINITY;
    assert_eq!(knee(&input), None);
    near(bound(&input), 145.1);
    assert_eq!(expected(&input).best_worker_count, 0);
}
