//! Who is charged with waiting, and what it does meanwhile.

use super::super::HolderActivity;
use super::{Blamed, thread};
use crate::classify::WaitKind;
use crate::row::{Call, Nanos, StackId, Tid};
use crate::script;

/// Share of the time held in which the holder does this.
fn activity(stats: &super::LockStats, is_it: impl Fn(&HolderActivity) -> bool) -> f64 {
    let charge = stats.charged();
    let all: Nanos = charge.activity.values().copied().sum();
    assert_eq!(all, charge.held, "what it does is all the while it holds");
    let part = charge.activity.iter().filter(|(what, _)| is_it(what));
    part.map(|(_, time)| time.seconds()).sum::<f64>() / all.seconds()
}

fn is_blocked(kind: WaitKind) -> impl Fn(&HolderActivity) -> bool {
    move |what| matches!(what, HolderActivity::Blocked(site) if site.kind == kind)
}

#[test]
fn what_a_holder_does_meanwhile_is_known() {
    let sleeping = Blamed::of("8 workers: lock L held 9ms sleeping; compute 1ms");
    assert!(activity(sleeping.lock(), is_blocked(WaitKind::Sleep)) > 0.98);
    let computing = Blamed::of("8 workers: lock L held 9ms computing; sleep 1ms");
    assert!(activity(computing.lock(), |what| *what == HolderActivity::Runs) > 0.98);
    let fetching = Blamed::of("8 workers: lock L held 9ms fetching A; compute 1ms");
    assert!(activity(fetching.lock(), is_blocked(WaitKind::Request)) > 0.98);
}

/// ```text
/// A   R=|---------|========R wakes B   A never waited for the lock, and has it from 12 on
/// B   -|============|------|
/// ```
#[test]
fn what_a_holder_did_before_anybody_waited_keeps_nobody() {
    let source = script::timeline(
        "0 A runs; 0 B runs; 1 B waits lock; 2 A wakes B; 3 A waits sleep; 12 A runs; 14 B waits lock; 20 A wakes B; 22 end",
    );
    let blamed = Blamed::in_trace(&source);
    let (_, lock) = blamed.groups.all().next().expect("a lock");
    let charge = lock.charged();
    let kept: Vec<_> = charge.kept_waiting.into_iter().collect();
    let runs = (HolderActivity::Runs, StackId::NONE);
    assert_eq!(kept, [(runs, Nanos(6_000_000))]);
}

/// ```text
/// A   R--|=======|=R wakes B
/// B   -|==|--------|
/// C   =======w======   wakes nobody: it had but the mutex around the lock
/// ```
#[test]
fn who_wakes_nobody_hands_nothing_on() {
    let mut source = script::timeline(
        "0 A runs; 0 B runs; 0 C runs; 1 B waits lock; 2 A wakes B; 4 B waits lock; 5 A waits sleep; 13 A runs; 14 A wakes B; 20 end",
    );
    let calls = &mut source.batches[0].calls;
    let wake = *calls.iter().find(|call| call.ret == 1).expect("a wake");
    let Nanos(opened) = source.meta.opened;
    calls.push(Call {
        start: Nanos(opened + 10_000_000),
        end: Nanos(opened + 10_001_000),
        tid: Tid(203),
        ret: 0,
        ..wake
    });
    calls.sort_by_key(|call| call.end);
    let blamed = Blamed::in_trace(&source);
    let (_, lock) = blamed.groups.all().next().expect("a lock");
    let kept = lock.charged().kept_waiting;
    let all: Nanos = kept.values().copied().sum();
    let asleep = kept
        .iter()
        .filter(|((what, _), _)| is_blocked(WaitKind::Sleep)(what));
    let asleep: Nanos = asleep.map(|(_, time)| *time).sum();
    assert_eq!((asleep.0, all.0), (8_000_000, 10_000_000), "{kept:?}");
}

#[test]
fn a_holder_without_a_cpu_is_seen_to_queue() {
    let blamed = Blamed::of(
        "cpus 2\n4 workers: lock L held 5ms computing; sleep 1ms\n4 others: compute 20ms",
    );
    let queues = activity(blamed.lock(), |what| *what == HolderActivity::Queues);
    assert!((0.2..0.8).contains(&queues), "{queues}");
}

#[test]
fn waiting_is_charged_once_and_all_of_it() {
    for words in ["", " parked", " condition"] {
        let text = format!("lock L{words}\n8 workers: lock L held 9ms+-4ms; sleep 5ms");
        let blamed = Blamed::of(&text);
        let lock = blamed.lock();
        let waited: Nanos = lock.waiters.values().copied().sum();
        assert_eq!(waited, lock.waiting, "{text}");
        let charged = lock.charged().waiting;
        // But for what is waited since it was let go for the last time.
        let left = lock.waiting - charged;
        assert!(left < Nanos(8 * 20_000_000), "{left:?}: {text}");
        assert_eq!(lock.charges.len(), 8);
    }
}

/// ```text
/// A   holds =======| wakes B
/// B        |-------|=========| wakes C
/// C            |-------------|
/// ```
#[test]
fn a_holder_is_charged_for_what_all_wait_while_it_holds() {
    let source = script::timeline(
        "0 A runs; 0 B runs; 0 C runs; 0 D runs; 1 B waits lock; 2 D waits lock; 4 C waits lock; 10 A wakes B; 16 B wakes C; 17 C wakes D; 20 end",
    );
    let blamed = Blamed::in_trace(&source);
    let (_, lock) = blamed.groups.all().next().expect("a lock");
    let charged = |tid| lock.charges[&thread(tid)].waiting.0 / 1_000_000;
    // B 9 ms, D 8 ms and C 6 ms up to 10; then C and D for 6 ms; then D for 1 ms.
    assert_eq!([charged(201), charged(202), charged(203)], [23, 12, 1]);
    assert_eq!(lock.waiting.0 / 1_000_000, 36);
}

#[test]
fn the_lock_of_a_file_has_its_holder() {
    let blamed = Blamed::of("4 workers: flock F held 9ms; sleep 3ms");
    let file = blamed.file();
    assert!(activity(file, is_blocked(WaitKind::Sleep)) > 0.98);
    assert!(file.unheld.seconds() < 0.1, "{:?}", file.unheld);
    assert_eq!((file.timeouts, file.waits > 1_000), (0, true), "{file:?}");
}

#[test]
fn polling_leaves_the_lock_of_a_file_unheld_for_a_part() {
    let blamed = Blamed::of("4 workers: flock F held 2ms polling 8ms+-2ms; sleep 3ms");
    let file = blamed.file();
    let unheld = file.unheld.seconds() / file.contended.seconds();
    assert!((0.1..0.9).contains(&unheld), "{unheld}");
    assert!(file.timeouts > file.waits / 2);
    assert!(activity(file, is_blocked(WaitKind::Sleep)) > 0.9);
}
