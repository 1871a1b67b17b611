//! Call sites of real programs that wait for a lock, found from what a snapshot holds: registers and stack bytes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tracer_common::{StackEvent, UserRegisters};

use super::Sites;
use crate::capture::{clock, decode::Stacks};
use crate::row::{Nanos, Pid, Stack, StackId};

/// Number of `futex` among system calls.
#[cfg(target_arch = "x86_64")]
const FUTEX: &str = "202 ";
#[cfg(target_arch = "aarch64")]
const FUTEX: &str = "98 ";

/// A program that runs until it is dropped.
pub(super) struct Program(pub(super) Child);

impl Program {
    /// Starts it and waits for its first line.
    pub(super) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line.trim(), "ready");
        Self(child)
    }

    /// Threads that wait in a futex; gives up after some seconds.
    fn waiting(&self, expect: usize) -> Vec<u32> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
            let waits = |tid: &u32| {
                let path = format!("/proc/{}/task/{tid}/syscall", self.0.id());
                std::fs::read_to_string(path).is_ok_and(|call| call.starts_with(FUTEX))
            };
            let tids =
                tasks.map(|task| task.unwrap().file_name().to_str().unwrap().parse().unwrap());
            let waiting: Vec<u32> = tids.filter(waits).collect();
            if waiting.len() >= expect {
                return waiting;
            }
            assert!(
                Instant::now() < deadline,
                "{waiting:?} of {expect} threads wait"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the kernel side would send of a waiting thread: registers, and up to `len` bytes of its stack.
    fn snapshot(&self, tid: u32, len: usize) -> (StackEvent, Vec<u8>) {
        let registers = registers(tid);
        let mut bytes = vec![0; len];
        let local = libc::iovec {
            iov_base: bytes.as_mut_ptr().cast(),
            iov_len: len,
        };
        let remote = libc::iovec {
            iov_base: std::ptr::without_provenance_mut(registers.sp as usize),
            iov_len: len,
        };
        // SAFETY: `local` describes `bytes`; `remote` is only read by the kernel, in the other process.
        let got = unsafe {
            libc::process_vm_readv(tid as i32, &raw const local, 1, &raw const remote, 1, 0)
        };
        bytes.truncate(usize::try_from(got).unwrap());
        let event = StackEvent {
            stack: u64::from(tid),
            tid,
            pid: self.0.id(),
            registers,
            ..StackEvent::default()
        };
        (event, bytes)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Registers of a thread, read while it is stopped for a moment.
fn registers(tid: u32) -> UserRegisters {
    let tid = tid as i32;
    let none = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: all zeroes is a value of this plain struct.
    let mut all: libc::user_regs_struct = unsafe { std::mem::zeroed() };
    let mut part = libc::iovec {
        iov_base: (&raw mut all).cast(),
        iov_len: size_of_val(&all),
    };
    // SAFETY: the requests touch a child of this process; `part` describes `all`.
    unsafe {
        assert_eq!(
            libc::ptrace(libc::PTRACE_SEIZE, tid, none, none),
            0,
            "{}",
            std::io::Error::last_os_error()
        );
        assert_eq!(libc::ptrace(libc::PTRACE_INTERRUPT, tid, none, none), 0);
        let mut status = 0;
        assert_eq!(libc::waitpid(tid, &raw mut status, libc::__WALL), tid);
        assert_eq!(
            libc::ptrace(libc::PTRACE_GETREGSET, tid, 1_usize, &raw mut part),
            0
        );
        assert_eq!(libc::ptrace(libc::PTRACE_DETACH, tid, none, none), 0);
    }
    #[cfg(target_arch = "x86_64")]
    return UserRegisters {
        ip: all.rip,
        sp: all.rsp,
        bp: all.rbp,
    };
    #[cfg(target_arch = "aarch64")]
    return UserRegisters {
        ip: all.pc,
        sp: all.sp,
        bp: all.regs[29],
    };
}

/// A test cannot run without this program: it says so and ends, and fails where everything must run.
pub(super) fn missing(program: &str, error: &std::io::Error) {
    let required = std::env::var_os("HOLDUP_REQUIRE_LIVE").is_some_and(|value| value == "1");
    assert!(!required, "{program} is missing: {error}");
    eprintln!("cannot test without {program}: {error}");
}

/// Compiles a fixture into `folder`; without the compiler the test says so and ends.
fn compile(folder: &Path, compiler: &str, arguments: &[&str], source: &str) -> Option<Command> {
    let program = folder.join("program");
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/callsite")
        .join(source);
    let mut command = Command::new(compiler);
    match command
        .args(arguments)
        .arg("-o")
        .arg(&program)
        .arg(source)
        .status()
    {
        Ok(status) => assert!(status.success(), "{compiler}"),
        Err(error) => {
            missing(compiler, &error);
            return None;
        }
    }
    Some(Command::new(program))
}

/// The stacks of four waiting threads: one row, four equal ids.
fn stack_of(program: &Program, len: usize) -> Stack {
    let mut sites = Sites::new();
    let waiting = program.waiting(4);
    let snapshots: Vec<_> = waiting
        .iter()
        .map(|tid| program.snapshot(*tid, len))
        .collect();
    for (event, bytes) in &snapshots {
        sites.snapshot(event, bytes);
    }
    let rows = sites.take_rows();
    assert_eq!(sites.failures(), 0);
    let end = clock::monotonic();
    let id = |tid: &u32| sites.id(u64::from(*tid), Pid(program.0.id()), end);
    let ids: Vec<StackId> = waiting.iter().map(id).collect();
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert!(
        ids.iter()
            .all(|id| *id == rows[0].id && *id != StackId::NONE),
        "{ids:?}"
    );
    rows[0].clone()
}

/// `expect` is the printed call site and the symbols of the program's own code, innermost first.
fn check(compiler: &str, arguments: &[&str], source: &str, expect: &str, own: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = compile(folder.path(), compiler, arguments, source) else {
        return;
    };
    let stack = stack_of(&Program::start(&mut command), 4096);
    assert_eq!(stack.call_site().unwrap().to_string(), expect, "{stack:#?}");
    let of_program = stack
        .frames
        .iter()
        .filter(|frame| frame.module.ends_with("/program"));
    let symbols: Vec<&str> = of_program.map(|frame| frame.symbol.as_str()).collect();
    for symbol in own {
        assert!(symbols.contains(symbol), "{symbol} in {symbols:#?}");
    }
    let in_libc = |frame: &crate::row::Frame| frame.module.contains("libc.so") && frame.line == 0;
    assert!(stack.frames.iter().any(in_libc), "{stack:#?}");
}

#[test]
fn a_sample_without_a_stack_is_named_by_its_registers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = compile(folder.path(), "gcc", &["-O2", "-pthread"], "native.c") else {
        return;
    };
    let program = Program::start(&mut command);
    let (event, _) = program.snapshot(program.waiting(4)[0], 0);
    let mut sites = Sites::new();
    let id = sites.sample(&event, &[]).stack;
    let rows = sites.take_rows();
    assert_eq!((sites.failures(), rows.len(), rows[0].id), (0, 1, id));
    assert_eq!(rows[0].frames.len(), 1, "{rows:#?}");
    assert!(rows[0].frames[0].module.contains("libc.so"), "{rows:#?}");
}

#[test]
fn c_with_debug_information() {
    let arguments = ["-O2", "-g", "-fomit-frame-pointer", "-pthread"];
    check(
        "gcc",
        &arguments,
        "native.c",
        "flush_batch (native.c:14)",
        &["flush_batch", "work"],
    );
}

#[test]
fn c_with_symbols_only() {
    let arguments = ["-O2", "-fomit-frame-pointer", "-pthread"];
    check(
        "gcc",
        &arguments,
        "native.c",
        "flush_batch (program)",
        &["flush_batch", "work"],
    );
}

#[test]
fn c_stripped() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["-O2", "-s", "-fomit-frame-pointer", "-pthread"];
    let Some(mut command) = compile(folder.path(), "gcc", &arguments, "native.c") else {
        return;
    };
    let stack = stack_of(&Program::start(&mut command), 4096);
    let site = stack.call_site().unwrap().to_string();
    assert!(site.starts_with("program+0x"), "{site}");
}

