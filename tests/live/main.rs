//! Tests that need a kernel and the rights to watch with eBPF.
//!
//! Where they cannot run each is reported as ignored, with the reason; with `HOLDUP_REQUIRE_LIVE=1` it fails. What is missing is known
//! only when the tests run, which the built-in harness has no word for: so these have their own, which takes the same arguments.

#[cfg(target_os = "linux")]
mod watched;

#[cfg(target_os = "linux")]
mod verifier;

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod statements;
#[cfg(target_os = "linux")]
mod tasks;
#[cfg(target_os = "linux")]
mod waits;

#[cfg(target_os = "linux")]
mod budget;
#[cfg(target_os = "linux")]
mod loss;

#[cfg(target_os = "linux")]
mod call_sites;
#[cfg(target_os = "linux")]
mod samples;

#[cfg(target_os = "linux")]
mod diagnosis;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

/// A live test by its path: the name it has in the list, and what runs.
struct Live {
    name: &'static str,
    run: fn(),
}

macro_rules! tests {
    ($($module:ident::$test:ident),* $(,)?) => {
        &[$(Live { name: concat!(stringify!($module), "::", stringify!($test)), run: $module::$test }),*]
    };
}

#[cfg(target_os = "linux")]
const TESTS: &[Live] = tests![
    verifier::every_program_is_taken_within_its_budget,
    calls::each_fsync_is_one_call_of_its_length,
    statements::a_statement_is_told_without_its_constants,
    waits::each_voluntary_switch_is_one_blocked_wait,
    waits::parts_of_a_long_wait_join_without_gap,
    kernel::waits_for_the_address_space_are_told_as_such,
    budget::over_the_budget_windows_are_watched_and_join,
    loss::what_is_generated_is_recorded_or_counted_as_lost,
    tasks::goroutines_are_found_where_they_wait,
    tasks::goroutines_of_a_stripped_program_are_found_too,
    call_sites::each_lock_has_the_line_that_takes_it,
    samples::each_function_has_samples_by_its_cpu_time,
    diagnosis::the_lock_demo_is_named_and_its_recording_says_the_same,
];
#[cfg(not(target_os = "linux"))]
const TESTS: &[Live] = &[];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = std::env::var_os("HOLDUP_REQUIRE_LIVE").is_some_and(|value| value == "1");
    let obstacle = if required { None } else { obstacle() };
    // Runners that list first (nextest) pass over what the list calls ignored, and whoever asks for the ignored ones wants them run.
    let asked = arguments.list || arguments.ignored || arguments.include_ignored;
    let trials = TESTS.iter().map(|test| {
        let (run, reason) = (test.run, obstacle.clone().filter(|_| !asked));
        let trial = Trial::ignorable_test(test.name, move || {
            if let Some(reason) = reason {
                return Ok(Completion::ignored_with(reason));
            }
            run();
            Ok(Completion::Completed)
        });
        trial.with_ignored_flag(asked && obstacle.is_some())
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// What forbids live capture here, in one line.
#[cfg(target_os = "linux")]
fn obstacle() -> Option<String> {
    use holdup::capture::host;
    let error = host::allow(&host::examine()).err()?;
    let text = error.to_string();
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(not(target_os = "linux"))]
fn obstacle() -> Option<String> {
    Some("live capture needs Linux".to_owned())
}
