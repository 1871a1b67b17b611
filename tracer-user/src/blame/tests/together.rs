//! Waits that end together, and such as end one after the other.

use super::{Blamed, thread};
use crate::blame::Together;
use crate::script;

/// Share of the waiting that ended together with that of so many others at least.
fn share(blamed: &Blamed, least: u64) -> f64 {
    let lock = blamed.lock();
    let sizes = lock.together.sizes.iter();
    let ended = sizes.filter(|(count, _)| **count >= least);
    let ended: f64 = ended.map(|(_, released)| released.waiting.seconds()).sum();
    ended / lock.waiting.seconds()
}

#[test]
fn whoever_comes_last_lets_all_others_go_on() {
    for how in ["", " parked", " in turn"] {
        let text = format!("8 workers: sleep 20ms+-10ms; barrier B{how}");
        let blamed = Blamed::of(&text);
        let all = share(&blamed, 7);
        assert!(all > 0.95, "{all}: {how}");
        let together = &blamed.lock().together;
        assert_eq!(together.releasers.len(), 8, "{how}");
        let ended: u64 = together
            .sizes
            .iter()
            .map(|(count, of)| count * of.times)
            .sum();
        let direct: u64 = together.sizes.values().map(|of| of.direct).sum();
        let by_the_last = direct * 10 > ended * 9;
        assert_eq!(by_the_last, how != " in turn", "{how}: {direct} of {ended}");
    }
}

#[test]
fn the_time_between_two_releases_is_that_of_the_work() {
    let blamed = Blamed::of("1 workers: sleep 40ms; barrier B\n7 workers: sleep 10ms; barrier B");
    let together = &blamed.lock().together;
    assert_eq!(
        together.releasers.keys().collect::<Vec<_>>(),
        [&thread(200)]
    );
    let of = |tid| together.between[&thread(tid)];
    assert!((of(200).mean() - 0.040).abs() < 0.001, "{:?}", of(200));
    assert!((of(203).mean() - 0.010).abs() < 0.001, "{:?}", of(203));
    assert!(of(203).variation() < 0.01, "{:?}", of(203));
    assert_eq!(of(203).nothing, 0);
    let varied = Blamed::of("8 workers: sleep 20ms+-10ms; barrier B");
    let varied = varied.lock().together.between[&thread(202)];
    // Evenly spread over 10 to 30 ms.
    assert!((varied.variation() - 0.289).abs() < 0.03, "{varied:?}");
}

#[test]
fn waiters_of_a_lock_are_let_go_one_at_a_time() {
    for text in [
        "16 workers: fetch A 20ms+-5ms; lock L held 5ms",
        "16 workers: fetch A 20ms+-5ms; lock L held 5ms+-4ms computing",
        "lock L parked\n16 workers: fetch A 20ms; lock L held 5ms",
        "lock L permits 4\n16 workers: fetch A 5ms; lock L held 9ms",
        "cpus 1\n16 workers: lock L held 2ms; compute 1ms",
        "6 workers: queue Q\n1 feeder: feed Q every 5ms",
    ] {
        let blamed = Blamed::of(text);
        let together = share(&blamed, 6);
        assert!(together < 0.05, "{together}: {text}");
    }
}

/// What is counted of the word B of a timeline.
fn together(text: &str) -> Together {
    let blamed = Blamed::in_trace(&script::timeline(text));
    let mut all = blamed.groups.all();
    let (_, lock) = all.next().expect("a lock");
    lock.together.clone()
}

#[test]
fn who_waits_again_at_once_has_found_nothing_to_do() {
    //      0   5       30   31          60
    // B    |---waits---|run|---waits----|
    // C    |-----------|run|
    // D    |-----------| runs
    let together = together(
        "0 A runs; 0 B runs; 0 C runs; 0 D runs; 1 B waits B; 1 C waits B; 1 D waits B\n\
         90 A wakes B; 90 A wakes C; 90 A wakes D\n\
         91 B waits B; 91 C waits B; 120 D waits B; 150 end",
    );
    let sizes: Vec<_> = together
        .sizes
        .iter()
        .map(|(count, of)| (*count, of.times))
        .collect();
    assert_eq!(sizes, [(3, 1)]);
    let nothing: u64 = together.between.values().map(|of| of.nothing).sum();
    assert_eq!(nothing, 2, "{:#?}", together.between);
}

#[test]
fn a_release_is_over_when_one_of_them_waits_again_or_a_stranger_ends_a_wait() {
    let begin =
        "0 A runs; 0 B runs; 0 C runs; 0 D runs; 0 E runs; 1 B waits B; 1 C waits B; 1 D waits B\n";
    for (then, expect) in [
        ("90 A wakes B; 91 B wakes C; 92 C wakes D; 100 end", vec![3]),
        ("90 A wakes B; 91 A wakes C; 92 E wakes D; 100 end", vec![2]),
        (
            "90 A wakes B; 91 A waits B; 92 B wakes C; 93 C wakes D; 99 end",
            vec![2],
        ),
        // Too long after the first, for waits of 89 ms.
        (
            "90 A wakes B; 91 A wakes C; 116 A wakes D; 120 end",
            vec![2],
        ),
    ] {
        let together = together(&format!("{begin}{then}"));
        let sizes: Vec<u64> = together.sizes.keys().copied().collect();
        assert_eq!(sizes, expect, "{then}");
    }
}
