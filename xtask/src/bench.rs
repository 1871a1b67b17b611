//! `cargo xtask bench`: measures holdup beside what people use today, and keeps the figures in docs/PERFORMANCE.md.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use crate::{process, project, release};

/// Where the figures are kept, below the project's folder.
const FILE: &str = "docs/PERFORMANCE.md";

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// What a workload and a bystander lose to being watched, beside bpftrace, perf and strace.
    Overhead,
    /// Time and instructions of each eBPF program.
    Kernel,
    /// The highest rate recorded without loss, and whether loss beyond it is counted exactly.
    Loss,
    /// Bytes on disk of a wait and of a call.
    Trace,
    /// Rows a second from disk to the report, and the memory it takes.
    Replay,
    /// Time from the command to probes live and seeded, and what is left behind.
    Attach,
    /// Cost of an event against the number of threads, processes, locks and call stacks.
    Scale,
    /// All of these, one after the other (about an hour).
    All,
}

impl What {
    const EACH: [Self; 7] = [
        Self::Overhead,
        Self::Kernel,
        Self::Loss,
        Self::Trace,
        Self::Replay,
        Self::Attach,
        Self::Scale,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Overhead => "overhead",
            Self::Kernel => "kernel",
            Self::Loss => "loss",
            Self::Trace => "trace",
            Self::Replay => "replay",
            Self::Attach => "attach",
            Self::Scale => "scale",
            Self::All => "all",
        }
    }
}

/// Arguments of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// What to measure
    #[arg(value_enum)]
    what: What,
    /// Longest time for one comparison, minutes; it ends earlier when the 95% interval is within 1%. The budget then goes on alone, for as long
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Measure only the workloads that have this in their names; docs/PERFORMANCE.md stays as it is
    #[arg(long, value_name = "WORD")]
    only: Option<String>,
}

/// Builds holdup and the bench, measures, prints the tables and puts them into docs/PERFORMANCE.md.
///
/// # Errors
/// When this host or these rights do not allow it, or something that is measured fails.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let rights = release::build("the bench", "bench")?;
    let wanted: &[What] = match &arguments.what {
        What::All => &What::EACH,
        one => std::slice::from_ref(one),
    };
    for what in wanted {
        let mut command = rights.command(project::built("release", "bench"));
        command.args([what.word(), "--minutes", &arguments.minutes.to_string()]);
        if let Some(only) = &arguments.only {
            command.args(["--only", only]);
        }
        let line = process::words(&command);
        eprintln!("$ {line}");
        // Progress is for whoever waits, the table is for the file too.
        let output = command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot start `{line}`"))?;
        let section = String::from_utf8_lossy(&output.stdout);
        println!("{section}");
        if !output.status.success() {
            bail!("`{line}`: {}", output.status);
        }
        if arguments.only.is_none() {
            keep(&project::root().join(FILE), *what, &section)?;
        }
    }
    Ok(())
}

fn keep(file: &Path, what: What, section: &str) -> anyhow::Result<()> {
    let before = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let after = with_section(&before, what.word(), section);
    std::fs::write(file, after).with_context(|| file.display().to_string())
}

/// The text with the section of that heading replaced, or added at its end.
fn with_section(text: &str, heading: &str, section: &str) -> String {
    let line = format!("## {heading}\n");
    let section = format!("{line}\n{}\n", section.trim());
    let Some(begin) = text.find(&line) else {
        return format!("{}\n\n{section}", text.trim_end());
    };
    let after = &text[begin + line.len()..];
    let end = after
        .find("\n## ")
        .map_or(text.len(), |at| begin + line.len() + at + 1);
    let rest = &text[end..];
    let gap = if rest.is_empty() { "" } else { "\n" };
    format!("{}{section}{gap}{rest}", &text[..begin])
}

#[cfg(test)]
mod tests {
    use super::with_section;

    #[test]
    fn a_section_is_replaced_and_the_others_stay() {
        let text = with_section("# Title\n\nWords.\n", "kernel", "one\n");
        assert_eq!(text, "# Title\n\nWords.\n\n## kernel\n\none\n");
        let text = with_section(&text, "loss", "two");
        assert_eq!(
            text,
            "# Title\n\nWords.\n\n## kernel\n\none\n\n## loss\n\ntwo\n"
        );
        let text = with_section(&text, "kernel", "three");
        assert_eq!(
            text,
            "# Title\n\nWords.\n\n## kernel\n\nthree\n\n## loss\n\ntwo\n"
        );
        let text = with_section(&text, "loss", "four");
        assert_eq!(
            text,
            "# Title\n\nWords.\n\n## kernel\n\nthree\n\n## loss\n\nfour\n"
        );
    }
}
