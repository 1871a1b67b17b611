//! `cargo xtask tidy`: the rules of style that a machine can check. One file a rule.
//!
//! In: the text of every file of the project. Out: faults, each with its file and line. A rule is a pure function, so
//! that its test can show it a file that breaks it.

mod imports;
mod length;
mod links;
mod map;
mod names;
mod pairs;
mod pure;
mod safety;
mod words;

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::project;

/// A file of the project.
pub struct File {
    /// From the root, with slashes.
    pub path: String,
    /// What it says; empty, where it is no text.
    pub text: String,
}

/// Something a rule does not allow.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub path: String,
    /// From 1; 0: the whole file.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

type Rule = fn(&[File]) -> Vec<Fault>;

const RULES: &[Rule] = &[
    imports::check,
    length::check,
    links::check,
    map::check,
    names::check,
    pairs::check,
    pure::check,
    safety::check,
    words::check,
];

/// Folders (in a linked work tree `.git` is a file) that hold nothing of ours.
const SKIPPED: &[&str] = &["target", ".git", "node_modules", "__pycache__"];

/// Checks every rule on every file of the project.
///
/// # Errors
/// When a file cannot be read or breaks a rule; all faults are printed.
pub fn run() -> anyhow::Result<()> {
    let mut files = Vec::new();
    read(&project::root(), "", &mut files)?;
    let faults: Vec<Fault> = RULES.iter().flat_map(|rule| rule(&files)).collect();
    for fault in &faults {
        eprintln!("{fault}");
    }
    if !faults.is_empty() {
        bail!("{} faults in {} files", faults.len(), files.len());
    }
    eprintln!("{} files, no faults", files.len());
    Ok(())
}

fn read(folder: &Path, prefix: &str, files: &mut Vec<File>) -> anyhow::Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut entries = entries
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("cannot list {}", folder.display()))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}/{name}")
        };
        let kind = entry
            .file_type()
            .with_context(|| format!("cannot tell what {path} is"))?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) && !name.ends_with(".holdup") {
            read(&entry.path(), &path, files)?;
        } else if kind.is_file() && !SKIPPED.contains(&name.as_str()) {
            let bytes =
                std::fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
            let text = String::from_utf8(bytes).unwrap_or_default();
            files.push(File { path, text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_like_a_compilers() {
        let fault = Fault {
            path: "a.rs".to_owned(),
            line: 3,
            what: "too long".to_owned(),
        };
        assert_eq!(fault.to_string(), "a.rs:3: too long");
        assert_eq!(Fault { line: 0, ..fault }.to_string(), "a.rs: too long");
    }
}

/// What the tests of the rules share.
#[cfg(test)]
mod case {
    use super::{Fault, File, Rule};

    /// Shows files to a rule; gives its faults as printed.
    pub fn faults(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        rule(&files).iter().map(Fault::to_string).collect()
    }
}
