//! The run that README.md shows is a true one.

use holdup::report::{Format as _, Look, Text};

const COMMAND: &str = "$ holdup report ";

#[test]
fn the_run_in_the_readme_is_what_the_program_prints() {
    let readme = std::fs::read_to_string(super::root().join("README.md")).expect("README.md");
    let block = readme.split("```").find(|block| {
        block
            .trim_start_matches(char::is_alphabetic)
            .trim_start()
            .starts_with(COMMAND)
    });
    let block = block
        .expect("README.md shows a run")
        .trim_start_matches(char::is_alphabetic)
        .trim_start();
    let (command, shown) = block.split_once('\n').expect("a command and its output");
    let trace = super::root().join(command.trim_start_matches(COMMAND).trim());
    let printed = Text.print(&super::report(&trace), &Look::default());
    // Editors take blanks off the ends of lines.
    let plain = |text: &str| {
        text.lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
            .trim()
            .to_owned()
    };
    assert_eq!(
        plain(shown),
        plain(&printed),
        "README.md shows another output of `{command}`"
    );
}
