//! The lock on a file, taken once for many records.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Take the file lock once for many records",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
for item in queue:
    fcntl.flock(out, fcntl.LOCK_EX)
    out.write(record(item))
    out.flush()
    fcntl.flock(out, fcntl.LOCK_UN)
"#,
            after: r#"
for batch in itertools.batched(queue, 64):
    text = "".join(record(item) for item in batch)
    fcntl.flock(out, fcntl.LOCK_EX)
    out.write(text)
    out.flush()
    fcntl.flock(out, fcntl.LOCK_UN)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
for (const item of queue) {
  const free = await lockfile.lock(path);
  await out.write(record(item));
  await free(); // $CULPRIT
}
"#,
            after: r#"
for (let i = 0; i < queue.length; i += 64) {
  const batch = queue.slice(i, i + 64);
  const text = batch.map(record).join("");
  const free = await lockfile.lock(path);
  await out.write(text);
  await free();
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
for (Item item : queue) {
    try (var held = channel.lock()) {
        channel.write(record(item));
    }
}
"#,
            after: r#"
for (List<Item> batch : batches(queue, 64)) {
    ByteBuffer data = records(batch);
    try (var held = channel.lock()) {
        channel.write(data);
    }
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for _, item := range queue {
    syscall.Flock(fd, syscall.LOCK_EX)
    file.Write(record(item))
    syscall.Flock(fd, syscall.LOCK_UN)
}
"#,
            after: r#"
for batch := range slices.Chunk(queue, 64) {
    data := records(batch)
    syscall.Flock(fd, syscall.LOCK_EX)
    _, err := file.Write(data)
    syscall.Flock(fd, syscall.LOCK_UN)
    if err != nil {
        return err
    }
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
for item in &queue {
    file.lock()?;
    file.write_all(&record(item))?;
    file.unlock()?;
}
"#,
            after: r#"
for batch in queue.chunks(64) {
    let data: Vec<u8> =
        batch.iter().flat_map(record).collect();
    file.lock()?;
    let written = file.write_all(&data);
    file.unlock()?;
    written?;
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
while ((item = next(queue))) {
    flock(file, LOCK_EX);
    write_record(file, item);
    flock(file, LOCK_UN);
}
"#,
            after: r#"
while ((n = next_some(queue, items, 64))) {
    size = encode_all(items, n, data);
    flock(file, LOCK_EX);
    write(file, data, size);
    flock(file, LOCK_UN);
}
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "Each record takes the lock on {} for itself, and all other workers wait; a batch takes it once. Where the order of \
         records does not matter, a file for each worker needs no lock at all.",
        called(input.culprit)
    )
}
