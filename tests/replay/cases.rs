//! Recorded workloads whose truth is known: the same report each time, and the true one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use holdup::report::{Format as _, Json, Look};
use zoo::expectation::Expectation;

const FOLDER: &str = "tests/traces";

/// The trace and the expectation of each case, without their endings.
pub fn stems() -> BTreeSet<PathBuf> {
    let folder = super::root().join(FOLDER);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let stems: BTreeSet<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| {
            let ending = path.extension().unwrap_or_default();
            assert!(
                ending == "holdup" || ending == "json",
                "{} is neither a trace nor what is expected of one",
                path.display()
            );
            path.with_extension("")
        })
        .collect();
    assert!(
        !stems.is_empty(),
        "no recorded cases in {}: make them with `cargo xtask record-cases`",
        folder.display()
    );
    stems
}

#[test]
fn every_trace_has_an_expectation_and_every_expectation_a_trace() {
    for stem in stems() {
        for (ending, what) in [("holdup", "trace"), ("json", "expectation")] {
            assert!(
                stem.with_extension(ending).exists(),
                "{} has no {what}: `cargo xtask record-cases {}` makes both",
                stem.display(),
                stem.file_name().unwrap_or_default().to_string_lossy()
            );
        }
    }
}

#[test]
fn every_trace_is_reported_as_its_truth_says_each_time() {
    let mut faults = Vec::new();
    for stem in stems() {
        let file = stem.with_extension("json");
        let expectation = match Expectation::read(&file) {
            Ok(expectation) => expectation,
            Err(error) => {
                faults.push(error.to_string());
                continue;
            }
        };
        let [first, second] = [(); 2]
            .map(|()| super::report_of(&stem.with_extension("holdup"), expectation.recipe.told));
        let [once, twice] = [&first, &second].map(|report| Json.print(report, &Look::default()));
        assert!(
            once == twice,
            "{}: two replays of one trace differ",
            stem.display()
        );
        let differs = expectation.truth.faults(&first);
        faults.extend(
            differs
                .into_iter()
                .map(|fault| format!("{}: {fault}", file.display())),
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
