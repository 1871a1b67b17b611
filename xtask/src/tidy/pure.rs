//! The analysis gives the same answer for the same rows: between the trace and the command line nothing touches the kernel, a
//! clock, the environment or the terminal.
//!
//! Code from `#[cfg(test)]` to the end of the file, and files called `tests.rs` or in a folder `tests`, are free.

use super::{Fault, File};

/// Modules of `tracer-user` that are pure.
const PURE: &[&str] = &[
    "row", "number", "script", "timeline", "classify", "actors", "work", "blame", "scaling",
    "picture", "cause", "report", "diagnose", "advice", "analyse",
];

/// What would make an answer depend on more than the rows, or a module on more than the language.
const IMPURE: &[(&str, &str)] = &[
    ("println!", "prints"),
    ("eprintln!", "prints"),
    ("print!", "prints"),
    ("Instant::now", "reads a clock"),
    ("SystemTime::now", "reads a clock"),
    ("std::env", "reads the environment"),
    ("env::var", "reads the environment"),
    ("std::fs", "touches the disk"),
    ("File::open", "touches the disk"),
    ("std::net", "touches the network"),
    ("std::process", "touches processes"),
    ("std::os::", "is for one system only"),
    ("libc::", "is for one system only"),
    ("procfs::", "is for one system only"),
    ("aya::", "is for one system only"),
    ("RandomState", "takes another order each time"),
];

/// Checks every file of the pure modules.
pub fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files {
        let Some(path) = file.path.strip_prefix("tracer-user/src/") else {
            continue;
        };
        let module = path.split(['/', '.']).next().unwrap_or(path);
        if !PURE.contains(&module) || path.ends_with("/tests.rs") || path.contains("/tests/") {
            continue;
        }
        for (index, line) in file.text.lines().enumerate() {
            if line.trim() == "#[cfg(test)]" {
                break;
            }
            let code = line.split("//").next().unwrap_or(line);
            if let Some((what, why)) = IMPURE.iter().find(|(what, _)| stands_alone(code, what)) {
                let what = format!("`{what}` {why}, and `{module}` is pure");
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

fn stands_alone(code: &str, what: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(what)
        .any(|(at, _)| !code[..at].chars().next_back().is_some_and(joins))
}

#[cfg(test)]
mod tests {
    use super::super::case::faults;
    use super::check;

    #[test]
    fn the_analysis_reads_no_clock_and_prints_nothing() {
        let text = "// println! is for others\nlet now = Instant::now();\nsprint!();\n#[cfg(test)]\nmod tests { dbg(std::fs) }\n";
        assert_eq!(
            faults(
                check,
                &[
                    ("tracer-user/src/work/mod.rs", text),
                    ("tracer-user/src/analyse.rs", "eprintln!(\"x\");")
                ]
            ),
            [
                "tracer-user/src/work/mod.rs:2: `Instant::now` reads a clock, and `work` is pure",
                "tracer-user/src/analyse.rs:1: `eprintln!` prints, and `analyse` is pure",
            ]
        );
    }

    #[test]
    fn capture_and_tests_may() {
        let files = [
            ("tracer-user/src/capture/mod.rs", "Instant::now()"),
            ("tracer-user/src/work/tests.rs", "std::fs::read(x)"),
            ("xtask/src/main.rs", "eprintln!()"),
        ];
        assert_eq!(faults(check, &files), Vec::<String>::new());
    }
}
