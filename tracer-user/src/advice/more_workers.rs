//! More workers, where they do not meet.

use super::Language;
use super::remedy::{Code, FixInput, Remedy};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Run more workers",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
pool = ThreadPoolExecutor($WORKERS)
"#,
            after: r#"
pool = ThreadPoolExecutor($TWICE)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
const limit = pLimit($WORKERS);
"#,
            after: r#"
const limit = pLimit($TWICE);
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
var pool =
    Executors.newFixedThreadPool($WORKERS);
"#,
            after: r#"
var pool =
    Executors.newFixedThreadPool($TWICE);
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
for range $WORKERS {
    go worker(queue)
}
"#,
            after: r#"
for range $TWICE {
    go worker(queue)
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
for _ in 0..$WORKERS {
    let queue = queue.clone();
    thread::spawn(move || work(queue));
}
"#,
            after: r#"
for _ in 0..$TWICE {
    let queue = queue.clone();
    thread::spawn(move || work(queue));
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
for (int i = 0; i < $WORKERS; i++)
    pthread_create(&t[i], NULL, work, queue);
"#,
            after: r#"
for (int i = 0; i < $TWICE; i++)
    pthread_create(&t[i], NULL, work, queue);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "{} workers do not get in each other's way: each waits for a peer that serves them side by side, so the rate grows \
         with their number until something new fills up. Double it and look again.",
        input.workers
    )
}
