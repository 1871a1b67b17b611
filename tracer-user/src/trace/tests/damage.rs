//! What is missing or wrong is said, and the rest is given.

use std::fs;
use std::path::{Path, PathBuf};

use super::generate::{Dice, trace};
use super::{Writer, write};
use crate::row::{Batch, Counters, MemorySource, Meta, Nanos, RowSink, RowSource};
use crate::trace::{Options, Reader, TraceError};

/// A trace of seven epochs of two seconds that are not joined.
fn seven_epochs(path: &Path) -> MemorySource {
    let source = trace(3, 40, 600_000_000, 200);
    let mut writer = Options::default()
        .join(false)
        .create(path, &source.meta)
        .expect("the trace is created");
    for batch in &source.batches {
        writer.accept(batch.clone()).expect("the disk has room");
    }
    writer.finish(&source.meta).expect("the trace is finished");
    source
}

fn epochs(path: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(path)
        .expect("a folder")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    folders
}

/// Rows of the trace, and its meta.
fn rows_and_meta(path: &Path) -> (Batch, Meta) {
    let found = super::read(path);
    (found.joined(), found.meta)
}

/// Damages one epoch of a trace by `damage`; the others must come whole, and the note must have `text`.
fn check(damage: impl Fn(&Path), text: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = seven_epochs(folder.path());
    let folders = epochs(folder.path());
    assert!(folders.len() > 4, "{folders:?}");
    let (whole, Meta { notes, .. }) = rows_and_meta(folder.path());
    assert_eq!((whole.len(), &notes[..]), (source.joined().len(), &[][..]));
    let epoch = super::super::epoch::Epoch::read(&folders[2]).expect("an epoch");

    damage(&folders[2]);
    let (rest, Meta { notes, gaps, .. }) = rows_and_meta(folder.path());
    assert_eq!(gaps, [(epoch.from, epoch.watermark)]);
    let outside = |end: crate::row::Nanos| end <= epoch.from || end > epoch.watermark;
    let expected: Vec<_> = whole
        .waits
        .iter()
        .filter(|wait| outside(wait.end))
        .copied()
        .collect();
    assert_eq!(rest.waits, expected, "{text}");
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].starts_with("1 epochs of the trace are missing or damaged")
            && notes[0].contains(text),
        "{notes:?}"
    );
}

#[test]
fn an_epoch_that_is_missing() {
    check(
        |epoch| fs::remove_dir_all(epoch).expect("removed"),
        "epoch 3: missing",
    );
}

#[test]
fn a_table_that_is_missing() {
    check(
        |epoch| fs::remove_file(epoch.join("calls.parquet")).expect("removed"),
        "calls.parquet is missing",
    );
}

#[test]
fn a_table_cut_short() {
    let cut = |epoch: &Path| {
        let path = epoch.join("waits.parquet");
        let bytes = fs::read(&path).expect("a file");
        fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
    };
    check(cut, "waits.parquet has ");
}

#[test]
fn a_flipped_bit() {
    let flip = |epoch: &Path| {
        let path = epoch.join("samples.parquet");
        let mut bytes = fs::read(&path).expect("a file");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 16;
        fs::write(path, bytes).expect("written");
    };
    check(flip, "the checksum of samples.parquet does not match");
}

#[test]
fn a_description_that_is_nonsense() {
    check(
        |epoch| fs::write(epoch.join("epoch.json"), "{\u{1b}[2J").expect("written"),
        "epoch.json is not valid",
    );
}

#[test]
#[cfg(unix)]
fn a_pipe_where_a_table_should_be_does_not_hang() {
    let pipe = |epoch: &Path| {
        let path = epoch.join("waits.parquet");
        fs::remove_file(&path).expect("removed");
        let made = std::process::Command::new("mkfifo")
            .arg(path)
            .status()
            .expect("mkfifo runs");
        assert!(made.success());
    };
    check(pipe, "waits.parquet is not a regular file");
}

#[test]
fn the_last_epochs_of_a_finished_trace() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    seven_epochs(folder.path());
    let folders = epochs(folder.path());
    for epoch in &folders[folders.len() - 2..] {
        fs::remove_dir_all(epoch).expect("removed");
    }
    let last = super::super::epoch::Epoch::read(&folders[folders.len() - 3]).expect("an epoch");
    let (
        _,
        Meta {
            notes,
            gaps,
            closed,
            ..
        },
    ) = rows_and_meta(folder.path());
    assert_eq!(gaps, [(last.watermark, closed)]);
    assert!(
        notes[0].starts_with("2 epochs of the trace are missing"),
        "{notes:?}"
    );
}

