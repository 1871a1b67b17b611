//! Other programs read what holdup writes: the tables of a trace, the queries of docs/QUERIES.md, and each form that is exported.
//!
//! They are what `cargo xtask setup --readers` puts below the target folder. Where they are missing each test is reported as ignored, with
//! the reason; with `HOLDUP_REQUIRE_LIVE=1` it fails. No rights and no kernel are needed.

mod installed;
mod recorded;

mod page;
mod recipes;

mod engines;
mod exports;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

/// A test by its path: the name it has in the list, what runs, and the program that it needs beside those that are installed for all.
struct Test {
    name: &'static str,
    run: fn(),
    needs: Option<&'static str>,
}

macro_rules! tests {
    ($($module:ident::$test:ident $(by $program:literal)?),* $(,)?) => {
        &[$(Test {
            name: concat!(stringify!($module), "::", stringify!($test)),
            run: $module::$test,
            needs: [$(Some($program),)? None][0],
        }),*]
    };
}

const TESTS: &[Test] = tests![
    page::every_recipe_is_held_against_a_report,
    recipes::every_recipe_runs_on_traces_of_all_sorts,
    recipes::sums_are_those_of_the_report,
    engines::a_trace_is_read_alike_by_all,
    engines::a_trace_is_found_whatever_it_is_called,
    engines::views_are_piped_into_the_program,
    exports::perfetto_reads_the_times_of_the_report,
    exports::speedscope_takes_what_its_schema_allows,
    exports::graphviz_reads_who_waits_for_whom,
    exports::flame_graphs_have_the_sums_of_folded_stacks,
    exports::go_reads_a_profile_of_contentions by "go",
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let required = std::env::var_os("HOLDUP_REQUIRE_LIVE").is_some_and(|value| value == "1");
    // Runners that list first (nextest) pass over what the list calls ignored, and whoever asks for the ignored ones wants them run.
    let asked = arguments.list || arguments.ignored || arguments.include_ignored;
    let trials = TESTS.iter().map(|test| {
        let obstacle = installed::obstacle(test.needs).filter(|_| !required);
        let (run, is_ignored) = (test.run, asked && obstacle.is_some());
        let reason = obstacle.filter(|_| !asked);
        let trial = Trial::ignorable_test(test.name, move || {
            if let Some(reason) = reason {
                return Ok(Completion::ignored_with(reason));
            }
            run();
            Ok(Completion::Completed)
        });
        trial.with_ignored_flag(is_ignored)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
