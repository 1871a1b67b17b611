//! A case with a seed, from its plan to its row.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::draw::Draw;
use crate::judge::{self, Row};
use crate::observe::{self, ObserveError};
use crate::plan::{Case, Culprit, Plan};
use crate::scene::{Scene, SceneError};
use crate::truth;
use crate::workshop::Workshop;

/// How to run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The binary under test.
    pub holdup: PathBuf,
    /// Rounds of untraced measuring.
    pub rounds: usize,
    /// Nothing is traced: the truth alone.
    pub untraced: bool,
    /// Traces are kept here.
    pub keep: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Scene(#[from] SceneError),
    #[error(transparent)]
    Observe(#[from] ObserveError),
    #[error("the trace's window is not that of the recording")]
    OtherWindow,
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Runs `case` with `seed`.
#[must_use]
pub fn run(workshop: &mut Workshop, settings: &Settings, case: &Case, seed: u64) -> Row {
    let plan = (case.plan)(&mut Draw::new(case.name, seed));
    let rates = match truth::measure(workshop, &plan, settings.rounds) {
        Ok(rates) => rates,
        Err(error) if error.is_missing() => {
            return Row::not_run(case, seed, &plan, error.to_string());
        }
        Err(error) => return Row::failed(case, seed, &plan, error.to_string()),
    };
    if settings.untraced {
        return Row::not_run(case, seed, &plan, "only the truth was asked for".to_owned())
            .with_rates(&rates);
    }
    match trace(workshop, settings, case, seed, &plan, &rates) {
        Ok(row) => row,
        Err(error) => Row::failed(case, seed, &plan, error.to_string()).with_rates(&rates),
    }
}

fn trace(
    workshop: &mut Workshop,
    settings: &Settings,
    case: &Case,
    seed: u64,
    plan: &Plan,
    rates: &truth::Rates,
) -> Result<Row, RunError> {
    let window = Duration::from_millis((6 * plan.together_ms).clamp(6_000, 10_000));
    let scene = Scene::start(workshop, plan, plan.workers)?;
    let place = tempfile::tempdir()?;
    let folder = settings.keep.as_deref().unwrap_or(place.path());
    let trace = folder.join(format!("{}-{seed}.holdup", case.name));
    // Recorded under a name that says nothing.
    let neutral = place.path().join("t.holdup");
    let (outcome, record) =
        scene.watch(|| observe::record(&settings.holdup, scene.pid(), window, &neutral));
    outcome?;
    let address = match plan.culprit {
        Culprit::Server(role) => scene.address(role).map(str::to_owned),
        _ => None,
    };
    drop(scene);
    let (meta, report) = observe::report(&settings.holdup, &neutral)?;
    let (Some(opened), Some(closed)) = (record.at(meta.opened), record.at(meta.closed)) else {
        return Err(RunError::OtherWindow);
    };
    let span = closed.since(&opened);
    if settings.keep.is_some() {
        keep(&neutral, &trace)?;
        std::fs::write(
            trace.join("truth.json"),
            serde_json::to_vec(&span).map_err(std::io::Error::from)?,
        )?;
    }
    Ok(judge::compare(
        case,
        seed,
        plan,
        rates,
        &span,
        &report,
        address.as_deref(),
    ))
}

/// Copies a trace, in place of an earlier one.
fn keep(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            keep(&entry.path(), &place)?;
        } else {
            std::fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}
