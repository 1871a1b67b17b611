//! Tasks of real programs, read from their memory.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::capture::callsite::Sites;
use crate::capture::callsite::tests::{Program, missing};
use crate::row::{Nanos, Pid, Stack, StackId, TaskSeen};

fn python(script: &str) -> Program {
    Program::start(Command::new("python3").args(["-c", script]))
}

fn pid(program: &Program) -> Pid {
    Pid(program.0.id())
}

/// Five tasks that wait for a lock which a sixth has while it sleeps, one that waits for a thread, and one that waits for all.
const TASKS: &str = "
import asyncio, time

async def flush(lock):
    async with lock:
        await asyncio.sleep(1000)

async def worker(lock):
    await flush(lock)

async def main():
    lock = asyncio.Lock()
    workers = [asyncio.create_task(worker(lock)) for _ in range(6)]
    workers.append(asyncio.create_task(asyncio.to_thread(time.sleep, 1000)))
    await asyncio.sleep(0.05)
    print('ready', flush=True)
    await asyncio.gather(*workers)

asyncio.run(main())
";

/// What a look finds, as `count state reason: innermost < ... < outermost`.
fn look(sites: &mut Sites, pid: Pid) -> Vec<String> {
    let rows = sites.tasks(pid, Nanos(7));
    assert!(rows.iter().all(|row| row.end == Nanos(7) && row.pid == pid));
    thread_local! {
        static STACKS: std::cell::RefCell<Vec<Stack>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    STACKS.with_borrow_mut(|stacks| {
        stacks.extend(sites.take_rows());
        let functions = |id: StackId| -> String {
            let stack = stacks.iter().find(|stack| stack.id == id);
            let stack = stack.unwrap_or_else(|| panic!("no stack {id:?}"));
            let names = stack.frames.iter().map(|frame| frame.symbol.as_str());
            names.collect::<Vec<_>>().join(" < ")
        };
        let text = |row: &TaskSeen| {
            format!(
                "{} {:?} {}: {}",
                row.count,
                row.state,
                row.reason,
                functions(row.stack)
            )
        };
        let found = rows.iter().filter(|row| row.count > 0);
        let mut found: Vec<String> = found.map(text).collect();
        found.sort();
        found
    })
}

#[test]
fn asyncio_tasks_are_found_where_they_wait() {
    let program = python(TASKS);
    let mut sites = Sites::new();
    // The program has said that it is ready before its main task waits.
    let deadline = Instant::now() + Duration::from_secs(10);
    let found = loop {
        let found = look(&mut sites, pid(&program));
        let is_settled = found.len() == 4 && found.iter().all(|row| row.contains("Waiting"));
        if is_settled || Instant::now() > deadline {
            break found;
        }
    };
    let [waits_for_all, sleeps, hands_over, wait] = &found[..] else {
        panic!("{found:#?}");
    };
    assert_eq!(sleeps, "1 Waiting _asyncio.Future: sleep < flush < worker");
    assert_eq!(hands_over, "1 Waiting run_in_executor: to_thread");
    assert_eq!(waits_for_all, "1 Waiting _GatheringFuture: main");
    let chain = "Lock.acquire < _ContextManagerMixin.__aenter__ < flush < worker";
    assert_eq!(*wait, format!("5 Waiting _asyncio.Future: {chain}"));
    assert!(sites.take_notes().is_empty());
    // Each place is named once.
    look(&mut sites, pid(&program));
    assert!(sites.take_rows().is_empty());
}

#[test]
fn a_process_without_a_runtime_that_is_known_has_no_tasks() {
    let program = python("print('ready', flush=True)\nimport time\ntime.sleep(1000)");
    let mut sites = Sites::new();
    assert!(sites.tasks(pid(&program), Nanos(1)).is_empty());
    let plain = Program::start(Command::new("sh").args(["-c", "echo ready; read line"]));
    assert!(sites.tasks(pid(&plain), Nanos(1)).is_empty());
    assert!(sites.take_notes().is_empty());
}

#[test]
fn a_process_that_ends_while_it_is_read_has_no_tasks_any_more() {
    let mut program = python(TASKS);
    let pid = pid(&program);
    let mut sites = Sites::new();
    assert!(!sites.tasks(pid, Nanos(1)).is_empty());
    program.0.kill().unwrap();
    program.0.wait().unwrap();
    assert!(sites.tasks(pid, Nanos(2)).is_empty());
    sites.forget(pid);
    assert!(sites.tasks(pid, Nanos(3)).is_empty());
}

/// Tasks come and go, and await each other, all the while that they are read.
const RESTLESS: &str = "
import asyncio

async def leaf(n):
    await asyncio.sleep(0)
    return [n] * (n % 50)

async def step(n):
    return await leaf(n) if n % 3 else await asyncio.gather(*(leaf(i) for i in range(n % 7)))

async def main():
    print('ready', flush=True)
    n = 0
    while True:
        n += 1
        await asyncio.gather(*(asyncio.create_task(step(n + i)) for i in range(n % 40)))

asyncio.run(main())
";

#[test]
fn memory_that_changes_under_the_read_gives_no_wrong_names() {
    let program = python(RESTLESS);
    let mut sites = Sites::new();
    let known = ["leaf", "step", "main"];
    let mut seen = 0;
    for _ in 0..300 {
        for row in look(&mut sites, pid(&program)) {
            let (_, functions) = row.split_once(": ").unwrap();
            // What it runs is known, whatever that has called meanwhile.
            let outermost = functions.rsplit(" < ").next().unwrap();
            assert!(known.contains(&outermost), "{row}");
            seen += 1;
        }
    }
    assert!(seen > 300, "{seen} rows");
}

/// What is found of the goroutines of a program that is built with these flags of the linker.
fn check_goroutines(flags: &str) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("goroutines");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/live/goroutines.go");
    let mut command = Command::new("go");
    command
        .args(["build", "-ldflags", flags, "-o"])
        .arg(&program);
    match command.arg(source).status() {
        Ok(status) => assert!(status.success(), "go build"),
        Err(error) => {
            missing("go", &error);
            return;
        }
    }
    let program = Program::start(&mut Command::new(program));
    let mut sites = Sites::new();
    // The program has said that it is ready before its first goroutine waits.
    let deadline = Instant::now() + Duration::from_secs(10);
    let found = loop {
        let found = look(&mut sites, pid(&program));
        let is_settled = found.iter().any(|row| row.starts_with("10 Waiting"));
        if is_settled || Instant::now() > deadline {
            break found;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let has = |count: &str, reason: &str, inner: &str, outer: &str| {
        let start = format!("{count} Waiting {reason}");
        let fits =
            |row: &&String| row.starts_with(&start) && row.contains(inner) && row.contains(outer);
        assert_eq!(
            found.iter().filter(fits).count(),
            1,
            "{flags}: {start} in {found:#?}"
        );
    };
    has("20", "s", "sync.(*Mutex).lockSlow", "< main.storeRow");
    has("1", "sleep: ", "time.Sleep", "< main.storeRow");
    has("10", "chan send: ", "runtime.chansend", "< main.lend");
    has("7", "chan receive: ", "runtime.chanrecv", "< main.take");
    let slots = sites.tasks(pid(&program), Nanos(9));
    let slots = slots.iter().find(|row| row.reason == "chan send");
    assert_eq!(slots.map(|row| row.slots), Some(3));
    assert!(sites.take_notes().is_empty());
}

#[test]
fn goroutines_are_found_where_they_wait() {
    check_goroutines("");
}

#[test]
fn goroutines_of_a_stripped_program_are_found_too() {
    check_goroutines("-s -w");
}
