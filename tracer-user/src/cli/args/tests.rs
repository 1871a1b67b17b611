//! What is accepted and what is refused.

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}

fn refused(line: &str, kind: ErrorKind, says: &str) {
    let error = parse(line).expect_err(line);
    assert_eq!(error.kind(), kind, "{line}: {error}");
    assert!(error.to_string().contains(says), "{line}: {error}");
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn the_commands_are_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn targets_come_in_any_number_but_not_none() {
    let Command::Attach(attach) = parse("holdup attach --pid 1,2 --pid 3 --comm w --cgroup x")
        .expect("targets")
        .command
    else {
        panic!("not attach");
    };
    assert_eq!(attach.target.pid, [1, 2, 3]);
    assert_eq!(attach.target.comm, ["w"]);
    refused("holdup attach", ErrorKind::MissingRequiredArgument, "--pid");
    refused("holdup record", ErrorKind::MissingRequiredArgument, "--pid");
    refused("holdup run", ErrorKind::MissingRequiredArgument, "CMD");
    refused(
        "holdup compare a",
        ErrorKind::MissingRequiredArgument,
        "AFTER",
    );
    refused("holdup attach --pid 0", ErrorKind::ValueValidation, "0");
    refused("holdup attach --pid x", ErrorKind::ValueValidation, "x");
}

#[test]
fn what_stands_behind_the_dashes_is_the_command() {
    let Command::Run(run) = parse("holdup run -d 5s -- prog --pid 1 -d x")
        .expect("run")
        .command
    else {
        panic!("not run");
    };
    assert_eq!(run.cmd, ["prog", "--pid", "1", "-d", "x"]);
    assert_eq!(run.window.duration, Some(Duration::from_secs(5)));
    let Command::Record(record) = parse("holdup record -o t -- prog").expect("record").command
    else {
        panic!("not record");
    };
    assert_eq!(record.cmd, ["prog"]);
}

#[test]
fn nonsense_is_refused_before_anything_starts() {
    for (line, says) in [
        ("holdup attach --pid 1 --duration 0s", "too short"),
        ("holdup attach --pid 1 --duration 10", "no unit"),
        ("holdup attach --pid 1 --duration 9999h", "too long"),
        ("holdup attach --pid 1 --ring-bytes 3M", "power of two"),
        (
            "holdup attach --pid 1 --max-overhead 0",
            "nothing to watch with",
        ),
        (
            "holdup attach --pid 1 --max-overhead=-1",
            "nothing to watch with",
        ),
        (
            "holdup attach --pid 1 --max-overhead nan",
            "share of the throughput",
        ),
        (
            "holdup attach --pid 1 --max-overhead x",
            "share of the throughput",
        ),
        ("holdup attach --pid 1 --item foo", "exchange:PEER"),
        ("holdup attach --pid 1 --stage foo", "STAGE:PEER"),
        (
            "holdup attach --pid 1 --fail-above 0.5",
            "serialization factor",
        ),
        (
            "holdup attach --pid 1 --fail-above nan",
            "serialization factor",
        ),
        ("holdup attach --pid 1 --total-items 0", "0"),
        ("holdup compare a b --fail-below 0", "ratio of rates"),
        ("holdup compare a b --fail-below inf", "ratio of rates"),
    ] {
        refused(line, ErrorKind::ValueValidation, says);
    }
    refused(
        "holdup report t --done-items 5",
        ErrorKind::MissingRequiredArgument,
        "--total-items",
    );
}
