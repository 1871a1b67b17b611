//! `cargo xtask record-demo`: makes the demo's recordings, the report beside each, and README's run anew.
//!
//! A recording is made in a temporary folder and looked at before it takes the place of an earlier one: what it says must be
//! what the earlier one says, and what vouches for it must hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::host::Rights;
use crate::{process, project, release};

/// Where the recordings lie, below the project's folder.
const FOLDER: &str = "tracer-user/demo";
/// How a run in README.md begins.
const SHOWN: &str = "$ holdup report ";
/// The scenarios, and how long each is watched.
const SCENARIOS: [(&str, &str); 5] = [
    ("goldsky-node", "40s"),
    ("goldsky", "40s"),
    ("lock", "12s"),
    ("pool", "12s"),
    ("fsync", "12s"),
];

/// Arguments of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only these scenarios; else all: goldsky-node, goldsky, lock, pool, fsync
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
}

/// Builds holdup as a user would, records each scenario, and writes README's run anew.
///
/// # Errors
/// When this host or these rights do not allow it, or a recording is not as it should be; an earlier one then stays.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    for name in &arguments.scenarios {
        ensure!(
            SCENARIOS.iter().any(|(known, _)| known == name),
            "there is no scenario {name:?} to record: goldsky-node, goldsky, lock, pool, fsync"
        );
    }
    let commit = project::commit()?;
    let rights = release::build_of("record-demo", "holdup", &commit)?;
    let bench = Bench::open()?;
    let wanted = |name: &str| {
        arguments.scenarios.is_empty() || arguments.scenarios.iter().any(|it| it == name)
    };
    let mut failed = Vec::new();
    for (name, duration) in SCENARIOS.into_iter().filter(|(name, _)| wanted(name)) {
        if let Err(error) = bench.record(rights, name, duration) {
            eprintln!("{name}: not recorded, what was there stays: {error:#}");
            failed.push(name);
        }
    }
    readme(&bench.holdup)?;
    if !failed.is_empty() {
        bail!("not recorded: {}", failed.join(", "));
    }
    Ok(())
}

/// A folder with a name that says nothing of this machine, since the recordings keep the path of the program; gone when dropped.
struct Bench {
    folder: PathBuf,
    holdup: PathBuf,
}

impl Bench {
    fn open() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join("holdup");
        fs::create_dir(&folder).with_context(|| {
            format!(
                "cannot make {}; if it is left over from another run, remove it",
                folder.display()
            )
        })?;
        let holdup = folder.join("holdup");
        let bench = Self { folder, holdup };
        let built = project::built("release", "holdup");
        fs::copy(&built, &bench.holdup)
            .with_context(|| format!("cannot copy {}", built.display()))?;
        Ok(bench)
    }

    fn record(&self, rights: Rights, name: &str, duration: &str) -> anyhow::Result<()> {
        let trace = format!("{name}.holdup");
        let mut command = rights.command(&self.holdup);
        command.args(["demo", name, "--duration", duration, "--format", "json"]);
        command.args(["--keep", &trace]).current_dir(&self.folder);
        let line = process::words(&command);
        eprintln!("$ {line}");
        // What the demo says meanwhile is for whoever waits.
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start `{line}`"))?;
        ensure!(output.status.success(), "`{line}`: {}", output.status);
        let live = String::from_utf8(output.stdout).context("the report is no text")?;
        let mut replay = Command::new(&self.holdup);
        replay.args(["report", &trace, "--format", "json"]);
        let replayed = process::output(replay.current_dir(&self.folder))?;
        ensure!(
            live == replayed,
            "the live report and the replayed one differ"
        );

        let kept = project::root().join(FOLDER).join(&trace);
        let beside = kept.with_extension("json");
        let before = match fs::read_to_string(&beside) {
            Ok(text) => Some(parsed(&text, &beside)?),
            Err(_) => None,
        };
        let faults = faults(&parsed(&live, Path::new(&trace))?, before.as_ref());
        ensure!(
            faults.is_empty(),
            "{}; if another verdict is meant, remove {} first",
            faults.join("; "),
            beside.display()
        );
        if kept.exists() {
            fs::remove_dir_all(&kept).with_context(|| kept.display().to_string())?;
        }
        copy(&self.folder.join(&trace), &kept)?;
        fs::write(&beside, live).with_context(|| beside.display().to_string())
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("{} is left over: {error}", self.folder.display());
        }
    }
}

