//! Blame chains, top resources, coverage.

use super::super::page::{Block, Phrase, Tone};
use super::super::{CpuTime, PeerStatements, Report, Resource, names};
use super::{Limits, plural};
use crate::number::{count, figure, millis, percent};
use crate::work::StageName;

pub(super) fn evidence(report: &Report, limits: &Limits, details: bool) -> Vec<Block> {
    let mut points: Vec<Phrase> = Vec::new();
    for blame in report.blame.iter().take(limits.chains) {
        let chain = if blame.chain.is_empty() {
            let held = if blame.holder.is_empty() {
                String::new()
            } else {
                format!(", held by {}", blame.holder)
            };
            format!("{} wait for {}{held}", blame.waiter, blame.resource)
        } else {
            blame.chain.join(", ")
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "2^53 ns of waiting are 104 days"
        )]
        let waited = millis(blame.ns as f64 / 1e6);
        points.push(format!("{chain}: {waited} of waiting").into());
    }
    let mut blocks = vec![Block::Points(points)];
    let mut resources: Vec<(StageName, &Resource)> = report
        .stages
        .iter()
        .flat_map(|stage| {
            stage
                .resources
                .iter()
                .map(move |resource| (stage.stage, resource))
        })
        .collect();
    resources.sort_by(|a, b| b.1.mean_ms.total_cmp(&a.1.mean_ms));
    if !resources.is_empty() {
        blocks.push(Block::Table {
            head: vec!["Top resources", "Step", "Per item", "Visits"],
            rows: resources
                .iter()
                .take(limits.resources)
                .map(|(stage, resource)| {
                    vec![
                        Phrase::new(resource_words(resource)),
                        names::stage(*stage).into(),
                        millis(resource.mean_ms).into(),
                        figure(resource.visits).into(),
                    ]
                })
                .collect(),
            numbers: true,
        });
    }
    if details {
        let points = report.statements.iter().flat_map(statements);
        blocks.push(Block::Points(points.collect()));
        let points = report.cpu_time.iter().map(cpu_time);
        blocks.push(Block::Points(points.collect()));
    }
    blocks.push(Block::Points(coverage(report, limits, details)));
    blocks
}

/// The statements of a peer that are waited for most.
fn statements(of: &PeerStatements) -> impl Iterator<Item = Phrase> {
    /// As many as are shown; the rest is for programs.
    const SHOWN: usize = 3;
    of.statements.iter().take(SHOWN).map(|row| {
        let turn = row
            .service_ms
            .map(|turn| format!(", of which the peer has it alone for {}", millis(turn)));
        Phrase::new(format!(
            "{} of the waiting for {} is in {}: {}, {} each{}.",
            percent(row.share_of_waiting),
            of.peer,
            row.statement,
            plural(row.count, "request"),
            millis(row.mean_ms),
            turn.unwrap_or_default()
        ))
    })
}

/// `CPU time of node, 0.84 of a CPU: 61% in handle (server.js:12), 9% in v8::internal::Scavenger.`
fn cpu_time(of: &CpuTime) -> Phrase {
    let peer = if of.is_peer { ", a local peer" } else { "" };
    let functions: Vec<String> = (of.functions.iter())
        .map(|one| format!("{} in {}", percent(one.share), one.function))
        .collect();
    let functions = match functions.as_slice() {
        [] => String::new(),
        some => format!(": {}", some.join(", ")),
    };
    Phrase::new(format!(
        "CPU time of {}{peer}, {} of a CPU{functions}.",
        of.program,
        figure(of.cpus)
    ))
}

/// Kind and name, the kind once.
fn resource_words(resource: &Resource) -> String {
    let (kind, name) = (resource.kind.as_str(), resource.name.trim());
    if name.starts_with(kind) {
        name.to_owned()
    } else {
        format!("{kind} {name}").trim().to_owned()
    }
}

fn coverage(report: &Report, limits: &Limits, details: bool) -> Vec<Phrase> {
    let coverage = &report.coverage;
    let lost = if coverage.lost == 0 {
        "none lost".to_owned()
    } else {
        format!("{} LOST", count(coverage.lost))
    };
    let mut line = format!(
        "Coverage: {}, {lost}; {} of worker time in no known state; holdup took {} of a CPU.",
        plural(coverage.events, "event"),
        percent(coverage.unknown_time_share),
        percent(coverage.self_cpu_share)
    );
    if coverage.conservation_error_ns != 0 {
        line.push_str(&format!(
            " Worker time is not conserved: {} ns.",
            coverage.conservation_error_ns
        ));
    }
    let mut points = vec![Phrase::new(line).tone(if coverage.lost == 0 {
        Tone::Faint
    } else {
        Tone::Warning
    })];
    if details {
        points.push(
            format!(
                "Unmatched wake-ups {}; difference to the kernel's own figures {}; exchanges on shared sockets {}; turns alike {}.",
                count(coverage.unmatched_wakeups),
                coverage
                    .kernel_difference
                    .map_or("not compared".to_owned(), percent),
                percent(coverage.multiplexed_share),
                percent(report.items.regularity)
            )
            .into(),
        );
    }
    if details || coverage.lost > 0 {
        points.extend(
            coverage
                .lost_by_cause
                .iter()
                .map(|(cause, number)| Phrase::new(format!("{cause}: {}", count(*number)))),
        );
    }
    points.extend(coverage.notes.iter().take(limits.notes).map(Phrase::new));
    if coverage.notes.len() > limits.notes {
        points.push(
            Phrase::new(format!(
                "{} more with --details.",
                plural((coverage.notes.len() - limits.notes) as u64, "note")
            ))
            .tone(Tone::Faint),
        );
    }
    points
}
