//! The project speaks of itself, in its present state: no notes to its authors, and nothing about where it was made.

use super::{Fault, File};

/// What may not be in any file, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        "TODO",
        "finish it, or say in docs/LIMITS.md what does not work",
    ),
    (
        "FIXME",
        "fix it, or say in docs/LIMITS.md what does not work",
    ),
    ("XXX", "say what is meant"),
    ("HACK", "say what is meant"),
    ("todo!", "finish it"),
    ("unimplemented!", "finish it"),
    ("dbg!", "take it out"),
    (
        "#[ignore",
        "a test that cannot run says so and fails where it is required",
    ),
    ("/work/", "a path of one machine"),
    ("crates.io", "the host of a registry"),
    ("pypi.org", "the host of a registry"),
    ("npmjs", "the host of a registry"),
    ("deb.debian.org", "the host of a registry"),
    ("debian.org/debian", "the host of a registry"),
    ("as an AI", "the project speaks of itself"),
];

/// Files made by machines, and the list above.
const EXEMPT: &[&str] = &[
    "Cargo.lock",
    "tracer-ebpf/Cargo.lock",
    "xtask/src/tidy/words.rs",
];

/// Checks every line of every file.
pub fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files
        .iter()
        .filter(|file| !EXEMPT.contains(&file.path.as_str()))
    {
        for (index, line) in file.text.lines().enumerate() {
            for (word, why) in FORBIDDEN.iter().filter(|(word, _)| contains(line, word)) {
                let what = format!("`{word}`: {why}");
                faults.push(Fault {
                    path: file.path.clone(),
                    line: index + 1,
                    what,
                });
            }
        }
    }
    faults
}

/// Whether the line has the word with no letter or digit beside it; a path counts from its root only.
fn contains(line: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, found)| {
        let (before, after) = (
            line[..at].chars().next_back(),
            line[at + found.len()..].chars().next(),
        );
        if word.starts_with('/') {
            return !letter(before) && !before.is_some_and(|c| "./*}".contains(c));
        }
        !letter(before) && !letter(after)
    })
}

#[cfg(test)]
mod tests {
    use super::super::case::faults;
    use super::check;

    #[test]
    fn forbidden_words_are_found_where_they_stand_alone() {
        let text = "fine\n// TODO later\nlet AUTODOC = \"mkXXXXXX\";\nsee /work/x and static.crates.io\nsrc/work/mod.rs\n";
        assert_eq!(
            faults(check, &[("a.rs", text), ("Cargo.lock", text)]),
            [
                "a.rs:2: `TODO`: finish it, or say in docs/LIMITS.md what does not work",
                "a.rs:4: `/work/`: a path of one machine",
                "a.rs:4: `crates.io`: the host of a registry",
            ]
        );
    }
}
