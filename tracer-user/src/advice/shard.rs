//! Many locks where one is too few and each is held for no time worth shortening.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::number::millis;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Split the lock into many",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
with lock:  # $CULPRIT
    table[key] = value
"#,
            after: r#"
SHARDS = [(Lock(), {}) for _ in range(64)]

lock, table = SHARDS[hash(key) % len(SHARDS)]
with lock:
    table[key] = value
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
await mutex.runExclusive(async () => {
  await update(key, value);
});
"#,
            after: r#"
const mutexes = Array.from({ length: 64 },
  () => new Mutex());

const mutex = mutexes[hash(key) % mutexes.length];
await mutex.runExclusive(async () => {
  await update(key, value);
});
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
synchronized (table) { // $CULPRIT
    table.put(key, value);
}
"#,
            after: r#"
// locks one bucket, not the table
var table = new ConcurrentHashMap<String, Row>();

table.put(key, value);
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
mu.Lock() // $CULPRIT
table[key] = value
mu.Unlock()
"#,
            after: r#"
type shard struct {
    sync.Mutex
    table map[string]Row
}

s := &shards[hash(key)%len(shards)]
s.Lock()
s.table[key] = value
s.Unlock()
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
let mut table = table.lock().unwrap();
table.insert(key, value);
"#,
            after: r#"
// shards: [Mutex<HashMap<K, V>>; 64]
let shard = &shards[hash(&key) % shards.len()];
let mut table = shard.lock().unwrap();
table.insert(key, value);
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
pthread_mutex_lock(&lock);
put(table, key, value);
pthread_mutex_unlock(&lock);
"#,
            after: r#"
// struct { pthread_mutex_t lock; ... } shard[64];
int i = hash(key) % 64;
pthread_mutex_lock(&shard[i].lock);
put(shard[i].table, key, value);
pthread_mutex_unlock(&shard[i].lock);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "{} is held only {} at a time, so there is nothing to shorten, but all {} workers want the same one; with a lock for \
         each part of the data they rarely meet.",
        called(input.culprit),
        millis(input.culprit.service_ms),
        input.workers
    )
}
