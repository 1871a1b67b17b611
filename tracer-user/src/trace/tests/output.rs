//! Where a trace may go, and what happens when there is no room.

use std::fs;
use std::path::Path;

use super::generate::trace;
use super::{Writer, meta, write};
use crate::row::{Batch, Nanos, RowSink, SinkError, Task, Wait};
use crate::trace::{Options, Reader, TraceError};

#[test]
fn what_is_not_a_trace_is_never_touched() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("report.txt");
    fs::write(&file, "precious").expect("written");
    for path in [file.as_path(), folder.path()] {
        let error = Options::default()
            .overwrite(true)
            .create(path, &meta(0, 0))
            .err();
        assert!(
            matches!(error, Some(TraceError::Occupied { .. })),
            "{error:?}"
        );
    }
    assert_eq!(fs::read_to_string(&file).expect("still there"), "precious");

    // A trace with somebody's notes in it is not only a trace.
    let path = folder.path().join("t.holdup");
    write(&path, &trace(1, 2, 1000, 5)).expect("written");
    fs::write(path.join("notes.txt"), "precious").expect("written");
    let error = Options::default()
        .overwrite(true)
        .create(&path, &meta(0, 0))
        .err();
    assert!(
        matches!(error, Some(TraceError::Occupied { .. })),
        "{error:?}"
    );
    assert!(Reader::open(&path).is_ok());
}

#[test]
fn a_trace_is_replaced_only_when_that_was_asked_for() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    let (old, new) = (trace(1, 9, 900_000_000, 50), trace(2, 2, 1000, 5));
    write(&path, &old).expect("written");
    let error = write(&path, &new).expect_err("refused");
    assert!(
        matches!(error, TraceError::Exists { .. }) && error.to_string().contains("overwritten"),
        "{error}"
    );
    assert_eq!(super::read(&path).joined(), old.joined());
    let mut writer = Options::default()
        .overwrite(true)
        .create(&path, &new.meta)
        .expect("replaced");
    for batch in &new.batches {
        writer.accept(batch.clone()).expect("the disk has room");
    }
    writer.finish(&new.meta).expect("finished");
    assert_eq!(super::read(&path).joined(), new.joined());
}

#[test]
fn a_missing_parent_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = Writer::create(&folder.path().join("no/t.holdup"), &meta(0, 0))
        .err()
        .expect("refused");
    assert!(
        matches!(error, TraceError::Write { .. }) && error.to_string().contains("no/t.holdup"),
        "{error}"
    );
}

#[test]
fn late_rows_are_counted_and_late_facts_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    let wait = |end| Wait {
        end: Nanos(end),
        ..Wait::default()
    };
    let mut writer = Writer::create(&path, &meta(0, 30)).expect("created");
    let first = Batch {
        watermark: Nanos(20),
        waits: vec![wait(15), wait(10)],
        ..Batch::default()
    };
    let task = Task {
        end: Nanos(3),
        name: "late".to_owned(),
        ..Task::default()
    };
    let second = Batch {
        watermark: Nanos(30),
        waits: vec![wait(12), wait(25)],
        tasks: vec![task],
        ..Batch::default()
    };
    writer.accept(first).expect("taken");
    writer.accept(second).expect("taken");
    writer.finish(&meta(0, 30)).expect("finished");
    let found = super::read(&path);
    assert_eq!(found.meta.counters.late, 1);
    let rows = found.joined();
    assert_eq!(
        rows.waits.iter().map(|wait| wait.end.0).collect::<Vec<_>>(),
        [10, 15, 25]
    );
    assert_eq!(
        (rows.tasks[0].end, &*rows.tasks[0].name),
        (Nanos(20), "late")
    );
}

/// Writes until the disk under `path` is full; the sound part must be readable afterwards.
fn fill_disk(path: &Path) {
    let source = trace(5, 400, 300_000_000, 600);
    let mut writer = Writer::create(path, &source.meta).expect("there is room to begin");
    let mut given = Batch::default();
    let mut refused = None;
    for batch in &source.batches {
        match writer.accept(batch.clone()) {
            Ok(()) => given.append(batch.clone()),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    let error = refused.expect("the disk fills up");
    assert!(
        matches!(&error, SinkError::DiskFull { path: full } if full == &path.display().to_string()),
        "{error}"
    );
    let until = writer.on_disk().expect("some epochs were written");
    assert!(
        writer
            .accept(Batch {
                watermark: source.meta.closed,
                ..Batch::default()
            })
            .is_err(),
        "it takes nothing more"
    );
    writer
        .finish(&source.meta)
        .expect("there is room for meta.json");

    let found = super::read(path);
    assert!(found.meta.complete);
    assert_eq!(found.meta.closed, until);
    assert!(found.meta.counters.unwritten > 0);
    assert!(
        found.meta.notes.iter().any(|note| note.contains("is full")),
        "{:?}",
        found.meta.notes
    );
    let expected: Vec<_> = given
        .waits
        .iter()
        .filter(|wait| wait.end <= until)
        .copied()
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(found.joined().waits, expected);
}

/// A disk of two megabytes, as root; elsewhere the test says that it could not run.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_ends_the_recording_and_spares_what_is_written() {
    use std::process::Command;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).expect("made");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
        .arg(&disk)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        assert!(
            std::env::var_os("HOLDUP_REQUIRE_LIVE").is_none_or(|value| value != "1"),
            "a small tmpfs could not be mounted"
        );
        eprintln!("NOT RUN: a full disk: mounting a small tmpfs needs root");
        return;
    }
    let result = std::panic::catch_unwind(|| fill_disk(&disk.join("t.holdup")));
    let unmounted = Command::new("umount")
        .arg(&disk)
        .status()
        .expect("umount runs");
    assert!(unmounted.success());
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}
