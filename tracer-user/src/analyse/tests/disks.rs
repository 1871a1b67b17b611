//! Disks that are saturated, limits on them that are used up, and what looks like either.

use super::analyse;
use super::rules::refutations;
use crate::analyse::Options;
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{Disk, DiskLimit, DiskUnit, DiskUse, Meta, Nanos, OwnBytes};
use crate::script;

/// Sixteen workers that sleep, then read a block from a disk that serves one at a time.
const SERIAL: &str =
    "disk D serves 1\n16 workers: sleep 30ms+-25ms; read in-* 5ms from D; append out-*";

/// The same where it serves two at a time, for a time that varies.
const TWO_AT_A_TIME: &str =
    "disk D serves 2\n16 workers: sleep 40ms+-39ms; read in-* 10ms+-4ms from D; append out-*";

/// The disk that the files of a script lie on, busy for this share of the time, with so many requests at once.
fn disk(busy: f64, at_once: f64) -> Disk {
    let over = Nanos(10_000_000_000);
    let part = |share: f64| Nanos((share * 1e10).round() as u64);
    Disk {
        name: "vda".to_owned(),
        devices: vec!["8:0".to_owned(), "8:1".to_owned()],
        file_systems: vec![8 << 20],
        over,
        read: DiskUse {
            requests: 2_000,
            bytes: 2_000_000_000,
            time: part(at_once),
        },
        busy: part(busy),
        under_way: part(at_once),
        ..Disk::default()
    }
}

fn report(text: &str, tell: impl FnOnce(&mut Meta)) -> Report {
    let mut source = script::workload(text);
    tell(&mut source.meta);
    let analysis = analyse(&source, &Options::default());
    analysis.expect("rows in memory can be read").report
}

/// The report where that one disk is told of.
fn on(text: &str, busy: f64, at_once: f64) -> Report {
    report(text, |meta| meta.disks = vec![disk(busy, at_once)])
}

/// The report of [`SERIAL`] under a limit.
fn limited(device: &str, unit: DiskUnit, per_second: u64, used: u64) -> Report {
    report(SERIAL, |meta| {
        meta.disks = vec![disk(1.0, 10.0)];
        meta.target.read_limits = vec![DiskLimit {
            group: "/workers".to_owned(),
            device: device.to_owned(),
            unit,
            per_second,
            used,
        }];
    })
}

#[test]
fn reads_that_queue_at_a_disk() {
    let report = on(SERIAL, 1.0, 10.0);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Disk, "{verdict:#?}");
    assert_eq!(verdict.culprit.name, "disk vda");
    assert!((verdict.culprit.capacity - 1.0).abs() < 1e-9, "{verdict:?}");
    assert!(
        (verdict.culprit.service_ms - 5.0).abs() < 0.5,
        "{verdict:?}"
    );
    // Eighty for an item of each, of which one alone would need thirty-five.
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 80.0 / 35.0).abs() < 0.3, "{report:#?}");
    let evidence = &report.causes[0].evidence;
    assert!(evidence[0].contains("reads of /data/in-#"), "{evidence:?}");
    assert!(evidence[1].contains("busy for 100%"), "{evidence:?}");
    assert!(report.unexplained_share < 0.05, "{report:#?}");
}

#[test]
fn a_disk_that_serves_two_at_a_time() {
    let report = on(TWO_AT_A_TIME, 1.0, 8.0);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Disk, "{verdict:#?}");
    let capacity = verdict.culprit.capacity;
    assert!((2.0..=3.0).contains(&capacity), "{capacity}");
}

#[test]
fn reads_that_take_as_long_however_many_there_are_are_work() {
    let text = "12 workers: sleep 20ms+-15ms; read in-* 30ms+-10ms; append out-*";
    let report = on(text, 1.0, 7.0);
    assert_eq!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
    assert!(report.unexplained_share < 0.05, "{report:#?}");
    let by = refutations(&report, Cause::Disk);
    assert!(by[0].contains("however many are under way"), "{by:?}");
}

#[test]
fn files_on_no_disk_that_is_known_are_no_disks_matter() {
    let report = report(SERIAL, |_| {});
    assert_eq!(
        report.verdict.cause,
        Cause::Unknown,
        "{:#?}",
        report.verdict
    );
    assert!(refutations(&report, Cause::Disk).is_empty());
    assert!(report.unexplained_share > 0.5, "{report:#?}");
}

#[test]
fn readers_of_a_disk_that_has_nothing_to_do_wait_for_something_else() {
    let report = on(SERIAL, 0.03, 0.03);
    assert_eq!(
        report.verdict.cause,
        Cause::Unknown,
        "{:#?}",
        report.verdict
    );
    let by = refutations(&report, Cause::Disk);
    assert!(by[0].contains("for 3% of the time"), "{by:?}");
}

