//! For an issue, a wiki, a pull request.

use super::page::{Block, Page, Phrase, Tone};
use super::{Format, Look, Report, sections};

/// GitHub-flavoured Markdown.
#[derive(Clone, Copy, Debug)]
pub struct Markdown;

impl Format for Markdown {
    fn print(&self, report: &Report, look: &Look) -> String {
        print(&sections::page(report, look.details))
    }
}

/// `page` as Markdown.
pub fn print(page: &Page) -> String {
    let mut out = format!("**{}**\n", escaped(page.verdict.text()));
    for section in &page.sections {
        let mut body = String::new();
        for block in &section.blocks {
            print_block(&mut body, block);
        }
        if !body.is_empty() {
            out.push_str(&format!("\n## {}\n{body}", section.title));
        }
    }
    out
}

/// Each block begins with an empty line.
fn print_block(out: &mut String, block: &Block) {
    match block {
        Block::Fields(fields) => {
            out.push('\n');
            for (name, value) in fields {
                out.push_str(&format!("- {name}: {}\n", span(value)));
            }
        }
        Block::Table {
            head,
            rows,
            numbers,
        } => {
            out.push_str(&format!("\n| {} |\n|", head.join(" | ")));
            for column in 0..head.len() {
                out.push_str(if *numbers && column > 0 {
                    "---:|"
                } else {
                    "---|"
                });
            }
            out.push('\n');
            for row in rows {
                let cells: Vec<String> = row.iter().map(span).collect();
                out.push_str(&format!("| {} |\n", cells.join(" | ")));
            }
        }
        Block::Prose(phrase) => out.push_str(&format!("\n{}\n", span(phrase))),
        Block::Points(points) => {
            if !points.is_empty() {
                out.push('\n');
            }
            for point in points {
                out.push_str(&format!("- {}\n", span(point)));
            }
        }
        Block::Change {
            language,
            before,
            after,
        } => {
            for (title, side) in [("Before", before), ("After", after)] {
                if !side.is_empty() {
                    out.push_str(&format!("\n{title}:\n\n"));
                    fenced(out, language.text(), side);
                }
            }
        }
    }
}

fn span(phrase: &Phrase) -> String {
    let text = escaped(phrase.text());
    if !text.is_empty() && matches!(phrase.meant(), Tone::Strong | Tone::Critical) {
        format!("**{text}**")
    } else {
        text
    }
}

/// `text` with everything written out that Markdown or HTML would take as markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (position, character) in text.char_indices() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(character);
            }
            '#' | '+' | '-' | '=' if position == 0 => {
                out.push('\\');
                out.push(character);
            }
            // A mention or a reference would notify somebody.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            _ => out.push(character),
        }
    }
    out
}

/// A code block whose fence is longer than any run of backticks in it.
fn fenced(out: &mut String, language: &str, lines: &[Phrase]) {
    let longest = lines
        .iter()
        .flat_map(|line| line.text().split(|character| character != '`'))
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    let language: String = language
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    out.push_str(&format!("{fence}{language}\n"));
    for line in lines {
        out.push_str(line.text());
        out.push('\n');
    }
    out.push_str(&format!("{fence}\n"));
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn the_page() {
        insta::assert_snapshot!(Markdown.print(&example::goldsky(), &Look::default()), @r##"
**64 workers do the work of 1.9 (SF 31 to 37): inserts to 127.0.0.1:8123 are served one at a time, 4.2 a second however many wait; batch them: 4.2 to 38..140 a second**

## Baseline Metrics

- Rate: **4.24/s (127 items in 30 s)**
- Workers: 64 threads, 3 helpers apart
- Total: 100,000 items, 12,000 done before
- ETA: 5 h 45 min
- Checkpoint: /data/state.json: 127 writes, 3.4 ms each
- Item: insert to 127.0.0.1:8123 after fetch from 127.0.0.1:8080
- Target: python3 backfill.py --workers 64 (pid 4242), Python

## Profiling Results

| Step | Avg Time | % of Total | Service | Waiting for others |
|---|---:|---:|---:|---:|
| Fetch | 205 ms | 1.4% | 205 ms | 0 ms |
| Transform | 80 us +-20 us | &lt;0.1% | 80 us | 0 ms |
| Write | 14.9 s | 98.6% | 236 ms | 14.7 s |
| **Total** | **15.1 s** | **100%** | **441 ms** | **14.7 s** |

## Parallelization Analysis

|  | Rate |  |
|---|---|---|
| Single worker | 2.27/s | modelled |
| 64 workers, theoretical | 145/s | if none waited for another |
| **64 workers, actual** | **4.24/s** | **SF 34.2 (31 to 37), critical** |

## Root Cause

**A peer that serves fewer at a time than come (remote-serial) in write: 127.0.0.1:8123 (clickhouse), one at a time, 236 ms each, 4.24/s**

98% of the lost time; confidence fair (from outside it may also be rate-limit); 2% of worker time is unexplained.

- Cannot be told apart from outside: rate-limit.
- Responses grow with the number in flight: elasticity 1.31 over 120 exchanges.
- An exchange that met nobody took 236 ms; replies come 236 ms apart, none closer than 221 ms.

## Recommended Fix

**Send the rows in batches**

The peer spends 236 ms on each insert, one at a time; a batch pays that once.

Before:

```python
for row in rows:
    client.insert(table, [row])
```

After:

```python
for batch in chunked(rows, 100):
    client.insert(table, batch)  # 127.0.0.1:8123
```

## Expected Improvement

- Rate: 4.24/s to 38/s, 9 times
- Range: 4.24/s to 145/s, an operational bound: from no better than seen to no new limit
- Next limit: the fetch, 205 ms each with 64 workers
- Workers: more than 2 gain nothing before the fix

## Evidence

- 62 of 64 workers wait for a reply of 127.0.0.1:8123, which serves one insert at a time (clickhouse, pid 977): 31 min 1 s of waiting

| Top resources | Step | Per item | Visits |
|---|---:|---:|---:|
| peer 127.0.0.1:8123 | Write | 14.9 s | 1 |
| peer 127.0.0.1:8080 | Fetch | 205 ms | 1 |

- Coverage: 48,211 events, none lost; 0% of worker time in no known state; holdup took 0.8% of a CPU.
- all targets have ended after 30.0 s
"##);
    }

    #[test]
    fn nothing_from_outside_is_markup() {
        assert_eq!(
            escaped("a|b `c` <i> *d* @me #1"),
            r"a\|b \`c\` &lt;i&gt; \*d\* &#64;me &#35;1"
        );
        assert_eq!(escaped("- x"), r"\- x");
        let text = Markdown.print(&example::hostile(), &Look::default());
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let bars = line.replace(r"\|", "").matches('|').count();
            assert!([4, 5, 6].contains(&bars), "{line}");
        }
        let (prose, code) = text.split_once("````").unwrap();
        assert!(!prose.contains("<b>") && code.contains("<b>"));
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let mut out = String::new();
        fenced(&mut out, "py\nthon", &["````".into(), "x".into()]);
        assert_eq!(out, "`````python\n````\nx\n`````\n");
    }
}
