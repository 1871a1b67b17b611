//! Fewer at once in a call, where they wait for a lock of the kernel that nothing more is known of.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Let fewer workers into that call at once",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
call(item)  # $CULPRIT
"#,
            after: r#"
gate = threading.Semaphore($CPUS)

with gate:  # fewer meet in the kernel
    call(item)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
await call(item); // $CULPRIT
"#,
            after: r#"
const limit = pLimit($CPUS);

await limit(() => call(item));
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
call(item); // $CULPRIT
"#,
            after: r#"
static final Semaphore gate = new Semaphore($CPUS);

gate.acquire(); // fewer meet in the kernel
try { call(item); } finally { gate.release(); }
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
call(item) // $CULPRIT
"#,
            after: r#"
gate := make(chan struct{}, $CPUS)

gate <- struct{}{} // fewer meet in the kernel
call(item)
<-gate
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
call(&item)?; // $CULPRIT
"#,
            after: r#"
let gate = Semaphore::new($CPUS);

let _turn = gate.acquire()?; // fewer meet
call(&item)?;
"#,
        },
        Code {
            language: Language::C,
            before: r#"
call(item); // $CULPRIT
"#,
            after: r#"
sem_init(&gate, 0, $CPUS); // once

sem_wait(&gate); // fewer meet
call(item);
sem_post(&gate);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "{} is in the kernel, one at a time has it, and {} workers go for it at once: the turns that they take there only cost more. Better still is to make \
         fewer such calls.",
        called(input.culprit),
        input.workers
    )
}
