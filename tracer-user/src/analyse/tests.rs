//! Simulated workloads through all stations. They guard the analysis; live workloads prove it.

mod event_loop;
mod snapshots;
mod tasks;
mod windows;

use super::{Options, analyse};
use crate::report::{Report, Severity, StageName};
use crate::row::{MemorySource, Nanos, Syscall};
use crate::script;

/// From where the workers fetch, and to where they write.
const SOURCE: &str = "10.0.0.1:8080";
const SINK: &str = "10.0.0.2:8123";

fn report(source: &MemorySource) -> Report {
    let analysis = analyse(source, &Options::default());
    analysis.expect("rows in memory can be read").report
}

/// `workers` fetch for `fetch` ms in parallel, then write to a peer that serves `at_once` at a time for `service` ms each.
fn closed_system(
    workers: u32,
    at_once: usize,
    (fetch, service): (u64, u64),
    seconds: u64,
) -> MemorySource {
    let fetch = fetch + 1;
    script::workload(&format!(
        "window {seconds}s after 20s\n\
         peer {SINK} serves {at_once}\n\
         {workers} workers: fetch {SOURCE} {fetch}ms+-1.5ms; write {SINK} {service}ms"
    ))
}

#[test]
fn inserts_served_one_at_a_time() {
    let report = report(&closed_system(64, 1, (205, 236), 60));
    assert_eq!(
        report.verdict.cause, "remote-serial",
        "{:#?}",
        report.verdict
    );
    assert_eq!(
        (report.verdict.stage, report.workers.count),
        (StageName::Write, 64)
    );
    assert_eq!(report.verdict.severity, Severity::Critical);
    assert!(
        (report.items.rate_per_s - 4.237).abs() < 0.05,
        "{:?}",
        report.items
    );
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 34.2).abs() < 2.0, "{:?}", report.parallelism);
    let fetch = report
        .stages
        .iter()
        .find(|stage| stage.stage == StageName::Fetch)
        .expect("a fetch stage");
    assert!((fetch.mean_ms - 206.5).abs() < 2.0, "{fetch:?}");
    assert_eq!(report.coverage.conservation_error_ns, 0);
}

/// Eight workers that each fetch for 100 ms, then append what they got to a file of theirs, for ten seconds; in the last two
/// of them such calls that do not block are left out.
fn appends_missing_at_the_end(told: bool) -> Report {
    let mut source = script::workload("8 workers: fetch A 100ms; append out-*");
    let missing = source.meta.opened + Nanos(8_000_000_000);
    source.meta.thinned = told;
    let calls = &mut source.batches[0].calls;
    calls.retain(|call| call.end < missing || call.call != Syscall::Write);
    report(&source)
}

#[test]
fn calls_left_out_of_a_part_do_not_lower_the_rate() {
    let misled = appends_missing_at_the_end(false);
    assert!(misled.items.rate_per_s < 65.0, "{:?}", misled.items);
    let report = appends_missing_at_the_end(true);
    assert!(
        (report.items.rate_per_s - 80.0).abs() < 1.0,
        "{:?}",
        report.items
    );
    assert_eq!(report.coverage.conservation_error_ns, 0);
}

#[test]
fn a_cycle_longer_than_the_window() {
    let report = report(&closed_system(64, 1, (205, 236), 10));
    assert_eq!(report.workers.count, 64, "{:?}", report.workers);
    assert_eq!(
        report.verdict.cause, "remote-serial",
        "{:#?}",
        report.verdict
    );
    assert!(
        (report.items.rate_per_s - 4.237).abs() < 0.15,
        "{:?}",
        report.items
    );
    assert!(
        (report.parallelism.serialization_factor - 34.2).abs() < 4.0,
        "{:?}",
        report.parallelism
    );
}

#[test]
fn a_slow_but_parallel_peer_is_no_cause() {
    let report = report(&closed_system(16, 16, (50, 236), 20));
    assert!(
        matches!(report.verdict.cause.as_str(), "none" | "unknown"),
        "{:#?}",
        report.verdict
    );
    assert!(
        report.parallelism.interval[0] <= 1.05,
        "{:?}",
        report.parallelism
    );
}

#[test]
fn a_mutex_held_over_a_sleep() {
    for sleep in ["", " by futex"] {
        let text = format!("8 workers: compute 5ms; lock L held 10ms sleeping{sleep}");
        check_mutex(&report(&script::workload(&text)));
    }
}

fn check_mutex(report: &Report) {
    assert_eq!(report.verdict.cause, "user-lock", "{:#?}", report.verdict);
    assert!(
        (report.items.rate_per_s - 100.0).abs() < 2.0,
        "{:?}",
        report.items
    );
    // One alone: 15 ms an item; eight together: 10 ms an item, 80 ms of worker time.
    assert!(
        (report.parallelism.serialization_factor - 80.0 / 15.0).abs() < 0.3,
        "{:?}",
        report.parallelism
    );
    assert!(
        (report.verdict.culprit.service_ms - 10.0).abs() < 0.2,
        "{:?}",
        report.verdict.culprit
    );
    assert_eq!(report.coverage.conservation_error_ns, 0);
}

#[test]
fn an_empty_window_names_nothing() {
    let report = report(&script::timeline("0 A runs; 1000 end"));
    assert_eq!(report.verdict.cause, "unknown");
    assert!(
        report.verdict.sentence.contains("no completed item"),
        "{}",
        report.verdict.sentence
    );
}
