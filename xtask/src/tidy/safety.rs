//! Every `unsafe` says why it is sound. Clippy checks the workspace; this checks the kernel side too.

use super::{Fault, File};

/// Lines of a statement between its comment and the word `unsafe`, at most.
const REACH: usize = 8;

/// Checks for `SAFETY:` above each unsafe block and implementation, and `# Safety` above each unsafe function.
pub fn check(files: &[File]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(what) = missing(line) else { continue };
            if !line.contains("SAFETY:") && !explained(&lines[..index]) {
                faults.push(Fault {
                    path: file.path.clone(),
                    line: index + 1,
                    what: what.to_owned(),
                });
            }
        }
    }
    faults
}

/// What a line with `unsafe` needs above it.
fn missing(line: &str) -> Option<&'static str> {
    let code = line.split("//").next().unwrap_or(line);
    let at = code.match_indices("unsafe").find(|(at, _)| {
        let word = |c: char| c.is_alphanumeric() || "_\"`(".contains(c);
        !code[..*at]
            .chars()
            .next_back()
            .is_some_and(|c| word(c) && c != '(')
            && !code[..*at].contains('"')
    })?;
    let rest = code[at.0 + "unsafe".len()..].trim_start();
    if rest.starts_with('{') || rest.is_empty() {
        Some("an unsafe block without `// SAFETY:`")
    } else if rest.starts_with("impl") {
        Some("an unsafe implementation without `// SAFETY:`")
    } else if rest.starts_with("fn") && !rest.starts_with("fn(") && !rest.starts_with("fn (") {
        Some("an unsafe function without `# Safety` or `// SAFETY:`")
    } else {
        None
    }
}

/// Whether the lines before end in a comment that explains, or in the head of a statement or item that has one.
fn explained(before: &[&str]) -> bool {
    let mut code = 0;
    for line in before.iter().rev().map(|line| line.trim()) {
        if line.starts_with("//") {
            if line.contains("SAFETY:") || line.contains("# Safety") {
                return true;
            }
        } else if line.is_empty() || line == "}" {
            return false;
        } else {
            code += 1;
            if code > REACH {
                return false;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::case::faults;
    use super::check;

    fn of(text: &str) -> Vec<String> {
        faults(check, &[("a.rs", text)])
    }

    #[test]
    fn an_explained_unsafe_is_fine() {
        assert_eq!(
            of("// SAFETY: the pointer is live.\nlet x = unsafe { *p };\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            of("let x = unsafe { *p }; // SAFETY: live.\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            of("// SAFETY: plain bytes,\n// in any order.\nlet x =\n    f(unsafe {\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            of(
                "/// Reads.\n///\n/// # Safety\n/// `p` is live.\n#[inline]\npub unsafe fn read() {}\n"
            ),
            Vec::<String>::new()
        );
        assert_eq!(
            of("type F = unsafe fn(u8);\n// unsafe { here }\nlet s = \"unsafe { }\";\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn an_unexplained_one_is_not() {
        assert_eq!(
            of("let x = unsafe { *p };\n"),
            ["a.rs:1: an unsafe block without `// SAFETY:`"]
        );
        assert_eq!(
            of("// SAFETY: far.\n\nunsafe impl Send for X {}\n"),
            ["a.rs:3: an unsafe implementation without `// SAFETY:`"]
        );
        assert_eq!(
            of("/// Reads.\nunsafe fn read() {}\n"),
            ["a.rs:2: an unsafe function without `# Safety` or `// SAFETY:`"]
        );
    }
}
