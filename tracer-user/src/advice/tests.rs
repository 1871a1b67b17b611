//! What holds for every fix.

use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use crate::cause::{Cause, ENTRIES};
use crate::diagnose::{Culprit, CulpritKind};
use crate::work::StageName;

/// Causes for which a change of code is known to help.
fn mended() -> impl Iterator<Item = Cause> {
    ENTRIES
        .iter()
        .map(|entry| entry.cause)
        .filter(|cause| *cause != Cause::Unknown)
}

fn culprits() -> [Culprit; 4] {
    let culprit = |name: &str, site: &str, service_ms, capacity| Culprit {
        kind: CulpritKind::Lock,
        name: name.to_owned(),
        call_site: site.to_owned(),
        process: "clickhouse".to_owned(),
        rate_per_s: 4.24,
        service_ms,
        capacity,
        ..Culprit::default()
    };
    [
        culprit("127.0.0.1:8123", "", 236.0, 1.0),
        culprit("/data/a.sqlite", "flush_batch (writer.py:88)", 0.01, 4.0),
        culprit(
            "/a/very/long/path/to/the/progress/file/of/all/workers/state.json",
            "",
            f64::NAN,
            f64::NAN,
        ),
        culprit("x\n*/ import os # $WORKERS \\\u{202e}\x1b[0m", "", 0.0, 0.0),
    ]
}

/// Every fix there is: each cause, stage, culprit and language.
fn all() -> Vec<(String, Fix)> {
    let mut fixes = Vec::new();
    for cause in mended() {
        for stage in [StageName::Fetch, StageName::Write] {
            for (culprit, variant) in culprits()
                .into_iter()
                .flat_map(|culprit| Variant::ALL.map(|it| (culprit.clone(), it)))
            {
                for language in Language::ALL {
                    let input = FixInput {
                        cause,
                        variant,
                        stage,
                        culprit: &culprit,
                        statement: "UPDATE \u{202e}t SET n = n + ? \x1b[0m",
                        language: language.id(),
                        workers: 64,
                        best_workers: 2,
                        cpus: 2,
                        rate_per_s: 4.24,
                    };
                    let fix = fix(&input).expect("a remedy");
                    let spoken = match (cause, variant) {
                        // The one language that has it.
                        (Cause::InterpreterLock, _) => Language::Python,
                        (Cause::RemoteSerial, Variant::HeldByTransaction) => Language::Sql,
                        _ => language,
                    };
                    assert_eq!(fix.language, spoken.id());
                    fixes.push((format!("{cause} {stage:?} {}", language.id()), fix));
                }
            }
        }
    }
    fixes
}

#[test]
fn every_remedy_speaks_every_language_and_leaves_no_blank() {
    let mut titles = std::collections::BTreeSet::new();
    for (which, fix) in all() {
        titles.insert(fix.title.clone());
        assert_ne!(fix.before, fix.after, "{which}");
        for text in [&fix.title, &fix.why, &fix.before, &fix.after] {
            assert!(!text.trim().is_empty(), "{which}");
            for blank in ["$TWICE", "$BEST", "$CPUS", "$CAPACITY", "$RATE", "$CULPRIT"] {
                assert!(!text.contains(blank), "{which}: {text}");
            }
            // The one a name asked for is left alone.
            let name = text.contains("x1b") || text.contains('\x1b');
            assert!(name || !text.contains("$WORKERS"), "{which}: {text}");
        }
        assert!(!fix.why.contains("NaN"), "{which}: {}", fix.why);
    }
    assert_eq!(titles.len(), 33);
}

#[test]
fn code_is_compact_and_fits_a_screen_side_by_side() {
    for (which, fix) in all() {
        let width = |code: &str| {
            code.lines()
                .map(|line| line.chars().count())
                .max()
                .unwrap_or(0)
        };
        let (before, after) = (width(&fix.before), width(&fix.after));
        assert!(before + after + 5 <= 100, "{which}: {before} + {after}");
        for code in [&fix.before, &fix.after] {
            assert!(code.lines().count() <= 15, "{which}");
            assert!(!code.contains('\t'), "{which}");
        }
    }
}

#[test]
fn brackets_and_quotes_balance() {
    for (which, fix) in all() {
        for code in [&fix.before, &fix.after] {
            let mut open = Vec::new();
            for line in code.lines() {
                let code = line.split("// ").next().unwrap_or(line);
                let code = code.split("# ").next().unwrap_or(code);
                assert_eq!(code.matches('"').count() % 2, 0, "{which}: {line}");
                for character in code.chars() {
                    match character {
                        '(' => open.push(')'),
                        '[' => open.push(']'),
                        '{' => open.push('}'),
                        ')' | ']' | '}' => {
                            assert_eq!(open.pop(), Some(character), "{which}: {line}")
                        }
                        _ => {}
                    }
                }
            }
            assert!(open.is_empty(), "{which}: {code}");
        }
    }
}

