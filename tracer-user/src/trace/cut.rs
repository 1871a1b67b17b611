//! Where one batch ends and the next begins. Pure: batches in, batches out.

use super::table::{Table, for_each_table};
use crate::row::{Batch, Nanos};

/// Puts every table in order, and takes out what is older than the watermark before the batch: readers were promised that
/// nothing older comes. Late facts about threads are kept, moved to the watermark, since names and books hang on them; other
/// late rows are dropped. Returns how many were dropped.
pub(super) fn tidy(batch: &mut Batch, before: Option<Nanos>) -> u64 {
    let mut dropped = 0;
    let floor = before.unwrap_or_default();
    for task in &mut batch.tasks {
        task.end = task.end.max(floor);
    }
    macro_rules! each {
        ($($field:ident: $row:ty,)*) => {$(
            if <$row>::ORDERED_BY_END {
                let rows = &mut batch.$field;
                if !rows.is_sorted_by_key(Table::end) {
                    rows.sort_by_key(Table::end);
                }
                let late = rows.partition_point(|row| row.end() < floor.0);
                dropped += late as u64;
                rows.drain(..late);
                // A giver that gives more than its watermark says: the watermark is wrong, not the row.
                batch.watermark = batch.watermark.max(Nanos(rows.last().map_or(0, Table::end)));
            }
        )*};
    }
    for_each_table!(each);
    batch.watermark = batch.watermark.max(floor);
    dropped
}

/// Takes the rows up to and including `at` out of `batch`. What other rows name goes with the first part.
pub(super) fn split(batch: &mut Batch, at: Nanos) -> Batch {
    let mut first = Batch {
        watermark: at,
        joins: std::mem::take(&mut batch.joins),
        gaps: std::mem::take(&mut batch.gaps),
        ..Batch::default()
    };
    macro_rules! each {
        ($($field:ident: $row:ty,)*) => {$(
            let rows = &mut batch.$field;
            let count = if <$row>::ORDERED_BY_END { rows.partition_point(|row| row.end() <= at.0) } else { rows.len() };
            let rest = rows.split_off(count);
            first.$field = std::mem::replace(rows, rest);
        )*};
    }
    for_each_table!(each);
    first
}

/// The earliest `end` of a row in `batch`.
pub(super) fn first_end(batch: &Batch) -> Option<Nanos> {
    let mut first = None::<u64>;
    macro_rules! each {
        ($($field:ident: $row:ty,)*) => {$(
            if <$row>::ORDERED_BY_END && let Some(row) = batch.$field.first() {
                first = Some(first.map_or(row.end(), |first| first.min(row.end())));
            }
        )*};
    }
    for_each_table!(each);
    first.map(Nanos)
}

/// The latest instant up to which `batch` has at most `limit` rows; its first instant when already that has more.
pub(super) fn instant_of(batch: &Batch, limit: usize) -> Nanos {
    let rows_up_to = |at: u64| {
        let mut count = 0;
        macro_rules! each {
            ($($field:ident: $row:ty,)*) => {$(
                let rows = &batch.$field;
                count += if <$row>::ORDERED_BY_END { rows.partition_point(|row| row.end() <= at) } else { rows.len() };
            )*};
        }
        for_each_table!(each);
        count
    };
    let (mut low, mut high) = (
        first_end(batch).map_or(batch.watermark.0, |end| end.0),
        batch.watermark.0,
    );
    while low < high {
        let middle = high - (high - low) / 2;
        if rows_up_to(middle) <= limit {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Nanos(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Call, Resource, Task, Wait};

    fn batch(watermark: u64, waits: &[u64], calls: &[u64]) -> Batch {
        Batch {
            watermark: Nanos(watermark),
            waits: waits
                .iter()
                .map(|end| Wait {
                    end: Nanos(*end),
                    ..Wait::default()
                })
                .collect(),
            calls: calls
                .iter()
                .map(|end| Call {
                    end: Nanos(*end),
                    ..Call::default()
                })
                .collect(),
            ..Batch::default()
        }
    }

    #[test]
    fn a_split_cuts_all_tables_at_the_same_instant_and_keeps_names_first() {
        let mut rest = batch(100, &[10, 20, 20, 30], &[5, 25, 99]);
        rest.resources = vec![Resource {
            end: Nanos(80),
            ..Resource::default()
        }];
        let first = split(&mut rest, Nanos(20));
        let expected = Batch {
            resources: first.resources.clone(),
            ..batch(20, &[10, 20, 20], &[5])
        };
        assert_eq!(first, expected);
        assert_eq!(first.resources.len(), 1);
        assert_eq!(rest, batch(100, &[30], &[25, 99]));
    }

    #[test]
    fn disorder_is_put_right_and_late_rows_are_counted() {
        let mut given = batch(50, &[40, 20, 9], &[60]);
        given.tasks = vec![Task {
            end: Nanos(3),
            ..Task::default()
        }];
        assert_eq!(tidy(&mut given, Some(Nanos(10))), 1);
        assert_eq!(
            given.waits.iter().map(|w| w.end.0).collect::<Vec<_>>(),
            [20, 40]
        );
        assert_eq!(given.tasks[0].end, Nanos(10));
        assert_eq!(given.watermark, Nanos(60));
    }

    #[test]
    fn the_instant_of_a_number_of_rows() {
        let given = batch(100, &[10, 20, 20, 30], &[5, 25, 99]);
        for (limit, at) in [
            (0, 5),
            (1, 9),
            (2, 19),
            (3, 19),
            (4, 24),
            (6, 98),
            (7, 100),
            (1000, 100),
        ] {
            assert_eq!(instant_of(&given, limit), Nanos(at), "{limit}");
        }
    }
}
