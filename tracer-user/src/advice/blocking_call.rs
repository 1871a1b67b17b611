//! Calls that stop the thread of all tasks, by their kinds that do not.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Do not stop the thread that carries all tasks: call what awaits, or call elsewhere",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
time.sleep(pause)
page = requests.get(url)
"#,
            after: r#"
await asyncio.sleep(pause)
async with session.get(url) as reply:
    page = await reply.read()

# what has no kind that awaits:
rows = await asyncio.to_thread(load, path)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
const out = execFileSync(program, args);
const text = readFileSync(path, 'utf8');
"#,
            after: r#"
const run = promisify(execFile);

const out = await run(program, args);
const text = await readFile(path, 'utf8');
// readFile of 'node:fs/promises'
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
client.send(get).thenApply(reply ->
    load(reply)); // blocks the event loop
"#,
            after: r#"
var pool =
    Executors.newVirtualThreadPerTaskExecutor();

client.send(get).thenApplyAsync(reply ->
    load(reply), pool);
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
C.load(path) // holds its thread
"#,
            after: r#"
// more threads may run beside it
runtime.GOMAXPROCS(2 * runtime.NumCPU())
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
thread::sleep(pause);
let text = fs::read_to_string(path)?;
"#,
            after: r#"
tokio::time::sleep(pause).await;
let text = tokio::fs::read_to_string(path)
    .await?;

// what has no kind that awaits:
task::spawn_blocking(move || load(path))
    .await?;
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
usleep(pause);
n = read(file, text, size);
"#,
            after: r#"
// libuv; other loops have the like
uv_timer_start(&timer, go_on, pause_ms, 0);
uv_fs_read(loop, &request, file, &buffer,
           1, 0, go_on_with);

// what has no kind that does not block:
uv_queue_work(loop, &work, load, loaded);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "{} carries all {} tasks, and while it sleeps in a call for one of them none of the others goes on, though their replies have \
         come.",
        called(input.culprit),
        input.workers
    )
}