fn parsed(text: &str, of: &Path) -> anyhow::Result<Value> {
    serde_json::from_str(text).with_context(|| format!("{}: no JSON", of.display()))
}

/// What keeps a recording from being shown: another verdict than that of the one before, or something that does not vouch for it.
fn faults(report: &Value, before: Option<&Value>) -> Vec<String> {
    let mut faults = Vec::new();
    let (verdict, coverage) = (&report["verdict"], &report["coverage"]);
    if let Some(before) = before {
        for part in ["cause", "stage", "confidence_level"] {
            let (then, now) = (&before["verdict"][part], &verdict[part]);
            if then != now {
                faults.push(format!("{part} {now} instead of {then}"));
            }
        }
    }
    for part in ["lost", "conservation_error_ns"] {
        if coverage[part].as_i64() != Some(0) {
            faults.push(format!("{part} {}", coverage[part]));
        }
    }
    match coverage["kernel_difference"].as_f64() {
        Some(off) if off < 0.01 => (),
        Some(off) => faults.push(format!("{:.1}% off the kernel's own figures", 100.0 * off)),
        None => faults.push("not compared with the kernel's own figures".to_owned()),
    }
    faults
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), &place).with_context(|| place.display().to_string())?;
        }
    }
    Ok(())
}

/// Writes the run in README.md anew, from the recording it is about.
fn readme(holdup: &Path) -> anyhow::Result<()> {
    let file = project::root().join("README.md");
    let text = fs::read_to_string(&file).context("README.md")?;
    let shown = shown(&text)?;
    let mut command = Command::new(holdup);
    command
        .args(["report", shown.trace])
        .current_dir(project::root());
    let printed = process::output(&mut command)?;
    let lines: Vec<&str> = printed.lines().map(str::trim_end).collect();
    let output = lines.join("\n");
    let (before, after) = (&text[..shown.begin], &text[shown.end..]);
    fs::write(&file, format!("{before}{}\n{after}", output.trim())).context("README.md")
}

/// The run in a text: its trace, and where its output begins and ends.
struct Shown<'a> {
    trace: &'a str,
    begin: usize,
    end: usize,
}

fn shown(text: &str) -> anyhow::Result<Shown<'_>> {
    let at = text
        .find(SHOWN)
        .with_context(|| format!("README.md shows no run: no line begins with `{SHOWN}`"))?;
    let rest = &text[at..];
    let line = rest.find('\n').unwrap_or(rest.len());
    let end = rest
        .find("```")
        .context("README.md's run has no end: no ``` after it")?;
    ensure!(line < end, "README.md's run is one line");
    Ok(Shown {
        trace: rest[SHOWN.len()..line].trim(),
        begin: at + line + 1,
        end: at + end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(cause: &str) -> Value {
        serde_json::json!({
            "verdict": {"cause": cause, "stage": "write", "confidence_level": "strong"},
            "coverage": {"lost": 0, "conservation_error_ns": 0, "kernel_difference": 0.001},
        })
    }

    #[test]
    fn a_recording_that_says_something_else_is_refused() {
        assert_eq!(
            faults(&report("pool"), Some(&report("pool"))),
            Vec::<String>::new()
        );
        assert_eq!(faults(&report("pool"), None), Vec::<String>::new());
        assert_eq!(
            faults(&report("none"), Some(&report("pool"))),
            [r#"cause "none" instead of "pool""#]
        );
        let mut lossy = report("pool");
        lossy["coverage"] = serde_json::json!({"lost": 3, "conservation_error_ns": -1});
        assert_eq!(
            faults(&lossy, None),
            [
                "lost 3",
                "conservation_error_ns -1",
                "not compared with the kernel's own figures"
            ]
        );
    }

    #[test]
    fn the_run_is_found_between_its_command_and_its_end() {
        let text = "# x\n\n```text\n$ holdup report a/b.holdup\nold\n```\nmore\n";
        let run = shown(text).expect("a run");
        assert_eq!(run.trace, "a/b.holdup");
        assert_eq!(&text[run.begin..run.end], "old\n");
        assert!(shown("# x\n").is_err());
        assert!(shown("$ holdup report x").is_err());
    }
}
