//! Watched in windows with pauses between them, as a budget asks for.

use super::{closed_system, report};
use crate::report::{Report, StageName};
use crate::row::{MemorySource, Meta, Nanos, TaskFact};

const MS: u64 = 1_000_000;

/// Where an instant lies in the trace, given the windows that were watched.
fn class(windows: &[(u64, u64)], at: u64) -> u64 {
    let before = windows.iter().take_while(|window| window.0 <= at);
    let watched = before.map(|window| at.min(window.1) - window.0);
    windows[0].0 + watched.sum::<u64>()
}

/// What is left of the rows when only these windows are watched: waits are cut at their ends, calls are told of where they
/// return.
fn watched(source: &MemorySource, windows: &[(u64, u64)]) -> Report {
    let mut batch = source.joined();
    // The kernel's figures are of the whole.
    batch.tasks.retain(|task| task.fact == TaskFact::Seen);
    let whole = std::mem::take(&mut batch.waits);
    for wait in whole {
        for window in windows {
            let (start, end) = (wait.start.0.max(window.0), wait.end.0.min(window.1));
            if start >= end {
                continue;
            }
            let mut part = wait;
            part.start = Nanos(class(windows, start));
            part.end = Nanos(class(windows, end));
            part.continuation |= start > wait.start.0;
            part.continues |= end < wait.end.0;
            let seen = wait.woken > Nanos::ZERO && wait.woken.0 <= window.1;
            part.woken = if seen {
                Nanos(class(windows, wait.woken.0)).max(part.start)
            } else {
                Nanos::ZERO
            };
            batch.waits.push(part);
        }
    }
    batch.calls.retain_mut(|call| {
        let Some(window) = windows
            .iter()
            .find(|window| call.end.0 > window.0 && call.end.0 <= window.1)
        else {
            return false;
        };
        call.start = Nanos(class(windows, call.start.0.max(window.0)));
        call.end = Nanos(class(windows, call.end.0));
        call.inside = call.inside.min(call.end.since(call.start));
        true
    });
    batch.waits.sort_by_key(|row| row.end);
    batch.calls.sort_by_key(|row| row.end);
    let closed = Nanos(class(windows, windows[windows.len() - 1].1));
    batch.watermark = closed;
    let mut meta = Meta {
        opened: Nanos(windows[0].0),
        closed,
        paused: Nanos(1),
        joins: windows[1..]
            .iter()
            .map(|window| Nanos(class(windows, window.0)))
            .collect(),
        complete: true,
        ..Meta::default()
    };
    meta.host.cpus = 4;
    let source = MemorySource::new(meta, vec![batch]);
    report(&source)
}

/// Half a second of three, not in step with the work, for ten minutes.
fn half_seconds(from: u64) -> Vec<(u64, u64)> {
    (0..190)
        .map(|request| from + request * 3_137 * MS)
        .map(|begin| (begin, begin + 500 * MS))
        .collect()
}

#[test]
fn rates_and_stages_of_windows_are_those_of_the_whole() {
    let source = closed_system(8, 8, (60, 76), 600);
    let whole = report(&source);
    let seen = watched(&source, &half_seconds(source.meta.opened.0));
    let (truth, rate) = (whole.items.rate_per_s, seen.items.rate_per_s);
    assert!(
        (rate / truth - 1.0).abs() < 0.01,
        "{rate} items a second instead of {truth}"
    );
    assert_eq!(seen.verdict.cause, whole.verdict.cause);
    for name in [StageName::Fetch, StageName::Transform, StageName::Write] {
        let of = |report: &Report| {
            let stages = &report.stages;
            stages
                .iter()
                .find(|stage| stage.stage == name)
                .map_or(0.0, |stage| stage.mean_ms)
        };
        let (truth, mean) = (of(&whole), of(&seen));
        assert!(
            (mean - truth).abs() < 0.01 * truth + 0.1,
            "{name:?}: {mean} ms instead of {truth}"
        );
    }
}

#[test]
fn a_serial_peer_is_called_one_in_windows_too() {
    let source = closed_system(8, 1, (60, 30), 600);
    let seen = watched(&source, &half_seconds(source.meta.opened.0));
    assert_eq!(seen.verdict.cause, "remote-serial", "{:#?}", seen.verdict);
}
