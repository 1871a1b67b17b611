//! No drawers: a file is named after its one duty.

use super::{Fault, File};

/// Names that say nothing about what is inside.
const DRAWERS: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "types", "misc", "shared", "manager", "core",
    "stuff",
];

/// Folders of the root that may be called as they like; `tracer-common` is what both sides say to each other.
const EXEMPT: &str = "tracer-common";

/// Checks every part of every path.
pub fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files {
        for part in file.path.split('/').filter(|part| *part != EXEMPT) {
            let stem = part.split('.').next().unwrap_or(part);
            let words = stem.split(['_', '-']);
            if let Some(drawer) = words.into_iter().find(|word| DRAWERS.contains(word)) {
                let what = format!("`{drawer}` names no duty: name the file after what it does");
                faults.push(Fault {
                    path: file.path.clone(),
                    line: 0,
                    what,
                });
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::case::faults;
    use super::check;

    #[test]
    fn drawers_are_refused_as_files_and_as_folders() {
        let found = faults(
            check,
            &[
                ("tracer-common/src/wait.rs", ""),
                ("a/src/utils.rs", ""),
                ("a/src/common/mod.rs", ""),
                ("a/src/pool_manager.rs", ""),
                ("a/src/manage.rs", ""),
            ],
        );
        assert_eq!(
            found,
            [
                "a/src/utils.rs: `utils` names no duty: name the file after what it does",
                "a/src/common/mod.rs: `common` names no duty: name the file after what it does",
                "a/src/pool_manager.rs: `manager` names no duty: name the file after what it does",
            ]
        );
    }
}
