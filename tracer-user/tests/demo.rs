//! The demo's workloads stay within what they are said to allow, by their own books, and leave nothing behind. Only bounds
//! that a busy host cannot break are tested.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use holdup::demo::Span;
use holdup::work::StageName;

/// `holdup workload show` under way, and the pid it printed.
fn show(words: &[&str]) -> (Child, BufReader<std::process::ChildStdout>, u32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_holdup"))
        .args(["workload", "show"])
        .args(words)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    let pid = line
        .trim()
        .rsplit(' ')
        .next()
        .and_then(|word| word.parse().ok());
    let pid = pid.unwrap_or_else(|| panic!("no pid in {line:?}"));
    (child, out, pid)
}

/// Runs a scenario to its end: what it did.
fn run(words: &[&str]) -> Span {
    let (mut child, out, pid) = show(words);
    let last = out.lines().map_while(Result::ok).last().expect("the books");
    assert!(child.wait().expect("its end").success());
    assert!(is_gone(pid), "{words:?} left process {pid} behind");
    serde_json::from_str(&last).unwrap_or_else(|error| panic!("{last:?}: {error}"))
}

/// Where workload process `pid` keeps its books, by its own command line.
fn folder_of(pid: u32) -> PathBuf {
    let words = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("a process");
    let mut words = words.split('\0');
    words
        .find(|&word| word == "--ground-truth")
        .expect("an option");
    let books = Path::new(words.next().expect("its value"));
    books.parent().expect("a folder").to_owned()
}

fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn a_mutex_lets_no_more_through_than_its_holder_takes() {
    let span = run(&["lock", "--seconds", "2"]);
    let write = span.mean_ms(StageName::Write);
    assert!(span.items > 0, "{span:?}");
    assert!(span.rate() < 130.0, "8 ms of sleep for each: {span:?}");
    assert!(
        write > 4.0 * 8.0,
        "sixteen threads queue for it: {write} ms"
    );
}

#[test]
fn a_pool_of_four_serves_four_at_a_time() {
    let few = run(&["pool", "--seconds", "2"]);
    assert!(few.items > 0 && few.rate() < 4.0 / 0.038 + 10.0, "{few:?}");
    let all = run(&["pool", "--fixed", "--seconds", "2"]);
    assert!(
        all.items > 0 && all.rate() < 16.0 / 0.0427 + 40.0,
        "{all:?}"
    );
}

#[test]
fn a_database_that_takes_one_insert_at_a_time_sets_the_rate_until_they_are_batched() {
    let single = run(&["goldsky", "--seconds", "4"]);
    assert!(
        (1..=20).contains(&single.items),
        "about 4.2 a second: {single:?}"
    );
    let batched = run(&["goldsky", "--fixed", "--seconds", "2"]);
    assert!(
        batched.rate() > 3.0 * single.rate(),
        "{batched:?} against {single:?}"
    );
}

#[test]
fn the_workload_ends_with_whoever_started_it() {
    let (mut child, _out, pid) = show(&["pool", "--seconds", "60"]);
    let folder = folder_of(pid);
    child.kill().expect("a signal");
    child.wait().expect("its end");
    // Whoever is killed removes nothing.
    std::fs::remove_dir_all(&folder).expect("the workload's folder");
    let begin = Instant::now();
    while !is_gone(pid) {
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "process {pid} lives on"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
