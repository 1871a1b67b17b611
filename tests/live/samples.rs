//! Samples of where a thread runs, held against its own clock of CPU time.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::watched::{compile, watch};

pub fn each_function_has_samples_by_its_cpu_time() {
    /// Samples of a CPU in a second, on a host of up to ten.
    const RATE: f64 = 49.0;
    let folder = tempfile::tempdir().expect("a folder");
    let program = compile(Path::new("live/computing.c"), folder.path());
    let seen = watch(&mut Command::new(&program));
    let batches = &seen.rows.0;
    let stacks = seen.stacks();
    let mut found: BTreeMap<&str, f64> = BTreeMap::new();
    let mut waiting: BTreeMap<&str, f64> = BTreeMap::new();
    for sample in batches.iter().flat_map(|batch| &batch.samples) {
        let stack = stacks.get(&sample.stack).expect("its row came before");
        let site = stack.call_site().map_or("", |frame| &frame.symbol);
        *found.entry(site).or_default() += 1.0;
        *waiting.entry(site).or_default() += f64::from(u8::from(sample.spins));
    }
    let [digest, spin] = seen.said[..] else {
        panic!("{:?}", seen.said);
    };
    let (all, seconds) = (found.values().sum::<f64>(), (digest + spin) as f64 / 1e6);
    // A host that takes the CPU away takes strikes of its clock away too.
    let expect = RATE * seconds;
    assert!(
        (0.5..1.3).contains(&(all / expect)),
        "{all} samples of {seconds} s: {found:?}"
    );
    let share = |function| found.get(function).copied().unwrap_or_default() / all;
    let truth = digest as f64 / (digest + spin) as f64;
    // Four standard deviations of so many samples.
    let noise = 4.0 * (truth * (1.0 - truth) / all).sqrt();
    assert!(
        (share("digest") - truth).abs() < noise && share("spin") > 0.0,
        "{found:?}, and {truth} of the time in digest"
    );
    // At the ends of the function it looks at the clock.
    assert!(
        waiting["digest"] == 0.0 && waiting["spin"] > 0.8 * found["spin"],
        "{waiting:?} of {found:?} wait in a loop"
    );
}
