//! The project's own tasks: `cargo xtask TASK`.
//!
//! In: the arguments. Out: what a task prints, and exit code 0 when it passed, 1 when it failed, 2 for bad arguments.

mod host;
mod process;
mod project;
mod release;
mod step;

mod accuracy;
mod bench;
mod demo;
mod dist;
mod ebpf;
mod record_cases;
mod record_demo;
mod setup;
mod test;
mod tidy;
mod tools;
mod vm;
mod zoo;

use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};

/// The tasks of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds holdup and shows it on a contended workload: live where host and rights allow, else from a recording.
    Demo(demo::Arguments),
    /// Installs what the rebuild of the eBPF object, the virtual machine and the zoo need.
    Setup {
        /// What the bench compares with, too: bpftrace, perf, strace and Redis.
        #[arg(long)]
        bench: bool,
        /// What the binary to hand out needs, too: musl's compiler, and Rust's library for it.
        #[arg(long)]
        dist: bool,
        /// Programs that read traces and exports, too, for their tests: DuckDB, ClickHouse, Polars, Perfetto's format, speedscope.
        #[arg(long)]
        readers: bool,
    },
    /// Builds a static, stripped binary to hand out, in `dist/`.
    Dist,
    /// Builds the kernel side and keeps the object with its stamp.
    Ebpf {
        /// Change nothing; prove that the kept object is what the sources give.
        #[arg(long)]
        check: bool,
    },
    /// Formatting, lints, tidy, the stamp of the eBPF object, unit and replay tests, and live tests where they can run.
    Test,
    /// The rules of style that a machine can check.
    Tidy,
    /// Boots a second kernel, loads every eBPF program there and diagnoses a workload live.
    Vm,
    /// Runs the labelled workloads and holds each report against the workload's own truth.
    Zoo(zoo::Arguments),
    /// Runs the labelled workloads and writes docs/ACCURACY.md: what was said, what was true, what each word of confidence is worth.
    Accuracy(accuracy::Arguments),
    /// Makes the recorded traces of the labelled workloads anew, each with its truth beside it, in tests/traces.
    RecordCases(record_cases::Arguments),
    /// Makes the recordings of the demo, the report beside each, and README's run anew.
    RecordDemo(record_demo::Arguments),
    /// Measures holdup beside what people use today, and keeps the figures in docs/PERFORMANCE.md.
    Bench(bench::Arguments),
    /// What `.ci/run` runs: all of this on a clean clone.
    Ci,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Setup {
            bench,
            dist,
            readers,
        } => setup::run(setup::Wanted {
            bench,
            dist,
            readers,
        }),
        Task::Dist => dist::run(),
        Task::Ebpf { check } => ebpf::run(check),
        Task::Test => test::run(),
        Task::Tidy => tidy::run(),
        Task::Vm => vm::run(),
        Task::Zoo(arguments) => zoo::run(&arguments),
        Task::Accuracy(arguments) => accuracy::run(&arguments),
        Task::RecordCases(arguments) => record_cases::run(&arguments),
        Task::RecordDemo(arguments) => record_demo::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Ci => process::run(&mut Command::new(project::root().join(".ci/run"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
