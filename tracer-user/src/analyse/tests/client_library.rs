//! What a client library parses and makes is told from what the program computes between a reply and the next request.
//!
//! ```text
//! read | parses | digest | makes | send      (after the fetch)
//! read | parses | makes | send               (after the write)
//! ```

use super::carried::{by_one_thread, report};
use super::sampled::sample;
use crate::report::Stage;
use crate::script;
use crate::work::StageName;

const OWN: &[&str] = &["node::crypto::Hash::Update", "digest /srv/app.js 12"];
const PARSES: &[&str] = &["parserOnBody node:_http_common 140"];
const MAKES: &[&str] = &[
    "request /srv/node_modules/undici/index.js 80",
    "ask /srv/app.js 40",
];

/// The stage of tasks that compute so many us after the fetch and after the write, found so often at these stacks.
fn transform(computes: (u64, u64), stacks: &[(u64, &[&str])]) -> Stage {
    let (fetched, written) = computes;
    let text = format!(
        "cpus 1\n4 workers: fetch A 400ms+-100ms; compute {fetched}us; write B 200ms+-60ms; compute {written}us"
    );
    let mut source = by_one_thread(&script::workload(&text));
    sample(&mut source, stacks);
    let report = report(&source);
    let total: f64 = report.stages.iter().map(|stage| stage.mean_ms).sum();
    assert!((total / report.item_mean_ms - 1.0).abs() < 1e-6);
    let mut stages = report.stages.into_iter();
    let found = stages.find(|stage| stage.stage == StageName::Transform);
    found.expect("a stage")
}

/// Transform of so many ms an item; what went to its neighbours by an estimate may be its own.
fn check(computes: (u64, u64), stacks: &[(u64, &[&str])], mean_ms: f64) {
    let found = transform(computes, stacks);
    #[expect(clippy::cast_precision_loss, reason = "some microseconds")]
    let moved = computes.0 as f64 / 1e3 - mean_ms;
    assert!(
        (found.mean_ms - mean_ms).abs() < 0.05 + 0.04 * mean_ms
            && found.plus_minus_ms > moved - 0.05,
        "{found:#?}"
    );
}

#[test]
fn what_a_library_does_in_each_turn_is_no_transform() {
    check((500, 300), &[(40, PARSES), (40, MAKES), (20, OWN)], 0.2);
}

#[test]
fn a_library_that_is_called_to_compute_does_so_in_one_turn() {
    check((5000, 300), &[(100, PARSES)], 4.7);
}

#[test]
fn a_program_that_computes_in_each_turn_computes_itself() {
    check((500, 500), &[(4, PARSES), (96, OWN)], 0.48);
}

#[test]
fn without_samples_of_scripts_all_is_the_program_s() {
    check((500, 300), &[], 0.5);
    check((500, 300), &[(3, PARSES)], 0.5);
    check((500, 300), &[(90, &["Scavenger::Process"])], 0.5);
}
