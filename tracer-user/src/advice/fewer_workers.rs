//! As many workers as there are cores to run them.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, best};

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Run as many workers as there are cores, and profile the transform",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
pool = ThreadPoolExecutor($WORKERS)
"#,
            after: r#"
pool = ProcessPoolExecutor($BEST)  # cores there are

# where the CPU time goes:
#   py-spy record -o profile.svg --pid PID
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
const pool = new Piscina({
  filename,
  maxThreads: $WORKERS,
});
"#,
            after: r#"
const pool = new Piscina({
  filename,
  maxThreads: $BEST, // cores there are
});
// where the CPU time goes:
//   node --cpu-prof worker.js
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
var pool =
    Executors.newFixedThreadPool($WORKERS);
"#,
            after: r#"
var pool = // cores there are
    Executors.newFixedThreadPool($BEST);

// where the CPU time goes:
//   asprof -d 30 -f profile.html PID
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for range $WORKERS {
    go worker(queue)
}
"#,
            after: r#"
for range $BEST { // cores there are
    go worker(queue)
}
// where the CPU time goes:
//   go tool pprof http://HOST/debug/pprof/profile
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
let pool = ThreadPoolBuilder::new()
    .num_threads($WORKERS)
    .build()?;
"#,
            after: r#"
let pool = ThreadPoolBuilder::new()
    .num_threads($BEST) // cores there are
    .build()?;
// where the CPU time goes:
//   perf record -g -p PID
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
for (int i = 0; i < $WORKERS; i++)
    pthread_create(&t[i], NULL, work, NULL);
"#,
            after: r#"
for (int i = 0; i < $BEST; i++) // cores
    pthread_create(&t[i], NULL, work, NULL);
// where the CPU time goes:
//   perf record -g -p PID
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    format!(
        "{} workers share {} and queue for them; more than {} gain nothing, so the way to a higher rate is less CPU per item, \
         or more cores.",
        input.workers,
        if input.cpus > 0 {
            format!("{} cores", input.cpus)
        } else {
            "the cores".to_owned()
        },
        best(input)
    )
}
