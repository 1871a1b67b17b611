use super::{Frame, Stack, root};

fn frame(module: &str, symbol: &str, file: &str, line: u32) -> Frame {
    Frame {
        module: module.into(),
        symbol: symbol.into(),
        file: file.into(),
        line,
        offset: 0x1a2b,
    }
}

/// `expect` is the printed call site, empty for none.
fn check(frames: &[(&str, &str, &str, u32)], expect: &str) {
    let frames = frames
        .iter()
        .map(|&(module, symbol, file, line)| frame(module, symbol, file, line))
        .collect();
    let stack = Stack {
        frames,
        ..Stack::default()
    };
    assert_eq!(
        stack
            .call_site()
            .map(ToString::to_string)
            .unwrap_or_default(),
        expect
    );
}

const LIBC: &str = "/usr/lib/x86_64-linux-gnu/libc.so.6";

#[test]
fn native_lock_is_passed_over() {
    check(
        &[
            (LIBC, "__lll_lock_wait", "./nptl/lowlevellock.c", 49),
            (LIBC, "pthread_mutex_lock", "", 0),
            ("/srv/native", "work", "/src/native.c", 27),
            (LIBC, "start_thread", "", 0),
        ],
        "work (native.c:27)",
    );
    check(
        &[
            ("/srv/static", "__lll_lock_wait", "", 0),
            ("/srv/static", "work", "", 0),
        ],
        "work (static)",
    );
    check(
        &[
            ("/srv/a", "void std::__invoke_impl<void, f>(f&&)", "", 0),
            ("/srv/a", "own::f()", "", 0),
        ],
        "own::f() (a)",
    );
}

#[test]
fn python_modules_in_c_are_passed_over() {
    let module =
        "/opt/python/lib/python3.11/lib-dynload/_multiprocessing.cpython-311-x86_64-linux-gnu.so";
    check(
        &[
            (LIBC, "sem_wait", "", 0),
            (
                module,
                "_multiprocessing_SemLock_acquire_impl",
                "semaphore.c",
                352,
            ),
            (
                "",
                "SemLock.__enter__",
                "/opt/python/lib/python3.11/multiprocessing/synchronize.py",
                95,
            ),
            ("", "work", "/srv/job.py", 6),
            ("/usr/bin/python3.11", "_PyEval_EvalFrameDefault", "", 0),
        ],
        "work (job.py:6)",
    );
}

#[test]
fn rust_standard_library_is_passed_over() {
    check(
        &[
            (
                "/srv/app",
                "std::sys::sync::mutex::futex::Mutex::lock_contended",
                "",
                0,
            ),
            (
                "/srv/app",
                "<std::sync::poison::mutex::Mutex<app::State>>::lock",
                "/rustc/1/mutex.rs",
                9,
            ),
            ("/srv/app", "app::flush_batch", "src/writer.rs", 88),
            (
                "/srv/app",
                "core::ops::function::FnOnce::call_once{{vtable.shim}}",
                "",
                0,
            ),
        ],
        "app::flush_batch (writer.rs:88)",
    );
    check(
        &[(
            "/srv/app",
            "<app::Queue as core::iter::Iterator>::next",
            "",
            0,
        )],
        "<app::Queue as core::iter::Iterator>::next (app)",
    );
}

#[test]
fn inlined_library_code_is_known_by_its_file() {
    check(
        &[
            (
                "/srv/app",
                "lock",
                "/rustc/59807616/library/std/src/sys/sync/mutex/futex.rs",
                33,
            ),
            (
                "/srv/app",
                "lock<Pool>",
                "/build/.cargo/registry/src/index-1949/lock_api-0.4.12/src/mutex.rs",
                212,
            ),
            (
                "/srv/app",
                "get",
                "/build/.cargo/registry/src/index-1949/r2d2-0.8.10/src/lib.rs",
                400,
            ),
            ("/srv/app", "app::insert", "src/main.rs", 12),
        ],
        "app::insert (main.rs:12)",
    );
    check(
        &[
            (
                "/srv/app",
                "lock",
                "/usr/include/c++/12/bits/std_mutex.h",
                100,
            ),
            ("/srv/app", "f", "a.cc", 3),
        ],
        "f (a.cc:3)",
    );
}

#[test]
fn interpreters_show_the_script() {
    check(
        &[
            (LIBC, "sem_wait", "", 0),
            ("/usr/bin/python3.11", "PyThread_acquire_lock_timed", "", 0),
            ("", "wait", "/usr/lib/python3.11/threading.py", 320),
            ("", "execute", "/usr/lib/python3/dist-packages/db.py", 5),
            ("", "flush", "/srv/writer.py", 14),
        ],
        "flush (writer.py:14)",
    );
    check(
        &[
            ("/usr/lib/jvm/17/lib/server/libjvm.so", "Unsafe_Park", "", 0),
            ("", "Lock.java.lang", "", 0),
        ],
        "Lock.java.lang",
    );
    check(
        &[
            ("", "java.util.concurrent.locks.LockSupport.park", "", 0),
            ("", "shop.Cart.add", "", 0),
        ],
        "shop.Cart.add",
    );
}

#[test]
fn a_library_serves_where_no_own_code_is_seen() {
    let sqlite = (
        "/usr/lib/x86_64-linux-gnu/libsqlite3.so.0",
        "sqlite3_step",
        "",
        0,
    );
    check(
        &[(LIBC, "pthread_mutex_lock", "", 0), sqlite],
        "sqlite3_step (libsqlite3.so.0)",
    );
    check(
        &[
            (LIBC, "pthread_mutex_lock", "", 0),
            sqlite,
            ("/srv/app", "main", "", 0),
        ],
        "main (app)",
    );
}

#[test]
fn nothing_known_is_no_call_site() {
    check(&[], "");
    check(&[("", "", "", 0)], "");
    check(&[(LIBC, "pthread_cond_wait", "", 0), (LIBC, "", "", 0)], "");
    check(&[("/srv/stripped", "", "", 0)], "stripped+0x1a2b");
    check(&[(LIBC, "syscall", "", 0), ("[jit]", "", "", 0)], "");
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    check(&[("/srv/app", "f\u{1b}[2J", "", 0)], "f?[2J (app)");
}

#[test]
fn roots() {
    for (symbol, expect) in [
        ("std::sync::mutex", "std"),
        ("<std::sync::Mutex<T>>::lock", "std"),
        ("<&mut app::A as core::fmt::Write>::write", "app"),
        (
            "<&mut alloc::vec::Vec<u8> as core::fmt::Write>::write",
            "alloc",
        ),
        ("void std::f<int>(int)", "std"),
        ("std::vector<a, b> own::f(int)", "own"),
        ("operator new(unsigned long)", "new"),
        ("work", "work"),
        ("runtime.futex", "runtime"),
        ("internal/poll.runtime_pollWait", "internal"),
        ("", ""),
        ("<", ""),
    ] {
        assert_eq!(root(symbol), expect, "{symbol}");
    }
}
