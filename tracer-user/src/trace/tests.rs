//! Tests of the trace as its users see it: a folder is written, treated, and read.

mod generate;

mod columns;
mod damage;
mod output;
mod round_trip;
mod views;

use std::path::Path;

use super::{Reader, TraceError, Writer};
use crate::row::{Batch, MemorySource, Meta, Nanos, RowSink, RowSource};

/// Writes `source` as a finished trace.
fn write(path: &Path, source: &MemorySource) -> Result<(), TraceError> {
    let mut writer = Writer::create(path, &source.meta)?;
    for batch in &source.batches {
        writer.accept(batch.clone()).expect("the disk has room");
    }
    writer.finish(&source.meta)
}

/// All that is read from the trace, its batches checked for the promises of [`Batch`].
fn read(path: &Path) -> MemorySource {
    let reader = Reader::open(path).expect("the trace opens");
    let mut before = Nanos::ZERO;
    let mut batches = Vec::new();
    for batch in reader.batches() {
        let batch = batch.expect("the trace is sound");
        assert!(batch.watermark >= before, "watermarks rise");
        check_ends(&batch, before);
        before = batch.watermark;
        batches.push(batch);
    }
    MemorySource::new(reader.meta().clone(), batches)
}

/// The ends of all rows lie between the watermarks, in order.
fn check_ends(batch: &Batch, before: Nanos) {
    fn check<T>(rows: &[T], end: impl Fn(&T) -> Nanos, range: (Nanos, Nanos)) {
        assert!(rows.is_sorted_by_key(&end), "rows are in order");
        assert!(
            rows.iter()
                .all(|row| end(row) >= range.0 && end(row) <= range.1),
            "rows lie in their batch"
        );
    }
    let range = (before, batch.watermark);
    check(&batch.waits, |row| row.end, range);
    check(&batch.calls, |row| row.end, range);
    check(&batch.tasks, |row| row.end, range);
    check(&batch.samples, |row| row.end, range);
    check(&batch.kernel, |row| row.end, range);
}

/// What a finished trace says of itself when nothing went wrong.
fn meta(opened: u64, closed: u64) -> Meta {
    Meta {
        schema: crate::row::SCHEMA,
        opened: Nanos(opened),
        closed: Nanos(closed),
        complete: true,
        ..Meta::default()
    }
}
