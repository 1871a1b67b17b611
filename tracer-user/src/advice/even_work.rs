//! Work in small pieces from one queue, in place of a share for each worker and a barrier.

use super::Language;
use super::remedy::{Code, FixInput, Remedy};
use crate::row::printable;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Hand out small pieces from one queue, without a barrier in each round",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
def work(mine):  # a fixed share
    for part in mine:
        process(part)
        barrier.wait()  # $CULPRIT
"#,
            after: r#"
def work():
    while True:
        try:
            part = parts.get_nowait()
        except queue.Empty:
            return
        process(part)  # the next at once
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
for (const round of rounds) {
  await Promise.all(round.map(process));
}
"#,
            after: r#"
const parts = rounds.flat();
async function work() {
  for (let part; (part = parts.shift()); ) {
    await process(part);
  }
}
await Promise.all(
  Array.from({ length: $WORKERS }, work),
);
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
for (Part part : mine) { // a fixed share
    process(part);
    barrier.await(); // $CULPRIT
}
"#,
            after: r#"
Part part; // ConcurrentLinkedQueue<Part>
while ((part = parts.poll()) != null) {
    process(part); // the next at once
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for _, round := range rounds {
    var all sync.WaitGroup
    for _, part := range round {
        all.Add(1)
        go func() {
            defer all.Done()
            process(part)
        }()
    }
    all.Wait()
}
"#,
            after: r#"
for range $WORKERS {
    go func() {
        for part := range parts {
            process(part)
        }
    }()
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
for part in mine { // a fixed share
    process(part);
    barrier.wait(); // $CULPRIT
}
"#,
            after: r#"
// next: AtomicUsize, for all workers
loop {
    let at = next.fetch_add(1, Relaxed);
    let Some(part) = parts.get(at) else {
        break;
    };
    process(part);
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// a fixed share
for (int i = first; i < last; i++) {
    process(part[i]);
    pthread_barrier_wait(&all); // $CULPRIT
}
"#,
            after: r#"
// atomic_int next, for all workers
int i;
while ((i = atomic_fetch_add(&next, 1)) < n)
    process(part[i]);
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let place = match input.culprit.call_site.as_str() {
        "" => "there".to_owned(),
        site => format!("in {}", printable(site)),
    };
    let slowest = match input.culprit.process.as_str() {
        "" => "Whoever has more to do in a round holds up all others".to_owned(),
        who => format!("{who} has more to do, or is slower, and holds up all others"),
    };
    format!(
        "{slowest}, which wait {place} until it comes. Workers that take the next small piece as soon as they are done with one keep busy \
         whatever a piece takes; where rounds must stay apart, cut the pieces smaller, or let the next round begin before all of this one is done."
    )
}
