//! Comparisons in interleaved rounds: untraced runs stand around the traced ones, and only ratios within a round count.

use std::path::Path;
use std::time::{Duration, Instant};

use super::load::{Load, Run};
use super::statistics::Median;
use super::tool::Tool;

/// How long a run shall take.
const RUN: Duration = Duration::from_millis(500);
/// A tool with a budget has settled after so many runs: more from round to round, since its windows come at fixed times after
/// its start. Then it is looked at for so many; so is the untraced workload beside it.
const SETTLE: [u64; 4] = [4, 16, 10, 22];
const LONG: u64 = 20;
/// Rounds before an interval means anything.
const FEWEST: usize = 8;
/// An interval is narrow enough when half of it is this share of the median.
const NARROW: f64 = 0.01;

/// What a comparison is about: the interval of this is what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// CPU time of an operation.
    Cpu,
    /// Wall time of an operation, that is throughput.
    Wall,
}

/// What one tool did to the workload.
pub struct Compared {
    /// Which.
    pub tool: Tool,
    /// CPU time of an operation, traced to untraced.
    pub cpu: Median,
    /// Wall time of an operation, traced to untraced.
    pub wall: Median,
    /// CPU time an operation took longer, ns.
    pub more: Median,
    /// CPU time of the tool itself while the workload ran, in cores.
    pub own: Median,
    /// Share of the time that the tool watched, where it says so.
    pub watched: Option<Median>,
}

/// All tools on one workload.
pub struct Comparison {
    /// CPU time of an untraced operation, ns.
    pub untraced: Median,
    /// Wall time of an untraced operation, ns.
    pub untraced_wall: Median,
    /// Untraced to untraced, CPU time: what chance does.
    pub floor: Median,
    /// Untraced to untraced, wall time.
    pub floor_wall: Median,
    /// The tools that could run.
    pub tools: Vec<Compared>,
    /// Why others could not.
    pub missing: Vec<String>,
}

#[derive(Default)]
struct Samples {
    cpu: Vec<f64>,
    wall: Vec<f64>,
    more: Vec<f64>,
    own: Vec<f64>,
    watched: Vec<f64>,
}

/// Compares `tools` on `load` until the interval of the first of them is narrow, or `longest` has passed; the first then goes on
/// alone, for as long at most.
pub fn compare(
    load: &mut dyn Load,
    bystander: u32,
    tools: &[Tool],
    figure: Figure,
    longest: Duration,
) -> anyhow::Result<Comparison> {
    let mut missing = Vec::new();
    let mut able = Vec::new();
    for &tool in tools {
        if tool.is_installed() {
            able.push(tool);
        } else {
            missing.push(format!(
                "{}: not installed (`cargo xtask setup --bench`)",
                tool.name()
            ));
        }
    }
    let most = load.calibrate(RUN)?;
    let mut operations = Vec::new();
    let mut kept = Vec::new();
    for tool in able {
        // A tool that slows the workload fifty times gets fewer operations, else a round would take minutes.
        match probe(load, bystander, tool, most, figure) {
            Ok(number) => {
                kept.push(tool);
                operations.push(number);
            }
            Err(error) => missing.push(format!("{}: {error:#}", tool.name())),
        }
    }
    let mut bench = Bench {
        figure,
        load,
        bystander,
        most,
        floor: Samples::default(),
        untraced: Samples::default(),
    };
    let began = Instant::now();
    let mut samples: Vec<Samples> = kept.iter().map(|_| Samples::default()).collect();
    let mut before = None;
    for round in 0.. {
        // The first of the tools is what the interval is waited for: when the time for all is over, it goes on alone.
        let alone = began.elapsed() > longest;
        let steps = if alone { 1 } else { kept.len() };
        for step in 0..steps {
            // Each round begins with another tool.
            let at = if alone {
                0
            } else {
                (step + round) % kept.len()
            };
            before = Some(bench.step(kept[at], operations[at], before, &mut samples[at])?);
        }
        let first = samples.first().and_then(|first| {
            Median::of(match figure {
                Figure::Cpu => &first.cpu,
                Figure::Wall => &first.wall,
            })
        });
        let narrow =
            first.is_none_or(|ratio| ratio.count >= FEWEST && ratio.uncertainty() <= NARROW);
        if let Some(ratio) = first {
            eprintln!("  round {}: {} {}", round + 1, kept[0].name(), ratio.text());
        }
        if narrow || began.elapsed() > longest * 2 {
            break;
        }
    }
    let Bench {
        floor, untraced, ..
    } = bench;
    let all = kept.iter().zip(&samples).filter_map(|(&tool, samples)| {
        Some(Compared {
            tool,
            cpu: Median::of(&samples.cpu)?,
            wall: Median::of(&samples.wall)?,
            more: Median::of(&samples.more)?,
            own: Median::of(&samples.own)?,
            watched: Median::of(&samples.watched),
        })
    });
    let tools = all.collect();
    let of = |samples: &Samples| Some((Median::of(&samples.cpu)?, Median::of(&samples.wall)?));
    let (Some((floor, floor_wall)), Some((untraced, untraced_wall))) = (of(&floor), of(&untraced))
    else {
        anyhow::bail!("no tool can run here: {}", missing.join("; "));
    };
    Ok(Comparison {
        untraced,
        untraced_wall,
        floor,
        floor_wall,
        tools,
        missing,
    })
}

