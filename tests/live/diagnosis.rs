//! From attach to verdict, as a user would: the built-in lock demo, whose cause is known.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use holdup::cause::Cause;
use holdup::report::Report;
use holdup::work::StageName;

/// The binary under test, beside this test's own folder.
fn holdup() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let beside = test
        .parent()
        .and_then(Path::parent)
        .expect("cargo puts tests into target/PROFILE/deps");
    let binary = beside.join("holdup");
    assert!(
        binary.is_file(),
        "{} is missing; build it: cargo build --package holdup",
        binary.display()
    );
    binary
}

fn run(arguments: &[&str]) -> Output {
    let output = Command::new(holdup())
        .args(arguments)
        .output()
        .expect("holdup starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "holdup {arguments:?}: {}: {said}",
        output.status
    );
    output
}

pub fn the_lock_demo_is_named_and_its_recording_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("lock.holdup");
    let trace = trace.to_str().expect("a plain path");
    let live = run(&[
        "demo",
        "lock",
        "--duration",
        "8s",
        "--format",
        "json",
        "--keep",
        trace,
    ]);
    let replayed = run(&["report", trace, "--format", "json"]);
    assert_eq!(
        String::from_utf8_lossy(&live.stdout),
        String::from_utf8_lossy(&replayed.stdout),
        "the live report and the replayed one differ"
    );

    let report: Report = serde_json::from_slice(&live.stdout).expect("the report is JSON");
    assert_eq!(
        report.verdict.cause,
        Cause::UserLock,
        "{:#?}",
        report.verdict
    );
    assert_eq!(
        report.verdict.stage,
        StageName::Write,
        "{:#?}",
        report.verdict
    );
    assert_eq!(report.workers.count, 16, "{:?}", report.workers);
    // 16 threads of 29 ms an item, 9 of them under the lock: 16 x (1/29) / (1/9) = 5.
    let factor = report.parallelism.serialization_factor;
    assert!((3.5..7.0).contains(&factor), "{:?}", report.parallelism);
    assert_eq!(report.coverage.conservation_error_ns, 0);
    assert_eq!(
        report.coverage.lost, 0,
        "{:?}",
        report.coverage.lost_by_cause
    );
}
