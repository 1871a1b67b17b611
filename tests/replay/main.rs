//! Recorded traces, reported on again: no rights, no kernel.

mod cases;
mod pages;
mod readme;
mod recordings;
mod spoilt;

use std::path::{Path, PathBuf};

use holdup::analyse::{Options, analyse};
use holdup::report::Report;
use holdup::trace::Reader;

/// The folder of the project.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .parent()
        .expect("the package is in the project")
        .to_owned()
}

/// What `holdup report` concludes from a trace.
fn report(trace: &Path) -> Report {
    report_of(trace, None)
}

/// The same where so many workers are told.
fn report_of(trace: &Path, workers: Option<u32>) -> Report {
    let options = Options {
        workers,
        ..Options::default()
    };
    let reader = Reader::open(trace).unwrap_or_else(|error| panic!("{}: {error}", trace.display()));
    let analysis = analyse(&reader, &options);
    analysis
        .unwrap_or_else(|error| panic!("{}: {error}", trace.display()))
        .report
}

/// The recordings of the demo, each with the report that was given live beside it.
fn traces() -> Vec<PathBuf> {
    let folder = root().join("tracer-user/demo");
    let entries = std::fs::read_dir(&folder).expect("the demo has recordings");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let mut traces: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "holdup"))
        .collect();
    traces.sort();
    assert!(
        !traces.is_empty(),
        "no recorded traces in {}",
        folder.display()
    );
    traces
}
