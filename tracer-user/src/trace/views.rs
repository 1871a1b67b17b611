//! A trace as views of DuckDB, so that a query needs neither the folder's layout nor the joins.
//!
//! In: an opened trace. Out: `CREATE VIEW` statements: its tables by their names, each of the sound epochs alone and with all columns of this
//! release; what `meta.json` says, as `trace`, `losses`, `gaps` and `parts`; the frame of each stack that a report would name; and what
//! `views.sql` makes of all that. A name from outside cannot end its string: it is quoted, and what a terminal obeys is written by its number.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::column::{Column, Kind};
use super::merge::each_row;
use super::read::Reader;
use super::table::TABLES;
use crate::row::{Nanos, Stack, is_unsafe, printable};

/// The views that join the tables, in a schema called `holdup`.
const JOINED: &str = include_str!("views.sql");
/// How that schema is written there.
const SCHEMA: &str = "holdup.";
/// Comes first: earlier releases do not know whole numbers whose bytes are split (Parquet 2.11), and would say so of each query.
const NEEDED: &str = "SET VARIABLE needs_duckdb_2 = (SELECT CASE WHEN version() LIKE 'v0.%' OR version() LIKE 'v1.%' \
                      THEN error('these views need DuckDB 2.0 or later: earlier releases cannot read the durations of a trace') END);";

/// Why the views of a trace could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ViewsError {
    /// Statements are Unicode, and the folder's name is not.
    #[error("{}: the name of the folder is not UTF-8, which a query cannot write; rename it", .path.display())]
    NotUnicode {
        /// The folder.
        path: PathBuf,
    },
    /// What was sound when the trace was opened is damaged now.
    #[error("cannot read {}: {what}; open the trace again", .path.display())]
    Damaged {
        /// The epoch.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The folder has no absolute path, or the statements cannot be written.
    #[error("cannot write the views: {0}")]
    Write(#[from] io::Error),
}

impl Reader {
    /// Writes the statements that make the views of this trace in `schema`, which they make too.
    ///
    /// # Errors
    /// [`ViewsError`].
    pub fn write_views(&self, schema: &str, out: &mut dyn Write) -> Result<(), ViewsError> {
        let folder = std::path::absolute(&self.folder)?;
        let schema = identifier(schema);
        for note in &self.meta.notes {
            writeln!(out, "-- {}", printable(note))?;
        }
        writeln!(out, "{NEEDED}\nCREATE SCHEMA IF NOT EXISTS {schema};")?;
        for (table, columns) in TABLES {
            writeln!(out, "CREATE OR REPLACE VIEW {schema}.{table} AS")?;
            self.write_table(&folder, table, columns, out)?;
        }
        self.write_meta(&schema, out)?;
        self.write_own_frames(&schema, out)?;
        Ok(out.write_all(JOINED.replace(SCHEMA, &format!("{schema}.")).as_bytes())?)
    }

    fn write_table(
        &self,
        folder: &Path,
        table: &str,
        columns: &[Column],
        out: &mut dyn Write,
    ) -> Result<(), ViewsError> {
        let epochs = self.epochs.iter();
        let epochs = epochs.filter(|epoch| epoch.tables.contains_key(table));
        let mut files = Vec::new();
        for epoch in epochs {
            let file = folder.join(epoch.folder()).join(format!("{table}.parquet"));
            let path = file.to_str().ok_or_else(|| ViewsError::NotUnicode {
                path: folder.to_owned(),
            })?;
            files.push(text(&literally(path)));
        }
        let minor = self.meta.schema.1;
        let select = |column: &Column| {
            let value = match column.since > minor || files.is_empty() {
                true => missing(column.kind),
                false => column.name,
            };
            format!("{value}::{} AS {}", sort(column), column.name)
        };
        let mut select: Vec<String> = columns.iter().map(select).collect();
        // Of what is told again under its number the last row counts, and rows of one time stand in their order.
        if columns.iter().any(|column| column.name == "since_ns") {
            let position = if files.is_empty() {
                "0"
            } else {
                "file_row_number"
            };
            select.push(format!("{position}::BIGINT AS position"));
        }
        let from = match files.is_empty() {
            true => "WHERE false".to_owned(),
            // A folder called `a=b` is no column.
            false => format!(
                "FROM read_parquet([\n  {}], hive_partitioning = false, file_row_number = true)",
                files.join(",\n  ")
            ),
        };
        writeln!(out, "SELECT {}\n{from};", select.join(", "))?;
        Ok(())
    }

    /// What the trace says of itself.
    fn write_meta(&self, schema: &str, out: &mut dyn Write) -> Result<(), ViewsError> {
        let meta = &self.meta;
        let row = [
            number(meta.opened.0, "opened_ns"),
            number(meta.closed.0, "closed_ns"),
            number(meta.window().0, "window_ns"),
            number(meta.paused.0, "paused_ns"),
            number(meta.clocks.monotonic.0, "monotonic_ns"),
            number(meta.clocks.realtime.0, "realtime_ns"),
            format!("{} AS host", text(&meta.host.name)),
            format!("{} AS kernel", text(&meta.host.kernel)),
            format!("{}::UINTEGER AS cpus", meta.host.cpus),
            format!("{} AS command", text(&meta.target.command)),
            format!("{} AS language", text(&meta.target.language)),
            format!("{} AS is_complete", meta.complete),
            number(meta.counters.events, "events"),
        ];
        let row = row.join(", ");
        writeln!(
            out,
            "CREATE OR REPLACE VIEW {schema}.trace AS\nSELECT {row};"
        )?;
        let losses = meta.counters.losses().map(|loss| {
            let (name, count) = (text(loss.name), bounded(loss.count));
            format!("{name}, {count}::BIGINT, {}", loss.is_record)
        });
        write_values(out, schema, "losses(what, count, is_record)", &losses)?;
        let all = meta.gaps.iter().map(|gap| (gap, true));
        let epochs = self.epochs.iter();
        let some = epochs.flat_map(|epoch| epoch.times.gaps.iter().map(|gap| (gap, false)));
        let gap = |((from, to), is_all): (&(Nanos, Nanos), bool)| {
            format!("{}, {is_all}", between(*from, *to))
        };
        let gaps: Vec<String> = all.chain(some).map(gap).collect();
        write_values(out, schema, "gaps(from_ns, to_ns, is_all)", &gaps)?;
        let begins = std::iter::once(Nanos::ZERO).chain(meta.joins.iter().copied());
        let ends = meta.joins.iter().copied().chain([Nanos(u64::MAX)]);
        let parts = begins.zip(ends).zip(1_u32..);
        let parts: Vec<String> = parts
            .map(|((from, to), number)| format!("{number}, {}", between(from, to)))
            .collect();
        write_values(out, schema, "parts(number, from_ns, to_ns)", &parts)
    }

    /// The frame of each stack that a report names. One stack a line, as they are read: there may be many.
    fn write_own_frames(&self, schema: &str, out: &mut dyn Write) -> Result<(), ViewsError> {
        write!(
            out,
            "CREATE OR REPLACE VIEW {schema}.own_frames AS\n\
             SELECT stack_id::UINTEGER AS stack_id, max(frame)::UINTEGER AS frame\nFROM (VALUES (0, 0)"
        )?;
        for epoch in &self.epochs {
            let folder = self.folder.join(epoch.folder());
            let mut failed = Ok(());
            let read = each_row(&folder, epoch, self.meta.schema.1, &mut |stack: Stack| {
                let frame = stack.call_site();
                let frame = frame.and_then(|own| stack.frames.iter().position(|one| one == own));
                if let (Some(frame), Ok(())) = (frame, &failed) {
                    failed = write!(out, ", ({}, {frame})", stack.id.0);
                }
            });
            failed?;
            read.map_err(|damage| ViewsError::Damaged {
                path: folder,
                what: damage.to_string(),
            })?;
        }
        writeln!(
            out,
            ") AS t(stack_id, frame)\nWHERE stack_id > 0 GROUP BY stack_id;"
        )?;
        Ok(())
    }
}

/// A view, told with its columns, of rows that stand in the statement.
fn write_values(
    out: &mut dyn Write,
    schema: &str,
    view: &str,
    rows: &[String],
) -> Result<(), ViewsError> {
    writeln!(out, "CREATE OR REPLACE VIEW {schema}.{view} AS")?;
    match rows.is_empty() {
        // Of three columns: whatever their types, they hold nothing.
        true => writeln!(out, "SELECT 0::BIGINT, 0::BIGINT, false WHERE false;")?,
        false => writeln!(out, "VALUES\n  ({});", rows.join("),\n  ("))?,
    }
    Ok(())
}

fn between(from: Nanos, to: Nanos) -> String {
    format!("{}::BIGINT, {}::BIGINT", bounded(from.0), bounded(to.0))
}

fn number(value: u64, name: &str) -> String {
    format!("{}::BIGINT AS {name}", bounded(value))
}

/// As large as a signed number gets: no time or count of a sound trace is larger.
fn bounded(value: u64) -> u64 {
    value.min(i64::MAX.cast_unsigned())
}

/// The type of a column in its view. Times are signed, so that one may be taken from another.
fn sort(column: &Column) -> &'static str {
    match column.kind {
        Kind::U64 if column.name.ends_with("_ns") => "BIGINT",
        Kind::U16 => "USMALLINT",
        Kind::U32 => "UINTEGER",
        Kind::U64 => "UBIGINT",
        Kind::I64 => "BIGINT",
        Kind::Bool => "BOOLEAN",
        Kind::Text | Kind::Name => "VARCHAR",
    }
}

