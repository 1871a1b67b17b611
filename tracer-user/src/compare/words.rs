//! The comparison in one sentence, and what to mind.

use super::value::{Direction, Side};
use crate::cause::Cause;
use crate::number::{figure, range, rate};
use crate::report::Report;

/// What the sentence is made of.
pub struct Told<'a> {
    /// Which way the rate went.
    pub direction: Direction,
    /// Rate after by rate before.
    pub speedup: f64,
    /// Where that lies.
    pub interval: Option<[f64; 2]>,
    /// As it was.
    pub before: &'a Report,
    /// As it is.
    pub after: &'a Report,
}

/// `2.81 times the rate (2.6 to 3), from 4.2/s to 11.9/s: 10.0.0.7:8123 no longer serialises the workers (remote-serial); next: ...`.
pub fn sentence(told: &Told<'_>) -> String {
    let rates = format!(
        "from {} to {}",
        rate(told.before.items.rate_per_s),
        rate(told.after.items.rate_per_s)
    );
    let times = format!("{} times the rate", figure(told.speedup));
    let noise = told
        .interval
        .map(|interval| format!(" ({})", range(interval, figure)))
        .unwrap_or_default();
    let went = match told.direction {
        Direction::Better => format!("{times}{noise}, {rates}"),
        Direction::Worse => format!("slower: {times}{noise}, {rates}"),
        Direction::Same | Direction::Changed => {
            format!("no change beyond the noise: {times}{noise}, {rates}")
        }
        Direction::NotTold => {
            format!("{times}, {rates}, of windows too short to tell it from noise")
        }
    };
    format!("{went}; {}", causes(told.before, told.after))
}

/// What became of the cause.
fn causes(before: &Report, after: &Report) -> String {
    let (old, new) = (before.verdict.cause, after.verdict.cause);
    let now = named(after);
    match (old, new) {
        (Cause::None, Cause::None) => "nothing serialised the workers, and nothing does".to_owned(),
        (_, Cause::None) => format!(
            "{} no longer holds the workers up, and nothing else does",
            named(before)
        ),
        (Cause::Unknown, Cause::Unknown) => {
            "what holds the workers up is not settled in either".to_owned()
        }
        (_, Cause::Unknown) => format!(
            "before it was {}; what holds the workers up now is not settled",
            named(before)
        ),
        (Cause::None | Cause::Unknown, _) => format!("they are now held up by {now}"),
        _ if is_same(before, after) => format!("they are still held up by {now}"),
        _ => format!("{} no longer comes first; next: {now}", named(before)),
    }
}

/// Cause and culprit: `127.0.0.1:8123 (remote-serial)`.
fn named(report: &Report) -> String {
    let verdict = &report.verdict;
    let culprit = &verdict.culprit;
    let name = match culprit.name.as_str() {
        "" => verdict.cause.title(),
        name => name,
    };
    format!("{name} ({})", verdict.cause.id())
}

/// Whether the same thing is named in both. A server that was started anew has another address, and is the same program.
fn is_same(before: &Report, after: &Report) -> bool {
    let (old, new) = (&before.verdict, &after.verdict);
    let (a, b) = (&old.culprit, &new.culprit);
    let is_same_thing = if !a.process.is_empty() || !b.process.is_empty() {
        a.process == b.process
    } else if !a.call_site.is_empty() || !b.call_site.is_empty() {
        a.call_site == b.call_site
    } else {
        a.kind == b.kind
    };
    old.cause == new.cause && old.stage == new.stage && is_same_thing
}

/// What to mind.
pub fn notes(before: &Report, after: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let mut differs = |what: &str, old: &str, new: &str| {
        if old != new && !old.is_empty() && !new.is_empty() {
            notes.push(format!("{what} {old} before and {new} after."));
        }
    };
    differs("It ran on", &before.target.host, &after.target.host);
    differs(
        "The kernel was",
        &before.target.kernel,
        &after.target.kernel,
    );
    differs(
        "There were so many CPUs:",
        &before.target.cpus.to_string(),
        &after.target.cpus.to_string(),
    );
    for (report, which) in [(before, "before"), (after, "after")] {
        if report.coverage.lost > 0 {
            notes.push(format!(
                "{} records of the window {which} were lost.",
                report.coverage.lost
            ));
        }
    }
    notes
}

/// One of the two, in short.
pub fn side(report: &Report) -> Side {
    let verdict = &report.verdict;
    Side {
        command: report.target.command.clone(),
        window_s: report.window_s,
        workers: report.workers.count,
        unit: report.items.unit.clone(),
        items: report.items.count,
        cause: verdict.cause,
        culprit: verdict.culprit.clone(),
        confidence_level: verdict.confidence_level,
        verdict: verdict.sentence.clone(),
    }
}
