//! Work that blocks, moved off the one thread everybody waits for.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Move blocking and heavy work off the one thread",
    why,
    code: [
        Code {
            language: Language::Python,
            before: r#"
async def handle(item):
    data = await fetch(item)
    row = transform(data)  # $CULPRIT
    await write(row)
"#,
            after: r#"
pool = ProcessPoolExecutor()

async def handle(item):
    loop = asyncio.get_running_loop()
    data = await fetch(item)
    row = await loop.run_in_executor(
        pool, transform, data)
    await write(row)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
async function handle(item: Item) {
  const data = await load(item);
  const row = transform(data); // $CULPRIT
  await write(row);
}
"#,
            after: r#"
const pool = new Piscina({
  filename: "./transform.js",
});
async function handle(item: Item) {
  const data = await load(item);
  const row = await pool.run(data);
  await write(row);
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
channel.onData(data -> {
    write(transform(data));
});
"#,
            after: r#"
var pool = Executors.newWorkStealingPool();
channel.onData(data -> pool.submit(() -> {
    write(transform(data));
}));
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for item := range queue {
    write(transform(load(item)))
}
"#,
            after: r#"
var group sync.WaitGroup
for range runtime.NumCPU() {
    group.Add(1)
    go func() {
        defer group.Done()
        for item := range queue {
            write(transform(load(item)))
        }
    }()
}
group.Wait()
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
let data = fetch(item).await?;
let row = transform(data);
write(row).await?;
"#,
            after: r#"
let data = fetch(item).await?;
let row = tokio::task::spawn_blocking(
    move || transform(data),
)
.await?;
write(row).await?;
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "One thread does everybody's work: while it computes or blocks in {}, nothing else moves. Other threads can do that \
         part.",
        called(input.culprit)
    )
}
