//! Lock waits of a program without frame pointers name the function and line that takes the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use holdup::row::{ResourceId, StackId, Syscall};

use crate::watched::{compile, watch};

pub fn each_lock_has_the_line_that_takes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = compile(Path::new("live/contended.c"), folder.path());
    let seen = watch(&mut Command::new(&program));
    assert!(seen.said.iter().all(|taken| *taken > 10), "{:?}", seen.said);
    let batches = &seen.rows.0;
    let stacks = seen.stacks();
    let mut sites: BTreeMap<ResourceId, BTreeSet<String>> = BTreeMap::new();
    let waits = batches.iter().flat_map(|batch| &batch.waits);
    for wait in waits.filter(|wait| wait.call == Syscall::Futex && wait.stack != StackId::NONE) {
        let stack = stacks.get(&wait.stack).expect("its row came before");
        let site = stack.call_site().map(ToString::to_string);
        sites
            .entry(wait.resource)
            .or_default()
            .insert(site.unwrap_or_default());
    }
    // The main thread waits for the others to end: a futex wait too, and no lock.
    let found: BTreeSet<&str> = sites.values().flatten().map(String::as_str).collect();
    for site in ["write_rows (contended.c:17)", "add_totals (contended.c:25)"] {
        assert!(found.contains(site), "{site} is not among {sites:?}");
    }
    for (lock, sites) in &sites {
        assert_eq!(sites.len(), 1, "{lock:?} is taken at one place: {sites:?}");
    }
    assert_eq!(seen.meta.counters.stack_failures, 0);
    assert_eq!(seen.meta.counters.lost(), 0);
}
