//! Who the workers are.

use super::Work;

fn check(text: &str, workers: &[u32], idle: &[u32]) -> Work {
    let work = Work::of(text);
    assert_eq!(Work::tids(&work.cycle.workers), workers, "workers: {text}");
    assert_eq!(Work::tids(&work.cycle.idle), idle, "idle: {text}");
    work
}

#[test]
fn helpers_that_do_something_else_are_none() {
    check(
        "4 workers: fetch A 20ms; append F\n1 helper: sleep 100ms\n1 logger: append log; sleep 500ms",
        &[200, 201, 202, 203],
        &[],
    );
}

#[test]
fn short_lived_children_are_none_however_many_read_the_same_library() {
    let text = "4 workers: fetch A 20ms; append F\nchildren 20/s: read /lib/libc.so 1ms";
    check(text, &[200, 201, 202, 203], &[]);
}

#[test]
fn who_is_stuck_where_workers_are_is_one() {
    // Of the last worker nothing returns in the whole window.
    check(
        "window 5s\n3 workers: fetch A 20ms; append F\n1 worker: fetch A 60s; append F",
        &[200, 201, 202, 203],
        &[],
    );
}

/// What is handed over is written by a thread that is none of those whose turn it is.
#[test]
fn who_writes_what_others_hand_over_is_none() {
    let callers = &[200, 201, 202, 203, 204, 205, 206, 207];
    for threads in [1, 6, 12] {
        let text = format!(
            "8 callers: fetch A 15ms; hand over H\n{threads} threads: take over H; write B 8ms"
        );
        let work = check(&text, callers, &[]);
        let rate = work.rate();
        let expected = f64::min(f64::from(threads) / 0.008, 8.0 / 0.023);
        assert!((rate / expected - 1.0).abs() < 0.05, "{rate}: {text}");
    }
    // They write themselves, and have something else done besides.
    check(
        "8 workers: fetch A 15ms; write B 9ms; hand over H\n1 thread: take over H; write C 2ms",
        callers,
        &[],
    );
}

/// Whoever does all of it is a worker, whomever it wakes.
#[test]
fn who_fetches_and_writes_is_one_beside_others() {
    check(
        "2 askers: compute 1ms; hand over H\n4 workers: take over H; fetch A 15ms; write B 8ms",
        &[202, 203, 204, 205],
        &[],
    );
    // Nobody waits for who writes of its own accord.
    let text = "4 workers: fetch A 15ms; write B 8ms\n4 others: fetch A 15ms; write C 8ms";
    check(text, &[200, 201, 202, 203, 204, 205, 206, 207], &[]);
}

/// It does its own work again and again, and theirs never.
#[test]
fn who_feeds_the_workers_is_none() {
    check(
        "1 feeder: fetch A 8ms; feed Q every 1ms\n6 workers: queue Q; write B 20ms",
        &[201, 202, 203, 204, 205, 206],
        &[],
    );
}

#[test]
fn siblings_that_do_nothing_all_the_while_are_idle() {
    check(
        "2 workers: fetch A 20ms; append F\n3 workers: queue Never\n2 timers: queue Never",
        &[200, 201],
        &[202, 203, 204],
    );
}

#[test]
fn siblings_that_are_processes_of_another_program_are_not() {
    check(
        "2 worker processes: fetch A 20ms; append F\n1 keeper: queue Never",
        &[200, 201],
        &[],
    );
}

#[test]
fn threads_that_only_compute_are_workers_by_their_cpu_time() {
    check(
        "cpus 4\n3 workers: compute 7ms\n1 timer: sleep 50ms by futex",
        &[200, 201, 202],
        &[],
    );
}

#[test]
fn who_reports_progress_is_none_beside_many_who_work_under_a_lock() {
    let many = &[200, 201, 202, 203, 204, 205];
    check(
        "6 workers: sleep 12ms; lock L held 8ms sleeping\n1 logger: append log; sleep 500ms",
        many,
        &[],
    );
    // Two that move data are workers, however often another two take turns.
    check(
        "2 workers: fetch A 20ms; append F\n2 others: sleep 2ms; lock L held 2ms sleeping",
        &[200, 201],
        &[],
    );
    // Helpers that look for work seldom are none, however many.
    check(
        "1 worker: fetch A 20ms; append F\n6 helpers: sleep 400ms; lock L held 200ms sleeping",
        &[200],
        &[],
    );
}

#[test]
fn a_peer_of_the_target_is_never_one() {
    check(
        "peer A local\n2 workers: fetch A 20ms; append F",
        &[200, 201],
        &[],
    );
}
