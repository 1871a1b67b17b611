//! Less memory at once, or more of it, where the kernel has to take it back from the workers.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Need less memory at once, or allow more",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
rows = list(fetch_all())
write(transform(rows))
"#,
            after: r#"
# what is under way at once fits the memory
for rows in batched(fetch_all(), 1000):
    write(transform(rows))
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
const rows = await fetchAll();
await write(transform(rows));
"#,
            after: r#"
// what is under way at once fits the memory
for await (const rows of inBatches(1000)) {
  await write(transform(rows));
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
var rows = fetchAll();
write(transform(rows));
"#,
            after: r#"
// what is under way at once fits the memory
for (var rows : inBatches(1000)) {
    write(transform(rows));
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
rows := fetchAll()
write(transform(rows))
"#,
            after: r#"
// what is under way at once fits the memory
for rows := range inBatches(1000) {
    write(transform(rows))
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
let rows = fetch_all()?;
write(transform(rows))?;
"#,
            after: r#"
// what is under way at once fits the memory
for rows in fetch_in_batches(1000) {
    write(transform(rows?))?;
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
rows = fetch_all(&n);
transform(rows, n);
write_rows(rows, n);
"#,
            after: r#"
// what is under way at once fits the memory
while ((n = fetch_some(rows, 1000))) {
    transform(rows, n);
    write_rows(rows, n);
}
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "What the {} allows is used up, so that the kernel takes pages back from the {} workers which they need again. Smaller batches \
         or fewer workers fit into it; so does a higher limit.",
        called(input.culprit),
        input.workers
    )
}
