//! `cargo xtask test`: everything that must hold before a change is good, in one table.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::host::{self, Rights};
use crate::step::{Done, Steps};
use crate::{ebpf, process, project, tidy};

/// Set to `1`: a live test that could not run is a failure.
const REQUIRE_LIVE: &str = "HOLDUP_REQUIRE_LIVE";

/// The integration test that needs a kernel and rights; all others run anywhere.
const LIVE: &str = "live";

/// Runs all steps, then prints the table.
///
/// # Errors
/// When a step failed; its name is in the message.
pub fn run() -> anyhow::Result<()> {
    let mut steps = Steps::default();
    steps.run("formatting", || {
        cargo(&["fmt", "--all", "--check"])?;
        // The kernel side is no member of the workspace.
        cargo(&[
            "fmt",
            "--manifest-path",
            "tracer-ebpf/Cargo.toml",
            "--check",
        ])
    });
    steps.run("tidy", || tidy::run().map(|()| Done::Passed));
    steps.run("lints", || {
        cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ])
    });
    steps.run("documentation", documentation);
    steps.run("eBPF object", || ebpf::run(true).map(|()| Done::Passed));
    steps.run("unit and replay tests", unit_and_replay);
    steps.run("live tests", live);
    steps.finish()
}

fn cargo(arguments: &[&str]) -> anyhow::Result<Done> {
    process::run(
        Command::new(project::cargo())
            .current_dir(project::root())
            .args(arguments),
    )?;
    Ok(Done::Passed)
}

/// A link in a comment that leads nowhere is an error too.
fn documentation() -> anyhow::Result<Done> {
    let mut command = Command::new(project::cargo());
    command
        .current_dir(project::root())
        .env("RUSTDOCFLAGS", "-D warnings");
    process::run(command.args(["doc", "--workspace", "--no-deps"]))?;
    Ok(Done::Passed)
}

fn unit_and_replay() -> anyhow::Result<Done> {
    let tests = integration_tests()?;
    let mut arguments = vec!["test", "--workspace", "--no-fail-fast", "--lib", "--bins"];
    for name in tests.iter().filter(|name| *name != LIVE) {
        arguments.extend(["--test", name]);
    }
    cargo(&arguments)
}

fn live() -> anyhow::Result<Done> {
    let required = std::env::var_os(REQUIRE_LIVE).is_some_and(|value| value == "1");
    if !integration_tests()?.iter().any(|name| name == LIVE) {
        bail!("there is no integration test called `{LIVE}`");
    }
    let rights = match host::live() {
        Ok(rights) => rights,
        Err(why) => return cannot(required, why),
    };
    // The tests run the binary as a user does.
    cargo(&["build", "--workspace", "--bins"])?;
    let mut command = Command::new(project::cargo());
    command.current_dir(project::root());
    if rights == Rights::Sudo {
        command.env(format!("CARGO_TARGET_{}_RUNNER", triple()?), "sudo -n -E");
    }
    // One at a time: each test times what it watches.
    command.args([
        "test",
        "--workspace",
        "--test",
        LIVE,
        "--",
        "--test-threads",
        "1",
    ]);
    process::run(&mut command)?;
    Ok(Done::Passed)
}

fn cannot(required: bool, why: String) -> anyhow::Result<Done> {
    if required {
        bail!("{why}, and {REQUIRE_LIVE}=1");
    }
    Ok(Done::Skipped(why))
}

/// The host's target triple as cargo's environment variables spell it.
fn triple() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = process::output(Command::new(rustc).arg("-vV"))?;
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("`rustc -vV` names no host")?;
    Ok(host.to_uppercase().replace('-', "_"))
}

/// Names of the integration tests of all packages.
fn integration_tests() -> anyhow::Result<Vec<String>> {
    let metadata = process::output(
        Command::new(project::cargo())
            .current_dir(project::root())
            .args([
                "metadata",
                "--no-deps",
                "--format-version",
                "1",
                "--manifest-path",
            ])
            .arg(Path::new(&project::root()).join("Cargo.toml")),
    )?;
    let metadata: Value =
        serde_json::from_str(&metadata).context("`cargo metadata` gave no JSON")?;
    Ok(test_targets(&metadata))
}

fn test_targets(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages.flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let tests = targets.filter(|target| {
        target["kind"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "test"))
    });
    let mut names: Vec<String> = tests
        .filter_map(|target| target["name"].as_str())
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integration_tests_are_found_by_kind() {
        let metadata = serde_json::json!({"packages": [
            {"targets": [{"kind": ["lib"], "name": "zoo"}, {"kind": ["test"], "name": "replay"}]},
            {"targets": [{"kind": ["bin"], "name": "holdup"}, {"kind": ["test"], "name": "live"}]},
        ]});
        assert_eq!(test_targets(&metadata), ["live", "replay"]);
    }

    #[test]
    fn a_live_test_that_cannot_run_fails_only_where_it_is_required() {
        assert!(
            matches!(cannot(false, "no kernel".to_owned()), Ok(Done::Skipped(why)) if why == "no kernel")
        );
        assert!(cannot(true, "no kernel".to_owned()).is_err());
    }
}
