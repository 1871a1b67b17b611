//! The data falls one way: a module of `tracer-user` uses what stands above it in `lib.rs`, never what stands below.
//!
//! In the doubtful case (a path built by a macro, `super` reaching the root from an inline module of unknown depth) a
//! name counts as a module of the root unless the file's own folder has one of that name.

use super::{Fault, File};

const SOURCE: &str = "tracer-user/src/";

/// Checks the direction of every `crate::` path and of every `super::` path that climbs to the root.
pub fn check(files: &[File]) -> Vec<Fault> {
    let Some(lib) = files
        .iter()
        .find(|file| file.path == "tracer-user/src/lib.rs")
    else {
        return Vec::new();
    };
    let order = modules(&lib.text);
    let mut faults = Vec::new();
    for file in files {
        let Some(path) = file
            .path
            .strip_prefix(SOURCE)
            .filter(|path| path.ends_with(".rs"))
        else {
            continue;
        };
        let own = path
            .split('/')
            .next()
            .unwrap_or(path)
            .trim_end_matches(".rs");
        let Some(place) = order.iter().position(|module| *module == own) else {
            continue;
        };
        let depth = path.trim_end_matches("/mod.rs").split('/').count();
        for (line, code) in lines_of_code(&file.text) {
            let mut used = after(code, "crate::");
            used.retain(|_| !code.trim_start().starts_with("pub(in crate::"));
            used.extend(
                climbing(code, depth)
                    .into_iter()
                    .filter(|name| !has_child(files, &file.path, name)),
            );
            for name in used {
                if order
                    .iter()
                    .position(|module| *module == name)
                    .is_some_and(|at| at > place)
                {
                    let what = format!("`{own}` uses `{name}`, which stands below it in lib.rs");
                    faults.push(Fault {
                        path: file.path.clone(),
                        line,
                        what,
                    });
                }
            }
        }
    }
    faults
}

/// The modules `lib.rs` declares, in their order.
pub fn modules(lib: &str) -> Vec<&str> {
    let declared = lib.lines().filter_map(|line| {
        let line = line.trim();
        line.strip_prefix("pub mod ")
            .or_else(|| line.strip_prefix("pub(crate) mod "))
            .or_else(|| line.strip_prefix("mod "))
    });
    declared.filter_map(|rest| rest.strip_suffix(';')).collect()
}

fn lines_of_code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line));
    lines.map(|(number, line)| (number, line.split("//").next().unwrap_or(line)))
}

/// First names after each `prefix`: of `crate::row::Tid` it is `row`, of `crate::{row::Tid, work}` both.
fn after<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => names.extend(heads(group)),
            None => names.push(identifier(rest)),
        }
    }
    names
}

/// First names of the entries of a `{...}` group, as far as the line goes.
fn heads(group: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let (mut nesting, mut start) = (0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => nesting += 1,
            '}' if nesting == 0 => {
                names.push(identifier(group[start..at].trim_start()));
                return names;
            }
            '}' => nesting -= 1,
            ',' if nesting == 0 => {
                names.push(identifier(group[start..at].trim_start()));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.push(identifier(group[start..].trim_start()));
    names
}

/// Names after at least `depth` times `super::`.
fn climbing(code: &str, depth: usize) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("super::") {
        rest = &rest[at..];
        let mut climbed = 0;
        while let Some(next) = rest.strip_prefix("super::") {
            rest = next;
            climbed += 1;
        }
        if climbed >= depth {
            names.push(identifier(rest));
        }
    }
    names
}

fn identifier(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..end]
}

fn has_child(files: &[File], path: &str, name: &str) -> bool {
    let folder = path.strip_suffix("mod.rs").map_or_else(
        || format!("{}/", path.trim_end_matches(".rs")),
        str::to_owned,
    );
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let places = [
        format!("{folder}{name}.rs"),
        format!("{folder}{name}/mod.rs"),
        format!("{parent}/{name}.rs"),
    ];
    files.iter().any(|file| places.contains(&file.path))
}

#[cfg(test)]
mod tests {
    use super::super::case::faults;
    use super::check;

    const LIB: (&str, &str) = (
        "tracer-user/src/lib.rs",
        "pub mod row;\n#[cfg(unix)]\npub mod capture;\nmod work;\npub mod report;\n",
    );

    fn of(path: &str, text: &str) -> Vec<String> {
        faults(
            check,
            &[LIB, ("tracer-user/src/work/row.rs", ""), (path, text)],
        )
    }

    #[test]
    fn a_module_may_use_what_stands_above_it() {
        let text = "use crate::row::Tid;\nuse crate::{row::{Pid, Tid}, capture};\nuse crate::work::Item;\n";
        assert_eq!(
            of("tracer-user/src/work/mod.rs", text),
            Vec::<String>::new()
        );
        assert_eq!(
            of("tracer-user/src/work/turn.rs", "use super::report;\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            of("tracer-user/src/main.rs", "use crate::report;\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_stands_below_is_refused_however_it_is_written() {
        let fault = |line: usize, used: &str| {
            vec![format!(
                "tracer-user/src/work/mod.rs:{line}: `work` uses `{used}`, which stands below it in lib.rs"
            )]
        };
        assert_eq!(
            of(
                "tracer-user/src/work/mod.rs",
                "\nuse crate::report::Report;"
            ),
            fault(2, "report")
        );
        assert_eq!(
            of(
                "tracer-user/src/work/mod.rs",
                "use crate::{row::{Pid, Tid}, report};"
            ),
            fault(1, "report")
        );
        assert_eq!(
            of(
                "tracer-user/src/work/mod.rs",
                "fn a(x: &crate::report::Report) {}"
            ),
            fault(1, "report")
        );
        assert_eq!(
            of("tracer-user/src/work/mod.rs", "use super::report;"),
            fault(1, "report")
        );
        assert_eq!(
            of("tracer-user/src/row/tid.rs", "use super::super::work;"),
            ["tracer-user/src/row/tid.rs:1: `row` uses `work`, which stands below it in lib.rs"]
        );
    }

    #[test]
    fn comments_are_free() {
        assert_eq!(
            of(
                "tracer-user/src/work/mod.rs",
                "/// Becomes a [`crate::report::Report`].\n"
            ),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_single_file_is_a_module_too() {
        let found = of("tracer-user/src/work.rs", "use crate::report;");
        assert_eq!(
            found,
            ["tracer-user/src/work.rs:1: `work` uses `report`, which stands below it in lib.rs"]
        );
    }
}
