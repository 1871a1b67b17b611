//! What stands below the options in the help of each command.

use crate::cause::ENTRIES;

pub const PROGRAM: &str = "\
Examples:
  sudo holdup attach --pid 4242             What holds process 4242 up?
  sudo holdup run -- python3 backfill.py    The same, from the first instruction on
  holdup demo                               See a report without a workload of your own
  holdup doctor                             Can it run here?

Exit codes:
  0  the report is there
  1  the serialization factor is above --fail-above, or the rate below --fail-below
  2  bad arguments, or input that cannot be read
  3  the host or the rights do not allow it (the message says what to do)
  4  the target ended before anything was seen, or did no work

Colours follow the terminal and NO_COLOR; HOLDUP_LOG=debug says what holdup itself does.";

pub const ATTACH: &str = "\
Examples:
  sudo holdup attach --pid 4242
  sudo holdup attach --comm worker --duration 30s --details
  sudo holdup attach --pid 4242 --total-items 100000 --done-items 12000     with the time to the end
  sudo holdup attach --pid 4242 --format json --fail-above 3 -o report.json  for CI
  sudo holdup attach --pid 4242 --max-overhead 0.5                          on a host that has nothing to spare
  sudo holdup attach --pid 4242 --item exchange:10.0.0.7:5432               an item is one query

Ctrl-C ends the window and still gives the report; a second one quits at once.";

pub const RUN: &str = "\
Examples:
  sudo holdup run -- python3 backfill.py --workers 64
  sudo holdup run --duration 1m -o report.md --format markdown -- ./worker

The command starts once the probes are in, and under sudo runs as the user who called sudo. It writes to the
same terminal; send the report to a file with -o if the two must not mix.";

pub const RECORD: &str = "\
Examples:
  sudo holdup record --pid 4242 -o before.holdup --duration 30s
  sudo holdup record -o run.holdup -- ./worker
  holdup report before.holdup               the same answer as attach would have given

The folder holds Parquet tables, which DuckDB, Polars and others read as they are.";

/// The long help of a command that prints a report: its examples, and the causes that can be named.
pub fn with_causes(examples: &str) -> String {
    let rows = ENTRIES.map(|entry| format!("  {:<16} {}\n", entry.id, entry.definition));
    format!(
        "{examples}\n\nCauses that a report can name:\n{}",
        rows.concat().trim_end()
    )
}

pub const REPORT: &str = "\
Examples:
  holdup report before.holdup
  holdup report before.holdup --details --format markdown -o report.md
  holdup report before.holdup --format html -o report.html                 a page to send around
  holdup report before.holdup --stage write:10.0.0.7:5432";

pub const COMPARE: &str = "\
Examples:
  holdup compare before.holdup after.holdup
  holdup compare before.json after.json --format markdown -o change.md
  holdup compare before.holdup after.holdup --item exchange:10.0.0.7:80    count the fetches, however they are batched
  holdup compare main.json branch.json --fail-below 0.95                   for CI

Both may have other numbers of workers, but must count the same items.";

pub const EXPLAIN: &str = "\
Examples:
  holdup explain                            all causes, a line each
  holdup explain remote-serial
  holdup explain pool --language go";

pub const EXPORT: &str = "\
Examples:
  holdup export t.holdup --to perfetto -o t.pftrace       open it in ui.perfetto.dev
  holdup export t.holdup --to svg -o waiting.svg          open it in a browser
  holdup export t.holdup --to dot | dot -Tsvg > graph.svg
  holdup export t.holdup --to pprof -o t.pb.gz            go tool pprof -top t.pb.gz

Flame graphs and stacks count each wait of the target's threads with its call stack, where that was taken, and the call it is in; what a \
trace says over time is in the form for Perfetto.";

pub const SQL_VIEWS: &str = "\
Examples:
  holdup sql-views t.holdup | duckdb t.db                 then: duckdb t.db 'SELECT * FROM threads'
  (holdup sql-views t.holdup; cat query.sql) | duckdb
  holdup sql-views before.holdup --schema before | duckdb both.db

The views read the recording where it lies; nothing is copied. docs/QUERIES.md has queries to begin with.";

pub const SKILL: &str = "\
Examples:
  holdup skill                              print it
  holdup skill --install                    into ./.claude/skills
  holdup skill --install ~/.claude/skills";

pub const DOCTOR: &str = "\
Ends with 0 if live capture works here, and with 3 if not.";

pub const DEMO: &str = "\
Examples:
  sudo holdup demo                          64 workers before a database that inserts one row at a time
  sudo holdup demo --fixed                  the same with batched inserts
  sudo holdup demo lock --duration 10s

Without the rights for live capture a recording of the same scenario is shown, and the first line says so.";

pub const COMPLETIONS: &str = "\
Examples:
  holdup completions bash > /etc/bash_completion.d/holdup
  holdup completions zsh  > ~/.zfunc/_holdup
  holdup completions fish > ~/.config/fish/completions/holdup.fish";

pub const MAN: &str = "\
Examples:
  holdup man | man -l -
  holdup man attach | man -l -
  holdup man --all /usr/local/share/man/man1";
