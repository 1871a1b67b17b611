//! Waits for locks of the kernel, and for memory, held against the threads' own clocks and the kernel's own accounts.

use std::path::Path;
use std::process::Command;

use holdup::row::{Reason, ResourceKind};

use crate::watched::{compile, watch};

pub fn waits_for_the_address_space_are_told_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = compile(Path::new("live/kernel_lock.c"), folder.path());
    let seen = watch(&mut Command::new(&program));
    let batches = &seen.rows.0;
    let [inside, on_cpu] = seen.said[..] else {
        panic!("two numbers: {:?}", seen.said);
    };
    let off_cpu = (inside - on_cpu) as f64 / 1e6;
    let resources: Vec<_> = batches.iter().flat_map(|batch| &batch.resources).collect();
    let spaces: Vec<_> = resources
        .iter()
        .filter(|row| row.kind == ResourceKind::AddressSpace)
        .map(|row| row.id)
        .collect();
    let waits = batches.iter().flat_map(|batch| &batch.waits);
    let locked: Vec<_> = waits
        .clone()
        .filter(|wait| wait.kernel_lock && spaces.contains(&wait.resource))
        .collect();
    let seconds = |list: &mut dyn Iterator<Item = &holdup::row::Wait>| -> f64 {
        list.map(|wait| wait.end.since(wait.start).seconds()).sum()
    };
    let for_it = seconds(&mut locked.iter().copied());
    let queued = seconds(
        &mut waits
            .clone()
            .filter(|wait| wait.reason == Reason::Preempted),
    );
    // The parts before and after the two seconds are short; a thread that is made waits for its first CPU.
    assert!(
        ((for_it + queued) / off_cpu - 1.0).abs() < 0.15,
        "{for_it} s for the lock and {queued} s preempted, of {off_cpu} s off the CPU"
    );
    assert!(
        for_it > 0.3 * off_cpu,
        "{for_it} s for the lock of {off_cpu} s"
    );
    let stacks = seen.stacks();
    let placed: Vec<_> = locked
        .iter()
        .filter_map(|wait| stacks.get(&wait.stack)?.call_site())
        .map(|frame| frame.symbol.as_str())
        .collect();
    assert!(
        !placed.is_empty() && placed.iter().all(|symbol| *symbol == "protect"),
        "{placed:?}"
    );
    assert!(locked.iter().all(|wait| !wait.memory_stall));
}
