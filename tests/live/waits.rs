//! Waits, held against the kernel's own count of switches.

use holdup::row::{Nanos, Reason, Syscall};

use crate::watched::{python, watch};

/// 40 sleeps of 20 ms, then the thread's own voluntary switches during them.
const SLEEPER: &str = r"
import sys, time
def switches():
    return int(next(l for l in open('/proc/thread-self/status') if l.startswith('voluntary')).split()[1])
print('ready', flush=True)
sys.stdin.readline()
before = switches()
for _ in range(40): time.sleep(0.02)
print(switches() - before, flush=True)
sys.stdin.read()
";

pub fn each_voluntary_switch_is_one_blocked_wait() {
    let seen = watch(&mut python(SLEEPER));
    let waits: Vec<_> = seen.rows.0.iter().flat_map(|batch| &batch.waits).collect();
    let sleeps: Vec<_> = waits
        .iter()
        .filter(|wait| wait.reason == Reason::Blocked && wait.call == Syscall::ClockNanosleep)
        .collect();
    assert_eq!(sleeps.len() as u64, seen.said[0]);
    for sleep in &sleeps {
        let lasted = sleep.end.since(sleep.start).0;
        assert!(lasted >= 19_900_000, "a sleep of 20 ms lasted {lasted} ns");
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
