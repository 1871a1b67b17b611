//! Waits, held against the kernel's own books of the thread that waited.

use holdup::row::{Nanos, Reason, Syscall};

use crate::watched::{python, watch};

/// 40 sleeps of 20 ms; then, of the time in which they were: the thread's own voluntary switches, how long it lasted, and for how long
/// of it the thread had a CPU or waited for one, in nanoseconds.
const SLEEPER: &str = r"
import sys, time
def books():
    switches = int(next(l for l in open('/proc/thread-self/status') if l.startswith('voluntary')).split()[1])
    ran, waited = open('/proc/thread-self/schedstat').read().split()[:2]
    return switches, time.monotonic_ns(), int(ran) + int(waited)
print('ready', flush=True)
sys.stdin.readline()
before = books()
for _ in range(40): time.sleep(0.02)
print(*(after - before for before, after in zip(before, books())), flush=True)
sys.stdin.read()
";

/// The books of the time on a CPU are brought up to date when the thread is switched out and at each tick of the scheduler, which is
/// 10 ms at the longest (`CONFIG_HZ_100`).
const TICK: u64 = 10_000_000;

pub fn each_voluntary_switch_is_one_blocked_wait() {
    let seen = watch(&mut python(SLEEPER));
    let waits: Vec<_> = seen.rows.0.iter().flat_map(|batch| &batch.waits).collect();
    let sleeps: Vec<_> = waits
        .iter()
        .filter(|wait| wait.reason == Reason::Blocked && wait.call == Syscall::ClockNanosleep)
        .collect();
    let [switches, lasted, not_asleep] = seen.said[..] else {
        panic!("three numbers, not {:?}", seen.said);
    };
    assert_eq!(sleeps.len() as u64, switches);
    // The wait for a CPU after a sleep belongs to its row, and to the books of not being asleep.
    let slept: u64 = sleeps
        .iter()
        .map(|sleep| sleep.end.since(sleep.start).0)
        .sum();
    let least = lasted.saturating_sub(not_asleep + TICK);
    assert!(
        (least..=lasted).contains(&slept),
        "slept {slept} ns by the rows, {least} to {lasted} ns by the kernel's books"
    );
    for sleep in &sleeps {
        let inside = sleep.woken >= sleep.start && sleep.woken <= sleep.end;
        assert!(inside || sleep.woken == Nanos::ZERO);
    }
    // Now and then the kernel's tracepoint tells of no wake-up; that is counted.
    let unwoken = sleeps.iter().filter(|wait| wait.woken == Nanos::ZERO);
    assert!(unwoken.count() as u64 <= seen.meta.counters.unmatched_wakeups);
    assert_eq!(seen.meta.counters.lost(), 0);
}

/// Sleeps longer than the interval at which waits are cut.
const LONG_SLEEPER: &str = r"
import sys, time
print('ready', flush=True)
sys.stdin.readline()
time.sleep(2.3)
print(0, flush=True)
sys.stdin.read()
";

pub fn parts_of_a_long_wait_join_without_gap() {
    let seen = watch(&mut python(LONG_SLEEPER));
    let waits = seen.rows.0.iter().flat_map(|batch| &batch.waits);
    let mut parts: Vec<_> = waits
        .filter(|wait| wait.call == Syscall::ClockNanosleep)
        .collect();
    parts.sort_by_key(|wait| wait.start);
    assert!(parts.len() >= 3, "{} parts", parts.len());
    for pair in parts.windows(2) {
        assert_eq!(pair[0].end, pair[1].start);
        assert!(pair[0].continues && pair[1].continuation);
    }
    let whole = parts[parts.len() - 1].end.since(parts[0].start).0;
    assert!(whole >= 2_300_000_000, "{whole}");
}
