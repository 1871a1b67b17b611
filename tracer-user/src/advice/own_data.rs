//! Data of its own for each worker, where several CPUs write the same cache lines.

use super::Language;
use super::remedy::{Code, FixInput, Remedy};
use crate::row::printable;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Give each worker data of its own, and add it up at the end",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
for row in rows:
    totals[row.key] += row.value
"#,
            after: r#"
mine = Counter()
for row in rows:
    mine[row.key] += row.value
totals.update(mine)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
for (const row of rows) {
  Atomics.add(totals, row.key, row.value);
}
"#,
            after: r#"
const mine = new Int32Array(totals.length);
for (const row of rows) {
  mine[row.key] += row.value;
}
for (const [key, value] of mine.entries()) {
  Atomics.add(totals, key, value);
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
for (var row : rows) {
    total.addAndGet(row.value()); // AtomicLong
}
"#,
            after: r#"
long mine = 0;
for (var row : rows) {
    mine += row.value();
}
total.add(mine); // LongAdder
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for _, row := range rows {
    total.Add(row.Value) // atomic.Int64
}
"#,
            after: r#"
var mine int64
for _, row := range rows {
    mine += row.Value
}
total.Add(mine)
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
for row in rows {
    total.fetch_add(row.value, Relaxed);
}
"#,
            after: r#"
let values = rows.iter().map(|row| row.value);
let mine: u64 = values.sum();
total.fetch_add(mine, Relaxed);
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
for (i = 0; i < n; i++)
    atomic_fetch_add(&total, rows[i].value);
"#,
            after: r#"
long mine = 0;
for (i = 0; i < n; i++)
    mine += rows[i].value;
atomic_fetch_add(&total, mine);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let place = match input.culprit.call_site.as_str() {
        "" => "what they compute".to_owned(),
        site => printable(site).into_owned(),
    };
    format!(
        "{place} takes longer while others compute: they write the same cache lines, or lines side by side, which go from CPU to CPU with each \
         write; or they all read more than memory delivers. Counters of one's own, 64 bytes apart (128 on some CPUs), and smaller working sets \
         do not."
    )
}
