//! What a workload loses to being watched, and a bystander to others being watched.

use std::fmt::Write as _;

use super::load::{Load, Own, Redis};
use super::pairs::{self, Comparison, Figure};
use super::servers::{Postgres, Script};
use super::tool::Tool;
use super::tracefs::Tracefs;
use super::{Wanted, machine, table};

const EVERYTHING: &[&str] = &["--max-overhead", "1000"];

/// All that is compared; the interval of the first is what is waited for.
const TOOLS: &[Tool] = &[
    Tool::Budgeted,
    Tool::Holdup {
        name: "holdup, everything",
        arguments: EVERYTHING,
        elsewhere: false,
    },
    Tool::Holdup {
        name: "holdup, waits only",
        arguments: &["--max-overhead", "1000", "--waits-only"],
        elsewhere: false,
    },
    Tool::Holdup {
        name: "holdup, watching another process",
        arguments: EVERYTHING,
        elsewhere: true,
    },
    Tool::Bpftrace,
    Tool::PerfSched,
    Tool::PerfTrace,
    Tool::Strace,
];

/// What is compared on real clients and servers: whether the budget leaves anything out, and what all of it costs.
const HOLDUP: &[Tool] = &[
    Tool::Budgeted,
    Tool::Holdup {
        name: "holdup, everything",
        arguments: EVERYTHING,
        elsewhere: false,
    },
];

/// Real clients and servers, which go round as fast as they can: their own rate is what counts.
struct Server {
    name: &'static str,
    operation: &'static str,
    start: fn() -> anyhow::Result<Box<dyn Load>>,
}

const SERVERS: &[Server] = &[
    Server {
        name: "pgbench, 16 clients",
        operation: "one transaction that adds to the one hot row; CPU time of PostgreSQL",
        start: || Ok(Box::new(Postgres::start()?)),
    },
    Server {
        name: "Node, 64 requests",
        operation: "one request over HTTP of 64 under way in one process, answered after 50 ms; CPU time of the client",
        start: || Ok(Box::new(Script::node()?)),
    },
    Server {
        name: "Python, pool of 4",
        operation: "one request by one of 32 threads that share 4 connections, answered after 2 ms; CPU time of the client",
        start: || Ok(Box::new(Script::python()?)),
    },
];

/// A workload and what an operation of it is.
struct Case {
    name: &'static str,
    operation: &'static str,
    words: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        name: "request/response",
        operation: "one exchange over loopback on one CPU: 4 calls, 2 waits",
        words: &["request", "--pin", "0"],
    },
    Case {
        name: "redis-benchmark",
        operation: "one SET of 50 clients, CPU time of the server",
        words: &[],
    },
    Case {
        name: "fsync appenders",
        operation: "4 KiB appended and synced by one of 4 threads",
        words: &["append", "--folder"],
    },
    Case {
        name: "mutex, 1 ms holds",
        operation: "one hold by one of 16 threads",
        words: &["mutex", "--hold", "1000000"],
    },
    Case {
        name: "1,000 idle threads",
        operation: "one wake-up every 500 ms a thread, 50 us of work",
        words: &["idle"],
    },
    Case {
        name: "ping-pong",
        operation: "one hop between two threads on one CPU: 1 wait, 1 wake-up call",
        words: &["ring", "--pin", "0"],
    },
    Case {
        name: "mutex, short holds",
        operation: "one hold of 1 us by one of 16 threads, 1 us between",
        words: &["mutex", "--hold", "1000", "--between", "1000"],
    },
    Case {
        name: "cheapest call",
        operation: "getppid in a loop",
        words: &["calls", "--pin", "1"],
    },
    Case {
        name: "call that does not block",
        operation: "one byte written to /dev/null in a loop",
        words: &["calls", "--pin", "1", "--write"],
    },
];

