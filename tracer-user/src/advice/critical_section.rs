//! Slow work out of the lock.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::number::millis;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Hold the lock only for what it protects",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
with lock:  # $CULPRIT
    data = encode(item)
    out.write(data)
    out.flush()
"#,
            after: r#"
data = encode(item)
with lock:  # hands over, nothing else
    pending.append(data)
    full = len(pending) >= 64
    batch = pending[:] if full else []
    del pending[:len(batch)]
if batch:
    write_all(batch)  # without the lock
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
await mutex.runExclusive(async () => {
  const data = await encode(item);
  await out.write(data);
});
"#,
            after: r#"
const data = await encode(item);
const batch = await mutex.runExclusive(() => {
  pending.push(data); // hands over, nothing else
  const full = pending.length >= 64;
  return full ? pending.splice(0) : [];
});
if (batch.length) {
  await writeAll(batch); // without the lock
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
synchronized (lock) { // $CULPRIT
    byte[] data = encode(item);
    out.write(data);
    out.flush();
}
"#,
            after: r#"
byte[] data = encode(item);
List<byte[]> batch = List.of();
synchronized (lock) { // hands over, nothing else
    pending.add(data);
    if (pending.size() >= 64) {
        batch = pending;
        pending = new ArrayList<>();
    }
}
writeAll(batch); // without the lock
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
mu.Lock() // $CULPRIT
data := encode(item)
_, err := out.Write(data)
mu.Unlock()
"#,
            after: r#"
data := encode(item)
var batch [][]byte
mu.Lock() // hands over, nothing else
pending = append(pending, data)
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
let mut out = out.lock().unwrap();
out.write_all(&encode(item))?;
out.flush()?;
"#,
            after: r#"
let data = encode(item);
let batch = {
    let mut pending = pending.lock().unwrap();
    pending.push(data); // hands over, nothing else
    if pending.len() < 64 {
        return Ok(());
    }
    std::mem::take(&mut *pending)
};
write_all(&batch)?; // without the lock
"#,
        },
        Code {
            language: Language::C,
            before: r#"
pthread_mutex_lock(&lock); // $CULPRIT
n = encode(item, data);
fwrite(data, 1, n, out);
fflush(out);
pthread_mutex_unlock(&lock);
"#,
            after: r#"
n = encode(item, data);
struct rows batch = {0};
pthread_mutex_lock(&lock);
add(&pending, data, n); // hands over
if (pending.count >= 64)
    swap(&batch, &pending);
pthread_mutex_unlock(&lock);
if (batch.count)
    write_all(&batch); // without the lock
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let held = if culprit.service_ms > 0.0 {
        format!("is held {} at a time", millis(culprit.service_ms))
    } else {
        "is held while its owner works".to_owned()
    };
    format!(
        "{} {held}, and all others wait; encoding, writing and syncing need no lock, only handing the data over does.",
        called(culprit)
    )
}