#[test]
fn readers_that_hardly_meet_are_none_of_it() {
    let text = "6 workers: sleep 100ms+-80ms; read in-* 4ms+-3ms; append out-*";
    let report = on(text, 0.2, 0.2);
    assert_eq!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
    let by = refutations(&report, Cause::Disk);
    assert!(by[0].starts_with("They hardly meet"), "{by:?}");
}

#[test]
fn where_the_number_of_readers_does_not_vary_both_readings_stay_open() {
    let text = "12 workers: read in-* 20ms+-6ms; append out-*";
    let report = on(text, 1.0, 12.0);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Unknown, "{verdict:#?}");
    assert!(
        verdict.alternatives.contains(&Cause::Disk) && verdict.sentence.contains("disk vda"),
        "{verdict:#?}"
    );
}

#[test]
fn pages_that_are_read_from_it_are_its_as_well() {
    let text = "disk D serves 1\n16 workers: sleep 30ms+-25ms; fault 5ms from D; append out-*";
    let report = on(text, 1.0, 10.0);
    assert_eq!(report.verdict.cause, Cause::Disk, "{:#?}", report.verdict);
    assert!(report.causes[0].evidence[0].contains("page faults took"));
    // Pages may come from where memory was swapped to.
    let swapped = self::report(text, |meta| {
        meta.disks = vec![Disk {
            swaps: true,
            ..disk(1.0, 10.0)
        }];
    });
    assert_eq!(swapped.verdict.cause, Cause::Unknown);
}

#[test]
fn a_limit_on_reads_that_is_used_up_is_what_they_wait_for() {
    let report = limited("8:0", DiskUnit::Reads, 200, 1_960);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Quota, "{verdict:#?}");
    assert!(verdict.culprit.name.contains("/workers"), "{verdict:#?}");
    assert!(
        verdict.sentence.contains("may read 200 times a second"),
        "{}",
        verdict.sentence
    );
    let disk = refutations(&report, Cause::Disk);
    assert!(disk[0].contains("quota"), "{disk:?}");
    // The limit is set for a partition on that disk, in bytes.
    let report = limited("8:1", DiskUnit::ReadBytes, 50_000_000, 490_000_000);
    assert_eq!(report.verdict.cause, Cause::Quota, "{:#?}", report.verdict);
    let sentence = &report.verdict.sentence;
    assert!(sentence.contains("may read 50 MB a second"), "{sentence}");
}

#[test]
fn a_limit_that_leaves_room_or_is_on_another_disk_is_not() {
    let report = limited("8:0", DiskUnit::Reads, 200, 500);
    assert_eq!(report.verdict.cause, Cause::Disk, "{:#?}", report.verdict);
    let quota = refutations(&report, Cause::Quota);
    assert_eq!(quota, ["Only 25% of the limit was used."]);
    let report = limited("8:16", DiskUnit::Reads, 200, 1_960);
    assert_eq!(report.verdict.cause, Cause::Disk, "{:#?}", report.verdict);
    assert!(refutations(&report, Cause::Quota).is_empty());
}

#[test]
fn a_limit_on_writes_is_not_what_reads_wait_for() {
    let report = report(SERIAL, |meta| {
        meta.disks = vec![disk(1.0, 10.0)];
        meta.target.disk_limits = vec![DiskLimit {
            device: "8:0".to_owned(),
            unit: DiskUnit::Writes,
            per_second: 200,
            used: 1_960,
            ..DiskLimit::default()
        }];
    });
    assert_eq!(report.verdict.cause, Cause::Disk, "{:#?}", report.verdict);
}

#[test]
fn syncs_that_queue_at_a_disk_are_fsync_and_reads_beside_them_are_not() {
    let text = "disk D serves 1\n16 workers: sleep 30ms+-25ms; fsync out-* 5ms from D";
    let synced = on(text, 1.0, 10.0);
    assert_eq!(synced.verdict.cause, Cause::Fsync, "{:#?}", synced.verdict);
    let both = "disk D serves 1\n16 workers: sleep 30ms+-25ms; read in-* 6ms from D; append out-*; every 8 items fsync out-* 3ms from D";
    let read = on(both, 1.0, 10.0);
    assert_eq!(read.verdict.cause, Cause::Disk, "{:#?}", read.verdict);
    assert!(!refutations(&read, Cause::Fsync).is_empty());
}

#[test]
fn a_disk_that_others_keep_busy_is_said_to_be() {
    let own = |bytes| {
        report(TWO_AT_A_TIME, |meta| {
            meta.disks = vec![disk(1.0, 10.0)];
            meta.target.disk_bytes = Some(OwnBytes {
                read: bytes,
                written: 0,
                over: Nanos(10_000_000_000),
            });
        })
    };
    let (mostly, little) = (own(1_900_000_000), own(400_000_000));
    let says = |report: &Report| {
        let evidence = &report.causes[0].evidence;
        evidence.iter().any(|row| row.contains("At most 20%"))
    };
    assert!(says(&little) && !says(&mostly), "{:#?}", little.causes);
    assert!(mostly.parallelism.proved > 0.0 && little.parallelism.proved == 0.0);
}
