//! No reply is awaited while a lock of the tasks is held.

use super::Language;
use super::remedy::{Code, FixInput, Remedy};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Await no reply while holding the lock: hand over under it, write what has gathered without it",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
async with lock:  # $CULPRIT
    await write(row)
"#,
            after: r#"
async with lock:  # hands over, nothing else
    pending.append(row)
    full = len(pending) >= 64
    batch = pending[:] if full else []
    del pending[:len(batch)]
if batch:
    await write_all(batch)  # without the lock
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
await mutex.runExclusive(() => write(row));
"#,
            after: r#"
// One thread runs all of it: no lock is needed
// between two awaits.
pending.push(row);
if (pending.length >= 64) {
  await writeAll(pending.splice(0));
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
lock.lock(); // $CULPRIT
try {
    client.write(row);
} finally {
    lock.unlock();
}
"#,
            after: r#"
pending.add(row); // a concurrent queue
if (pending.size() >= 64) {
    var batch = new ArrayList<Row>();
    pending.drainTo(batch, 64);
    client.writeAll(batch); // without the lock
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
mu.Lock() // $CULPRIT
err := write(row)
mu.Unlock()
"#,
            after: r#"
var batch []Row
mu.Lock() // hands over, nothing else
pending = append(pending, row)
if len(pending) >= 64 {
    batch, pending = pending, nil
}
mu.Unlock()
err := writeAll(batch) // without the lock
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
let mut sink = sink.lock().await;
sink.write(row).await?;
drop(sink);
"#,
            after: r#"
let batch = {
    let mut pending = pending.lock().unwrap();
    pending.push(row); // hands over
    let full = pending.len() >= 64;
    let n = if full { 64 } else { 0 };
    pending.drain(..n).collect::<Vec<_>>()
};
if !batch.is_empty() {
    write_all(batch).await?; // without it
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
lock(&sink);
ask(sink, row); // waits for the reply
unlock(&sink);
"#,
            after: r#"
lock(&pending);
add(&pending, row); // hands over
bool full = pending.count >= 64;
struct rows batch = {0};
if (full) swap(&batch, &pending.rows);
unlock(&pending);
if (full) write_all(&batch); // without it
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "Whoever has it waits for a reply, and of {} tasks all others wait for that. Gathered rows take one reply together; where \
         each has to be its own, a lock for each key or a pool of connections lets several on.",
        input.workers
    )
}
