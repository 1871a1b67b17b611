//! No file is longer than a person reads in one go.

use super::{Fault, File};

/// Lines; files of about 150 read best.
const LIMIT: usize = 500;

/// Endings of files that people write.
const CODE: &[&str] = &["rs", "py", "ts", "js", "java", "go", "c", "sh"];

/// Checks the length of every file of code.
pub fn check(files: &[File]) -> Vec<Fault> {
    let code = files.iter().filter(|file| {
        file.path
            .rsplit_once('.')
            .is_some_and(|(_, ending)| CODE.contains(&ending))
    });
    let long = code
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LIMIT);
    let fault = |(file, lines): (&File, usize)| Fault {
        path: file.path.clone(),
        line: 0,
        what: format!("{lines} lines, {LIMIT} are allowed: split it by duty"),
    };
    long.map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::super::case::faults;
    use super::{LIMIT, check};

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        let at = "x\n".repeat(LIMIT);
        let above = "x\n".repeat(LIMIT + 1);
        assert_eq!(
            faults(
                check,
                &[("a.rs", &at), ("b.py", &above), ("Cargo.lock", &above)]
            ),
            ["b.py: 501 lines, 500 are allowed: split it by duty"]
        );
    }
}
