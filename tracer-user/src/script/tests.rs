//! The script itself: what it gives, and what it says of mistakes.

use super::*;
use crate::row::{Nanos, Reason, Syscall, TaskFact, TaskRole};

fn check_mistake(read: fn(&str) -> Result<MemorySource, Mistake>, text: &str, expect: &str) {
    let mistake = read(text).expect_err(text);
    assert_eq!(mistake.to_string(), expect, "{text}");
}

#[test]
fn a_mistake_says_where_and_what_was_expected() {
    let check = |text, expect| check_mistake(try_workload, text, expect);
    check(
        "cpus 4\n\n16 workers: fetch A 20",
        r#"script:3:21: expected a time such as 20ms, found "20""#,
    );
    check(
        "4 workers: lock L 9ms",
        r#"script:1:19: expected "held", found "9ms""#,
    );
    check(
        "4 workers: compute 1ms; jump",
        r#"script:1:25: expected a step: fetch, write, select, insert, begin, connect, compute, sleep, lock, append, read, fsync, flock, pipe, call, queue, feed, hand, take, barrier, stop, fault or every, found "jump""#,
    );
    check(
        "workers: compute 1ms",
        r#"script:1:1: expected cpus, window, peer, disk, lock, children or a number of workers, found "workers""#,
    );
    check(
        "window",
        "script:1:7: expected a time such as 20ms, found the end of the line",
    );
    check(
        "peer A serves none",
        r#"script:1:15: expected all or a number, found "none""#,
    );
    check(
        "peer A refuses 130%",
        r#"script:1:16: expected a share such as 30%, found "130%""#,
    );
    let check = |text, expect| check_mistake(try_timeline, text, expect);
    check(
        "0 A runs; 3 A jumps",
        r#"script:1:15: expected runs, waits, queues, wakes, exits, born or seen, found "jumps""#,
    );
    check(
        "5 A runs\n3 A waits lock",
        r#"script:2:1: expected lost, or a time such as 3, found "3""#,
    );
    check(
        "lost 5 9",
        r#"script:1:6: expected two times such as 5..9, found "5""#,
    );
}

#[test]
fn rows_are_of_the_window_in_order_and_waits_in_parts_of_a_second() {
    let source = workload(
        "window 10s\n\
         3 workers: sleep 2500ms; compute 1ms",
    );
    let rows = source.joined();
    let (opened, closed) = (source.meta.opened, source.meta.closed);
    assert_eq!(closed - opened, Nanos(10_000_000_000));
    assert!(rows.waits.is_sorted_by_key(|row| row.end));
    for wait in &rows.waits {
        assert!(wait.start >= opened && wait.end <= closed, "{wait:?}");
        assert!(wait.end - wait.start <= Nanos::SECOND, "{wait:?}");
    }
    let of_first = rows.waits.iter().filter(|wait| wait.tid.0 == 200);
    let covered: Nanos = of_first.map(|wait| wait.end - wait.start).sum();
    let run = rows.tasks.iter().filter(|task| task.tid.0 == 200);
    let run: Vec<u64> = run.map(|task| task.schedstat.run.0).collect();
    let [_, before, after] = run[..] else {
        panic!("seen, and two readings: {run:?}");
    };
    assert_eq!(covered.0 + after - before, 10_000_000_000);
    let seen = |fact| rows.tasks.iter().filter(|task| task.fact == fact).count();
    assert_eq!(
        [
            seen(TaskFact::Seen),
            seen(TaskFact::SchedStatOpened),
            seen(TaskFact::SchedStatClosed)
        ],
        [3, 3, 3]
    );
}

/// Calls a second of all threads.
fn rate(source: &MemorySource, call: Syscall) -> f64 {
    let rows = source.joined();
    let count = rows.calls.iter().filter(|row| row.call == call).count();
    count as f64 / source.meta.window().seconds()
}

fn check_rate(text: &str, call: Syscall, expect: f64) {
    let rate = rate(&workload(text), call);
    assert!(
        (rate / expect - 1.0).abs() < 0.03,
        "{rate} a second, not {expect}: {text}"
    );
}