#[test]
fn a_recording_cut_off_still_knows_where_windows_join_and_waits_were_lost() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    let source = trace(4, 40, 600_000_000, 50);
    let begun = Meta {
        complete: false,
        ..source.meta.clone()
    };
    let mut writer = Writer::create(&path, &begun).expect("the trace is created");
    let mut said = (Vec::new(), Vec::new());
    let mut accept = |writer: &mut Writer, mut batch: Batch, number: u64| {
        if number % 7 == 3 {
            batch.joins = vec![batch.watermark];
            batch.gaps = vec![(batch.watermark, batch.watermark + Nanos(number))];
            said.0.extend(&batch.joins);
            said.1.extend(&batch.gaps);
        }
        writer.accept(batch).expect("the disk has room");
    };
    for (number, batch) in (0..).zip(source.batches) {
        accept(&mut writer, batch, number);
    }
    // One that has no rows says it too; four seconds later it is on disk.
    let last = writer.on_disk().expect("epochs") + Nanos(8_000_000_000);
    for (number, later) in [(3, last), (0, last + Nanos(4_000_000_000))] {
        let batch = Batch {
            watermark: later,
            ..Batch::default()
        };
        accept(&mut writer, batch, number);
    }
    let check = |meta_joins: bool| {
        let reader = super::Reader::open(&path).expect("it opens");
        let batches: Vec<Batch> = reader
            .batches()
            .map(|batch| batch.expect("sound"))
            .collect();
        let joins: Vec<_> = batches
            .iter()
            .flat_map(|batch| batch.joins.clone())
            .collect();
        let gaps: Vec<_> = batches
            .iter()
            .flat_map(|batch| batch.gaps.clone())
            .collect();
        assert!(
            said.0.starts_with(&joins) && said.0.len() - joins.len() <= 1,
            "{joins:?}"
        );
        assert!(
            said.1.starts_with(&gaps) && said.1.len() - gaps.len() <= 1,
            "{gaps:?}"
        );
        assert!(!meta_joins || reader.meta().joins == joins);
        joins.len()
    };
    assert!(check(true) >= 5);
    writer.finish(&begun).expect("the trace is finished");
    assert_eq!(check(true), said.0.len());
}

#[test]
fn a_trace_still_being_written_gives_what_is_on_disk() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = trace(4, 40, 600_000_000, 50);
    let path = folder.path().join("t.holdup");
    let begun = Meta {
        complete: false,
        closed: Default::default(),
        ..source.meta.clone()
    };
    let mut writer = Writer::create(&path, &begun).expect("the trace is created");
    for batch in &source.batches {
        writer.accept(batch.clone()).expect("the disk has room");
    }
    let until = writer.on_disk().expect("epochs are on disk");
    let found = super::read(&path);
    assert!(!found.meta.complete);
    assert_eq!(found.meta.closed, until);
    assert!(
        found.meta.notes[0].starts_with("the recording was not finished"),
        "{:?}",
        found.meta.notes
    );
    let whole = source.joined();
    let expected: Vec<_> = whole
        .waits
        .iter()
        .filter(|wait| wait.end <= until)
        .copied()
        .collect();
    assert_eq!(found.joined().waits, expected);
    assert!(expected.len() < whole.waits.len());

    // Killed while joining: the joined epoch is there, its parts too.
    writer.finish(&source.meta).expect("the trace is finished");
    let joined = super::read(&path);
    let second = epochs(&path)[0].clone();
    let spare = path.join("epoch-00000001");
    fs::create_dir(&spare).expect("a folder");
    for file in fs::read_dir(&second).expect("a folder").flatten() {
        fs::copy(file.path(), spare.join(file.file_name())).expect("copied");
    }
    assert_eq!(super::read(&path), joined);
}

/// The error of opening `path`, as text.
fn refused(path: &Path) -> (TraceError, String) {
    let error = Reader::open(path).expect_err("it is refused");
    let text = error.to_string();
    assert!(text.contains(&path.display().to_string()), "{text}");
    (error, text)
}

#[test]
fn what_is_no_trace_is_refused_and_told_apart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    assert!(matches!(refused(&path), (TraceError::Missing { .. }, _)));
    fs::write(&path, "x").expect("written");
    assert!(matches!(refused(&path), (TraceError::NotAFolder { .. }, _)));
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("made");
    assert!(matches!(refused(&path), (TraceError::Empty { .. }, _)));
    fs::write(path.join("notes.txt"), "x").expect("written");
    assert!(matches!(refused(&path), (TraceError::NotATrace { .. }, _)));
    for nonsense in [
        "",
        "{",
        "[]",
        "{\"schema\": 1}",
        "{\"schema\": [0, 3]}",
        "\u{0}\u{1}",
        &"[".repeat(100_000),
    ] {
        fs::write(path.join("meta.json"), nonsense).expect("written");
        assert!(
            matches!(refused(&path), (TraceError::MetaDamaged { .. }, _)),
            "{nonsense:.20}"
        );
    }
    fs::write(path.join("meta.json"), "{\"schema\": [2, 0], \"host\": 7}").expect("written");
    assert!(matches!(
        refused(&path),
        (
            TraceError::NewerSchema {
                found: (2, 0),
                known: 1,
                ..
            },
            _
        )
    ));
}

