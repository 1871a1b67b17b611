//! Arguments as typed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::help;
use super::{duration, rule, size};
use crate::cause::{Cause, ENTRIES};
use crate::demo::Scenario;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// What is holding your workers up?
///
/// Attaches to running worker processes, watches them from the kernel, and says why N workers do the work of one: which
/// resource serialises them, who holds it, in which stage of the work, what to change, and how much that would bring. No
/// code is touched, nothing is restarted, nothing is injected.
#[derive(Debug, Parser)]
#[command(name = "holdup", version, styles = STYLES, after_help = help::PROGRAM, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch running processes and report what serialises them
    #[command(after_help = help::ATTACH, after_long_help = help::with_causes(help::ATTACH), group = target_group(&["pid", "comm", "cgroup"]))]
    Attach(Attach),
    /// Start a command and watch it from its first instruction
    #[command(after_help = help::RUN, after_long_help = help::with_causes(help::RUN))]
    Run(Run),
    /// Capture now into a folder, to be analysed anywhere
    #[command(after_help = help::RECORD, group = target_group(&["pid", "comm", "cgroup", "cmd"]))]
    Record(Record),
    /// Analyse a recording; needs no rights and no Linux
    #[command(after_help = help::REPORT, after_long_help = help::with_causes(help::REPORT))]
    Report(Report),
    /// Hold a report after a change against the one before it
    #[command(after_help = help::COMPARE)]
    Compare(Compare),
    /// Write a recording in the form of another viewer
    #[command(after_help = help::EXPORT)]
    Export(Export),
    /// Print views of a recording for DuckDB, so that queries need no joins
    #[command(after_help = help::SQL_VIEWS)]
    SqlViews(SqlViews),
    /// Say what a cause is, how it is told from others, and what helps
    #[command(after_help = help::EXPLAIN)]
    Explain(Explain),
    /// Print the page that tells a coding agent how to use holdup, or put it where agents look
    #[command(after_help = help::SKILL)]
    Skill(Skill),
    /// Say what this host allows, and what to do about what it does not
    #[command(after_help = help::DOCTOR)]
    Doctor,
    /// Diagnose a built-in contended workload before your eyes
    #[command(after_help = help::DEMO)]
    Demo(Demo),
    /// Print completions for a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write one for each command
    #[command(after_help = help::MAN)]
    Man {
        /// Command whose page to print [default: the program's own page]
        command: Option<String>,
        /// Write the pages of all commands into this folder instead
        #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
        all: Option<PathBuf>,
    },
    /// Part of a demo (used by `holdup demo` itself)
    #[command(hide = true, disable_help_flag = true)]
    Workload {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
}

fn target_group(names: &'static [&'static str]) -> ArgGroup {
    ArgGroup::new("target")
        .args(names)
        .required(true)
        .multiple(true)
}

#[derive(Debug, Args)]
pub struct Attach {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub window: Window,
    #[command(flatten)]
    pub work: Work,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub capture: Capture,
    #[command(flatten)]
    pub keep: Keep,
}

#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    pub window: Window,
    #[command(flatten)]
    pub work: Work,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub capture: Capture,
    #[command(flatten)]
    pub keep: Keep,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub cmd: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct Record {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub window: Window,
    #[command(flatten)]
    pub capture: Capture,
    /// Folder to record into
    #[arg(
        short,
        long,
        value_name = "FOLDER",
        default_value = "trace.holdup",
        help_heading = "Output"
    )]
    pub output: PathBuf,
    /// Replace an earlier recording there; a folder that holds anything else is left alone
    #[arg(long, help_heading = "Output")]
    pub overwrite: bool,
    /// The command and its arguments, to start and watch
    #[arg(last = true, value_name = "CMD")]
    pub cmd: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct Report {
    /// Folder written by `holdup record`
    #[arg(value_name = "FOLDER")]
    pub trace: PathBuf,
    #[command(flatten)]
    pub work: Work,
    #[command(flatten)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Compare {
    /// Before the change: a folder written by `holdup record`, or a report written with --format json
    pub before: PathBuf,
    /// After it
    pub after: PathBuf,
    /// What one item is, in both recordings: write:PEER, exchange:PEER, fsync:PATH, read:PATH, call:NAME
    #[arg(long, value_name = "RULE", value_parser = rule::item, help_heading = "Work")]
    pub item: Option<String>,
    /// What stage a peer or file belongs to, in both recordings, as fetch:PEER or write:PATH; may be given several times
    #[arg(long = "stage", value_name = "RULE", value_parser = rule::stage, help_heading = "Work")]
    pub stages: Vec<String>,
    /// Form of the comparison
    #[arg(short, long, value_enum, default_value_t = CompareFormat::Text, help_heading = "Output")]
    pub format: CompareFormat,
    /// Write the comparison to this file instead of the terminal
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// End with code 1 if the rate after is, beyond the noise of both, less than so many times the rate before
    #[arg(long, value_name = "TIMES", value_parser = times, help_heading = "Output")]
    pub fail_below: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// For a terminal
    Text,
    /// For a pull request
    Markdown,
    /// For programs (schema holdup.compare/1)
    Json,
}

