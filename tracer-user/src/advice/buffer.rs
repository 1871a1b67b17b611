//! Few large writes instead of many small ones.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Write in larger pieces",
    why,
    code: [
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
with open(path, "ab", buffering=0) as out:
    for item in queue:
        out.write(record(item))
"#,
            after: r#"
with open(path, "ab", buffering=1 << 20) as out:
    for item in queue:
        out.write(record(item))
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
for (const item of queue) {
  // $CULPRIT
  await appendFile(path, record(item));
}
"#,
            after: r#"
const out = createWriteStream(path, {
  flags: "a",
  highWaterMark: 1 << 20,
});
out.cork();
for (const item of queue) out.write(record(item));
out.uncork();
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
var out = new FileOutputStream(path, true);
for (Item item : queue) {
    out.write(record(item));
}
"#,
            after: r#"
var file = new FileOutputStream(path, true);
var out = new BufferedOutputStream(file, 1 << 20);
for (Item item : queue) {
    out.write(record(item));
}
out.flush();
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for _, item := range queue {
    file.Write(record(item))
}
"#,
            after: r#"
out := bufio.NewWriterSize(file, 1<<20)
for _, item := range queue {
    out.Write(record(item))
}
return out.Flush()
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
for item in &queue {
    file.write_all(&record(item))?;
}
"#,
            after: r#"
let mut out =
    BufWriter::with_capacity(1 << 20, file);
for item in &queue {
    out.write_all(&record(item))?;
}
out.flush()?;
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "{} is busy with the number of writes, not with their bytes; a buffer of a megabyte turns many into one.",
        called(input.culprit)
    )
}
