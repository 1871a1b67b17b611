//! What each eBPF program takes a run, by the kernel's own books.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use holdup::capture::overhead::run_stats::{self, Collection, Runs};

use super::empty::{self, Empty};
use super::load::{Load as _, Own};
use super::statistics::Median;
use super::tool::Tool;
use super::{Wanted, machine, table};

/// How long each workload runs.
const RUN: Duration = Duration::from_secs(2);
/// Runs of which the median is taken.
const REPEATS: usize = 5;

const HOLDUP: Tool = Tool::Holdup {
    name: "holdup",
    arguments: &["--max-overhead", "1000"],
    elsewhere: false,
};
const NO_SITES: Tool = Tool::Holdup {
    name: "holdup without call sites",
    arguments: &["--max-overhead", "1000", "--no-call-sites"],
    elsewhere: false,
};

/// A workload, and the columns its table has.
struct Case {
    name: &'static str,
    words: &'static [&'static str],
    tool: Tool,
}

const CASES: &[Case] = &[
    Case {
        name: "ping-pong",
        words: &["ring", "--pin", "0"],
        tool: HOLDUP,
    },
    Case {
        name: "request/response",
        words: &["request", "--pin", "0"],
        tool: HOLDUP,
    },
    Case {
        name: "mutex, short holds",
        words: &["mutex", "--hold", "1000", "--between", "1000"],
        tool: HOLDUP,
    },
    Case {
        name: "getppid",
        words: &["calls", "--pin", "1"],
        tool: HOLDUP,
    },
    Case {
        name: "write to /dev/null",
        words: &["calls", "--pin", "1", "--write"],
        tool: HOLDUP,
    },
    Case {
        name: "untracked getppid",
        words: &["calls", "--pin", "1"],
        tool: Tool::Holdup {
            name: "holdup",
            arguments: &["--max-overhead", "1000"],
            elsewhere: true,
        },
    },
];

/// Two threads that wait on a timer, each wait with its call site or all without.
const WALKED: [Case; 2] = [
    Case {
        name: "with",
        words: &["idle", "--threads", "400", "--sleep", "1000", "--work", "1"],
        tool: HOLDUP,
    },
    Case {
        name: "without",
        words: &["idle", "--threads", "400", "--sleep", "1000", "--work", "1"],
        tool: NO_SITES,
    },
];

/// Measures all programs.
pub fn measure(wanted: &Wanted) -> anyhow::Result<String> {
    let collection =
        Collection::start().context("the kernel keeps no run statistics of eBPF programs")?;
    let measuring = measuring()?;
    let mut text = machine::line("cargo xtask bench kernel");
    let _ = writeln!(
        text,
        "\nBy the kernel's run-time statistics, which themselves take {measuring:.0} ns a run (a program that does nothing, \
         at the same tracepoint): subtracted below. Median of {REPEATS} runs of {} s.\n",
        RUN.as_secs()
    );
    let bystander = Own::start(&["idle", "--threads", "1"].map(str::to_owned))?;
    let mut figures = table::new(&["workload", "program", "runs a second", "ns a run"]);
    let mut programs = BTreeMap::new();
    let mut wait = None;
    for case in CASES.iter().filter(|case| wanted.has(case.name)) {
        eprintln!("{}", case.name);
        let found = runs(case, bystander.pid(), measuring, &mut programs)?;
        for (name, (rate, each)) in &found {
            figures.add_row([
                case.name.to_owned(),
                name.clone(),
                format!("{rate:.0}"),
                format!("{each:.0}"),
            ]);
        }
        if case.name == "ping-pong" {
            let each = |name: &str| found.get(name).map_or(f64::NAN, |&(_, each)| each);
            wait = Some(each("sched_switch") + each("sched_waking"));
        }
    }
    let _ = writeln!(text, "{figures}\n");
    if let Some(wait) = wait {
        let _ = writeln!(
            text,
            "One wait (switch-out, waking, switch-in, record), from the ping-pong: {wait:.0} ns; goal 250 ns: {}.",
            table::verdict(wait <= 250.0)
        );
    }
    let mut switch = [0.0; 2];
    for (case, each) in WALKED.iter().zip(&mut switch) {
        eprintln!("call sites: {}", case.name);
        let found = runs(case, bystander.pid(), measuring, &mut programs)?;
        *each = found
            .get("sched_switch")
            .map_or(f64::NAN, |&(_, each)| each);
    }
    let site = switch[0] - switch[1];
    let _ = writeln!(
        text,
        "The call site of a wait, where it is taken (400 sleepers, each wait with its site against all without): {site:.0} ns; \
         goal 2,000 ns: {}. Once eight sites of a thread and resource are known, one wait in 32 is taken.\n",
        table::verdict(site <= 2000.0)
    );
    // Collecting run statistics costs every run something, which is no part of what users pay.
    drop(collection);
    floor(&mut text, bystander.pid())?;
    let mut counts = table::new(&["program", "instructions the verifier went through"]);
    for (name, verified) in programs {
        counts.add_row([name, verified.to_string()]);
    }
    let _ = write!(text, "{counts}");
    Ok(text)
}

/// Goals: what a call may take longer, ns.
const BYSTANDER_GOAL: f64 = 60.0;
const CALL_GOAL: f64 = 120.0;

