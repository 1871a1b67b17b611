//! What is tried on the second kernel, and what its answer must be.

use std::time::Duration;

use serde_json::Value;

use super::guest::PROGRAMS;

/// One program run in the guest.
pub struct Step {
    /// How it is called in messages; no spaces.
    pub name: &'static str,
    /// The command line, for a plain shell; what it prints is the answer.
    pub command: String,
    /// It is ended after this time.
    pub limit: Duration,
    /// What is wrong with the answer.
    pub check: fn(&str) -> Result<(), String>,
}

/// All steps in their order.
pub fn all() -> Vec<Step> {
    let seconds = Duration::from_secs;
    vec![
        Step {
            name: "kernel",
            command: "uname -r".to_owned(),
            limit: seconds(10),
            check: second_kernel,
        },
        Step {
            name: "verifier",
            command: format!("{PROGRAMS}/verify"),
            limit: seconds(90),
            check: every_program,
        },
        // Emulated, watching costs some thirty times as much: the budget leaves a second of every ten, in windows.
        Step {
            name: "diagnosis",
            command: format!("{PROGRAMS}/holdup demo lock --duration 30s --format json"),
            limit: seconds(180),
            check: lock_is_named,
        },
    ]
}

fn second_kernel(answer: &str) -> Result<(), String> {
    match answer.trim().starts_with("6.1.") {
        true => Ok(()),
        false => Err(format!(
            "the guest's kernel is {:?}, not 6.1",
            answer.trim()
        )),
    }
}

/// What this kernel has only in a module, which the guest does not load.
const IN_MODULES: &[&str] = &["jbd2_start_commit", "jbd2_end_commit"];
/// The least there must be, so that an empty list is no success.
const LEAST: usize = 8;

/// `verify` prints `taken NAME`, `absent NAME` or `refused NAME` for each program.
fn every_program(answer: &str) -> Result<(), String> {
    let lines = || answer.lines().filter_map(|line| line.split_once(' '));
    if let Some((word, name)) = lines()
        .find(|(word, name)| *word != "taken" && !(*word == "absent" && IN_MODULES.contains(name)))
    {
        return Err(format!("the program {name} is {word}"));
    }
    match lines().filter(|(word, _)| *word == "taken").count() {
        taken if taken >= LEAST => Ok(()),
        taken => Err(format!("only {taken} programs were taken")),
    }
}

/// The report on the demo in which 16 threads write under one mutex.
fn lock_is_named(answer: &str) -> Result<(), String> {
    let report: Value =
        serde_json::from_str(answer).map_err(|error| format!("the report is no JSON: {error}"))?;
    let wanted = [
        ("/verdict/cause", Value::from("user-lock")),
        ("/verdict/stage", Value::from("write")),
        ("/workers/count", Value::from(16)),
        ("/coverage/lost", Value::from(0)),
        ("/coverage/conservation_error_ns", Value::from(0)),
    ];
    for (place, value) in wanted {
        match report.pointer(place) {
            Some(found) if *found == value => {}
            found => {
                return Err(format!(
                    "{place} is {}, not {value}",
                    found.unwrap_or(&Value::Null)
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_must_be_another_one() {
        assert!(second_kernel("6.1.0-56-cloud-amd64\n").is_ok());
        assert!(second_kernel("6.18.44\n").is_err());
        assert!(second_kernel("").is_err());
    }

    #[test]
    fn every_program_must_be_taken() {
        let taken = "taken sched_switch\n".repeat(LEAST);
        assert!(every_program(&taken).is_ok());
        assert!(every_program(&format!("{taken}absent jbd2_end_commit\n")).is_ok());
        assert_eq!(
            every_program(&format!("{taken}absent sys_exit\n")),
            Err("the program sys_exit is absent".to_owned())
        );
        assert_eq!(
            every_program(&format!("{taken}refused x\n")),
            Err("the program x is refused".to_owned())
        );
        assert_eq!(
            every_program("taken x\n"),
            Err("only 1 programs were taken".to_owned())
        );
    }

    #[test]
    fn the_verdict_must_be_the_right_one() {
        let right = r#"{"verdict": {"cause": "user-lock", "stage": "write"}, "workers": {"count": 16},
            "coverage": {"lost": 0, "conservation_error_ns": 0}}"#;
        assert_eq!(lock_is_named(right), Ok(()));
        let fault = |wrong: &str| lock_is_named(wrong).expect_err("must be refused");
        assert_eq!(
            fault(&right.replace("user-lock", "cpu")),
            r#"/verdict/cause is "cpu", not "user-lock""#
        );
        assert_eq!(
            fault(&right.replace("\"lost\": 0", "\"lost\": 7")),
            "/coverage/lost is 7, not 0"
        );
        assert_eq!(fault("{}"), r#"/verdict/cause is null, not "user-lock""#);
        assert!(fault("").starts_with("the report is no JSON"));
    }
}
