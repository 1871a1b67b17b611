//! Comparisons of hand-made reports.

use super::{Comparison, Direction, Kept, Refusal, compare, markdown, text};
use crate::cause::Cause;
use crate::report::{Look, Report, example};
use crate::work::StageName;

/// A report at this rate and noise, whose worker time is spread over the same stages.
fn at(rate: f64, noise: f64) -> Report {
    let mut report = example::goldsky();
    let times = report.items.rate_per_s / rate;
    report.items.rate_per_s = rate;
    report.items.rate_interval = Some([rate * (1.0 - noise), rate * (1.0 + noise)]);
    report.item_mean_ms *= times;
    for stage in &mut report.stages {
        stage.mean_ms *= times;
    }
    report
}

fn compared(before: &Report, after: &Report) -> Comparison {
    compare(before, after).expect("alike")
}

fn direction(comparison: &Comparison, figure: &str) -> Direction {
    comparison
        .changes
        .iter()
        .find(|change| change.figure == figure)
        .expect("such a figure")
        .direction
}

#[test]
fn what_is_faster_beyond_the_noise_is_better() {
    let seen = compared(&at(4.0, 0.05), &at(12.0, 0.05));
    assert_eq!(seen.direction, Direction::Better);
    assert!((seen.speedup - 3.0).abs() < 1e-9);
    let [low, high] = seen.speedup_interval.expect("both have noise");
    assert!((low - 12.0 * 0.95 / (4.0 * 1.05)).abs() < 1e-9);
    assert!((high - 12.0 * 1.05 / (4.0 * 0.95)).abs() < 1e-9);
    // The times went the other way, and that is better too.
    assert_eq!(direction(&seen, "item"), Direction::Better);
    assert_eq!(direction(&seen, "write"), Direction::Better);
    assert_eq!(direction(&seen, "workers"), Direction::Same);
    let worse = compared(&at(12.0, 0.05), &at(4.0, 0.05));
    assert_eq!(worse.direction, Direction::Worse);
    assert_eq!(direction(&worse, "item"), Direction::Worse);
}

#[test]
fn what_the_noise_covers_is_the_same_and_what_has_none_is_not_told() {
    let seen = compared(&at(4.0, 0.1), &at(4.5, 0.1));
    assert_eq!(seen.direction, Direction::Same);
    assert!(
        seen.sentence.starts_with("no change beyond the noise"),
        "{}",
        seen.sentence
    );
    let mut short = at(8.0, 0.1);
    short.items.rate_interval = None;
    let seen = compared(&at(4.0, 0.1), &short);
    assert_eq!(seen.direction, Direction::NotTold);
    assert_eq!(seen.speedup_interval, None);
    assert_eq!(direction(&seen, "item"), Direction::NotTold);
}

#[test]
fn a_stage_that_came_or_went_has_no_ratio() {
    let (mut before, after) = (at(4.0, 0.05), at(4.0, 0.05));
    before
        .stages
        .retain(|stage| stage.stage != StageName::Fetch);
    let seen = compared(&before, &after);
    let fetch = seen
        .changes
        .iter()
        .find(|change| change.figure == "fetch")
        .expect("there");
    assert_eq!((fetch.before, fetch.ratio_interval), (0.0, None));
    assert_eq!(fetch.direction, Direction::Worse);
    assert!(seen.changes.iter().all(|change| change.figure != "other"));
}

#[test]
fn the_cause_that_went_is_told_from_the_one_that_stays() {
    let before = at(4.0, 0.05);
    let mut after = at(12.0, 0.05);
    // The same database under another address.
    after.verdict.culprit.address = "127.0.0.1:9000".to_owned();
    after.verdict.culprit.name = "127.0.0.1:9000".to_owned();
    let said = |after: &Report| compared(&before, after).sentence;
    assert!(said(&after).ends_with("they are still held up by 127.0.0.1:9000 (remote-serial)"));
    after.verdict.stage = StageName::Fetch;
    assert!(
        said(&after)
            .contains("127.0.0.1:8123 (remote-serial) no longer comes first; next: 127.0.0.1:9000")
    );
    after.verdict.cause = Cause::None;
    assert!(said(&after).ends_with(
        "127.0.0.1:8123 (remote-serial) no longer holds the workers up, and nothing else does"
    ));
    after.verdict.cause = Cause::Unknown;
    assert!(said(&after).ends_with("what holds the workers up now is not settled"));
}

