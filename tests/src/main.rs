//! Runs the zoo and prints its table: `cargo run -p zoo -- --help`.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

/// Runs labelled workloads under holdup and holds its reports against their own truth.
#[derive(Debug, Parser)]
#[command(name = "zoo")]
struct Arguments {
    /// Only these cases.
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,
    /// Seeds of their parameters.
    #[arg(long = "seed", value_name = "N", default_values_t = [1, 2])]
    seeds: Vec<u64>,
    /// How many runs go beside each other, of the cases that leave the CPUs and the disk to others.
    #[arg(long, value_name = "N", default_value = "1")]
    lanes: NonZero<usize>,
    /// How often to run everything.
    #[arg(long, value_name = "N", default_value_t = 1)]
    runs: usize,
    /// A part of the cases, with the first seed only, and one untraced round instead of three.
    #[arg(long)]
    quick: bool,
    /// Form of the result.
    #[arg(long, default_value = "table")]
    format: Format,
    /// The binary under test; else the one beside this one.
    #[arg(long, value_name = "PATH")]
    holdup: Option<PathBuf>,
    /// Measure the truth alone, without holdup.
    #[arg(long)]
    untraced: bool,
    /// Keep the traces in this folder.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Where all that falls short may be due to a busy host, run the case once more, and say so. A wrong name fails at once.
    #[arg(long)]
    again: bool,
    /// On a host that others use too: let a case pass of which nothing but figures of timing fall short, and say so. A wrong name, lost
    /// records, and times that do not add up fail all the same.
    #[arg(long)]
    busy_host: bool,
    /// Write the page of accuracy, made of this run, to this file.
    #[arg(long, value_name = "FILE")]
    accuracy: Option<PathBuf>,
    /// Instead of all this make a short recording of each case in this folder, with its truth beside it, by the first seed.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["accuracy", "keep", "untraced", "again"])]
    record: Option<PathBuf>,
    /// Print the names of the cases and what each must be called.
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    match zoo_main(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("zoo: {error}");
            ExitCode::from(2)
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    let _arguments = Arguments::parse();
    eprintln!("zoo: holdup records on Linux only");
    ExitCode::from(2)
}

/// Whether nothing falls short.
#[cfg(target_os = "linux")]
fn zoo_main(arguments: &Arguments) -> std::io::Result<bool> {
    if arguments.list {
        for case in zoo::cases::all() {
            println!("{:<18} {}", case.name, case.cause);
        }
        return Ok(true);
    }
    let cases = chosen(arguments)?;
    // Whatever folder they are run in.
    let holdup = std::path::absolute(match &arguments.holdup {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("holdup"),
    })?;
    let rounds = if arguments.quick {
        1
    } else {
        zoo::truth::ROUNDS
    };
    if let Some(folder) = &arguments.record {
        let mut workshop = zoo::workshop::Workshop::open()?;
        let studio = zoo::recording::Studio {
            holdup,
            rounds,
            folder: folder.clone(),
        };
        return Ok(record(&mut workshop, &studio, &cases, arguments.seeds[0]));
    }
    let settings = zoo::run::Settings {
        holdup,
        rounds,
        untraced: arguments.untraced,
        keep: arguments.keep.clone(),
    };
    let rows = run(arguments, &settings, &cases)?;
    match arguments.format {
        Format::Table => print!("{}", zoo::table::render(&rows)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&rows)?),
    }
    let strict = std::env::var_os("HOLDUP_REQUIRE_LIVE").is_some_and(|value| value == "1");
    let passes = |row: &zoo::judge::Row| {
        let is_sound = row.faults.is_empty() || (arguments.busy_host && row.is_only_timing());
        is_sound && (row.not_run.is_empty() || !strict)
    };
    Ok(rows.iter().all(passes))
}

/// The cases that are asked for.
#[cfg(target_os = "linux")]
fn chosen(arguments: &Arguments) -> std::io::Result<Vec<zoo::plan::Case>> {
    use std::io::{Error, ErrorKind};

    let mut cases = zoo::cases::all();
    for name in &arguments.cases {
        if !cases.iter().any(|case| case.name == name) {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                format!("there is no case {name:?}; see --list"),
            ));
        }
    }
    if !arguments.cases.is_empty() {
        cases.retain(|case| arguments.cases.iter().any(|name| name == case.name));
    } else if arguments.quick {
        cases.retain(|case| case.quick);
    }
    Ok(cases)
}

#[cfg(target_os = "linux")]
fn run(
    arguments: &Arguments,
    settings: &zoo::run::Settings,
    cases: &[zoo::plan::Case],
) -> std::io::Result<Vec<zoo::judge::Row>> {
    let run = if arguments.again {
        zoo::run::run_twice_at_most
    } else {
        zoo::run::run
    };
    let seeds = seeds(arguments);
    let mut jobs: Vec<zoo::schedule::Job<'_>> = Vec::new();
    for _ in 0..arguments.runs {
        for case in cases {
            jobs.extend(seeds.iter().map(|seed| (case, *seed)));
        }
    }
    let one = |workshop: &mut zoo::workshop::Workshop, (case, seed): zoo::schedule::Job<'_>| {
        eprintln!("{} (seed {seed}) ...", case.name);
        run(workshop, settings, case, seed)
    };
    // A page of what there is, so that an hour's work is not lost where the run is ended.
    let told = |rows: &[zoo::judge::Row]| {
        eprintln!("{} of {} are done", rows.len(), jobs.len());
        if let Err(error) = write_page(arguments, rows) {
            eprintln!("zoo: {error}");
        }
    };
    zoo::schedule::run(&jobs, arguments.lanes, one, told)
}

/// The page of accuracy of these runs, where it is asked for.
#[cfg(target_os = "linux")]
fn write_page(arguments: &Arguments, rows: &[zoo::judge::Row]) -> std::io::Result<()> {
    match &arguments.accuracy {
        Some(file) => std::fs::write(file, zoo::accuracy::page(rows, &how(arguments, rows))),
        None => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn seeds(arguments: &Arguments) -> &[u64] {
    if arguments.quick {
        &arguments.seeds[..1]
    } else {
        &arguments.seeds
    }
}

/// Records each case; whether all of them are as they should be.
#[cfg(target_os = "linux")]
fn record(
    workshop: &mut zoo::workshop::Workshop,
    studio: &zoo::recording::Studio,
    cases: &[zoo::plan::Case],
    seed: u64,
) -> bool {
    let mut all = true;
    for case in cases {
        match zoo::recording::record(workshop, studio, case, seed) {
            Ok(kept) => println!(
                "{}: {} kB in {} ms: {}",
                case.name,
                kept.bytes.div_ceil(1000),
                kept.window_ms,
                kept.sentence
            ),
            Err(error) => {
                all = false;
                println!("{}: not recorded: {error}", case.name);
            }
        }
    }
    all
}

/// What the page was made by.
#[cfg(target_os = "linux")]
fn how(arguments: &Arguments, rows: &[zoo::judge::Row]) -> String {
    let seeds: Vec<String> = seeds(arguments).iter().map(u64::to_string).collect();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let part = if arguments.quick {
        " (`--quick`: a part of the cases, and one untraced round)"
    } else {
        ""
    };
    let lanes = match arguments.lanes.get() {
        1 => String::new(),
        lanes => format!(
            " (`--lanes {lanes}`: runs that leave the CPUs and the disk to others, {lanes} beside each other)"
        ),
    };
    format!(
        "Here: {} runs{part}{lanes}, seeds {}, Linux {}, {cpus} CPUs.",
        rows.len(),
        seeds.join(", "),
        kernel.trim()
    )
}