/// What a column that a trace lacks has in every row.
const fn missing(kind: Kind) -> &'static str {
    match kind {
        Kind::U16 | Kind::U32 | Kind::U64 | Kind::I64 => "0",
        Kind::Bool => "false",
        Kind::Text | Kind::Name => "''",
    }
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A path that stands for itself where `*`, `?` and `[` would stand for others.
fn literally(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for letter in path.chars() {
        match letter {
            '*' | '?' | '[' => out.extend(['[', letter, ']']),
            letter => out.push(letter),
        }
    }
    out
}

/// A string of the language. A character that a terminal obeys is written by its number.
fn text(text: &str) -> String {
    let mut out = String::from("'");
    for letter in text.chars() {
        match letter {
            '\'' => out.push_str("''"),
            letter if is_unsafe(letter) => {
                out.push_str(&format!("' || chr({}) || '", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::{literally, text};

    #[test]
    fn strings_end_where_they_should() {
        assert_eq!(text("/data/ö t.holdup"), "'/data/ö t.holdup'");
        assert_eq!(text("it's; DROP TABLE x --"), "'it''s; DROP TABLE x --'");
        assert_eq!(text("a\\b'c"), "'a\\b''c'");
        assert_eq!(
            text("a\nb\u{202e}"),
            "'a' || chr(10) || 'b' || chr(8238) || ''"
        );
    }

    #[test]
    fn a_path_is_no_pattern() {
        assert_eq!(literally("/a*/b?[0]"), "/a[*]/b[?][[]0]");
    }
}
