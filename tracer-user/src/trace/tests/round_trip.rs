//! Rows out are the rows in, in their order.

use super::generate::trace;
use super::{meta, read, write};
use crate::row::{Batch, MemorySource, Nanos};

fn check(given: &MemorySource) -> MemorySource {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.holdup");
    write(&path, given).expect("the trace is written");
    let found = read(&path);
    assert_eq!(found.meta, given.meta);
    let (found_rows, given_rows) = (found.joined(), given.joined());
    assert_eq!(found_rows.waits, given_rows.waits);
    assert_eq!(found_rows.calls, given_rows.calls);
    assert_eq!(found_rows.tasks, given_rows.tasks);
    assert_eq!(found_rows.resources, given_rows.resources);
    assert_eq!(found_rows.stacks, given_rows.stacks);
    assert_eq!(found_rows.statements, given_rows.statements);
    assert_eq!(found_rows.requests, given_rows.requests);
    assert_eq!(found_rows.tasks_seen, given_rows.tasks_seen);
    assert_eq!(found_rows.samples, given_rows.samples);
    assert_eq!(found_rows.kernel, given_rows.kernel);
    found
}

#[test]
fn every_field_comes_back_whatever_its_value() {
    for seed in 0..6 {
        check(&trace(seed, 20, 100_000_000, 60));
    }
}

#[test]
fn batches_longer_than_an_epoch_are_cut() {
    check(&trace(7, 6, 9_000_000_000, 300));
}

#[test]
fn many_rows_come_back_in_batches_of_bounded_size() {
    let found = check(&trace(8, 2, 1_000_000_000, 40_000));
    assert!(found.batches.len() > 2, "{} batches", found.batches.len());
    let largest = found.batches.iter().map(Batch::len).max();
    assert!(largest < Some(120_000), "{largest:?} rows in a batch");
}

#[test]
fn a_trace_without_rows_is_a_trace() {
    let found = check(&MemorySource::new(
        meta(5, 9),
        vec![Batch {
            watermark: Nanos(9),
            ..Batch::default()
        }],
    ));
    assert!(found.batches.is_empty());
}

#[test]
fn names_are_there_before_what_names_them() {
    let given = trace(9, 10, 400_000_000, 3_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), &given).expect("the trace is written");
    let found = read(folder.path());
    // Of each batch given, the first row of it may come only after all resources and stacks of it.
    let (mut resources, mut stacks) = (0, 0);
    let mut needed = given.batches.iter();
    let mut rows_left = 0;
    let mut needs = (0, 0);
    for batch in &found.batches {
        resources += batch.resources.len();
        stacks += batch.stacks.len();
        for _ in &batch.waits {
            while rows_left == 0 {
                let given = needed.next().expect("no more rows than given");
                rows_left = given.waits.len();
                needs = (
                    needs.0 + given.resources.len(),
                    needs.1 + given.stacks.len(),
                );
            }
            rows_left -= 1;
            assert!(
                resources >= needs.0 && stacks >= needs.1,
                "{resources} of {} resources, {stacks} of {} stacks",
                needs.0,
                needs.1
            );
        }
    }
}
