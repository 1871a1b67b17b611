//! Short recordings of the cases, each with its truth, to be replayed anywhere.
//!
//! In: a case and a seed. Out: a trace in the folder of recordings and its [`Expectation`] beside it. A recording whose report is not the
//! truth, or that is too large, is not kept, and the one that was there before stays.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::draw::Draw;
use crate::expectation::{Expectation, Recipe, ServerRecipe, Truth};
use crate::judge::{FACTOR_SHARE, RATE_SHARE};
use crate::observe;
use crate::plan::{Case, Plan, Program, Server};
use crate::run::{self, RunError, Sight};
use crate::scene::SceneError;
use crate::truth::{self, Rates};
use crate::workshop::Workshop;

/// Most that a trace may take, bytes.
pub const MOST_BYTES: u64 = 300_000;
/// Windows to try, ms: the next where the trace is too large.
const WINDOWS_MS: [u64; 3] = [4_000, 3_000, 2_000];

/// Why there is no new recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It could not be measured.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// It could not be recorded.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The report is not the truth.
    #[error("the report is not the truth: {}", .0.join("; "))]
    NotTheTruth(Vec<String>),
    /// The shortest window gives too much.
    #[error("{bytes} bytes in {window_ms} ms, more than {MOST_BYTES}: give the case fewer events")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// Its window.
        window_ms: u64,
    },
    /// A file could not be had.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Where recordings go, and by which holdup they are made.
#[derive(Clone, Debug)]
pub struct Studio {
    /// The binary that records.
    pub holdup: PathBuf,
    /// Rounds of untraced measuring.
    pub rounds: usize,
    /// Traces and expectations.
    pub folder: PathBuf,
}

/// A recording that was kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its size.
    pub bytes: u64,
    /// Its window.
    pub window_ms: u64,
    /// The verdict's sentence.
    pub sentence: String,
}

/// Records `case` with `seed` in place of an earlier recording of it.
///
/// # Errors
/// [`RecordingError`]; what was there before is as it was.
pub fn record(
    workshop: &mut Workshop,
    studio: &Studio,
    case: &Case,
    seed: u64,
) -> Result<Kept, RecordingError> {
    let plan = (case.plan)(&mut Draw::new(case.name, seed));
    let rates = truth::measure(workshop, &plan, studio.rounds)?;
    let mut too_large = None;
    for window_ms in WINDOWS_MS {
        let window = Duration::from_millis(window_ms);
        let sight = run::see(workshop, &studio.holdup, &plan, window)?;
        let row = run::row(case, seed, &plan, &rates, &sight);
        let truth = truth(case, &plan, &rates, &sight);
        let mut faults: Vec<String> = row.faults.into_iter().map(|fault| fault.text).collect();
        faults.extend(truth.faults(&sight.report));
        if !row.not_judged.is_empty() {
            faults.push(row.not_judged);
        }
        if !faults.is_empty() {
            return Err(RecordingError::NotTheTruth(faults));
        }
        let bytes = size(&sight.trace)?;
        if bytes > MOST_BYTES {
            too_large = Some(RecordingError::TooLarge { bytes, window_ms });
            continue;
        }
        let recipe = recipe(case, seed, &plan, &sight, window);
        replace(
            studio,
            case.name,
            &sight.trace,
            &Expectation { recipe, truth },
        )?;
        return Ok(Kept {
            bytes,
            window_ms,
            sentence: sight.report.verdict.sentence,
        });
    }
    Err(too_large.unwrap_or_else(|| io::Error::other("no window was tried").into()))
}

fn truth(case: &Case, plan: &Plan, rates: &Rates, sight: &Sight) -> Truth {
    let [low, high] = rates.spread();
    let rate = sight.span.rate();
    // An item more or less at the edge of the window.
    let apart = (RATE_SHARE * rate).max(1.0 / sight.span.length.seconds().max(1e-9));
    Truth {
        cause: case.cause,
        or: plan.or,
        culprit: sight.wanted.clone(),
        // Of two causes that cannot be told apart each has its own kind of culprit.
        culprit_kind: match plan.or {
            None => sight.wanted.kind(case.cause),
            Some(_) => None,
        },
        workers: u32::try_from(plan.workers).unwrap_or(u32::MAX),
        factor: [low * (1.0 - FACTOR_SHARE), high * (1.0 + FACTOR_SHARE)].map(rounded),
        rate: [rate - apart, rate + apart].map(rounded),
    }
}