#[test]
fn a_trace_that_lacks_calls_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = trace(5, 3, 100_000_000, 20);
    write(folder.path(), &source).expect("written");
    let path = folder.path().join("meta.json");
    let text = fs::read_to_string(&path).expect("meta.json");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value["thinned"] = serde_json::json!(false);
    fs::write(&path, value.to_string()).expect("written");
    assert_eq!(super::read(folder.path()).joined(), source.joined());
    value["thinned"] = serde_json::json!(true);
    fs::write(&path, value.to_string()).expect("written");
    let (error, text) = refused(folder.path());
    assert!(matches!(error, TraceError::CallsLeftOut { .. }), "{text}");
}

#[test]
fn a_newer_minor_version_is_read_and_what_is_unknown_ignored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = trace(5, 3, 100_000_000, 20);
    write(folder.path(), &source).expect("written");
    let path = folder.path().join("meta.json");
    let text = fs::read_to_string(&path).expect("meta.json");
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value["schema"] = serde_json::json!([1, 9]);
    value["moon"] = serde_json::json!("full");
    value["counters"]
        .as_object_mut()
        .expect("an object")
        .remove("late");
    fs::write(&path, value.to_string()).expect("written");
    let found = super::read(folder.path());
    assert_eq!(found.meta.schema, (1, 9));
    assert_eq!(found.meta.counters, Counters::default());
    assert_eq!(found.joined(), source.joined());
}

/// Opens and reads whatever is there; only that it ends well matters. True: all was read without complaint.
fn survives(path: &Path) -> bool {
    let Ok(reader) = Reader::open(path) else {
        return false;
    };
    let clean = reader.meta().notes.is_empty();
    clean & reader.batches().take(10_000).all(|batch| batch.is_ok())
}

/// Changes in `bytes` that a disk, a transfer or an enemy makes.
fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>) {
    let length = bytes.len() as u64;
    match dice.below(4) {
        0 => bytes.truncate(dice.below(length) as usize),
        1 => {
            for _ in 0..=dice.below(8) {
                let at = dice.below(length) as usize;
                bytes[at] = dice.u64() as u8;
            }
        }
        // The footer holds the claims that are believed most.
        2 => {
            let at = (length - 1 - dice.below(length.min(1500))) as usize;
            bytes[at] = [0, 0x7f, 0x80, 0xff, 0x15, 0x1c][dice.below(6) as usize];
        }
        _ => bytes[dice.below(length) as usize] ^= 1 << dice.below(8),
    }
}

/// Every mutation of a file whose checksum was made to fit, so that it gets as far as an enemy's would.
#[test]
fn mutated_tables_never_panic_hang_or_exhaust_memory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    write(&path, &trace(6, 2, 500_000_000, 40)).expect("written");
    assert!(survives(&path));
    let epoch = epochs(&path)[0].clone();
    let described = super::super::epoch::Epoch::read(&epoch).expect("an epoch");
    let mut dice = Dice::new(11);
    let (mut survived, mut tried) = (0, 0);
    for table in described.tables.keys() {
        let file = epoch.join(format!("{table}.parquet"));
        let sound = fs::read(&file).expect("a table");
        for _ in 0..60 {
            let mut bytes = sound.clone();
            mutate(&mut dice, &mut bytes);
            let mut described = described.clone();
            let entry = described.tables.get_mut(table).expect("the table");
            (entry.bytes, entry.crc32) = (bytes.len() as u64, crc32fast::hash(&bytes));
            fs::write(&file, &bytes).expect("written");
            fs::write(
                epoch.join("epoch.json"),
                serde_json::to_vec(&described).expect("JSON"),
            )
            .expect("written");
            survived += u32::from(survives(&path));
            tried += 1;
        }
        fs::write(&file, &sound).expect("written");
    }
    // Some changes only alter values; most must be noticed.
    assert!(
        tried >= 400 && survived < tried * 2 / 3,
        "{survived} of {tried} went unnoticed"
    );
}

#[test]
fn mutated_descriptions_never_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    write(&path, &trace(6, 2, 500_000_000, 10)).expect("written");
    let mut dice = Dice::new(12);
    for file in [path.join("meta.json"), epochs(&path)[0].join("epoch.json")] {
        let sound = fs::read(&file).expect("a file");
        for _ in 0..100 {
            let mut bytes = sound.clone();
            mutate(&mut dice, &mut bytes);
            fs::write(&file, &bytes).expect("written");
            survives(&path);
        }
        fs::write(&file, &sound).expect("written");
    }
    assert!(survives(&path));
}
