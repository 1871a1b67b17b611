//! Goroutines, held against what the program says of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdup::row::{Batch, Frame, Nanos, TaskSeen, TaskState};

use crate::watched::{Seen, watch};

/// Compiles the program into `folder`, with more words for the linker.
fn compile(folder: &Path, linker: &str) -> PathBuf {
    let program = folder.join("program");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("live/goroutines.go");
    let mut go = Command::new("go");
    go.args(["build", "-ldflags", linker, "-o"]);
    go.arg(&program).arg(source);
    go.env("GO111MODULE", "off")
        .env("GOCACHE", folder.join("cache"));
    let status = go
        .status()
        .expect("go is here: `cargo xtask setup` installs it");
    assert!(status.success());
    program
}

fn rows(seen: &Seen) -> impl Iterator<Item = &Batch> {
    seen.rows.0.iter()
}

/// How many goroutines wait at each look with this function of the program as their innermost.
fn waiting_in(seen: &Seen, function: &str) -> BTreeSet<(u32, String, u32)> {
    let stacks = seen.stacks();
    let is_main = |frame: &&Frame| frame.symbol.starts_with("main.");
    let in_function = |row: &&TaskSeen| {
        let frames = stacks.get(&row.stack).map(|stack| &stack.frames);
        let innermost = frames.and_then(|frames| frames.iter().find(is_main));
        innermost.is_some_and(|frame| frame.symbol == function)
    };
    rows(seen)
        .flat_map(|batch| &batch.tasks_seen)
        .filter(|row| row.state == TaskState::Waiting && row.reason != "sleep")
        .filter(in_function)
        .map(|row| (row.count, row.reason.clone(), row.slots))
        .collect()
}

pub fn goroutines_are_found_where_they_wait() {
    check_goroutines("");
}

pub fn goroutines_of_a_stripped_program_are_found_too() {
    check_goroutines("-s -w");
}

fn check_goroutines(flags: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let seen = watch(&mut Command::new(compile(folder.path(), flags)));
    let looks: BTreeSet<Nanos> = rows(&seen)
        .flat_map(|batch| &batch.tasks_seen)
        .map(|row| row.end)
        .collect();
    assert!(looks.len() >= 3, "{} looks", looks.len());
    let [locked, full, empty] = seen.said[..] else {
        panic!("{:?}", seen.said);
    };
    let check = |function, expect: u64, reasons: &[&str], slots| {
        let found = waiting_in(&seen, function);
        let is_it = |(count, reason, of): &(u32, String, u32)| {
            u64::from(*count) == expect && reasons.contains(&reason.as_str()) && *of == slots
        };
        assert!(
            !found.is_empty() && found.iter().all(is_it),
            "{function}: {found:?}"
        );
    };
    check(
        "main.storeRow",
        locked,
        &["semacquire", "sync.Mutex.Lock"],
        0,
    );
    check("main.lend", full, &["chan send"], 3);
    check("main.take", empty, &["chan receive"], 0);
    assert!(
        !seen
            .meta
            .notes
            .iter()
            .any(|note| note.contains("goroutines"))
    );
}
