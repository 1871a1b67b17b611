//! Keeping to a rate limit instead of running into it.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::number::rate;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Pace all workers to the limit, and ask for more per request",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
for item in queue:
    reply = post(item)  # $CULPRIT
    while reply.status_code == 429:
        time.sleep(1)
        reply = post(item)
"#,
            after: r#"
def pace():  # one for all workers
    global turn
    with lock:
        turn = max(turn, time.monotonic())
        mine, turn = turn, turn + 1 / $RATE
    time.sleep(max(0, mine - time.monotonic()))

for batch in itertools.batched(queue, 20):
    pace()
    post(batch)  # many items for one request
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
for (const item of queue) {
  let reply = await post(item);
  while (reply.status === 429) {
    await sleep(1000); // $CULPRIT
    reply = await post(item);
  }
}
"#,
            after: r#"
// one limiter for all workers
const limiter = new Bottleneck({
  minTime: 1000 / $RATE,
});
for (let i = 0; i < queue.length; i += 20) {
  const batch = queue.slice(i, i + 20);
  await limiter.schedule(() => post(batch));
}
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
for (Item item : queue) {
    while (post(item) == 429) {
        Thread.sleep(1000); // $CULPRIT
    }
}
"#,
            after: r#"
// one limiter for all workers
static final RateLimiter LIMIT =
    RateLimiter.create($RATE);

for (List<Item> batch : batches(queue, 20)) {
    LIMIT.acquire();
    post(batch); // many items for one request
}
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
for _, item := range queue {
    for post(item) == 429 {
        time.Sleep(time.Second)
    }
}
"#,
            after: r#"
// one limiter for all workers
var limit = rate.NewLimiter($RATE, 1)

for batch := range slices.Chunk(queue, 20) {
    if err := limit.Wait(ctx); err != nil {
        return err
    }
    post(batch) // many items for one request
}
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
for item in &queue {
    while post(item)?.status() == 429 {
        sleep(Duration::from_secs(1));
    }
}
"#,
            after: r#"
// one limiter for all workers
let every = Duration::from_secs_f64(1.0 / $RATE);
let quota = Quota::with_period(every).unwrap();
let limit = RateLimiter::direct(quota);

for batch in queue.chunks(20) {
    limit.until_ready().await;
    post(batch)?; // many items for one request
}
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
while ((item = next(queue)))
    while (post(item) == 429)
        sleep(1);
"#,
            after: r#"
// one limiter for all workers:
// take_turn() sleeps until 1/$RATE s after
// the turn before
while ((n = next_some(queue, items, 20))) {
    take_turn(&limiter);
    post_all(items, n); // many for one request
}
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let limit = if culprit.rate_per_s > 0.0 {
        format!("lets {} through", rate(culprit.rate_per_s))
    } else {
        "limits the rate".to_owned()
    };
    format!(
        "{} {limit}, and more workers only wait or are refused: what helps is more items in each request, or a higher limit; \
         pacing spares the refused ones.",
        called(culprit)
    )
}