#[test]
fn rust_with_line_tables() {
    let arguments = [
        "-O",
        "-C",
        "symbol-mangling-version=v0",
        "-C",
        "debuginfo=line-tables-only",
    ];
    let expect = "<native::Store>::flush_batch (native.rs:11)";
    check(
        "rustc",
        &arguments,
        "native.rs",
        expect,
        &["<native::Store>::flush_batch"],
    );
}

#[test]
fn rust_without_debug_information() {
    let arguments = ["-O", "-C", "symbol-mangling-version=v0"];
    check(
        "rustc",
        &arguments,
        "native.rs",
        "<native::Store>::flush_batch (program)",
        &["<native::Store>::flush_batch"],
    );
}

#[test]
fn a_deleted_program_still_has_names() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["-O2", "-g", "-fomit-frame-pointer", "-pthread"];
    let Some(mut command) = compile(folder.path(), "gcc", &arguments, "native.c") else {
        return;
    };
    let program = Program::start(&mut command);
    drop(folder);
    assert_eq!(
        stack_of(&program, 2048).call_site().unwrap().to_string(),
        "flush_batch (native.c:14)"
    );
}

/// A script's lock by each CPython of this host whose structs are known: the function and line of the script.
fn check_python(python: &str) {
    let mut version = Command::new(python);
    let output = version
        .args(["-c", "import sys; print(sys.version_info[1])"])
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => return missing(python, &error),
    };
    if !["11", "12", "13"].contains(&String::from_utf8_lossy(&output.stdout).trim()) {
        eprintln!("cannot test call sites with {python}: another version");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/callsite/waiting.py");
    let program = Program::start(Command::new(python).arg(script));
    let mut sites = Sites::new();
    for tid in program.waiting(4) {
        let (event, bytes) = program.snapshot(tid, 8192);
        sites.snapshot(&event, &bytes);
        let pid = Pid(program.0.id());
        let rows = sites.take_rows();
        let site = |id| {
            let row = rows.iter().find(|row| row.id == id);
            row.map(|row| row.call_site().map(ToString::to_string))
        };
        // A wait that ended before the script's functions were read has the native stack only.
        let native = sites.id(u64::from(tid), pid, Nanos(1));
        assert_ne!(native, StackId::NONE);
        assert!(matches!(site(native), None | Some(None)), "{rows:#?}");
        if let Some(site) = site(sites.id(u64::from(tid), pid, clock::monotonic())) {
            assert_eq!(
                site.as_deref(),
                Some("Writer.flush_batch (waiting.py:10)"),
                "{rows:#?}"
            );
        } else {
            assert!(sites.ids.len() >= 2, "the first thread gave the row");
        }
    }
    assert_eq!(sites.failures(), 0);
}

