//! Baseline, profile and scaling.

use super::super::page::{Block, Phrase, Tone};
use super::super::{Carriers, Recorded, Report, Stage, WorkerPlace, names};
use super::{or_unknown, plural};
use crate::number::{count, figure, millis, percent, range, rate, seconds};

/// Most of a command line that one screen shows, characters.
const COMMAND_LENGTH: usize = 60;
/// Most places of tasks that one screen shows.
const PLACES: usize = 5;

pub(super) fn baseline(report: &Report, details: bool) -> Vec<Block> {
    let (items, target) = (&report.items, &report.target);
    let mut fields = vec![
        (
            "Rate",
            Phrase::new(format!(
                "{} ({} items in {})",
                rate(items.rate_per_s),
                count(items.count),
                seconds(report.window_s)
            ))
            .tone(Tone::Strong),
        ),
        ("Workers", Phrase::new(worker_words(report))),
        (
            "Total",
            Phrase::new(match (items.total, items.done) {
                (Some(total), Some(done)) => {
                    format!("{} items, {} done before", count(total), count(done))
                }
                (Some(total), None) => format!("{} items", count(total)),
                (None, _) => "not given (--total-items)".to_owned(),
            }),
        ),
        (
            "ETA",
            Phrase::new(match items.eta_s {
                Some(eta) => seconds(eta),
                None if items.total.is_some() => "unknown at this rate".to_owned(),
                None => "needs the total".to_owned(),
            }),
        ),
        (
            "Checkpoint",
            Phrase::new(match &report.checkpoint {
                Some(file) => format!(
                    "{}: {} writes, {} each",
                    file.path,
                    count(file.writes),
                    millis(file.mean_ms)
                ),
                None => "not given (--checkpoint)".to_owned(),
            }),
        ),
    ];
    if !items.unit.is_empty() {
        fields.push(("Item", Phrase::new(&items.unit)));
    }
    let pids = match target.pids.as_slice() {
        [] => String::new(),
        [one] => format!(" (pid {one})"),
        [first, rest @ ..] => format!(" (pid {first} and {} more)", rest.len()),
    };
    let language = names::language(&target.language);
    let language = if language.is_empty() {
        String::new()
    } else {
        format!(", {language}")
    };
    let command = if target.command.is_empty() {
        "unknown".to_owned()
    } else if details {
        target.command.clone()
    } else {
        shortened(&target.command)
    };
    fields.push(("Target", Phrase::new(format!("{command}{pids}{language}"))));
    if details {
        fields.push((
            "Host",
            Phrase::new(format!(
                "{}, kernel {}, {}",
                or_unknown(&target.host),
                or_unknown(&target.kernel),
                plural(u64::from(target.cpus), "CPU")
            )),
        ));
        if let Some(carriers) = &report.workers.carriers {
            fields.push(("Carried by", Phrase::new(carrier_words(carriers))));
        }
        for place in report.workers.places.iter().take(PLACES) {
            fields.push(("Tasks", Phrase::new(place_words(place))));
        }
        if let Some(recorded) = &report.recorded {
            fields.push(("Recorded", Phrase::new(recorded_words(recorded))));
        }
    }
    vec![Block::Fields(fields)]
}

/// `1 thread: computes 2%, idle 98%`.
fn carrier_words(carriers: &Carriers) -> String {
    let Carriers {
        threads,
        computing,
        queued,
        in_calls,
        ..
    } = *carriers;
    let idle = (1.0 - computing - queued - in_calls).max(0.0);
    let parts = [
        ("computes", computing),
        ("no CPU", queued),
        ("in calls", in_calls),
        ("idle", idle),
    ];
    let told = parts.iter().filter(|(_, share)| *share >= 0.005);
    let told: Vec<String> = told
        .map(|(what, share)| format!("{what} {:.0}%", 100.0 * share))
        .collect();
    format!("{}: {}", plural(threads.into(), "thread"), told.join(", "))
}

/// `25.9 on average, lock: sync.(*Mutex) in main.flush (main.go:12)`.
fn place_words(place: &WorkerPlace) -> String {
    let at = match place.place.as_str() {
        "" => String::new(),
        at => format!(": {at}"),
    };
    format!("{:.1} on average, {}{at}", place.tasks, place.doing)
}

/// The beginning of a long command line.
fn shortened(command: &str) -> String {
    match command.char_indices().nth(COMMAND_LENGTH) {
        Some((end, _)) => format!("{} ...", command[..end].trim_end()),
        None => command.to_owned(),
    }
}

/// Version, commit and command.
fn recorded_words(recorded: &Recorded) -> String {
    let mut text = format!("by holdup {}", or_unknown(&recorded.holdup));
    if !recorded.commit.is_empty() {
        text.push_str(&format!(" ({})", recorded.commit));
    }
    if !recorded.command.is_empty() {
        text.push_str(&format!(": {}", recorded.command));
    }
    text
}