/// Measures all workloads.
pub fn measure(wanted: &Wanted) -> anyhow::Result<String> {
    let mut bystander = Own::start(&words(&["idle", "--threads", "1"]))?;
    let _ = bystander.run(1)?;
    let _tracefs = Tracefs::mount();
    let mut text = machine::line("cargo xtask bench overhead");
    text.push_str(
        "\nCPU time and wall time of an operation under each tool, as a ratio to the untraced runs before and after it in the same \
         round: median and its 95% interval. The floor is untraced to untraced; nothing within it is a difference. Of the workloads \
         made of real clients and servers the wall time is what counts: it is their throughput. `own` is the tool's own CPU. holdup with its budget of 2% (the default) is looked at for ten seconds, from two to eleven after its start on; \
         the others for half a second; the untraced runs around each are as long; when the time for all is over, the first goes on alone for as long. bpftrace and perf sched record waits alone, perf trace and strace calls alone.\n",
    );
    for case in CASES.iter().filter(|case| wanted.has(case.name)) {
        eprintln!("{}", case.name);
        let folder = tempfile::Builder::new()
            .prefix("bench-")
            .tempdir_in("/var/tmp")?;
        let started: anyhow::Result<Box<dyn Load>> = if case.words.is_empty() {
            Redis::start().map(|redis| Box::new(redis) as Box<dyn Load>)
        } else {
            let mut all = words(case.words);
            if case.words.last() == Some(&"--folder") {
                all.push(folder.path().display().to_string());
            }
            Own::start(&all).map(|own| Box::new(own) as Box<dyn Load>)
        };
        let compared = started.and_then(|mut load| {
            pairs::compare(
                &mut *load,
                bystander.pid(),
                TOOLS,
                Figure::Cpu,
                wanted.longest,
            )
        });
        let _ = write!(text, "\n### {}\n\n", case.name);
        match compared {
            Ok(comparison) => show(&mut text, case.operation, &comparison),
            Err(error) => {
                let _ = writeln!(text, "Not measured: {error:#}.");
            }
        }
    }
    for server in SERVERS.iter().filter(|server| wanted.has(server.name)) {
        eprintln!("{}", server.name);
        let compared = (server.start)().and_then(|mut load| {
            pairs::compare(
                &mut *load,
                bystander.pid(),
                HOLDUP,
                Figure::Wall,
                wanted.longest,
            )
        });
        let _ = write!(text, "\n### {}\n\n", server.name);
        match compared {
            Ok(comparison) => show(&mut text, server.operation, &comparison),
            Err(error) => {
                let _ = writeln!(text, "Not measured: {error:#}.");
            }
        }
    }
    Ok(text)
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn show(text: &mut String, operation: &str, comparison: &Comparison) {
    let mut table = table::new(&[
        "tool",
        "CPU an operation",
        "more, ns",
        "wall an operation",
        "own, % of a core",
        "time watched, %",
        "runs",
    ]);
    let percent = |cores: f64| format!("{:.1}", cores * 100.0);
    table.add_row([
        "untraced (the floor)".to_owned(),
        comparison.floor.text(),
        String::new(),
        comparison.floor_wall.text(),
        String::new(),
        String::new(),
        comparison.floor.count.to_string(),
    ]);
    for compared in &comparison.tools {
        table.add_row([
            compared.tool.name().to_owned(),
            compared.cpu.text(),
            format!("{:.0}", compared.more.value),
            compared.wall.text(),
            percent(compared.own.value),
            compared
                .watched
                .map(|watched| percent(watched.value))
                .unwrap_or_default(),
            compared.cpu.count.to_string(),
        ]);
    }
    let _ = writeln!(
        text,
        "An operation is {operation}; untraced it takes {:.0} ns of CPU, {:.0} ns by the clock.\n\n{table}",
        comparison.untraced.value, comparison.untraced_wall.value
    );
    for missing in &comparison.missing {
        let _ = writeln!(text, "\n{missing}.");
    }
}
