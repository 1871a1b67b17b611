//! The lock of an interpreter that runs one thread's code at a time, by the functions through which it is waited for.
//!
//! In: a call stack at a futex. Out: whether the lock waited for is CPython's (the GIL), and how the thread came to wait for it. In
//! the doubtful case it is a lock like any other.

use crate::row::{Frame, Stack};

/// How a thread comes to wait for the lock of its interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It computed, and was made to let go of it.
    Computing,
    /// It lets go of it for a call, or comes back from one.
    Calling,
}

/// Frames from the futex up to the interpreter's own: the C library's, and CPython's around them (Python/condvar.h).
const INNERMOST: usize = 12;
/// Where CPython waits for its lock and gives it away (Python/ceval_gil.h, Python/ceval_gil.c).
const TAKES: [&str; 2] = ["take_gil", "drop_gil"];
/// Through these a thread lets go of it by itself, and takes it again (Python/ceval.c, Python/pystate.c).
const CALLS: [&str; 7] = [
    "PyEval_SaveThread",
    "PyEval_ReleaseThread",
    "PyGILState_Release",
    "PyEval_RestoreThread",
    "PyEval_AcquireThread",
    "PyEval_AcquireLock",
    "PyGILState_Ensure",
];
/// What the C library does for a condition variable with a timeout. CPython's other locks are semaphores or parked threads, so that in a
/// build without symbols this tells the lock (Python/thread_pthread.h, Python/parking_lot.c).
const TIMED_CONDITION: &str = "pthread_cond_timedwait";
/// Another use of one, on systems without semaphores.
const OTHER_LOCKS: &str = "PyThread_";

/// How the thread of a stack comes to wait for its interpreter's lock; `None`: for that it does not wait.
#[must_use]
pub fn way(stack: &Stack) -> Option<Way> {
    let innermost = || stack.frames.iter().take(INNERMOST);
    let is_named = innermost().any(|frame| TAKES.contains(&function(frame)));
    if !is_named && !is_timed_condition(innermost()) {
        return None;
    }
    let calls = innermost().any(|frame| CALLS.contains(&function(frame)));
    Some(match calls {
        true => Way::Calling,
        false => Way::Computing,
    })
}

/// A call from a script into C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallIntoC {
    /// The function of C that was called, which could let go of the interpreter; `None`: it has no name.
    pub function: Option<Frame>,
    /// Where in the script; `None`: not seen.
    pub from: Option<Frame>,
}

/// The call into C that a thread is in; `None`: it is in none that an interpreter made.
#[must_use]
pub fn call_into_c(stack: &Stack) -> Option<CallIntoC> {
    let first = stack.frames.iter().position(is_interpreters_own)?;
    let (called, callers) = stack.frames.split_at(first);
    let mut named = called.iter().rev().filter(|frame| !frame.symbol.is_empty());
    let script = callers.iter().filter(|frame| !is_interpreters_own(frame));
    let script = Stack {
        frames: script.cloned().collect(),
        ..Stack::default()
    };
    (!called.is_empty()).then(|| CallIntoC {
        function: named.next().cloned(),
        from: script.call_site().cloned(),
    })
}

/// The interpreter itself, and what calls functions of C for it that were not written for it.
fn is_interpreters_own(frame: &Frame) -> bool {
    let name = file_name(frame);
    is_interpreter(frame) || name.starts_with("libffi.so") || name.starts_with("_ctypes.")
}

/// Its name without what a compiler adds to it (`take_gil.isra.0`).
fn function(frame: &Frame) -> &str {
    frame.symbol.split('.').next().unwrap_or_default()
}

/// The interpreter itself waits for a condition with a timeout.
fn is_timed_condition<'a>(mut frames: impl Iterator<Item = &'a Frame>) -> bool {
    let is_one = |frame: &Frame| frame.symbol.contains(TIMED_CONDITION);
    if !frames.any(is_one) {
        return false;
    }
    let waits = frames.find(|frame| !is_c_library(frame));
    waits.is_some_and(|frame| is_interpreter(frame) && !frame.symbol.starts_with(OTHER_LOCKS))
}

fn is_c_library(frame: &Frame) -> bool {
    let name = file_name(frame);
    name.starts_with("libc.so") || name.starts_with("libc-2.") || name.starts_with("libpthread")
}

fn is_interpreter(frame: &Frame) -> bool {
    let name = file_name(frame);
    name.starts_with("libpython") || name.starts_with("python")
}