fn worker_words(report: &Report) -> String {
    let workers = &report.workers;
    let unit = if workers.unit.is_empty() {
        "worker"
    } else {
        &workers.unit
    };
    let mut text = match unit {
        "worker" if workers.threads > 0 => format!(
            "{}: {} and {}",
            count(workers.count.into()),
            plural(
                workers.count.saturating_sub(workers.threads).into(),
                match report.target.language.as_str() {
                    "go" => "goroutine",
                    _ => "async task",
                }
            ),
            plural(workers.threads.into(), "thread")
        ),
        "process" if workers.count != 1 => format!("{} processes", count(workers.count.into())),
        "task" if report.target.language == "go" => plural(workers.count.into(), "goroutine"),
        "task" => plural(workers.count.into(), "async task"),
        _ => plural(workers.count.into(), unit),
    };
    if let Some(carriers) = &workers.carriers {
        let processes = u64::from(carriers.processes);
        let processes = if processes == 1 {
            "1 process".to_owned()
        } else {
            format!("{processes} processes")
        };
        text.push_str(&format!(" in {processes}"));
    }
    if workers.unseen > 0 {
        let by = if workers.places.is_empty() {
            "by your count"
        } else {
            "shown by its runtime"
        };
        text.push_str(&format!(", {} of them {by} alone", workers.unseen));
    }
    if workers.helpers > 0 {
        text.push_str(&format!(
            ", {} apart",
            plural(workers.helpers.into(), "helper")
        ));
    }
    text
}

pub(super) fn profile(report: &Report) -> Vec<Block> {
    if report.stages.is_empty() {
        return vec![Block::Prose("No item was completed in the window.".into())];
    }
    let mut rows: Vec<Vec<Phrase>> = report
        .stages
        .iter()
        .map(|stage| {
            let mean = if stage.plus_minus_ms > 0.0 && millis(stage.plus_minus_ms) != "0 ms" {
                format!(
                    "{} +-{}",
                    millis(stage.mean_ms),
                    millis(stage.plus_minus_ms)
                )
            } else {
                millis(stage.mean_ms)
            };
            vec![
                names::stage(stage.stage).into(),
                mean.into(),
                percent(stage.share).into(),
                millis(stage.service_ms).into(),
                millis(stage.queue_ms).into(),
            ]
        })
        .collect();
    let sum = |part: fn(&Stage) -> f64| report.stages.iter().map(part).sum::<f64>();
    rows.push(
        [
            "Total".to_owned(),
            millis(report.item_mean_ms),
            percent(sum(|stage| stage.share)),
            millis(sum(|stage| stage.service_ms)),
            millis(sum(|stage| stage.queue_ms)),
        ]
        .into_iter()
        .map(|cell| Phrase::new(cell).tone(Tone::Strong))
        .collect(),
    );
    vec![Block::Table {
        head: vec![
            "Step",
            "Avg Time",
            "% of Total",
            "Service",
            "Waiting for others",
        ],
        rows,
        numbers: true,
    }]
}

pub(super) fn parallel(report: &Report, details: bool) -> Vec<Block> {
    if report.items.count == 0 {
        return vec![Block::Prose(
            "No item was completed in the window: there is no rate to compare.".into(),
        )];
    }
    let parallel = &report.parallelism;
    let workers = match report.workers.count {
        1 => "1 worker".to_owned(),
        several => format!("{} workers", count(several.into())),
    };
    let (severity, tone) = names::severity(report.verdict.severity);
    let factor = Phrase::new(format!(
        "SF {} ({}), {severity}",
        figure(parallel.serialization_factor),
        range(parallel.interval, figure)
    ));
    let source = names::rate_source(parallel.single_rate_source);
    let rows: Vec<Vec<Phrase>> = vec![
        vec![
            "Single worker".into(),
            rate(parallel.single_rate_per_s).into(),
            source.into(),
        ],
        vec![
            format!("{workers}, theoretical").into(),
            rate(parallel.theoretical_rate_per_s).into(),
            "if none waited for another".into(),
        ],
        vec![
            Phrase::new(format!("{workers}, actual")).tone(Tone::Strong),
            Phrase::new(rate(parallel.actual_rate_per_s)).tone(Tone::Strong),
            factor.tone(tone),
        ],
    ];
    let mut blocks = vec![Block::Table {
        head: vec!["", "Rate", ""],
        rows,
        numbers: false,
    }];
    if details {
        blocks.push(Block::Prose(Phrase::new(format!(
            "Effective workers {}; Karp-Flatt {}; {} of worker time is proved waiting for other workers.",
            figure(parallel.effective_workers),
            figure(parallel.karp_flatt),
            percent(parallel.proved)
        ))));
    }
    blocks
}
