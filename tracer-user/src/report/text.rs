//! For a terminal, or a file read in one: aligned, folded to the width there is, colours only where wanted.

use std::borrow::Cow;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, Table,
};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};
use unicode_width::UnicodeWidthStr;

use super::page::{Block, Page, Phrase, Tone};
use super::{Format, Look, Report, sections};

/// Plain text.
#[derive(Clone, Copy, Debug)]
pub struct Text;

/// Narrower terminals get lines that are too long rather than words cut to pieces.
const NARROWEST: usize = 40;
const INDENT: &str = "  ";

impl Format for Text {
    fn print(&self, report: &Report, look: &Look) -> String {
        print(&sections::page(report, look.details), look)
    }
}

/// `page` as plain text.
pub fn print(page: &Page, look: &Look) -> String {
    let look = Look {
        width: look.width.max(NARROWEST),
        ..*look
    };
    let mut out = String::new();
    paragraph(&mut out, &page.verdict, "", "", &look);
    for section in &page.sections {
        let mut body = String::new();
        for block in &section.blocks {
            print_block(&mut body, block, &look);
        }
        if !body.is_empty() {
            out.push('\n');
            out.push_str(&paint(section.title, Tone::Strong, &look));
            out.push('\n');
            out.push_str(&body);
        }
    }
    out
}

fn print_block(out: &mut String, block: &Block, look: &Look) {
    match block {
        Block::Fields(fields) => print_fields(out, fields, look),
        Block::Table {
            head,
            rows,
            numbers,
        } => table(out, head, rows, *numbers, look),
        Block::Prose(phrase) => paragraph(out, phrase, INDENT, INDENT, look),
        Block::Points(points) => {
            for point in points {
                paragraph(out, point, "  - ", "    ", look);
            }
        }
        Block::Change { before, after, .. } => change(out, before, after, look),
    }
}

/// One field a line, or two where two follow each other that take less than half a line.
fn print_fields(out: &mut String, fields: &[(&str, Phrase)], look: &Look) {
    let name_width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let half = look.width / 2;
    let first = |name: &str| format!("{INDENT}{name:name_width$}  ");
    let short = |field: &(&str, Phrase)| first("").len() + field.1.text().width() < half;
    let mut rest = fields;
    while let [field, after @ ..] = rest {
        rest = after;
        let start = first(field.0);
        let blank = " ".repeat(start.len());
        let mut line = String::new();
        paragraph(&mut line, &field.1, &start, &blank, look);
        if let [second, after @ ..] = rest
            && short(field)
            && short(second)
        {
            rest = after;
            line.truncate(line.trim_end().len());
            line.push_str(&" ".repeat(half - start.len() - field.1.text().width()));
            paragraph(&mut line, &second.1, &first(second.0), "", look);
        }
        out.push_str(&line);
    }
}

/// Folds `phrase` to the width: its first line after `first`, the others after `rest`.
fn paragraph(out: &mut String, phrase: &Phrase, first: &str, rest: &str, look: &Look) {
    let room = look.width.saturating_sub(first.width()).max(NARROWEST / 2);
    for (number, line) in fold(phrase.text(), room).into_iter().enumerate() {
        out.push_str(if number == 0 { first } else { rest });
        out.push_str(&paint(&line, phrase.meant(), look));
        out.push('\n');
    }
}

/// `text`, escaped and folded to `width` columns; ends with a newline.
#[must_use]
pub fn folded(text: &str, width: usize) -> String {
    let mut lines = fold(Phrase::new(text).text(), width.max(NARROWEST)).join("\n");
    lines.push('\n');
    lines
}

/// Lines of at most `room` columns, broken at spaces, and within words that are longer than a line. Words with hyphens stay whole:
/// names of causes and paths have them.
fn fold(text: &str, room: usize) -> Vec<Cow<'_, str>> {
    let options = Options::new(room)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options)
}

