//! A case with a seed, from its plan to its row.

use std::path::{Path, PathBuf};
use std::time::Duration;

use holdup::demo::Span;
use holdup::report::Report;
use holdup::row::Meta;

use crate::draw::Draw;
use crate::judge::{self, Fault, Row};
use crate::observe::{self, ObserveError};
use crate::plan::{Case, Culprit, Plan};
use crate::processors::Ticks;
use crate::scene::{Scene, SceneError};
use crate::truth::{self, Rates};
use crate::wanted::Wanted;
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

/// Why a scene was not seen.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It does not run.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// There is no report of it.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// The truth of the window is not known.
    #[error("the trace's window is not that of the recording")]
    OtherWindow,
    /// A file could not be had.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl RunError {
    fn fault(&self) -> Fault {
        match self {
            Self::Scene(error) => scene_fault(error),
            _ => Fault::check(self.to_string()),
        }
    }
}

fn scene_fault(error: &SceneError) -> Fault {
    match error {
        SceneError::NoWork { .. } | SceneError::NoServer(_) => Fault::timing(error.to_string()),
        _ => Fault::check(error.to_string()),
    }
}

/// A scene that was recorded.
#[derive(Debug)]
pub struct Sight {
    /// The recording, in a folder that goes with it.
    pub trace: PathBuf,
    /// What the recording says of itself.
    pub meta: Meta,
    /// The report on it.
    pub report: Report,
    /// What was done in its window, by the workload's own clocks.
    pub span: Span,
    /// What must be named.
    pub wanted: Wanted,
    /// Share of the CPUs that other programs had meanwhile, holdup among them, 0 to 1.
    pub others: f64,
    _place: tempfile::TempDir,
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
        Err(error) => return Row::failed(case, seed, &plan, scene_fault(&error)),
    };
    if settings.untraced {
        return Row::not_run(case, seed, &plan, "only the truth was asked for".to_owned())
            .with_rates(&rates);
    }
    match trace(workshop, settings, case, seed, &plan, &rates) {
        Ok(row) => row,
        Err(error) => Row::failed(case, seed, &plan, error.fault()).with_rates(&rates),
    }
}

/// Runs it, and where a busy host can be the reason of all that falls short, once more; the row says so then.
#[must_use]
pub fn run_twice_at_most(
    workshop: &mut Workshop,
    settings: &Settings,
    case: &Case,
    seed: u64,
) -> Row {
    let first = run(workshop, settings, case, seed);
    if !first.is_only_timing() && first.not_judged.is_empty() {
        return first;
    }
    eprintln!(
        "{} (seed {seed}): a second run, because in the first:",
        case.name
    );
    let mut short = first.faults;
    if !first.not_judged.is_empty() {
        short.push(Fault::timing(first.not_judged));
    }
    for fault in &short {
        eprintln!("  {}", fault.text);
    }
    let second = run(workshop, settings, case, seed);
    Row {
        first_run: short,
        ..second
    }
}

fn trace(
    workshop: &mut Workshop,
    settings: &Settings,
    case: &Case,
    seed: u64,
    plan: &Plan,
    rates: &Rates,
) -> Result<Row, RunError> {
    let window = Duration::from_millis((6 * plan.together_ms).clamp(6_000, 10_000));
    let sight = see(workshop, &settings.holdup, plan, window)?;
    if let Some(folder) = &settings.keep {
        let trace = folder.join(format!("{}-{seed}.holdup", case.name));
        keep(&sight.trace, &trace)?;
        std::fs::write(
            trace.join("truth.json"),
            serde_json::to_vec(&sight.span).map_err(std::io::Error::from)?,
        )?;
    }
    Ok(row(case, seed, plan, rates, &sight))
}

/// Report against truth.
#[must_use]
pub fn row(case: &Case, seed: u64, plan: &Plan, rates: &Rates, sight: &Sight) -> Row {
    let (seen, paused) = (sight.meta.window().seconds(), sight.meta.paused.seconds());
    let row = Row {
        watched: seen / (seen + paused).max(1e-9),
        ..judge::compare(
            case,
            seed,
            plan,
            rates,
            &sight.span,
            &sight.report,
            &sight.wanted,
        )
    };
    row.beside(sight.others)
}

/// Runs all workers of `plan`, records them for `window` under a name that says nothing, and reads the report.
///
/// # Errors
/// [`RunError`].
pub fn see(
    workshop: &mut Workshop,
    holdup: &Path,
    plan: &Plan,
    window: Duration,
) -> Result<Sight, RunError> {
    let scene = Scene::start(workshop, plan, plan.workers)?;
    let place = tempfile::tempdir()?;
    let trace = place.path().join("t.holdup");
    let groups = scene.groups();
    let before = Ticks::now(&groups);
    let (outcome, record) = scene.watch(|| observe::record(holdup, scene.pid(), window, &trace));
    outcome?;
    let others = Ticks::now(&groups).others_since(&before);
    let wanted = wanted(plan.culprit, &scene);
    drop(scene);
    let (meta, report) = observe::report(holdup, &trace, plan.told.then_some(plan.workers))?;
    let (Some(opened), Some(closed)) = (record.at(meta.opened), record.at(meta.closed)) else {
        return Err(RunError::OtherWindow);
    };
    Ok(Sight {
        trace,
        meta,
        report,
        span: closed.since(&opened),
        wanted,
        others,
        _place: place,
    })
}

/// The culprit as it is called in this run.
fn wanted(culprit: Culprit, scene: &Scene) -> Wanted {
    match culprit {
        Culprit::Any => Wanted::Any,
        Culprit::CallSite(function) => Wanted::CallSite(function.to_owned()),
        Culprit::File(part) => Wanted::File(part.to_owned()),
        Culprit::Server(role) => Wanted::Server(scene.address(role).unwrap_or_default().to_owned()),
        Culprit::Process(name) => Wanted::Process(name.to_owned()),
        Culprit::Kind(kind) => Wanted::Kind(kind.to_owned()),
        Culprit::Runs(function) => Wanted::Runs(function.to_owned()),
        Culprit::RunsInlined { function, into } => Wanted::RunsInlined {
            function: function.to_owned(),
            into: into.to_owned(),
        },
    }
}

/// Copies a trace, in place of an earlier one.
///
/// # Errors
/// A file cannot be read or written.
pub fn keep(from: &Path, to: &Path) -> std::io::Result<()> {
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
