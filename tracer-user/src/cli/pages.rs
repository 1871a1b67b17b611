//! Completions and manual pages, made from the arguments.

use std::fs;
use std::path::Path;

use clap::CommandFactory;

use super::args::Cli;

/// Why there is no such page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// No command of this name.
    #[error("there is no command '{name}'; there are {known}")]
    NoCommand {
        /// As typed.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A page could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Where.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The completion script of `shell`.
pub fn completions(shell: clap_complete::Shell) -> Vec<u8> {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "holdup", &mut out);
    out
}

/// The manual page of `command`, or of the program, as roff.
///
/// # Errors
/// [`PageError::NoCommand`].
pub fn manual(command: Option<&str>) -> Result<Vec<u8>, PageError> {
    let program = built();
    let page = match command {
        None => program,
        Some(name) => program
            .get_subcommands()
            .find(|sub| sub.get_name() == name && !sub.is_hide_set())
            .cloned()
            .ok_or_else(|| PageError::NoCommand {
                name: name.to_owned(),
                known: program
                    .get_subcommands()
                    .filter(|sub| !sub.is_hide_set())
                    .map(clap::Command::get_name)
                    .collect::<Vec<_>>()
                    .join(", "),
            })?,
    };
    Ok(render(page))
}

/// Writes the pages of the program and all its commands into `folder`; gives their number.
///
/// # Errors
/// [`PageError::Write`].
pub fn manuals(folder: &Path) -> Result<usize, PageError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        |source| PageError::Write { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let program = built();
    let commands = program.get_subcommands().filter(|sub| !sub.is_hide_set());
    let mut number = 0;
    for page in std::iter::once(&program).chain(commands) {
        let name = page.get_display_name().unwrap_or_else(|| page.get_name());
        let path = folder.join(format!("{name}.1"));
        fs::write(&path, render(page.clone())).map_err(failed(&path))?;
        number += 1;
    }
    Ok(number)
}

/// The program's commands with their full names (`holdup-attach`).
fn built() -> clap::Command {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    program
}

fn render(page: clap::Command) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = clap_mangen::Man::new(page).render(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_completes_every_visible_command() {
        use clap::ValueEnum;
        for shell in clap_complete::Shell::value_variants() {
            let script = String::from_utf8(completions(*shell)).expect("text");
            for word in ["attach", "record", "fail-above", "details"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }

    #[test]
    fn pages_name_their_command_and_its_options() {
        let page = String::from_utf8(manual(Some("attach")).expect("page")).expect("text");
        assert!(page.contains("holdup\\-attach"), "{page}");
        assert!(page.contains("total\\-items"));
        let program = String::from_utf8(manual(None).expect("page")).expect("text");
        assert!(program.contains("holdup") && !program.contains("holdup\\-workload"));
        let error = manual(Some("workload")).expect_err("hidden").to_string();
        assert!(
            error.contains("attach") && !error.contains("workload,"),
            "{error}"
        );
    }

    #[test]
    fn all_pages_are_written() {
        let folder = tempfile::tempdir().expect("folder");
        let number = manuals(&folder.path().join("man1")).expect("written");
        assert!(folder.path().join("man1/holdup-attach.1").exists());
        assert_eq!(
            fs::read_dir(folder.path().join("man1"))
                .expect("folder")
                .count(),
            number
        );
    }
}