#[test]
fn a_promise_is_kept_in_its_range_and_broken_below() {
    let before = at(4.0, 0.05);
    let promise = |rate: f64| {
        compared(&before, &at(rate, 0.05))
            .promise
            .expect("one was given")
    };
    let [low, high] = before.prediction.clone().expect("one").interval;
    assert_eq!(promise(38.0).kept, Kept::Within);
    assert_eq!(promise(38.0).gain_share, Some(1.0));
    // It was 4 and is 21: half of the 34 that were promised.
    assert_eq!(promise(21.0).gain_share, Some(0.5));
    assert_eq!(promise(low * 0.9).kept, Kept::Below);
    // Within by the noise.
    assert_eq!(promise(low * 0.97).kept, Kept::Within);
    assert_eq!(promise(high * 1.1).kept, Kept::Above);
    let mut silent = before;
    silent.prediction = None;
    assert_eq!(compared(&silent, &at(38.0, 0.05)).promise, None);
}

#[test]
fn other_items_are_refused_and_other_addresses_are_not() {
    let before = at(4.0, 0.05);
    let mut after = at(12.0, 0.05);
    after.items.unit = "insert to [::1]:9000 after fetch from db.example.com:80".to_owned();
    assert!(compare(&before, &after).is_ok());
    after.items.unit = "write of /data/out".to_owned();
    let refusal = compare(&before, &after).expect_err("another thing");
    assert!(matches!(refusal, Refusal::OtherItems { .. }));
    assert!(refusal.to_string().contains("--item"), "{refusal}");
    let mut batched = at(1.0, 0.05);
    batched.stages[0].resources[0].visits = 100.0;
    let refusal = compare(&before, &batched).expect_err("a hundred in one");
    assert_eq!(
        refusal,
        Refusal::OtherSize {
            before: 1.0,
            after: 100.0
        }
    );
    batched.stages[0].resources[0].visits = 1.4;
    assert!(compare(&before, &batched).is_ok());
    batched.items.count = 0;
    assert_eq!(
        compare(&before, &batched),
        Err(Refusal::NoItems { which: "after" })
    );
}

#[test]
fn the_page() {
    let before = at(4.0, 0.05);
    let mut after = at(12.0, 0.05);
    after.target.kernel = "6.1.0".to_owned();
    after.verdict.cause = Cause::None;
    let seen = compared(&before, &after);
    insta::assert_snapshot!(text(&seen, &Look::default()), @r"
3 times the rate (2.71 to 3.32), from 4/s to 12/s; 127.0.0.1:8123 (remote-serial) no longer holds
the workers up, and nothing else does

Before And After
  Before  a peer that serves fewer at a time than come (remote-serial): 127.0.0.1:8123; confidence
          fair; 127 items in 30 s
  After   nothing serialises the workers (none): 127.0.0.1:8123; confidence fair; 127 items in 30 s
  Item    insert to 127.0.0.1:8123 after fetch from 127.0.0.1:8080

Changes
                          Before     After   Times      By the noise
  Rate                       4/s      12/s       3      2.71 to 3.32   better
  Serialization factor      34.2      34.2       1     0.838 to 1.19     same
  Workers                     64        64       1                 -     same
  Item                      16 s    5.33 s   0.333    0.302 to 0.368   better
  Fetch                   217 ms   72.4 ms   0.333    0.302 to 0.368   better
  Transform              84.8 us   28.3 us   0.333   0.0633 to 0.819   better
  Write                   15.8 s    5.26 s   0.333    0.302 to 0.368   better

Promise
  Promised  38/s (4.24/s to 145/s)
  Obtained  12/s, in the range; 23.5% of the gain that was promised

Mind
  - The kernel was 6.18.44 before and 6.1.0 after.
");
    let page = markdown(&seen);
    assert!(page.contains("| Rate | 4/s | 12/s | 3 |"), "{page}");
}

#[test]
fn what_is_printed_reads_back_as_the_same_comparison() {
    let seen = compared(&at(4.0, 0.05), &at(12.0, 0.05));
    let text = crate::report::json::print(&seen);
    let back: Comparison = serde_json::from_str(&text).expect("sound");
    assert_eq!(crate::report::json::print(&back), text);
}
