//! Runs the zoo and prints its table: `cargo run -p zoo -- --help`.

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
    use std::io::{Error, ErrorKind};

    let mut cases = zoo::cases::all();
    if arguments.list {
        for case in &cases {
            println!("{:<18} {}", case.name, case.cause);
        }
        return Ok(true);
    }
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
    let seeds = if arguments.quick {
        &arguments.seeds[..1]
    } else {
        &arguments.seeds[..]
    };
    let beside = std::env::current_exe()?.with_file_name("holdup");
    let settings = zoo::run::Settings {
        holdup: arguments.holdup.clone().unwrap_or(beside),
        rounds: if arguments.quick {
            1
        } else {
            zoo::truth::ROUNDS
        },
        untraced: arguments.untraced,
        keep: arguments.keep.clone(),
    };
    let mut workshop = zoo::workshop::Workshop::open()?;
    let mut rows = Vec::new();
    for _ in 0..arguments.runs {
        for case in &cases {
            for seed in seeds {
                eprintln!("{} (seed {seed}) ...", case.name);
                rows.push(zoo::run::run(&mut workshop, &settings, case, *seed));
            }
        }
    }
    match arguments.format {
        Format::Table => print!("{}", zoo::table::render(&rows)),
        Format::Json => println!("{}", serde_json::to_string_pretty(&rows)?),
    }
    let strict = std::env::var_os("HOLDUP_REQUIRE_LIVE").is_some_and(|value| value == "1");
    Ok(rows
        .iter()
        .all(|row| row.faults.is_empty() && (row.not_run.is_empty() || !strict)))
}