#[test]
fn stations_serve_as_they_should() {
    check_rate("8 workers: fetch A 20ms", Syscall::Sendto, 400.0);
    check_rate(
        "peer A serves 1\n8 workers: fetch A 20ms",
        Syscall::Sendto,
        50.0,
    );
    check_rate(
        "peer A serves 4\n8 workers: fetch A 20ms",
        Syscall::Sendto,
        200.0,
    );
    check_rate(
        "peer A tokens 10/s\n8 workers: fetch A 20ms",
        Syscall::Sendto,
        10.0,
    );
    check_rate(
        "8 workers: fsync F 1ms; lock L held 9ms",
        Syscall::Fsync,
        110.5,
    );
    check_rate(
        "lock L permits 4\n8 workers: fsync F 1ms; lock L held 10ms",
        Syscall::Fsync,
        398.0,
    );
    check_rate(
        "8 workers: flock F held 5ms; every 4 items fsync F 1ms",
        Syscall::Fsync,
        50.0,
    );
    check_rate(
        "cpus 2\n8 workers: compute 10ms; append F",
        Syscall::Write,
        200.0,
    );
    check_rate("children 20/s: read /lib/libc.so 1ms", Syscall::Pread, 20.0);
    check_rate(
        "1 writer: sleep 5ms; pipe P write\n2 readers: pipe P read",
        Syscall::Read,
        195.0,
    );
    check_rate(
        "4 workers: queue Q; append F\n1 feeder: feed Q every 10ms",
        Syscall::Write,
        99.0,
    );
    check_rate(
        "peer A refuses 50%\n1 worker: fetch A 20ms",
        Syscall::Sendto,
        16.5,
    );
}

#[test]
fn who_holds_a_lock_wakes_who_waits_for_it() {
    let rows = workload("3 workers: lock L held 5ms computing; sleep 1ms").joined();
    let waits: Vec<_> = rows
        .waits
        .iter()
        .filter(|wait| wait.call == Syscall::Futex && !wait.continues)
        .collect();
    assert!(waits.len() > 1_000);
    for wait in waits {
        assert_eq!(wait.reason, Reason::Blocked);
        assert!(wait.waker.tid.0 >= 200 && wait.waker.tid != wait.tid);
        assert_eq!(wait.waker.call, Syscall::Futex);
    }
    let site = rows.stacks[0].call_site().expect("a frame of its own");
    assert_eq!(site.symbol, "take_L");
}

#[test]
fn a_local_peer_has_a_thread_for_each_client() {
    let rows = workload("peer A serves 1 local\n3 workers: fetch A 5ms").joined();
    let peers = rows.tasks.iter().filter(|task| task.role == TaskRole::Peer);
    assert_eq!(peers.filter(|task| task.fact == TaskFact::Seen).count(), 3);
    let waits = rows.waits.iter().filter(|wait| wait.tid.0 < 5_000);
    assert!(waits.clone().count() > 500);
    for wait in waits.filter(|wait| !wait.continues) {
        assert!(wait.waker.tid.0 >= 5_000, "{wait:?}");
    }
}

#[test]
fn a_timeline_gives_the_rows_that_its_words_say() {
    let rows = timeline(
        "0 A runs; 3 A waits lock held by B; 9 B wakes A; 9 A queues; 11 A runs; 12 A exits",
    )
    .joined();
    let [wait] = rows.waits[..] else {
        panic!("one wait: {:?}", rows.waits);
    };
    assert_eq!([wait.start, wait.woken, wait.end], [at(3), at(9), at(11)]);
    assert_eq!(wait.owner, wait.waker.tid);
    let facts: Vec<_> = rows
        .tasks
        .iter()
        .map(|task| (task.end, task.fact))
        .collect();
    assert_eq!(facts, [(at(0), TaskFact::Seen), (at(12), TaskFact::Exited)]);
    let calls: Vec<_> = rows.calls.iter().map(|call| (call.end, call.op)).collect();
    assert_eq!(calls, [(at(9), 1), (at(11), 0)]);
}

#[test]
fn batches_have_the_rows_of_the_whole() {
    let source = workload("window 2s\n2 workers: sleep 3ms; append F");
    let split = in_batches(&source, 7);
    assert_eq!(split.batches.len(), 7);
    assert_eq!(split.joined(), source.joined());
}