/// What a call takes longer, by the clock of who makes it, beside the least that any tracer of calls costs: programs at the same
/// tracepoints that do nothing.
fn floor(text: &mut String, bystander: u32) -> anyhow::Result<()> {
    eprintln!("calls");
    let mut calls = Own::start(&["calls", "--pin", "1"].map(str::to_owned))?;
    let mut writes = Own::start(&["calls", "--pin", "1", "--write"].map(str::to_owned))?;
    let (calls_each, writes_each) = (calls.calibrate(RUN / 4)?, writes.calibrate(RUN / 4)?);
    let elsewhere = Tool::Holdup {
        name: "holdup",
        arguments: &["--max-overhead", "1000"],
        elsewhere: true,
    };
    let mut more: [Vec<f64>; 5] = Default::default();
    for _ in 0..REPEATS {
        let plain = calls.run(calls_each)?.cpu_each();
        let enter = Empty::attach(c"sys_enter")?;
        more[0].push(calls.run(calls_each)?.cpu_each() - plain);
        let exit = Empty::attach(c"sys_exit")?;
        more[1].push(calls.run(calls_each)?.cpu_each() - plain);
        drop((enter, exit));
        let watching = elsewhere.start(calls.pid(), bystander)?;
        more[2].push(calls.run(calls_each)?.cpu_each() - plain);
        watching.stop()?;
        let watching = HOLDUP.start(calls.pid(), bystander)?;
        more[3].push(calls.run(calls_each)?.cpu_each() - plain);
        watching.stop()?;
        let plain = writes.run(writes_each)?.cpu_each();
        let watching = HOLDUP.start(writes.pid(), bystander)?;
        more[4].push(writes.run(writes_each)?.cpu_each() - plain);
        watching.stop()?;
    }
    let each = more.map(|values| Median::of(&values).map_or(f64::NAN, |median| median.value));
    let mut table = table::new(&[
        "who, and what is attached",
        "a call takes longer, ns",
        "goal",
        "",
    ]);
    for (name, value, goal) in [
        ("anybody; an empty program at sys_enter", each[0], None),
        (
            "anybody; empty programs at sys_enter and sys_exit",
            each[1],
            None,
        ),
        (
            "a bystander, getppid; holdup",
            each[2],
            Some(BYSTANDER_GOAL),
        ),
        (
            "a watched thread, getppid (not recorded); holdup",
            each[3],
            Some(CALL_GOAL),
        ),
        (
            "a watched thread, write that does not block (summed); holdup",
            each[4],
            Some(CALL_GOAL),
        ),
    ] {
        table.add_row([
            name.to_owned(),
            format!("{value:.0}"),
            goal.map_or(String::new(), |goal| format!("{goal}")),
            goal.map_or("", |goal| table::verdict(value <= goal))
                .to_owned(),
        ]);
    }
    let _ = writeln!(
        text,
        "By the clock of who makes the calls. The first two lines are the least that any tracer of all calls costs on this machine:\n\n{table}\n"
    );
    Ok(())
}

/// Runs a second and ns a run, net, of each program that ran often.
fn runs(
    case: &Case,
    bystander: u32,
    measuring: f64,
    programs: &mut BTreeMap<String, u32>,
) -> anyhow::Result<BTreeMap<String, (f64, f64)>> {
    let words: Vec<String> = case.words.iter().map(|&word| word.to_owned()).collect();
    let mut load = Own::start(&words)?;
    let operations = load.calibrate(RUN)?;
    let mut samples: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for _ in 0..REPEATS {
        let before_start: Vec<u32> = run_stats::programs()?.iter().map(|p| p.id).collect();
        let watching = case.tool.start(load.pid(), bystander)?;
        let stats = || -> anyhow::Result<BTreeMap<u32, run_stats::ProgramStats>> {
            let all = run_stats::programs()?.into_iter();
            let ours = all.filter(|program| !before_start.contains(&program.id));
            Ok(ours.map(|program| (program.id, program)).collect())
        };
        let before = stats()?;
        let run = load.run(operations)?;
        for (id, program) in stats()? {
            let earlier = before.get(&id).map_or(Runs::default(), |stats| stats.runs);
            let runs = program.runs.since(earlier);
            let rate = runs.count as f64 / run.wall.as_secs_f64();
            if runs.count > 0 && rate >= 100.0 {
                let each = runs.time.as_nanos() as f64 / runs.count as f64 - measuring;
                samples
                    .entry(program.name.clone())
                    .or_default()
                    .push((rate, each));
            }
            programs.insert(program.name, program.verified);
        }
        watching.stop()?;
    }
    let median = |mut values: Vec<(f64, f64)>| {
        values.sort_by(|a, b| a.1.total_cmp(&b.1));
        values[values.len() / 2]
    };
    Ok(samples
        .into_iter()
        .map(|(name, values)| (name, median(values)))
        .collect())
}

/// What collecting run statistics costs a run, ns: all that they say of a program that does nothing.
fn measuring() -> anyhow::Result<f64> {
    let mut load = Own::start(&["calls", "--pin", "1"].map(str::to_owned))?;
    let operations = load.calibrate(RUN / 4)?;
    let _empty = Empty::attach(c"sys_enter").context("cannot attach an empty program")?;
    let mut samples = Vec::new();
    for _ in 0..REPEATS {
        let stats = || -> anyhow::Result<Runs> {
            let all = run_stats::programs()?;
            let ours = all.iter().find(|program| program.name == empty::NAME);
            Ok(ours.context("the empty program is gone")?.runs)
        };
        let before = stats()?;
        load.run(operations)?;
        let runs = stats()?.since(before);
        samples.push(runs.time.as_nanos() as f64 / runs.count.max(1) as f64);
    }
    samples.sort_by(f64::total_cmp);
    Ok(samples[samples.len() / 2])
}
