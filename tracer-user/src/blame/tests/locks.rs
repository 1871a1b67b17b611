//! Which words are one lock, and how many hold it at once.

use super::Blamed;

fn check_capacity(text: &str, expect: f64) {
    let blamed = Blamed::of(text);
    let capacity = blamed.lock().capacity();
    assert!(
        (capacity - expect).abs() < 0.1 * expect,
        "{capacity}, not {expect}: {text}"
    );
}

#[test]
fn as_many_hold_a_lock_at_once_as_there_are_permits() {
    check_capacity("8 workers: lock L held 9ms; sleep 5ms", 1.0);
    check_capacity("16 workers: lock L held 5ms+-2ms computing; sleep 1ms", 1.0);
    check_capacity(
        "lock L permits 4\n16 workers: lock L held 9ms; sleep 5ms",
        4.0,
    );
    check_capacity(
        "lock L permits 2\n16 workers: lock L held 9ms+-1ms; sleep 5ms",
        2.0,
    );
    check_capacity(
        "lock L permits 4 parked\n16 workers: lock L held 9ms; sleep 5ms",
        4.0,
    );
}

#[test]
fn a_mutex_that_is_seldom_waited_for_is_none_of_two_permits() {
    let blamed = Blamed::of("3 workers: sleep 40ms+-20ms; lock L held 8ms");
    let capacity = blamed.lock().capacity();
    assert!(capacity < 1.5, "{capacity}");
}

#[test]
fn the_two_words_of_a_condition_are_one_lock() {
    let one = Blamed::of("8 workers: lock L held 9ms; sleep 5ms");
    let two = Blamed::of("lock L condition\n8 workers: lock L held 9ms; sleep 5ms");
    let (one, two) = (one.lock(), two.lock());
    assert_eq!(two.waiters.len(), 8);
    assert!(two.capacity() < 1.2, "{}", two.capacity());
    let hold = two.hold_seconds().expect("it is let go");
    assert!((hold - 0.009).abs() < 0.0005, "{hold}");
    let (one, two) = (one.waiting.seconds(), two.waiting.seconds());
    assert!((two / one - 1.0).abs() < 0.02, "{two}, not {one}");
}

#[test]
fn words_of_one_waiter_each_are_one_lock_where_they_are_taken_in_one_place() {
    let blamed = Blamed::of("lock L parked\n8 workers: lock L held 9ms; sleep 5ms");
    let lock = blamed.lock();
    assert_eq!(lock.waiters.len(), 8);
    assert_eq!(lock.holders().len(), 8);
    assert!((lock.contended.seconds() - blamed.window).abs() < 0.1);
    let (word, _) = blamed.groups.all().next().expect("a lock");
    assert_eq!(blamed.groups.sites[&word][0].0, "take_L (app.rs:10)");
}

#[test]
fn two_locks_that_are_taken_in_two_places_stay_two() {
    for parked in ["", " parked"] {
        let blamed = Blamed::of(&format!(
            "lock L{parked}\nlock M{parked}\n8 workers: lock L held 9ms+-8ms; lock M held 9ms+-8ms"
        ));
        assert_eq!(blamed.locks().len(), 2, "{parked}");
    }
}

#[test]
fn a_word_that_is_slept_on_is_no_lock() {
    let blamed = Blamed::of("4 workers: lock L held 9ms sleeping by futex; sleep 5ms by futex");
    let sleeps: Vec<_> = blamed.classifier.futexes.sleeps().collect();
    assert_eq!(sleeps.len(), 4);
    let locks = blamed
        .groups
        .all()
        .filter(|(word, _)| !sleeps.contains(word));
    assert_eq!(locks.count(), 1);
}

#[test]
fn locks_of_processes_lie_in_shared_memory() {
    let blamed = Blamed::of("4 worker processes: lock L held 9ms; sleep 5ms");
    assert_eq!(blamed.lock().waiters.len(), 4);
}

#[test]
fn the_owner_that_a_word_names_is_counted() {
    let blamed = Blamed::of("4 workers: lock L held 9ms; sleep 5ms");
    let (looked_at, named) = blamed.lock().owner_word;
    assert!(
        looked_at > 900 && named == looked_at,
        "{named} of {looked_at}"
    );
    let parked = Blamed::of("lock L parked\n4 workers: lock L held 9ms; sleep 5ms");
    assert_eq!(parked.lock().owner_word.1, 0);
}