#[derive(Debug, Args)]
pub struct Export {
    /// Folder written by `holdup record`
    #[arg(value_name = "FOLDER")]
    pub trace: PathBuf,
    /// The form
    #[arg(long, value_enum)]
    pub to: ExportForm,
    /// Write to this file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, requires = "output")]
    pub overwrite: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// Folded stacks of waiting, in microseconds, for flame graph tools
    Folded,
    /// Folded stacks of CPU time, in samples
    FoldedCpu,
    /// A flame graph of waiting, as an SVG file for a browser
    Svg,
    /// A flame graph of CPU time
    SvgCpu,
    /// Waiting and CPU time by call stack, for speedscope.app
    Speedscope,
    /// Who waits for whom, as a graph for Graphviz (`dot -Tsvg`)
    Dot,
    /// Waiting by call stack, for `go tool pprof`
    Pprof,
    /// What each thread and task does over time, requests and wake-ups, for ui.perfetto.dev
    Perfetto,
}

#[derive(Debug, Args)]
pub struct SqlViews {
    /// Folder written by `holdup record`
    #[arg(value_name = "FOLDER")]
    pub trace: PathBuf,
    /// Schema to put them into, so that several recordings can be held against each other
    #[arg(long, value_name = "NAME", default_value = "main", value_parser = schema)]
    pub schema: String,
    /// Write to this file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A name that needs no quotes in a query.
fn schema(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("is no plain name; use letters, digits and _, a letter first".to_owned()),
    }
}

#[derive(Debug, Args)]
pub struct Explain {
    /// The cause, as reports call it (user-lock, remote-serial, ...) [default: list all]
    #[arg(value_parser = cause_parser())]
    pub cause: Option<Cause>,
    /// Language of the code that shows what helps
    #[arg(long, value_name = "LANGUAGE", default_value = "python", value_parser = ["python", "typescript", "java", "go", "rust", "c"])]
    pub language: String,
    /// Form of the text
    #[arg(short, long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}

#[derive(Debug, Args)]
pub struct Skill {
    /// Put it below this folder of skills, instead of printing it
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = ".claude/skills")]
    pub install: Option<PathBuf>,
    /// Replace another version that is there
    #[arg(long, requires = "install")]
    pub force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// For a terminal
    Text,
    /// For a wiki
    Markdown,
}

/// The ids of all causes, so that shells can complete them.
fn cause_parser() -> impl TypedValueParser<Value = Cause> {
    PossibleValuesParser::new(ENTRIES.map(|entry| entry.id)).try_map(|id| id.parse::<Cause>())
}

