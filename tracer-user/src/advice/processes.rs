//! Python's threads share one interpreter lock; processes do not. (Other runtimes have no such lock; their code stands for worker threads.)

use super::Language;
use super::remedy::{Code, FixInput, Remedy};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Run the CPU-hungry part in processes",
    why,
    code: [
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
with ThreadPoolExecutor($WORKERS) as pool:
    for row in pool.map(transform, items):
        write(row)
"#,
            after: r#"
cores = os.cpu_count()
with ProcessPoolExecutor(cores) as pool:
    rows = pool.map(transform, items, chunksize=32)
    for row in rows:
        write(row)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
for (const item of items) {
  await write(transform(item));
}
"#,
            after: r#"
const pool = new Piscina({
  filename: "./transform.js",
});
await Promise.all(items.map(async (item) => {
  await write(await pool.run(item));
}));
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
for (Item item : items) {
    write(script.eval(item));
}
"#,
            after: r#"
// an interpreter for each thread
items.parallelStream().forEach(item ->
    write(SCRIPTS.get().eval(item)));
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for _, item := range items {
    write(script.Eval(item))
}
"#,
            after: r#"
// an interpreter for each worker
for range runtime.NumCPU() {
    go func() {
        script := newScript()
        for item := range queue {
            write(script.Eval(item))
        }
    }()
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
for item in &items {
    write(script.eval(item)?)?;
}
"#,
            after: r#"
// an interpreter for each thread
items.par_iter().try_for_each_init(
    Script::new,
    |script, item| write(script.eval(item)?),
)?;
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "The interpreter runs one of the {} threads at a time, however many cores there are; processes have an interpreter \
         each.",
        input.workers
    )
}