fn table(out: &mut String, head: &[&str], rows: &[Vec<Phrase>], numbers: bool, look: &Look) {
    let mut table = Table::new();
    table
        .load_preset(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(look.width - INDENT.len()).unwrap_or(u16::MAX))
        .force_no_tty();
    if look.colour {
        table.enforce_styling();
    }
    let align = |column: usize| {
        if numbers && column > 0 {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        }
    };
    let cell = |phrase: &Phrase, column: usize| {
        let cell = Cell::new(phrase.text()).set_alignment(align(column));
        if look.colour {
            toned(cell, phrase.meant())
        } else {
            cell
        }
    };
    if head.iter().any(|title| !title.is_empty()) {
        table.set_header(
            head.iter()
                .enumerate()
                .map(|(column, title)| cell(&Phrase::from(*title).tone(Tone::Faint), column)),
        );
    }
    for row in rows {
        table.add_row(
            row.iter()
                .enumerate()
                .map(|(column, phrase)| cell(phrase, column)),
        );
    }
    for (column, shape) in table.column_iter_mut().enumerate() {
        let left = u16::from(column > 0) * if look.width < Look::WIDTH { 1 } else { 3 };
        shape.set_padding((left, 0));
        if column > 0 && look.width >= Look::WIDTH {
            // Names give way, figures stay whole.
            shape.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    for line in table.trim_fmt().lines() {
        out.push_str(INDENT);
        out.push_str(line);
        out.push('\n');
    }
}

/// Before and after beside each other where that fits, else one below the other.
fn change(out: &mut String, before: &[Phrase], after: &[Phrase], look: &Look) {
    let widest = |side: &[Phrase]| {
        side.iter()
            .map(|line| line.text().width())
            .max()
            .unwrap_or(0)
    };
    let left = widest(before).max("before".len());
    let beside = left + " | ".len() + widest(after) + INDENT.len() <= look.width;
    if beside && !before.is_empty() && !after.is_empty() {
        let title = format!("{:left$} | after", "before");
        push_line(out, &paint(&title, Tone::Faint, look));
        let blank = Phrase::default();
        for number in 0..before.len().max(after.len()) {
            let old = before.get(number).unwrap_or(&blank).text();
            let new = after.get(number).unwrap_or(&blank).text();
            let gap = " ".repeat(left - old.width());
            let line = format!(
                "{}{gap} | {}",
                paint(old, Tone::Warning, look),
                paint(new, Tone::Good, look)
            );
            push_line(out, line.trim_end());
        }
        return;
    }
    for (title, side, tone) in [
        ("before", before, Tone::Warning),
        ("after", after, Tone::Good),
    ] {
        if !side.is_empty() {
            push_line(out, &paint(title, Tone::Faint, look));
            for line in side {
                push_line(out, &format!("{INDENT}{}", paint(line.text(), tone, look)));
            }
        }
    }
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(INDENT);
    out.push_str(line);
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
}

fn toned(cell: Cell, tone: Tone) -> Cell {
    match tone {
        Tone::Plain => cell,
        Tone::Strong => cell.add_attribute(Attribute::Bold),
        Tone::Faint => cell.add_attribute(Attribute::Dim),
        Tone::Good => cell.fg(Color::Green),
        Tone::Minor => cell.fg(Color::Cyan),
        Tone::Warning => cell.fg(Color::Yellow),
        Tone::Critical => cell.fg(Color::Red).add_attribute(Attribute::Bold),
    }
}

/// `text` in the colour of `tone`, where colours are wanted.
fn paint(text: &str, tone: Tone, look: &Look) -> String {
    let code = match tone {
        Tone::Plain => "",
        Tone::Strong => "1",
        Tone::Faint => "2",
        Tone::Good => "32",
        Tone::Minor => "36",
        Tone::Warning => "33",
        Tone::Critical => "1;31",
    };
    if look.colour && !code.is_empty() && !text.is_empty() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn the_screen() {
        insta::assert_snapshot!(Text.print(&example::goldsky(), &Look::default()), @r##"
64 workers do the work of 1.9 (SF 31 to 37): inserts to 127.0.0.1:8123 are served one at a time, 4.2
a second however many wait; batch them: 4.2 to 38..140 a second

Baseline Metrics
  Rate        4.24/s (127 items in 30 s)            Workers     64 threads, 3 helpers apart
  Total       100,000 items, 12,000 done before     ETA         5 h 45 min
  Checkpoint  /data/state.json: 127 writes, 3.4 ms each
  Item        insert to 127.0.0.1:8123 after fetch from 127.0.0.1:8080
  Target      python3 backfill.py --workers 64 (pid 4242), Python

Profiling Results
  Step             Avg Time   % of Total   Service   Waiting for others
  Fetch              205 ms         1.4%    205 ms                 0 ms
  Transform   80 us +-20 us        <0.1%     80 us                 0 ms
  Write              14.9 s        98.6%    236 ms               14.7 s
  Total              15.1 s         100%    441 ms               14.7 s

Parallelization Analysis
                            Rate
  Single worker             2.27/s   modelled
  64 workers, theoretical   145/s    if none waited for another
  64 workers, actual        4.24/s   SF 34.2 (31 to 37), critical

Root Cause
  A peer that serves fewer at a time than come (remote-serial) in write: 127.0.0.1:8123
  (clickhouse), one at a time, 236 ms each, 4.24/s
  98% of the lost time; confidence fair (from outside it may also be rate-limit); 2% of worker time
  is unexplained.
  - Cannot be told apart from outside: rate-limit.
  - Responses grow with the number in flight: elasticity 1.31 over 120 exchanges.
  - An exchange that met nobody took 236 ms; replies come 236 ms apart, none closer than 221 ms.

Recommended Fix
  Send the rows in batches
  The peer spends 236 ms on each insert, one at a time; a batch pays that once.
  before                          | after
  for row in rows:                | for batch in chunked(rows, 100):
      client.insert(table, [row]) |     client.insert(table, batch)  # 127.0.0.1:8123

Expected Improvement
  Rate        4.24/s to 38/s, 9 times
  Range       4.24/s to 145/s, an operational bound: from no better than seen to no new limit
  Next limit  the fetch, 205 ms each with 64 workers
  Workers     more than 2 gain nothing before the fix

Evidence
  - 62 of 64 workers wait for a reply of 127.0.0.1:8123, which serves one insert at a time
    (clickhouse, pid 977): 31 min 1 s of waiting
  Top resources          Step   Per item   Visits
  peer 127.0.0.1:8123   Write     14.9 s        1
  peer 127.0.0.1:8080   Fetch     205 ms        1
  - Coverage: 48,211 events, none lost; 0% of worker time in no known state; holdup took 0.8% of a
    CPU.
  - all targets have ended after 30.0 s
"##);
    }

    #[test]
    fn a_narrow_screen_with_details() {
        let look = Look {
            width: 60,
            details: true,
            ..Look::default()
        };
        insta::assert_snapshot!(Text.print(&example::goldsky(), &look), @r##"
64 workers do the work of 1.9 (SF 31 to 37): inserts to
127.0.0.1:8123 are served one at a time, 4.2 a second
however many wait; batch them: 4.2 to 38..140 a second

Baseline Metrics
  Rate        4.24/s (127 items in 30 s)
  Workers     64 threads, 3 helpers apart
  Total       100,000 items, 12,000 done before
  ETA         5 h 45 min
  Checkpoint  /data/state.json: 127 writes, 3.4 ms each
  Item        insert to 127.0.0.1:8123 after fetch from
              127.0.0.1:8080
  Target      python3 backfill.py --workers 64 (pid 4242),
              Python
  Host        ingest-3, kernel 6.18.44, 2 CPUs

Profiling Results
  Step           Avg Time % of Total Service Waiting for
                                                  others
  Fetch            205 ms       1.4%  205 ms        0 ms
  Transform 80 us +-20 us      <0.1%   80 us        0 ms
  Write            14.9 s      98.6%  236 ms      14.7 s
  Total            15.1 s       100%  441 ms      14.7 s

Parallelization Analysis
                          Rate
  Single worker           2.27/s modelled
  64 workers, theoretical 145/s  if none waited for another
  64 workers, actual      4.24/s SF 34.2 (31 to 37),
                                 critical
  Effective workers 1.87; Karp-Flatt 0.527; 97% of worker
  time is proved waiting for other workers.

Root Cause
  A peer that serves fewer at a time than come
  (remote-serial) in write: 127.0.0.1:8123 (clickhouse), one
  at a time, 236 ms each, 4.24/s
  98% of the lost time; confidence fair (from outside it may
  also be rate-limit); 2% of worker time is unexplained.
  - Cannot be told apart from outside: rate-limit.
  - Responses grow with the number in flight: elasticity
    1.31 over 120 exchanges.
  - An exchange that met nobody took 236 ms; replies come
    236 ms apart, none closer than 221 ms.
  - Replies come in the order of arrival.
  - Also more runnable work than cores (cpu): 2 CPUs, 0.2%
    of the lost time; without it alone 1 times the rate.
  - 0.2% of worker time was spent in the run queue.
  - Against it: the CPUs were 4% busy
  - Not starved (a queue (lock taken in next_page)): Only 4%
    of the waits were ended by a producer.

Recommended Fix
  Send the rows in batches
  The peer spends 236 ms on each insert, one at a time; a
  batch pays that once.
  before
    for row in rows:
        client.insert(table, [row])
  after
    for batch in chunked(rows, 100):
        client.insert(table, batch)  # 127.0.0.1:8123

Expected Improvement
  Rate        4.24/s to 38/s, 9 times
  Range       4.24/s to 145/s, an operational bound: from no
              better than seen to no new limit
  Next limit  the fetch, 205 ms each with 64 workers
  Workers     more than 2 gain nothing before the fix

Evidence
  - 62 of 64 workers wait for a reply of 127.0.0.1:8123,
    which serves one insert at a time (clickhouse, pid 977):
    31 min 1 s of waiting
  Top resources            Step Per item Visits
  peer 127.0.0.1:8123     Write   14.9 s      1
  peer 127.0.0.1:8080     Fetch   205 ms      1
  cpu                 Transform    80 us      1
  - 100% of the waiting for 127.0.0.1:8123 is in INSERT INTO
    events (id, at) VALUES (?): 127 requests, 14.9 s each,
    of which the peer has it alone for 236 ms.
  - CPU time of python3.11, 0.31 of a CPU: 62% in encode
    (backfill.py:40).
  - Coverage: 48,211 events, none lost; 0% of worker time in
    no known state; holdup took 0.8% of a CPU.
  - Unmatched wake-ups 2; difference to the kernel's own
    figures 0.2%; exchanges on shared sockets 0%; turns
    alike 97%.
  - all targets have ended after 30.0 s
"##);
    }

    #[test]
    fn folding_breaks_at_spaces_and_long_words() {
        assert_eq!(fold("ab cd ef", 5), ["ab cd", "ef"]);
        assert_eq!(fold("a 数据数据数 b", 6), ["a", "数据数", "据数 b"]);
        assert_eq!(fold("remote-serial x", 8), ["remote-s", "erial x"]);
        assert_eq!(fold("", 5), [""]);
    }
}
