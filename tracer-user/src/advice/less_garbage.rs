//! Less garbage, a larger heap, and a collector that works beside the threads.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::number::millis;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Collect beside the work, and leave less to collect",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
rows = [parse(line) for line in page]
for row in rows:
    write(row)
"#,
            after: r#"
gc.freeze()  # once, after the start
for line in page:
    write(parse(line))  # none is kept
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// node worker.js
for await (const page of pages) {
  const body = Buffer.alloc(SIZE);
  await send(fill(body, page));
}
"#,
            after: r#"
// node --max-semi-space-size=64 worker.js
const body = Buffer.alloc(SIZE);
for await (const page of pages) {
  await send(fill(body, page)); // again
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// java -XX:+UseSerialGC -Xmx64m
while (true) {
    byte[] body = new byte[SIZE];
    fill(body, fetch());
    send(body);
}
"#,
            after: r#"
// java -XX:+UseZGC -Xmx2g
// (or -XX:+UseG1GC)
byte[] body = new byte[SIZE];
while (true) {
    fill(body, fetch()); // used again
    send(body);
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// GOGC=100
for page := range pages {
    body := make([]byte, 0, size)
    send(fill(body, page))
}
"#,
            after: r#"
// GOGC=400 GOMEMLIMIT=2GiB
body := make([]byte, 0, size)
for page := range pages {
    body = fill(body[:0], page)
    send(body) // used again
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
for page in pages {
    let mut body = Vec::new();
    fill(&mut body, page);
    send(&body);
}
"#,
            after: r#"
let mut body = Vec::new();
for page in pages {
    body.clear(); // used again
    fill(&mut body, page);
    send(&body);
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
while ((page = next(pages))) {
    char *body = malloc(SIZE);
    n = fill(body, page);
    send_all(peer, body, n);
    free(body);
}
"#,
            after: r#"
char *body = malloc(SIZE);
while ((page = next(pages))) { // used again
    n = fill(body, page);
    send_all(peer, body, n);
}
free(body);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let length = match culprit.service_ms {
        length if length.is_finite() && length > 0.0 => {
            format!(" for {} at a time", millis(length))
        }
        _ => String::new(),
    };
    format!(
        "While {} stops all threads of the process{length}, none of the {} workers goes on, and the more of them leave garbage behind, the more \
         often it does. A collector that works beside them stops them for a moment only; a larger heap fills less often; and what \
         is used again, or not kept, need not be collected.",
        called(culprit),
        input.workers
    )
}
