//! A built-in workload, diagnosed live where the host allows it, else from its recording.

use std::path::PathBuf;

use clap::ValueEnum;

use super::args::{Demo, FormatName, Output, Work};
use super::exit::{Exit, Failure, OrExit};
use super::{finish, output};
use crate::analyse::Options;
use crate::demo::Scenario;
use crate::number::{millis, rate};
use crate::report::{Report, folded};

/// Runs a scenario, or replays it.
pub fn demo(demo: &Demo) -> Result<Exit, Failure> {
    if let Some(file) = &demo.output.output {
        output::check(file).or_exit(Exit::BadInput)?;
    }
    match obstacle().or_else(|| missing(demo.scenario)) {
        None => live(demo),
        Some(why) => replay(demo, &why),
    }
}

/// What this scenario needs and this host does not have.
fn missing(scenario: Scenario) -> Option<String> {
    let program = scenario.needs()?;
    let path = std::env::var_os("PATH")?;
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    (!is_there).then(|| format!("{program} is not installed"))
}

/// What forbids live capture here.
#[cfg(target_os = "linux")]
fn obstacle() -> Option<String> {
    use crate::capture::host;
    host::allow(&host::examine())
        .err()
        .map(|error| error.to_string())
}

#[cfg(not(target_os = "linux"))]
fn obstacle() -> Option<String> {
    Some("live capture needs Linux".to_owned())
}

#[cfg(target_os = "linux")]
fn live(wanted: &Demo) -> Result<Exit, Failure> {
    use super::args::Capture;
    use super::live;
    use crate::capture::TargetSpec;
    use crate::demo::{self, Span};
    use crate::row::Nanos;

    let running = demo::spawn(wanted.scenario, wanted.fixed).or_exit(Exit::Host)?;
    say(
        &format!(
            "demo {}, live: {} (pid {})",
            name(wanted.scenario),
            wanted.scenario.describe(wanted.fixed),
            running.pid()
        ),
        &wanted.output,
    )?;
    for note in running.notes() {
        say(&format!("note: {note}"), &wanted.output)?;
    }
    let settings = live::settings(
        vec![TargetSpec::Pid(running.pid())],
        vec!["--pid".to_owned(), running.pid().to_string()],
        wanted.window.duration,
        &Capture::default(),
    );
    let keep = wanted.keep.keep.as_deref();
    let options = finish::options(&Work::default(), &wanted.output);
    let (watched, clocks) = running.record(|| live::watch(settings, &options, keep));
    drop(running);
    let live::Watched { analysis, window } = watched?;
    // Of the same window as the report: the first items, which found no queue yet, are in neither.
    let [opened, closed] = window.map(|instant| clocks.at(instant));
    let truth = match (opened, closed) {
        (Some(opened), Some(closed)) => closed.since(&opened),
        _ => Span::default(),
    };
    say("", &wanted.output)?;
    let exit = finish::write(&analysis, &wanted.output)?;
    if truth.items > 0 && truth.length > Nanos::ZERO {
        use crate::work::StageName::{Fetch, Transform, Write};
        say("", &wanted.output)?;
        say(
            &format!(
                "The workload's own clocks, which the analysis never sees: {}; fetch {}, transform {}, write {} an item.",
                rate(truth.rate()),
                millis(truth.mean_ms(Fetch)),
                millis(truth.mean_ms(Transform)),
                millis(truth.mean_ms(Write))
            ),
            &wanted.output,
        )?;
    }
    compare(wanted, &analysis.report)?;
    Ok(exit)
}

#[cfg(not(target_os = "linux"))]
fn live(wanted: &Demo) -> Result<Exit, Failure> {
    replay(wanted, "live capture needs Linux")
}

/// Reports on the recording of the same scenario.
fn replay(wanted: &Demo, why: &str) -> Result<Exit, Failure> {
    let trace = recording(wanted.scenario, wanted.fixed);
    if !trace.is_dir() {
        return Err(anyhow::anyhow!(
            "{why}\nthe recording to show instead is not at {}",
            trace.display()
        ))
        .or_exit(Exit::Host);
    }
    let reason = why.lines().next().unwrap_or(why);
    say(
        &format!(
            "demo {}, from a recording, because it cannot run live here ({reason}): {}",
            name(wanted.scenario),
            wanted.scenario.describe(wanted.fixed)
        ),
        &wanted.output,
    )?;
    say("", &wanted.output)?;
    let options = finish::options(&Work::default(), &wanted.output);
    let analysis = finish::read(&trace, &options)?;
    let exit = finish::write(&analysis, &wanted.output)?;
    compare(wanted, &analysis.report)?;
    Ok(exit)
}

/// With the fix in: what the recording without it says, beside what came of it.
fn compare(wanted: &Demo, fixed: &Report) -> Result<(), Failure> {
    let before = recording(wanted.scenario, false);
    if !wanted.fixed || !before.is_dir() {
        return Ok(());
    }
    let before = finish::read(&before, &Options::default())?.report;
    say("", &wanted.output)?;
    say(
        &format!(
            "Without the fix, as recorded: {}. With it: {}.",
            rate(before.items.rate_per_s),
            rate(fixed.items.rate_per_s)
        ),
        &wanted.output,
    )
}

/// Where the recording of a scenario lies in the project.
fn recording(scenario: Scenario, fixed: bool) -> PathBuf {
    let end = if fixed { "-fixed" } else { "" };
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("demo")
        .join(format!("{}{end}.holdup", name(scenario)))
}

fn name(scenario: Scenario) -> String {
    scenario
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

/// A line for the reader: beside the report where that is text on standard output, else out of its way.
fn say(line: &str, wanted: &Output) -> Result<(), Failure> {
    if wanted.format == FormatName::Text && wanted.output.is_none() {
        let width = output::look(false, false).width;
        output::put(folded(line, width).as_bytes(), None).or_exit(Exit::BadInput)
    } else {
        eprintln!("{line}");
        Ok(())
    }
}