#[derive(Debug, Args)]
pub struct Demo {
    /// What to show
    #[arg(value_enum, default_value_t = Scenario::Goldsky)]
    pub scenario: Scenario,
    /// Run it with its fix in, to see what came of it
    #[arg(long)]
    pub fixed: bool,
    #[command(flatten)]
    pub window: Window,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub keep: Keep,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
pub struct Target {
    /// Process to watch: all its threads, its children, and those born later; may be given several times
    #[arg(short, long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..), value_delimiter = ',')]
    pub pid: Vec<u32>,
    /// All processes of this name (as `ps -o comm` shows it)
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub comm: Vec<String>,
    /// All processes of this control group (a path, with or without /sys/fs/cgroup)
    #[arg(long, value_name = "PATH")]
    pub cgroup: Vec<PathBuf>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Window")]
pub struct Window {
    /// How long to watch, as 30s, 2m, 1.5s [default: until the answer is settled, 10s to 60s]
    #[arg(short, long, value_name = "TIME", value_parser = duration::parse)]
    pub duration: Option<Duration>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Work")]
pub struct Work {
    /// Items there are in all, for the time to the end
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub total_items: Option<u64>,
    /// Items that were done before the window
    #[arg(long, value_name = "M", requires = "total_items")]
    pub done_items: Option<u64>,
    /// Workers there are, where some are tasks that wait inside the process and show nowhere (async functions, goroutines)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub workers: Option<u32>,
    /// Progress file to report on
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<String>,
    /// What one item is, if it is not found by itself: write:PEER, exchange:PEER, fsync:PATH, read:PATH, call:NAME
    #[arg(long, value_name = "RULE", value_parser = rule::item)]
    pub item: Option<String>,
    /// What stage a peer or file belongs to, as fetch:PEER or write:PATH; may be given several times
    #[arg(long = "stage", value_name = "RULE", value_parser = rule::stage)]
    pub stages: Vec<String>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Form of the report
    #[arg(short, long, value_enum, default_value_t = FormatName::Text)]
    pub format: FormatName,
    /// Write the report to this file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// All evidence, not just what fits one screen
    #[arg(long)]
    pub details: bool,
    /// End with code 1 if the serialization factor is above this
    #[arg(long, value_name = "SF", value_parser = serialization_factor)]
    pub fail_above: Option<f64>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Capture")]
pub struct Capture {
    /// Do not look at the first bytes of messages for their verb (GET, INSERT, ...) and statement
    #[arg(long)]
    pub no_peek: bool,
    /// Do not take the call sites of lock waits
    #[arg(long)]
    pub no_call_sites: bool,
    /// Do not read the tasks of Go and asyncio programs from their memory. Nothing is stopped or written when it is done, and it takes
    /// a hundredth of a CPU; of tens of thousands of tasks the first looks take a tenth of a second each
    #[arg(long)]
    pub no_runtime: bool,
    /// Record waits alone, no calls: costs least, but stages and exchanges stay unknown
    #[arg(long)]
    pub waits_only: bool,
    /// What watching may cost, percent of the work's throughput and of the host's CPUs. When it costs more, fewer call sites are
    /// taken, then whole stretches of time are left out; the report says so
    #[arg(long, value_name = "PERCENT", value_parser = max_overhead, default_value = "2")]
    pub max_overhead: f64,
    /// Size of the buffer between kernel and holdup; larger ones lose less under bursts
    #[arg(long, value_name = "SIZE", value_parser = size::parse, default_value = "16M")]
    pub ring_bytes: u32,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            no_peek: false,
            no_call_sites: false,
            no_runtime: false,
            waits_only: false,
            max_overhead: 2.0,
            ring_bytes: 16 << 20,
        }
    }
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct Keep {
    /// Keep the recording behind the report in this folder
    #[arg(long, value_name = "FOLDER")]
    pub keep: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// For a terminal
    Text,
    /// For an issue or a wiki
    Markdown,
    /// For a browser: one file with pictures of what each worker did
    Html,
    /// For programs (schema holdup.report/1)
    Json,
    /// Gauges for Prometheus, by a file that node_exporter's textfile collector reads
    Prometheus,
}

/// More than this is no limit any more.
const LARGEST_OVERHEAD: f64 = 1000.0;

fn max_overhead(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    match number.parse::<f64>() {
        Ok(value) if value > 0.0 && value <= LARGEST_OVERHEAD => Ok(value),
        Ok(value) if value <= 0.0 => {
            Err("leaves nothing to watch with; say for example 2, or 0.5 to cost less".to_owned())
        }
        _ => Err(format!(
            "is no share of the throughput; say percent, for example 2, and {LARGEST_OVERHEAD} at most"
        )),
    }
}

fn times(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("is no ratio of rates; say for example 0.95, or 1 for no loss at all".to_owned()),
    }
}

fn serialization_factor(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 1.0 => Ok(value),
        _ => Err("is no serialization factor; say a number from 1 on, for example 1.5".to_owned()),
    }
}

#[cfg(test)]
mod tests;
