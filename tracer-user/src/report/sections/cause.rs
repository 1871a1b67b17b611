//! The root cause and the lesser ones.

use super::super::page::{Block, Phrase, Tone};
use super::super::{CauseRow, RefutedRow, Report, names};
use super::{Limits, or_unknown};
use crate::cause::Cause;
use crate::diagnose::{Culprit, CulpritKind};
use crate::number::{figure, millis, percent, rate};
use crate::work::StageName;

pub(super) fn root_cause(report: &Report, limits: &Limits) -> Vec<Block> {
    let verdict = &report.verdict;
    let mut line = capital(&names::cause(verdict.cause));
    if verdict.cause.is_named() {
        // Between the stages is no place that says anything.
        if verdict.stage != StageName::Other {
            let stage = names::stage(verdict.stage).to_lowercase();
            line.push_str(&format!(" in {stage}"));
        }
        line.push_str(&format!(": {}", culprit(verdict.cause, &verdict.culprit)));
    }
    let mut blocks = vec![Block::Prose(Phrase::new(line).tone(Tone::Strong))];
    blocks.push(Block::Prose(Phrase::new(weight(report))));
    let mut points: Vec<Phrase> = Vec::new();
    if !verdict.alternatives.is_empty() {
        let ids: Vec<&str> = verdict
            .alternatives
            .iter()
            .map(|cause| cause.id())
            .collect();
        points.push(format!("Cannot be told apart from outside: {}.", ids.join(", ")).into());
    }
    let (named, others): (Vec<_>, Vec<_>) = report
        .causes
        .iter()
        .partition(|cause| cause.cause == verdict.cause && cause.culprit == verdict.culprit);
    for cause in named {
        points.extend(grounds(cause, limits.evidence));
    }
    for cause in others
        .iter()
        .filter(|cause| cause.share >= limits.least_share)
        .take(limits.causes)
    {
        points.push(also(cause));
        if limits.all() {
            points.extend(grounds(cause, limits.evidence));
        }
    }
    if limits.all() {
        points.extend(report.refuted.iter().map(not));
    }
    blocks.push(Block::Points(points));
    blocks
}

/// What speaks for a cause, and what against it.
fn grounds(cause: &CauseRow, most: usize) -> impl Iterator<Item = Phrase> {
    let against = |text: &String| Phrase::new(format!("Against it: {text}"));
    let evidence = cause.evidence.iter().take(most).map(Phrase::new);
    evidence.chain(cause.refuted_by.iter().take(most).map(against))
}

/// A lesser cause.
fn also(cause: &CauseRow) -> Phrase {
    if cause.share <= 0.0 {
        return Phrase::new(format!(
            "Perhaps {}: {}; it cannot be told whether anything is lost to it.",
            names::cause(cause.cause),
            culprit(cause.cause, &cause.culprit),
        ));
    }
    Phrase::new(format!(
        "Also {}: {}, {} of the lost time; without it alone {} times the rate.",
        names::cause(cause.cause),
        culprit(cause.cause, &cause.culprit),
        percent(cause.share),
        figure(cause.gain_alone)
    ))
}

/// A cause that was cleared.
fn not(refuted: &RefutedRow) -> Phrase {
    Phrase::new(format!(
        "Not {} ({}): {}",
        refuted.cause,
        name(&refuted.culprit),
        refuted.by.join(" ")
    ))
}

/// `98% of the lost time; confidence fair (this trace cannot show the peer from inside); 2% of worker time is unexplained.`
fn weight(report: &Report) -> String {
    let verdict = &report.verdict;
    let mut text = format!("Confidence {}", names::level(verdict.confidence_level));
    if !verdict.confidence_reason.is_empty() {
        text.push_str(&format!(" ({})", verdict.confidence_reason));
    }
    if verdict.cause.is_named() {
        text = format!(
            "{} of the lost time; c{}",
            percent(verdict.share_of_lost_time),
            &text[1..]
        );
    }
    if report.unexplained_share > 0.0 {
        text.push_str(&format!(
            "; {} of worker time is unexplained",
            percent(report.unexplained_share)
        ));
    }
    text + "."
}

/// Its name, else its kind.
fn name(culprit: &Culprit) -> String {
    match culprit.kind {
        _ if !culprit.name.is_empty() => culprit.name.clone(),
        CulpritKind::None => or_unknown("").to_owned(),
        kind => kind.id().to_owned(),
    }
}

/// `127.0.0.1:8123 (goldsky-sink), one at a time, 236 ms each, 4.24/s`.
fn culprit(cause: Cause, culprit: &Culprit) -> String {
    let mut text = name(culprit);
    let beside: Vec<&str> = [&culprit.address, &culprit.process]
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty() && !culprit.name.contains(part))
        .collect();
    if !beside.is_empty() {
        text.push_str(&format!(" ({})", beside.join(", ")));
    }
    if !culprit.call_site.is_empty() && !culprit.name.contains(&culprit.call_site) {
        let what = match (culprit.kind, cause) {
            (CulpritKind::Thread | CulpritKind::Cpu, _) => "busy",
            (_, Cause::InterpreterLock) => "held",
            (_, Cause::Spin) => "spun on",
            (_, Cause::Imbalance) => "waited at",
            _ => "taken",
        };
        text.push_str(&format!(", {what} in {}", culprit.call_site));
    }
    if culprit.capacity > 0.0 {
        let capacity = figure(culprit.capacity);
        text.push_str(&match capacity.as_str() {
            "1" => ", one at a time".to_owned(),
            other => format!(", {other} at a time"),
        });
    }
    if culprit.backlog > 0 {
        text.push_str(&format!(", backlog {}", culprit.backlog));
    }
    if culprit.service_ms > 0.0 {
        text.push_str(&format!(", {} each", millis(culprit.service_ms)));
    }
    if culprit.rate_per_s > 0.0 {
        text.push_str(&format!(", {}", rate(culprit.rate_per_s)));
    }
    text
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
