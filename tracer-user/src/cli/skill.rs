//! `holdup skill`: the page that tells a coding agent when and how to use holdup, and putting it where agents look.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::args::Skill;
use super::exit::{Exit, Failure, OrExit};
use super::output;

/// The page.
const PAGE: &str = include_str!("../../../skills/performance-profiler/SKILL.md");
/// Folder and name it has below the folder of all skills.
const PLACE: &str = "performance-profiler/SKILL.md";

/// Why the page could not be put there.
#[derive(Debug, thiserror::Error)]
pub enum SkillError {
    /// Another one is there.
    #[error("{path} is there already and differs; look at it, and say --force to replace it")]
    Differs {
        /// Where.
        path: PathBuf,
    },
    /// It cannot be read or written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Prints the page, or puts it below the folder that is asked for.
///
/// # Errors
/// [`Exit::BadInput`]: it cannot be written, or would replace another one.
pub fn skill(wanted: &Skill) -> Result<Exit, Failure> {
    let text = match &wanted.install {
        None => PAGE.to_owned(),
        Some(folder) => install(folder, wanted.force).or_exit(Exit::BadInput)?,
    };
    output::put(text.as_bytes(), None).or_exit(Exit::BadInput)?;
    Ok(Exit::Done)
}

/// What was done, in a line.
fn install(folder: &Path, force: bool) -> Result<String, SkillError> {
    let path = folder.join(PLACE);
    let failed = |source| SkillError::Write {
        path: path.clone(),
        source,
    };
    match fs::read(&path) {
        Ok(there) if there == PAGE.as_bytes() => {
            return Ok(format!("{} is up to date\n", path.display()));
        }
        Ok(_) if !force => return Err(SkillError::Differs { path }),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(&path, PAGE).map_err(failed)?;
    Ok(format!("written to {}\n", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::{Cause, ENTRIES};

    #[test]
    fn it_is_put_where_it_should_be_and_replaces_nothing_else_unasked() {
        let folder = tempfile::tempdir().expect("folder");
        let skills = folder.path().join("a/skills");
        let path = skills.join(PLACE);
        assert!(
            install(&skills, false)
                .expect("new")
                .starts_with("written to")
        );
        assert_eq!(fs::read_to_string(&path).expect("there"), PAGE);
        assert!(
            install(&skills, false)
                .expect("the same")
                .ends_with("is up to date\n")
        );
        fs::write(&path, "mine").expect("written");
        assert!(matches!(
            install(&skills, false),
            Err(SkillError::Differs { .. })
        ));
        assert_eq!(fs::read_to_string(&path).expect("there"), "mine");
        install(&skills, true).expect("forced");
        assert_eq!(fs::read_to_string(&path).expect("there"), PAGE);
        let file = folder.path().join("file");
        fs::write(&file, "").expect("written");
        assert!(matches!(
            install(&file, true),
            Err(SkillError::Write { .. })
        ));
    }

    #[test]
    fn the_page_knows_every_cause_and_has_the_head_that_agents_read() {
        assert!(PAGE.starts_with("---\nname: performance-profiler\ndescription: "));
        for entry in &ENTRIES {
            let is_told = PAGE.contains(&format!("`{}`", entry.id));
            assert!(is_told, "{}", entry.id);
        }
        assert!(PAGE.contains(Cause::None.id()));
    }
}
