//! Running other programs, shown before they run.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context as _, bail};

/// The command as a person would type it.
pub fn words(command: &Command) -> String {
    let word = |text: &OsStr| {
        let text = text.to_string_lossy();
        if text.is_empty()
            || text.contains(|c: char| c.is_whitespace() || "'\"$&|;<>*?".contains(c))
        {
            format!("'{}'", text.replace('\'', r"'\''"))
        } else {
            text.into_owned()
        }
    };
    let program = std::path::Path::new(command.get_program());
    let mut line = program
        .file_name()
        .map_or_else(|| word(command.get_program()), word);
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&word(argument));
    }
    line
}

/// Prints the command, runs it to its end with this terminal, and fails unless it exits with 0.
///
/// # Errors
/// When it cannot be started or does not exit with 0; the message holds the command.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = words(command);
    eprintln!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}`: {status}");
    }
    Ok(())
}

/// Runs the command unseen and gives what it wrote to its output.
///
/// # Errors
/// When it cannot be started or does not exit with 0; the message holds the command and what it said.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let line = words(command);
    let output = command
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!(
            "`{line}`: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_command_can_be_typed_again() {
        let mut command = Command::new("/usr/bin/echo");
        command.args(["plain", "two words", "it's", ""]);
        assert_eq!(words(&command), r"echo plain 'two words' 'it'\''s' ''");
    }

    #[test]
    fn a_failing_command_is_named() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).expect_err("must fail");
        assert_eq!(format!("{error:#}"), "`sh -c 'exit 3'`: exit status: 3");
        let error =
            output(Command::new("sh").args(["-c", "echo why >&2; exit 1"])).expect_err("must fail");
        assert!(format!("{error:#}").ends_with("why"), "{error:#}");
    }
}
