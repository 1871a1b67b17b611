//! Fewer and larger reads, one after the other.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::number::millis;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Ask the disk less often: large reads in order, and keep what is read again",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
pool = ThreadPoolExecutor($WORKERS)
for offset in offsets:
    pool.submit(read_block, fd, offset)
"#,
            after: r#"
pool = ThreadPoolExecutor($BEST)
for first in sorted(runs(offsets)):
    # one read of neighbours, not one each
    pool.submit(read_run, fd, first, 8 << 20)

@lru_cache(maxsize=4096)  # read once
def block(number): ...
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
await Promise.all(offsets.map((offset) =>
  file.read(buffer(), 0, BLOCK, offset)));
"#,
            after: r#"
const few = pLimit($BEST);
// in order, neighbours in one read
await Promise.all(runs(offsets).map((run) =>
  few(() => file.read(
    large(run), 0, run.length, run.start))));
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
for (long offset : offsets) {
    pool.submit(() ->
        channel.read(block(), offset));
}
"#,
            after: r#"
var few = Executors.newFixedThreadPool($BEST);
// in order, neighbours in one read
for (Run run : runs(offsets)) {
    few.submit(() ->
        channel.read(large(run), run.start()));
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for _, offset := range offsets {
    go file.ReadAt(block(), offset)
}
"#,
            after: r#"
var group errgroup.Group
group.SetLimit($BEST)
// in order, neighbours in one read
for _, run := range runs(offsets) {
    group.Go(func() error {
        _, err := file.ReadAt(large(run), run.start)
        return err
    })
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
offsets.par_iter().try_for_each(|offset| {
    file.read_exact_at(&mut block(), *offset)
})?;
"#,
            after: r#"
let few = ThreadPoolBuilder::new()
    .num_threads($BEST)
    .build()?;
// in order, neighbours in one read
let all = runs(&offsets);
few.install(|| all.par_iter().try_for_each(
    |run| file.read_exact_at(
        &mut large(run), run.start),
))?;
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
for (int i = mine; i < n; i += workers)
    pread(file, block, BLOCK, offset[i]);
"#,
            after: r#"
// $BEST threads, not more
// in order, neighbours in one read
qsort(offset, n, sizeof *offset, ascending);
while ((run = next_run(offset, &i, n)).length)
    pread(file, large, run.length, run.start);
"#,
        },
    ],
};

/// The same where a control group's limit is what they wait for.
pub const UNDER_A_LIMIT: Remedy = Remedy {
    why: limited,
    ..REMEDY
};

fn limited(input: &FixInput<'_>) -> String {
    format!(
        "Every access spends some of the {}, which all {} workers share: one large read counts as few, and what is kept in memory as \
         none. A limit on bytes leaves only the second. A higher limit helps as well.",
        called(input.culprit),
        input.workers
    )
}

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let each = if culprit.service_ms > 0.0 && culprit.service_ms.is_finite() {
        format!(
            "One access to {} takes {} by itself",
            called(culprit),
            millis(culprit.service_ms)
        )
    } else {
        format!("All of them go to {}", called(culprit))
    };
    format!(
        "{each}, and {} workers only queue for it. It moves more in large pieces that follow each other (posix_fadvise reads ahead), and \
         nothing for what a cache holds; else a faster volume is needed, or a higher limit of its own, as volumes of clouds have.",
        input.workers
    )
}