fn file_name(frame: &Frame) -> &str {
    frame.module.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIBC: &str = "/usr/lib/x86_64-linux-gnu/libc.so.6";

    /// A stack of these frames, innermost first: module and symbol.
    fn stack(frames: &[(&str, &str)]) -> Stack {
        let frame = |(module, symbol): &(&str, &str)| Frame {
            module: (*module).to_owned(),
            symbol: (*symbol).to_owned(),
            ..Frame::default()
        };
        Stack {
            frames: frames.iter().map(frame).collect(),
            ..Stack::default()
        }
    }

    /// How the thread of such a stack comes to wait.
    fn check(frames: &[(&str, &str)], expected: Option<Way>) {
        assert_eq!(way(&stack(frames)), expected, "{frames:?}");
    }

    #[test]
    fn who_computes_is_told_from_who_calls() {
        const PYTHON: &str = "/opt/lib/libpython3.12.so.1.0";
        check(
            &[
                (LIBC, "__futex_abstimed_wait_common"),
                (LIBC, "pthread_cond_timedwait@@GLIBC_2.3.2"),
                (PYTHON, "PyCOND_TIMEDWAIT"),
                (PYTHON, "take_gil"),
                (PYTHON, "_Py_HandlePending"),
                (PYTHON, "_PyEval_EvalFrameDefault"),
            ],
            Some(Way::Computing),
        );
        check(
            &[
                (LIBC, "__lll_lock_wait"),
                (LIBC, "pthread_mutex_lock@@GLIBC_2.2.5"),
                (PYTHON, "take_gil"),
                (PYTHON, "PyEval_RestoreThread"),
                (PYTHON, "time_sleep"),
            ],
            Some(Way::Calling),
        );
        check(
            &[
                (LIBC, "__futex_abstimed_wait_common"),
                (LIBC, "pthread_cond_wait@@GLIBC_2.3.2"),
                (PYTHON, "drop_gil.constprop.0"),
                (PYTHON, "PyEval_SaveThread"),
                (PYTHON, "sock_recv"),
            ],
            Some(Way::Calling),
        );
    }

    #[test]
    fn a_call_into_c_is_known_by_its_function_and_by_who_made_it() {
        let check = |frames: &[(&str, &str)], expected: Option<(&str, &str)>| {
            let call = call_into_c(&stack(frames));
            let symbol = |frame: Option<Frame>| frame.map_or(String::new(), |frame| frame.symbol);
            let call = call.map(|call| (symbol(call.function), symbol(call.from)));
            let call = call
                .as_ref()
                .map(|(function, from)| (function.as_str(), from.as_str()));
            assert_eq!(call, expected, "{frames:?}");
        };
        const EVAL: (&str, &str) = ("/usr/bin/python3.11", "_PyEval_EvalFrameDefault");
        const SCRIPT: (&str, &str) = ("", "poll_device");
        let sleeps = (LIBC, "clock_nanosleep");
        let by_ctypes = [
            sleeps,
            (LIBC, "usleep"),
            ("/usr/lib/libffi.so.8", "ffi_call"),
            ("/usr/lib/python3.11/lib-dynload/_ctypes.cpython-311.so", ""),
        ];
        let with = |more: &[(&'static str, &'static str)]| [&by_ctypes[..], more].concat();
        check(&with(&[SCRIPT, EVAL]), Some(("usleep", "poll_device")));
        // The functions of the script were not read in time.
        check(&with(&[EVAL]), Some(("usleep", "")));
        let extension = ("/opt/device.cpython-311.so", "wait_for_device");
        check(
            &[sleeps, extension, EVAL, SCRIPT],
            Some(("wait_for_device", "poll_device")),
        );
        check(&[EVAL, ("/usr/bin/python3.11", "Py_Main")], None);
        check(&[sleeps, ("/opt/bin/work", "main")], None);
    }

    #[test]
    fn a_build_without_symbols_is_known_by_how_it_waits() {
        let timed = (LIBC, "pthread_cond_timedwait");
        check(
            &[
                (LIBC, ""),
                timed,
                ("/usr/bin/python3.11", ""),
                ("/usr/bin/python3.11", "PyEval_RestoreThread"),
            ],
            Some(Way::Calling),
        );
        check(&[timed, ("/usr/bin/python3.11", "")], Some(Way::Computing));
    }

    #[test]
    fn the_programs_own_locks_are_none_of_the_interpreters() {
        // `threading.Lock`.
        check(
            &[
                (LIBC, "__new_sem_wait_slow64"),
                ("/usr/bin/python3.11", "PyThread_acquire_lock_timed"),
                ("/usr/bin/python3.11", "PyEval_RestoreThread"),
            ],
            None,
        );
        check(
            &[
                (LIBC, "pthread_cond_timedwait"),
                ("/usr/bin/python3.8", "PyThread_acquire_lock_timed"),
            ],
            None,
        );
        // A library's condition variable, below the interpreter.
        check(
            &[
                (LIBC, "pthread_cond_timedwait"),
                ("/opt/lib/libwork.so", "drain"),
                ("/usr/bin/python3.11", "_PyEval_EvalFrameDefault"),
            ],
            None,
        );
        // A program that is no interpreter.
        check(
            &[(LIBC, "pthread_cond_timedwait"), ("/opt/bin/work", "main")],
            None,
        );
        check(&[], None);
    }
}