/// What is measured on, and what the untraced runs gave.
struct Bench<'a> {
    figure: Figure,
    load: &'a mut dyn Load,
    bystander: u32,
    /// Operations of an untraced run.
    most: u64,
    floor: Samples,
    untraced: Samples,
}

/// An untraced run that may stand before the next tool too.
struct Untraced {
    run: Run,
    long: bool,
}

impl Bench<'_> {
    /// A traced run between two untraced ones of its length. `before`: the one after the tool before, used when it fits.
    fn step(
        &mut self,
        tool: Tool,
        operations: u64,
        before: Option<Untraced>,
        into: &mut Samples,
    ) -> anyhow::Result<Untraced> {
        let long = is_long(tool, self.figure);
        let most = if long { self.most * LONG } else { self.most };
        let before = match before {
            Some(before) if before.long == long => before.run,
            _ => self.load.run(most)?,
        };
        let settle = match tool {
            Tool::Budgeted => SETTLE[into.cpu.len() % SETTLE.len()],
            _ => 0,
        };
        let operations = if long { operations * LONG } else { operations };
        let Traced {
            run: traced,
            own,
            watched,
        } = traced(self.load, self.bystander, tool, operations, settle)?;
        let after = self.load.run(most)?;
        let cpu = f64::midpoint(before.cpu_each(), after.cpu_each());
        let wall = f64::midpoint(before.wall_each(), after.wall_each());
        into.cpu.push(traced.cpu_each() / cpu);
        into.wall.push(traced.wall_each() / wall);
        into.more.push(traced.cpu_each() - cpu);
        into.own.push(own);
        into.watched.extend(watched);
        self.floor.cpu.push(after.cpu_each() / before.cpu_each());
        self.floor.wall.push(after.wall_each() / before.wall_each());
        self.untraced.cpu.push(cpu);
        self.untraced.wall.push(wall);
        Ok(Untraced { run: after, long })
    }
}

/// Whether the workload is looked at for long under the tool: where it has a budget, and where clients need a while to be all under way.
fn is_long(tool: Tool, figure: Figure) -> bool {
    tool == Tool::Budgeted || figure == Figure::Wall
}

/// How many operations take about a run's time under the tool.
fn probe(
    load: &mut dyn Load,
    bystander: u32,
    tool: Tool,
    most: u64,
    figure: Figure,
) -> anyhow::Result<u64> {
    let few = (most / 50).max(1);
    if is_long(tool, figure) {
        return Ok(most);
    }
    let run = traced(load, bystander, tool, few, 0)?.run;
    let fit = RUN.as_secs_f64() / run.wall.as_secs_f64().max(1e-9) * run.operations as f64;
    Ok(((fit as u64).max(few)).min(most))
}

/// One run under a tool.
struct Traced {
    run: Run,
    /// The tool's own CPU meanwhile, in cores.
    own: f64,
    /// Share of the time that the tool watched, where it says so.
    watched: Option<f64>,
}

/// One run under the tool. `settle`: runs of half a second that the tool gets before.
fn traced(
    load: &mut dyn Load,
    bystander: u32,
    tool: Tool,
    operations: u64,
    settle: u64,
) -> anyhow::Result<Traced> {
    let watching = tool.start(load.pid(), bystander)?;
    if settle > 0 {
        load.run(operations / LONG * settle)?;
    }
    let before = watching.cpu().unwrap_or_default();
    let run = load.run(operations)?;
    let own = watching.cpu().unwrap_or_default().saturating_sub(before);
    let left = watching.stop()?;
    let watched = match tool {
        Tool::Budgeted | Tool::Holdup { .. } => watched(&left.folder.path().join("out")),
        _ => None,
    };
    Ok(Traced {
        run,
        own: own.as_secs_f64() / run.wall.as_secs_f64(),
        watched,
    })
}

/// The share of the time that is in a recording of holdup.
fn watched(recording: &Path) -> Option<f64> {
    let reader = holdup::trace::Reader::open(recording).ok()?;
    let meta = holdup::row::RowSource::meta(&reader);
    let all = meta.window() + meta.paused;
    Some(meta.window().seconds() / all.seconds().max(1e-9))
}
