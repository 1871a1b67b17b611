//! As many threads as there is to do at once.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::number::figure;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Give what is handed over more threads, or do it without them",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
pool = ThreadPoolExecutor($CAPACITY)
row = await loop.run_in_executor(
    pool, insert, item)
"#,
            after: r#"
pool = ThreadPoolExecutor($WORKERS)
row = await loop.run_in_executor(
    pool, insert, item)

# or a client that awaits, without threads:
row = await client.insert(item)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
// dns.lookup, fs, zlib and crypto share
// UV_THREADPOOL_SIZE threads, 4 if not set;
// names are looked up by half of them
node backfill.js
"#,
            after: r#"
// at most 1024
UV_THREADPOOL_SIZE=$WORKERS node backfill.js

// connections that are kept look up no name:
new http.Agent({ keepAlive: true });
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
// a ThreadPoolExecutor grows beyond its core
// size only when its queue is full
var pool =
    Executors.newFixedThreadPool($CAPACITY);
"#,
            after: r#"
var pool =
    Executors.newVirtualThreadPerTaskExecutor();
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for i := 0; i < $CAPACITY; i++ {
    go consume(jobs)
}
"#,
            after: r#"
for i := 0; i < $WORKERS; i++ {
    go consume(jobs)
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
let runtime = Builder::new_multi_thread()
    .max_blocking_threads($CAPACITY)
    .build()?;
"#,
            after: r#"
let runtime = Builder::new_multi_thread()
    .max_blocking_threads($WORKERS)
    .build()?;
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
for (int i = 0; i < $CAPACITY; i++)
    pthread_create(&t[i], NULL, take, jobs);
// of libuv: UV_THREADPOOL_SIZE=$CAPACITY
"#,
            after: r#"
for (int i = 0; i < $WORKERS; i++)
    pthread_create(&t[i], NULL, take, jobs);
// of libuv: UV_THREADPOOL_SIZE=$WORKERS
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    format!(
        "{} workers hand over to {}: it does {} at a time, and the others wait for one of them. Where the threads compute, more of them \
         than CPUs gain nothing.",
        input.workers,
        called(culprit),
        figure(culprit.capacity.max(1.0)),
    )
}
