//! Cost of an event against the number of threads, processes, locks and call stacks: it should be flat.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use holdup::capture::overhead::run_stats::{self, Collection};

use super::load::{Load as _, Own};
use super::tool::Tool;
use super::{machine, table};

/// How long each case runs.
const RUN: Duration = Duration::from_secs(3);
/// Threads of which two hand a token to and fro while the others sleep.
const BYSTANDERS: [u32; 5] = [0, 10, 100, 1_000, 10_000];

const HOLDUP: Tool = Tool::Holdup {
    name: "holdup",
    arguments: &["--max-overhead", "1000"],
    elsewhere: false,
};

/// Measures all series.
pub fn measure() -> anyhow::Result<String> {
    let _collection =
        Collection::start().context("the kernel keeps no run statistics of eBPF programs")?;
    let mut text = machine::line("cargo xtask bench scale");
    text.push_str(
        "\nA token goes around a ring of threads by futexes. Kernel side: time in all eBPF programs, divided by hops, the kernel's \
         measuring included; user side: CPU time of holdup, divided by events. More threads in the ring touch more memory \
         in the kernel and in the tracer alike: the workload's own time an operation stands beside it.\n\n",
    );
    let mut figures = table::new(&[
        "series",
        "number",
        "untraced, ns a hop",
        "kernel side, ns a hop",
        "user side, ns an event",
    ]);
    for threads in [2u32, 10, 100, 1_000, 10_000] {
        let words = ["ring", "--threads", &threads.to_string(), "--pin", "0"].map(str::to_owned);
        add(
            &mut figures,
            "threads, all in the ring",
            threads,
            &[words.to_vec()],
        )?;
    }
    for idle in BYSTANDERS {
        let ring = ["ring", "--pin", "0"].map(str::to_owned).to_vec();
        let sleepers = [
            "idle",
            "--sleep",
            "60000",
            "--threads",
            &idle.max(1).to_string(),
        ];
        let sleepers = sleepers.map(str::to_owned).to_vec();
        add(
            &mut figures,
            "threads, most asleep",
            idle + 2,
            &[ring, sleepers],
        )?;
    }
    for processes in [1u32, 8, 64] {
        let ring = ["ring", "--pin", "0"].map(str::to_owned).to_vec();
        let idle = ["idle", "--threads", "1", "--sleep", "60000"].map(str::to_owned);
        let mut all = vec![ring];
        all.extend((1..processes).map(|_| idle.to_vec()));
        add(&mut figures, "processes", processes, &all)?;
    }
    for locks in [1u32, 100, 10_000] {
        let words = ["ring", "--pin", "0", "--locks", &locks.to_string()].map(str::to_owned);
        add(&mut figures, "locks", locks * 2, &[words.to_vec()])?;
    }
    for stacks in [1u32, 100, 10_000] {
        let words = ["ring", "--pin", "0", "--stacks", &stacks.to_string()].map(str::to_owned);
        add(&mut figures, "call stacks", stacks, &[words.to_vec()])?;
    }
    let _ = write!(text, "{figures}");
    Ok(text)
}

/// Runs the first workload, the others asleep beside it, all of them watched.
fn add(
    figures: &mut comfy_table::Table,
    series: &str,
    number: u32,
    workloads: &[Vec<String>],
) -> anyhow::Result<()> {
    eprintln!("{series}: {number}");
    let mut loads = Vec::new();
    for words in workloads {
        loads.push(Own::start(words)?);
    }
    let Some((ring, others)) = loads.split_first_mut() else {
        return Ok(());
    };
    for other in others.iter_mut() {
        other.begin(1)?;
    }
    let operations = ring.calibrate(RUN)?;
    let untraced = ring.run(operations)?;
    let before: Vec<u32> = run_stats::programs()?.iter().map(|p| p.id).collect();
    let mut pids = vec![ring.pid()];
    pids.extend(others.iter().map(|other| other.pid()));
    let watching = HOLDUP.start_all(&pids)?;
    let time = || -> anyhow::Result<Duration> {
        let all = run_stats::programs()?.into_iter();
        let ours = all.filter(|program| !before.contains(&program.id));
        Ok(ours.map(|program| program.runs.time).sum())
    };
    let (kernel, user) = (time()?, watching.cpu().unwrap_or_default());
    let run = ring.run(operations)?;
    let (kernel, user) = (
        time()?.saturating_sub(kernel),
        watching.cpu().unwrap_or_default().saturating_sub(user),
    );
    watching.stop()?;
    let hops = run.operations as f64;
    // A wait, the call it was in, and the call that wakes the next.
    let events = hops * 3.0;
    figures.add_row([
        series.to_owned(),
        number.to_string(),
        format!("{:.0}", untraced.cpu_each()),
        format!("{:.0}", kernel.as_nanos() as f64 / hops),
        format!("{:.0}", user.as_nanos() as f64 / events),
    ]);
    Ok(())
}