#[test]
fn python_on_the_path() {
    check_python("python3");
}

#[test]
fn python_of_the_system() {
    check_python("/usr/bin/python3");
}

/// A script's functions on an ordinary Node, which is told nothing and writes no map.
#[test]
fn node() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/callsite/waiting.js");
    let mut command = Command::new("node");
    if let Err(error) = Command::new("node").arg("--version").output() {
        return missing("node", &error);
    }
    let program = Program::start(command.arg(&script));
    let tid = program.0.id();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !program.waiting(1).contains(&tid) {
        assert!(Instant::now() < deadline, "the first thread does not wait");
    }
    let (event, bytes) = program.snapshot(tid, 4096);
    let mut sites = Sites::new();
    sites.snapshot(&event, &bytes);
    let rows = sites.take_rows();
    let stack = rows.first().expect("a stack");
    let site = stack.call_site().map(ToString::to_string);
    assert_eq!(site.as_deref(), Some("pause (waiting.js:18)"), "{stack:#?}");
    let own = stack.frames.iter();
    let own = own.filter(|frame| frame.file == script.to_string_lossy());
    let own: Vec<String> = own.map(ToString::to_string).collect();
    let expect = [
        "pause (waiting.js:18)",
        "flushBatch (waiting.js:12)",
        "(anonymous) (waiting.js:23)",
    ];
    assert_eq!(own, expect, "{stack:#?}");
}

#[test]
fn bytes_from_outside_never_panic() {
    let mut sites = Sites::new();
    let pid = std::process::id();
    let code = bytes_from_outside_never_panic as fn() as usize as u64;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    for turn in 0..2000_u64 {
        let ip = if turn % 3 == 0 { random() } else { code + turn };
        let sp = if turn % 5 == 0 {
            u64::MAX - turn
        } else {
            0x7fff_0000_0000
        };
        let registers = UserRegisters {
            ip,
            sp,
            bp: if turn % 2 == 0 {
                sp.wrapping_add(64)
            } else {
                random()
            },
        };
        let event = StackEvent {
            stack: turn,
            pid,
            registers,
            ..StackEvent::default()
        };
        let near = |word: u64| {
            if word & 1 == 0 {
                code.wrapping_add(word % 100_000)
            } else {
                sp.wrapping_add(word % 4096)
            }
        };
        let bytes: Vec<u8> = (0..turn % 64)
            .flat_map(|_| near(random()).to_ne_bytes())
            .collect();
        sites.snapshot(&event, &bytes);
    }
    let failures = sites.failures();
    assert!(failures > 0);
    let gone = StackEvent {
        pid: 0x7fff_fff0,
        stack: 7,
        ..StackEvent::default()
    };
    sites.snapshot(&gone, &[]);
    assert_eq!(sites.failures(), failures + 1);
    assert_eq!(sites.id(0x7fff_fff0, Pid(pid), Nanos(1)), StackId::NONE);
}
