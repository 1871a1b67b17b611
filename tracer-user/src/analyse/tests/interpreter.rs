//! The lock of an interpreter, and locks that look like it.

use super::carried::report;
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{Frame, Stack, StackId, Syscall};
use crate::script;
use crate::work::StageName;

const PYTHON: &str = "/usr/bin/python3.11";

/// The report of a workload whose lock is waited for through these frames: module, symbol and file, innermost first.
fn of(text: &str, frames: &[(&str, &str, &str)]) -> Report {
    with_sleeps(text, frames, &[])
}

/// As [`of`], where threads sleep in these frames.
fn with_sleeps(text: &str, frames: &[(&str, &str, &str)], sleeps: &[(&str, &str, &str)]) -> Report {
    let mut source = script::workload(text);
    let frame = |(module, symbol, file): &(&str, &str, &str)| Frame {
        module: (*module).to_owned(),
        symbol: (*symbol).to_owned(),
        file: (*file).to_owned(),
        line: 7,
        ..Frame::default()
    };
    for stack in &mut source.batches[0].stacks {
        stack.frames = frames.iter().map(frame).collect();
    }
    if !sleeps.is_empty() {
        let batch = &mut source.batches[0];
        let (id, pid) = (StackId(9_999), batch.waits[0].pid);
        let frames = sleeps.iter().map(frame).collect();
        batch.stacks.push(Stack { id, pid, frames });
        for wait in &mut batch.waits {
            if wait.call == Syscall::ClockNanosleep || wait.call == Syscall::Nanosleep {
                wait.stack = id;
            }
        }
    }
    report(&source)
}

/// Made to let go of the interpreter's lock while it computes.
const COMPUTING: &[(&str, &str, &str)] = &[
    ("/usr/lib/libc.so.6", "pthread_cond_timedwait", ""),
    (PYTHON, "take_gil", "ceval_gil.h"),
    (PYTHON, "_PyEval_EvalFrameDefault", "ceval.c"),
    ("", "transform", "/srv/backfill.py"),
];
/// Waits for the program's own lock.
const LOCK: &[(&str, &str, &str)] = &[
    ("/usr/lib/libc.so.6", "__new_sem_wait_slow64", ""),
    (PYTHON, "PyThread_acquire_lock_timed", "thread_pthread.h"),
    (PYTHON, "_PyEval_EvalFrameDefault", "ceval.c"),
    ("", "store", "/srv/backfill.py"),
];
const SHARED: &str = "cpus 4\n16 workers: fetch A 20ms; lock L held 4ms computing";

#[test]
fn threads_that_compute_in_an_interpreter_take_turns() {
    let report = of(SHARED, COMPUTING);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::InterpreterLock, "{verdict:#?}");
    assert_eq!(verdict.culprit.call_site, "transform (backfill.py)");
    assert!(
        (verdict.culprit.service_ms - 4.0).abs() < 0.2,
        "{verdict:#?}"
    );
    let fix = report.fix.expect("a fix");
    assert!(fix.after.contains("ProcessPoolExecutor(4)"), "{fix:#?}");
    // Four CPUs run four processes: no more than 4 / 4 ms.
    let bound = report.prediction.expect("a bound");
    assert!(bound.interval[1] <= 1000.0 * 1.05, "{bound:#?}");
}

#[test]
fn a_lock_of_the_program_is_none_of_the_interpreters() {
    let report = of(SHARED, LOCK);
    assert_eq!(
        report.verdict.cause,
        Cause::UserLock,
        "{:#?}",
        report.verdict
    );
}

#[test]
fn who_takes_turns_and_loses_nothing_by_it_is_not_held_up() {
    let report = of(
        "cpus 4\n8 workers: fetch A 20ms+-15ms; write B 10ms+-8ms; lock L held 200us computing",
        COMPUTING,
    );
    assert_eq!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
    let mut named = report.causes.iter().map(|row| row.cause);
    assert!(named.all(|cause| cause != Cause::InterpreterLock));
}

/// Sleeps in a function of C that the program calls through ctypes.
const SLEEPING: &[(&str, &str, &str)] = &[
    ("/usr/lib/libc.so.6", "clock_nanosleep", ""),
    ("/usr/lib/libc.so.6", "usleep", ""),
    ("/usr/lib/libffi.so.8", "ffi_call", ""),
    (PYTHON, "_PyEval_EvalFrameDefault", "ceval.c"),
    ("", "poll_device", "/srv/backfill.py"),
];

#[test]
fn the_call_that_keeps_the_interpreter_is_named() {
    let report = with_sleeps(
        "cpus 4\n16 workers: fetch A 20ms; lock L held 4ms sleeping",
        COMPUTING,
        SLEEPING,
    );
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::InterpreterLock, "{verdict:#?}");
    assert_eq!(verdict.culprit.call_site, "poll_device (backfill.py:7)");
    let said = "keeps it while it sleeps in usleep(), called in poll_device (backfill.py:7)";
    assert!(verdict.sentence.contains(said), "{}", verdict.sentence);
    let fix = report.fix.expect("a fix");
    assert!(fix.after.contains("ctypes.CDLL"), "{fix:#?}");
    // Nobody computes, so that the CPUs limit nothing.
    let bound = report.prediction.expect("a bound");
    assert!(bound.interval[1] > 500.0, "{bound:#?}");
}

#[test]
fn who_sleeps_without_it_and_computes_with_it_does_not_keep_it_asleep() {
    let report = with_sleeps(
        "cpus 4\n16 workers: fetch A 5ms; sleep 15ms; lock L held 4ms computing",
        COMPUTING,
        SLEEPING,
    );
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::InterpreterLock, "{verdict:#?}");
    assert_eq!(verdict.culprit.call_site, "transform (backfill.py)");
    assert!(!verdict.sentence.contains("sleeps"), "{}", verdict.sentence);
    let fix = report.fix.expect("a fix");
    assert!(fix.after.contains("ProcessPoolExecutor(4)"), "{fix:#?}");
}

#[test]
fn who_sleeps_with_it_is_told() {
    let report = of(
        "cpus 4\n16 workers: fetch A 20ms; lock L held 4ms sleeping",
        COMPUTING,
    );
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::InterpreterLock, "{verdict:#?}");
    let told = report.causes[0].evidence.iter();
    let mut told = told.filter(|line| line.contains("keeps it while it sleeps"));
    assert!(told.next().is_some(), "{:#?}", report.causes[0].evidence);
}

/// A call has returned once its thread has the interpreter again: that wait belongs to it, as it does by the program's own clocks.
#[test]
fn who_waits_to_come_back_from_a_call_is_still_in_it() {
    let text = "cpus 4\n16 workers: fetch A 20ms; lock L held 4ms computing; write B 1ms";
    let mean = |report: &Report, stage| {
        let mut stages = report.stages.iter();
        let stage = stages.find(|row| row.stage == stage);
        stage.map_or(0.0, |row| row.mean_ms)
    };
    let [interpreter, lock] = [of(text, COMPUTING), of(text, LOCK)];
    // One at a time for 4 ms: an item takes 64 ms, of which 39 are waiting.
    let [fetch, transform] =
        [StageName::Fetch, StageName::Transform].map(|it| mean(&interpreter, it));
    assert!((fetch - 59.0).abs() < 1.0, "{fetch}");
    assert!((transform - 4.0).abs() < 0.2, "{transform}");
    let [fetch, transform] = [StageName::Fetch, StageName::Transform].map(|it| mean(&lock, it));
    assert!((fetch - 20.0).abs() < 1.0, "{fetch}");
    assert!((transform - 43.0).abs() < 1.0, "{transform}");
}
