//! More tasks that take what the workers hand over.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Let several take what the workers hand over, or many at a time",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
async def drain(queue):
    while True:
        await insert([await queue.get()])

asyncio.create_task(drain(queue))
"#,
            after: r#"
async def drain(queue):
    while True:
        rows = [await queue.get()]
        while rows and not queue.empty():
            rows.append(queue.get_nowait())
        await insert(rows)

for _ in range(4):
    asyncio.create_task(drain(queue))
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
for await (const row of queue) {
  await insert([row]);
}
"#,
            after: r#"
async function drain() {
  while (!queue.closed) {
    await insert(await queue.takeAll());
  }
}
await Promise.all(
  Array.from({ length: 4 }, drain));
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
while (true) {
    insert(List.of(queue.take()));
}
"#,
            after: r#"
// in each of several threads
while (true) {
    var rows = new ArrayList<Row>();
    rows.add(queue.take());
    queue.drainTo(rows, 999);
    insert(rows);
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
rows := make(chan Row)
go func() {
    for row := range rows {
        insert([]Row{row})
    }
}()
"#,
            after: r#"
rows := make(chan Row, $WORKERS)
drain := func() {
    for row := range rows {
        batch := []Row{row}
        // what else is there: select, default
        insert(takeAll(rows, batch))
    }
}
for i := 0; i < 4; i++ {
    go drain()
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
while let Some(row) = rows.recv().await {
    insert(&[row]).await?;
}
"#,
            after: r#"
let mut batch = Vec::new();
while rows.recv_many(&mut batch, 1000)
    .await > 0
{
    insert(&batch).await?;
    batch.clear();
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
while ((row = take(rows)))
    insert(db, &row, 1);
"#,
            after: r#"
// the same in several threads, and
while ((n = take_many(rows, batch, 1000)))
    insert(db, batch, n);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let at_a_time = match input.culprit.capacity {
        several if several > 1.5 => format!("which do {several:.0} things at a time"),
        _ => "which does one thing after the other".to_owned(),
    };
    format!(
        "All {} workers hand over to {}, {at_a_time}; meanwhile the others wait.",
        input.workers,
        called(input.culprit)
    )
}
