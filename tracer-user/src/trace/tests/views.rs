//! What the views of a trace say of it, whatever it is called and whatever is missing.

use std::fs;
use std::path::Path;

use super::generate::trace;
use super::{meta, write};
use crate::row::{MemorySource, is_unsafe};
use crate::trace::table::TABLES;
use crate::trace::{Options, Reader, ViewsError};

fn views(path: &Path) -> Result<String, ViewsError> {
    let mut out = Vec::new();
    let reader = Reader::open(path).expect("the trace opens");
    reader.write_views("main", &mut out)?;
    Ok(String::from_utf8(out).expect("text"))
}

/// The statement that makes a view.
fn statement<'t>(text: &'t str, view: &str) -> &'t str {
    let begin = format!("CREATE OR REPLACE VIEW \"main\".{view}");
    let (_, rest) = text.split_once(&begin).expect("there is such a view");
    rest.split_once(";\n").expect("it ends").0
}

#[test]
fn every_table_has_a_view_with_all_its_columns() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    write(&path, &trace(1, 9, 900_000_000, 50)).expect("written");
    let text = views(&path).expect("views");
    for (table, columns) in TABLES {
        let view = statement(&text, table);
        for column in *columns {
            assert!(view.contains(&format!(" AS {}", column.name)), "{view}");
        }
    }
    let waits = statement(&text, "waits");
    assert!(
        waits.contains("duration_ns::BIGINT AS duration_ns"),
        "{waits}"
    );
    assert!(waits.contains("waits.parquet'"), "{waits}");
    assert!(!text.contains("holdup.waits"), "the schema is put in");
}

#[test]
fn a_name_from_outside_stays_in_its_string() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder
        .path()
        .join("it's a=b; \"x\"\n[*]\\ \u{1b}[31m\u{202e}.holdup");
    let mut source = trace(1, 9, 900_000_000, 50);
    source.meta.target.command = "a'; DROP TABLE x; --\n\u{7}".to_owned();
    write(&path, &source).expect("written");
    let text = views(&path).expect("views");
    let unsafe_one = text.chars().find(|c| *c != '\n' && is_unsafe(*c));
    assert_eq!(unsafe_one, None);
    let file = "/it''s a=b; \"x\"' || chr(10) || '[[][*]]\\ ' || chr(27) || '[[]31m' || chr(8238) || '.holdup/epoch-";
    assert!(statement(&text, "waits").contains(file), "{text}");
    let said = "'a''; DROP TABLE x; --' || chr(10) || '' || chr(7) || '' AS command";
    assert!(statement(&text, "trace").contains(said), "{text}");
}

#[cfg(unix)]
#[test]
fn a_name_that_no_query_can_write_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder
        .path()
        .join(std::ffi::OsStr::from_bytes(b"\xff.holdup"));
    write(&path, &trace(1, 2, 1000, 5)).expect("written");
    let error = views(&path).expect_err("refused");
    assert!(error.to_string().contains("not UTF-8"), "{error}");
}

#[test]
fn a_trace_without_rows_has_empty_views() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    write(&path, &MemorySource::new(meta(5, 9), Vec::new())).expect("written");
    let text = views(&path).expect("views");
    for (table, _) in TABLES {
        let view = statement(&text, table);
        assert!(view.ends_with("\nWHERE false"), "{view}");
    }
    assert!(statement(&text, "trace").contains("4::BIGINT AS window_ns"));
    assert!(statement(&text, "gaps").ends_with("WHERE false"));
}

#[test]
fn a_damaged_epoch_is_left_out_and_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    let source = trace(3, 40, 600_000_000, 200);
    let mut writer = Options::default()
        .join(false)
        .create(&path, &source.meta)
        .expect("the trace is created");
    for batch in &source.batches {
        crate::row::RowSink::accept(&mut writer, batch.clone()).expect("the disk has room");
    }
    writer.finish(&source.meta).expect("the trace is finished");
    let whole = views(&path).expect("views");
    assert!(statement(&whole, "waits").contains("epoch-00000003/"));
    fs::write(path.join("epoch-00000003/calls.parquet"), "no").expect("damaged");
    let rest = views(&path).expect("views");
    assert!(
        rest.starts_with("-- 1 epochs of the trace are missing or damaged"),
        "{rest}"
    );
    assert!(!rest.contains("/epoch-00000003/"));
    assert!(statement(&rest, "waits").contains("epoch-00000002/"));
    assert!(!statement(&rest, "gaps").contains("WHERE false"));
}

#[test]
fn columns_of_a_later_release_are_empty_in_an_older_trace() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    write(&path, &trace(1, 9, 900_000_000, 50)).expect("written");
    let file = path.join("meta.json");
    let said = fs::read_to_string(&file).expect("meta.json");
    let mut said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    said["schema"][1] = 1.into();
    fs::write(&file, said.to_string()).expect("written");
    let text = views(&path).expect("views");
    let waits = statement(&text, "waits");
    assert!(waits.contains("false::BOOLEAN AS kernel_lock"), "{waits}");
    assert!(waits.contains(" woken::BOOLEAN AS woken"), "{waits}");
}
