//! Take the work off the one thread that carries all tasks.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Take the work off the thread that carries all tasks",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
reply = await fetch(item)
row = transform(reply)  # on the loop
await write(row)
"#,
            after: r#"
pool = ProcessPoolExecutor()

reply = await fetch(item)
loop = asyncio.get_running_loop()
row = await loop.run_in_executor(
    pool, transform, reply)
await write(row)

# what the loop does:
#   py-spy top --pid PID
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
const reply = await get(item);
const row = transform(reply); // on the loop
await write(row);
"#,
            after: r#"
const pool = new Piscina({ filename });

const reply = await get(item);
const row = await pool.run(reply);
await write(row);

// what the loop does:
//   node --cpu-prof backfill.js
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
client.send(get).thenApply(reply ->
    transform(reply)); // on the loop
"#,
            after: r#"
var pool = Executors.newFixedThreadPool(
    Runtime.getRuntime()
        .availableProcessors());

client.send(get).thenApplyAsync(reply ->
    transform(reply), pool);
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
runtime.GOMAXPROCS(1)
"#,
            after: r#"
runtime.GOMAXPROCS(runtime.NumCPU())
// what it does: go tool pprof
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
let reply = fetch(item).await?;
let row = transform(reply); // on the loop
write(row).await?;
"#,
            after: r#"
let reply = fetch(item).await?;
let row = task::spawn_blocking(move || {
    transform(reply)
})
.await?;
write(row).await?;
"#,
        },
        Code {
            language: Language::C,
            before: r#"
void on_reply(struct reply *reply) {
    row = transform(reply); // on the loop
    write_row(row);
}
"#,
            after: r#"
// libuv; other loops have the like
void on_reply(struct reply *reply) {
    work.data = reply;
    uv_queue_work(loop, &work, transform_it,
                  write_it);
}
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "{} carries all {} tasks, and replies wait for it; what it does for one of them, all others wait for. Worker \
         threads or processes do it side by side, or cut it into pieces that give way.",
        called(input.culprit),
        input.workers
    )
}
