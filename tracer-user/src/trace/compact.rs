//! Joins small epochs into larger ones, which pack better, when a trace is finished.
//!
//! The joined epoch appears by one rename before its parts go, and its name tells which numbers it covers: whoever reads in
//! between sees either. In memory is one piece of one table.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::encode::{Encoder, table_path};
use super::epoch::{Epoch, Times};
use super::error::TraceError;
use super::open::{TableReader, load};
use super::staging::{publish, staging};
use super::table::TABLES;
use crate::row::{Nanos, SCHEMA};

/// Epochs with more rows than this pack well as they are (`benches/trace.rs`: waits take 12.1 bytes each in epochs of 100,000
/// rows, 13.6 in those of 5,000).
const SMALL: u64 = 64 * 1024;
/// Joined epochs are not longer than this, so that damage to one loses no more.
const LENGTH: Nanos = Nanos(10_000_000_000);

/// Joins runs of small epochs. The trace stays readable whatever happens.
pub(super) fn join_small(folder: &Path, epochs: &[Epoch]) -> Result<(), TraceError> {
    for group in groups(epochs) {
        join(folder, group)?;
    }
    Ok(())
}

/// Runs of at least two epochs to join.
fn groups(epochs: &[Epoch]) -> Vec<&[Epoch]> {
    let fits = |group: &[Epoch]| {
        let length = group
            .last()
            .map_or(Nanos::ZERO, |last| last.watermark - group[0].from);
        length <= LENGTH && group.iter().all(|epoch| epoch.rows() <= SMALL)
    };
    let mut groups = Vec::new();
    let mut start = 0;
    for end in 1..=epochs.len() {
        if end == epochs.len() || !fits(&epochs[start..=end]) {
            if end - start > 1 {
                groups.push(&epochs[start..end]);
            }
            start = end;
        }
    }
    groups
}

/// Makes one epoch of `parts`.
fn join(folder: &Path, parts: &[Epoch]) -> Result<(), TraceError> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return Ok(());
    };
    let mut joined = Epoch {
        first: first.first,
        last: last.last,
        from: first.from,
        watermark: last.watermark,
        times: Times::of(parts),
        tables: BTreeMap::new(),
    };
    let staging = staging(folder, &joined);
    let result = fill(folder, &staging, parts, &mut joined)
        .and_then(|()| publish(folder, &staging, &joined));
    if result.is_err() {
        // The parts are still there.
        let _ = fs::remove_dir_all(&staging);
        return result;
    }
    for part in parts {
        let path = folder.join(part.folder());
        fs::remove_dir_all(&path).map_err(|error| TraceError::writing(path, error))?;
    }
    Ok(())
}

/// Writes the rows of `parts` into files of `joined`.
fn fill(
    folder: &Path,
    staging: &Path,
    parts: &[Epoch],
    joined: &mut Epoch,
) -> Result<(), TraceError> {
    fs::create_dir(staging).map_err(|error| TraceError::writing(staging, error))?;
    for (table, columns) in TABLES {
        let mut encoder = None;
        for part in parts {
            let Some(declared) = part.tables.get(*table) else {
                continue;
            };
            let path = folder.join(part.folder());
            let damaged = |damage| TraceError::writing(&path, damage);
            let bytes = load(&path, table, declared).map_err(damaged)?;
            let mut reader = TableReader::open(bytes, table, columns, SCHEMA.1, declared.rows)
                .map_err(damaged)?;
            while let Some(piece) = reader.next().map_err(damaged)? {
                let encoder = match &mut encoder {
                    Some(encoder) => encoder,
                    none => none.insert(Encoder::create(table_path(staging, table), columns)?),
                };
                encoder.write(piece.into_columns())?;
            }
        }
        if let Some(encoder) = encoder {
            joined.tables.insert((*table).to_owned(), encoder.close()?);
        }
    }
    Ok(())
}