#[test]
fn a_name_from_outside_stays_within_its_comment() {
    for (which, fix) in all() {
        for code in [&fix.before, &fix.after] {
            for line in code.lines().filter(|line| line.contains("import os")) {
                let at = line.find("import os").expect("found");
                assert!(
                    line[..at].contains("# ") || line[..at].contains("// "),
                    "{which}: {line}"
                );
                assert!(!line.contains("*/"), "{which}: {line}");
            }
            assert!(
                !code.replace('\n', "").chars().any(crate::row::is_unsafe),
                "{which}"
            );
        }
    }
}

#[test]
fn python_compiles() {
    let Ok(mut python) = Command::new("python3")
        .args(["-c", "import ast, json, sys\nfor which, code in json.load(sys.stdin):\n    try: ast.parse(code)\n    except SyntaxError as e: print(which, e, code)"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    else {
        eprintln!("not run: there is no python3 here");
        return;
    };
    let code: Vec<(String, String)> = all()
        .into_iter()
        .filter(|(_, fix)| fix.language == "python")
        .flat_map(|(which, fix)| [(which.clone(), fix.before), (which, fix.after)])
        .collect();
    let text = serde_json::to_string(&code).expect("json");
    python
        .stdin
        .take()
        .expect("piped")
        .write_all(text.as_bytes())
        .expect("read by python");
    let out = python.wait_with_output().expect("python ends");
    assert!(out.status.success());
    assert_eq!(String::from_utf8_lossy(&out.stdout), "");
}

/// Names that a snippet leaves to the reader are not known to the compiler; what it cannot parse is another matter.
#[test]
fn c_parses() {
    let code: std::collections::BTreeSet<String> = all()
        .into_iter()
        .filter(|(_, fix)| fix.language == "c")
        .flat_map(|(_, fix)| [fix.before, fix.after])
        .collect();
    let headers = ["stdatomic", "stdbool", "stdio", "stdlib", "unistd"];
    let mut text: String = headers
        .map(|name| format!("#include <{name}.h>\n"))
        .concat();
    for (number, code) in code.iter().enumerate() {
        text.push_str(&format!("void f{number}(void) {{\n{code}\n}}\n"));
    }
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("all.c"), &text).expect("written");
    let Ok(out) = Command::new("cc")
        .args(["-fsyntax-only", "-fmax-errors=0", "all.c"])
        .env("LC_ALL", "C")
        .current_dir(folder.path())
        .output()
    else {
        eprintln!("not run: there is no cc here");
        return;
    };
    let said = String::from_utf8_lossy(&out.stderr);
    let wrong: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("error: expected"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(code.len() > 28, "{}", code.len());
}

#[test]
fn what_is_not_known_has_no_remedy() {
    let input = FixInput {
        cause: Cause::Unknown,
        variant: Variant::Usual,
        stage: StageName::Write,
        culprit: &Culprit::default(),
        statement: "",
        language: "",
        workers: 0,
        best_workers: 0,
        cpus: 0,
        rate_per_s: f64::NAN,
    };
    assert_eq!(fix(&input), None);
}

#[test]
fn the_nearest_language_is_taken() {
    for (id, language) in [
        ("javascript", Language::TypeScript),
        ("kotlin", Language::Java),
        ("c", Language::C),
        ("c++", Language::C),
        ("rust", Language::Rust),
        ("", Language::Python),
        ("cobol", Language::Python),
    ] {
        assert_eq!(Language::nearest(id), language);
    }
}

#[test]
fn the_case_everybody_knows() {
    let culprit = &culprits()[0];
    let fix = fix(&FixInput {
        cause: Cause::RemoteSerial,
        variant: Variant::Usual,
        stage: StageName::Write,
        culprit,
        statement: "",
        language: "python",
        workers: 64,
        best_workers: 2,
        cpus: 2,
        rate_per_s: 4.24,
    })
    .expect("mended");
    let text = format!(
        "{}\n{}\n---\n{}\n---\n{}",
        fix.title, fix.why, fix.before, fix.after
    );
    insta::assert_snapshot!(text, @r##"
Write rows in batches
127.0.0.1:8123 (clickhouse) spends 236 ms on each write, however many workers wait; a batch pays that once for all its rows.
---
# one insert a row: 127.0.0.1:8123
for item in queue:
    row = transform(fetch(item))
    client.insert("rows", [row])
---
rows = []
for item in queue:
    rows.append(transform(fetch(item)))
    if len(rows) >= 100:
        client.insert("rows", rows)
        rows.clear()
if rows:
    client.insert("rows", rows)
"##);
}
