//! Time from the command to probes live and seeded, and what is left behind.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use aya::maps::loaded_maps;
use aya::programs::{loaded_links, loaded_programs};

use super::load::{Load as _, Own};
use super::statistics::Median;
use super::tool::Tool;
use super::{machine, table};

/// Threads of the target, and the goal where there is one, seconds.
const CASES: [(u32, Option<f64>); 4] = [
    (1, None),
    (64, None),
    (1_000, Some(0.3)),
    (10_000, Some(1.5)),
];
/// Attaches of each.
const REPEATS: usize = 7;
/// How long after its end holdup may have something left in the kernel.
const AFTERWARDS: Duration = Duration::from_secs(1);

const HOLDUP: Tool = Tool::Holdup {
    name: "holdup",
    arguments: &[],
    elsewhere: false,
};

/// Measures attach, and looks at what detach and kill leave.
pub fn measure() -> anyhow::Result<String> {
    let mut text = machine::line("cargo xtask bench attach");
    text.push_str(
        "\nFrom starting the command to its saying that it watches, with no other load; left behind: eBPF programs, maps, \
         links and files below /sys/fs/bpf that were not there before.\n\n",
    );
    let mut figures = table::new(&[
        "threads",
        "attach, s: median (95%)",
        "goal",
        "",
        "detach, s",
        "left after detach",
        "left 1 s after kill -9",
    ]);
    for (threads, goal) in CASES {
        eprintln!("{threads} threads");
        let mut load = Own::start(
            &[
                "idle",
                "--sleep",
                "60000",
                "--threads",
                &threads.to_string(),
            ]
            .map(str::to_owned),
        )?;
        load.begin(u64::from(threads))?;
        // All of them asleep.
        std::thread::sleep(Duration::from_secs(1));
        let (mut attach, mut detach) = (Vec::new(), Vec::new());
        let (mut after_detach, mut after_kill) = (0, 0);
        for _ in 0..REPEATS {
            let before = objects();
            let watching = HOLDUP.start(load.pid(), 0)?;
            attach.push(watching.ready.as_secs_f64());
            let began = Instant::now();
            watching.stop()?;
            detach.push(began.elapsed().as_secs_f64());
            after_detach = after_detach.max(left(&before));
            let watching = HOLDUP.start(load.pid(), 0)?;
            watching.signal(libc::SIGKILL);
            after_kill = after_kill.max(left(&before));
        }
        let (Some(attach), Some(detach)) = (Median::of(&attach), Median::of(&detach)) else {
            continue;
        };
        figures.add_row([
            threads.to_string(),
            attach.text(),
            goal.map_or(String::new(), |goal| format!("{goal}")),
            goal.map_or("", |goal| table::verdict(attach.value <= goal))
                .to_owned(),
            format!("{:.3}", detach.value),
            after_detach.to_string(),
            after_kill.to_string(),
        ]);
    }
    let _ = write!(text, "{figures}");
    Ok(text)
}

/// Programs, maps and links in the kernel, and what is pinned.
fn objects() -> BTreeSet<String> {
    let programs = loaded_programs()
        .flatten()
        .map(|program| format!("program {}", program.id()));
    let maps = loaded_maps()
        .flatten()
        .map(|map| format!("map {}", map.id()));
    let links = loaded_links()
        .flatten()
        .map(|link| format!("link {}", link.id()));
    let pins = std::fs::read_dir("/sys/fs/bpf").into_iter().flatten();
    let pins = pins
        .flatten()
        .map(|entry| format!("pin {}", entry.path().display()));
    programs.chain(maps).chain(links).chain(pins).collect()
}

/// What is there that was not, once it is gone or [`AFTERWARDS`] has passed.
fn left(before: &BTreeSet<String>) -> usize {
    let began = Instant::now();
    loop {
        let left = objects().difference(before).count();
        if left == 0 || began.elapsed() >= AFTERWARDS {
            return left;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
