//! Processes instead of threads, where an interpreter runs one thread at a time.

use super::Language;
use super::remedy::{Code, FixInput, Remedy};
use crate::number::millis;
use crate::row::printable;

/// The remedy. Only one of the languages has such a lock.
pub const REMEDY: Remedy = Remedy {
    title: "Compute in processes, and fetch in threads",
    why,
    code: &[Code {
        language: Language::Python,
        before: r#"
# $CULPRIT
def work(item):
    return transform(fetch(item))

with ThreadPoolExecutor($WORKERS) as pool:
    for row in pool.map(work, items):
        write(row)
"#,
        after: r#"
# each process has a lock of its own
cpu = ProcessPoolExecutor($CPUS)

def work(item):  # fetches in its thread
    data = fetch(item)
    return cpu.submit(transform, data).result()

with ThreadPoolExecutor($WORKERS) as pool:
    for row in pool.map(work, items):
        write(row)
"#,
    }],
};

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let computing = match culprit.call_site.as_str() {
        "" => "they compute".to_owned(),
        site => format!("they compute in {}", printable(site)),
    };
    format!(
        "Threads of one Python process run its code one at a time; {computing}, {} an item. Processes have a lock each; C code that \
         lets go of it (zlib, hashlib, numpy on large data) runs beside the others, and so do threads of a build without it (3.13t and later).",
        millis(culprit.service_ms)
    )
}