/// To four places: no more is known of it.
fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

fn recipe(case: &Case, seed: u64, plan: &Plan, sight: &Sight, window: Duration) -> Recipe {
    let host = &sight.meta.host;
    let commit = &sight.meta.settings.commit;
    Recipe {
        command: format!("cargo xtask record-cases {} --seed {seed}", case.name),
        seed,
        commit: if commit.is_empty() {
            "unknown".to_owned()
        } else {
            commit.clone()
        },
        kernel: host.kernel.clone(),
        cpus: host.cpus,
        program: plan.program.file(),
        run: started(plan.program, "worker"),
        settings: plan.settings.clone().set("workers", plan.workers).map(),
        servers: plan.servers.iter().map(server).collect(),
        write_limit: plan.write_limit,
        read_limit: plan.read_limit,
        memory_limit: plan.memory_limit,
        holdup: format!(
            "holdup {} t.holdup",
            observe::arguments("PID", window).join(" ")
        ),
        told: plan
            .told
            .then(|| u32::try_from(plan.workers).unwrap_or(u32::MAX)),
    }
}

fn server(server: &Server) -> ServerRecipe {
    let role = server.role;
    let (program, name) = server.program();
    ServerRecipe {
        role: role.to_owned(),
        run: format!("{} {role}.settings", started(program, name)),
        settings: server.settings.map(),
    }
}

/// The command of a program that was put in place as `name`.
fn started(program: Program, name: &str) -> String {
    match program {
        Program::Rust(_) | Program::C(_) => format!("./{name}"),
        Program::Python(_) => format!("python3 -B {name}.py"),
        Program::Go(_) | Program::Built(_) => format!("./{name}"),
        Program::Node(_) => format!("node {name}.js"),
        Program::Java(_) => "java -XX:+UseSerialGC -Xmx64m -cp . Worker".to_owned(),
    }
}

/// Puts trace and expectation in the place of earlier ones; until the last step these are whole.
fn replace(studio: &Studio, name: &str, trace: &Path, new: &Expectation) -> io::Result<()> {
    fs::create_dir_all(&studio.folder)?;
    let place = studio.folder.join(format!("{name}.holdup"));
    let staged = studio.folder.join(format!("{name}.new.holdup"));
    run::keep(trace, &staged)?;
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::rename(&staged, &place)?;
    new.write(&place.with_extension("json"))
}

/// Bytes of all files below `folder`.
fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let facts = entry.metadata()?;
        bytes += if facts.is_dir() {
            size(&entry.path())?
        } else {
            facts.len()
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Settings;
    use crate::wanted::Wanted;

    #[test]
    fn a_recording_takes_the_place_of_an_earlier_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let studio = Studio {
            holdup: PathBuf::new(),
            rounds: 1,
            folder: folder.path().join("traces"),
        };
        let expectation = |seed| Expectation {
            recipe: Recipe {
                command: String::new(),
                seed,
                commit: String::new(),
                kernel: String::new(),
                cpus: 1,
                program: String::new(),
                run: String::new(),
                settings: Settings::default().map(),
                servers: Vec::new(),
                write_limit: None,
                read_limit: None,
                memory_limit: None,
                holdup: String::new(),
                told: None,
            },
            truth: Truth {
                cause: holdup::cause::Cause::None,
                or: None,
                culprit: Wanted::Any,
                culprit_kind: None,
                workers: 1,
                factor: [1.0, 1.0],
                rate: [1.0, 1.0],
            },
        };
        for (seed, file) in [(1, "old"), (2, "new")] {
            let trace = folder.path().join(file);
            fs::create_dir_all(trace.join("epoch")).expect("a folder");
            fs::write(trace.join("epoch").join(file), "four").expect("a file");
            assert_eq!(size(&trace).expect("its size"), 4);
            replace(&studio, "case", &trace, &expectation(seed)).expect("replaced");
        }
        let place = studio.folder.join("case.holdup");
        assert!(place.join("epoch/new").exists() && !place.join("epoch/old").exists());
        let beside = Expectation::read(&studio.folder.join("case.json")).expect("beside it");
        assert_eq!(beside.recipe.seed, 2);
        assert_eq!(fs::read_dir(&studio.folder).expect("a folder").count(), 2);
    }
}
