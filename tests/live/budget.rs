//! A budget that is too small for what is watched.

use std::collections::HashMap;

use holdup::analyse::{Options, analyse};
use holdup::row::{Batch, MemorySource, Nanos, Tid};

use crate::watched::{python, watch_within};

/// Two threads that hand a byte to and fro, for some seconds; prints how often. They compute a little in between, since the library without
/// optimisation, as it is tested here, does not keep up with more.
const BUSY: &str = r"
import os, sys, threading, time
there, back = os.pipe(), os.pipe()
def echo():
    while (byte := os.read(there[0], 1)) != b'.':
        os.write(back[1], byte)
threading.Thread(target=echo).start()
print('ready', flush=True)
sys.stdin.readline()
turns, end = 0, time.monotonic() + 6
while time.monotonic() < end:
    os.write(there[1], b'x')
    os.read(back[0], 1)
    turns += 1
    sum(range(3000))
print(turns, flush=True)
os.write(there[1], b'.')
sys.stdin.read()
";

pub fn over_the_budget_windows_are_watched_and_join() {
    let seen = watch_within(&mut python(BUSY), Some(0.1));
    let meta = &seen.meta;
    assert!(meta.paused > Nanos::ZERO, "{:?}", meta.notes);
    for words in ["--max-overhead", "windows", "watching cost"] {
        assert!(
            meta.notes.iter().any(|note| note.contains(words)),
            "{words}: {:?}",
            meta.notes
        );
    }
    let batches: &[Batch] = &seen.rows.0;
    // Nothing lies outside the time watched, and no thread does two things at once.
    let mut ends: HashMap<Tid, Nanos> = HashMap::new();
    for wait in batches.iter().flat_map(|batch| &batch.waits) {
        assert!(wait.start <= wait.end, "{wait:?}");
        assert!(
            wait.end >= meta.opened && wait.end <= meta.closed,
            "{wait:?}"
        );
        let before = ends.insert(wait.tid, wait.end).unwrap_or_default();
        assert!(wait.start >= before, "{wait:?} begins before {before:?}");
    }
    let calls = batches.iter().flat_map(|batch| &batch.calls);
    for call in calls.clone() {
        assert!(
            call.start <= call.end && call.end <= meta.closed,
            "{call:?}"
        );
    }
    assert!(calls.count() > 0);
    assert_eq!(meta.counters.lost(), 0);
    // Each thread's time in the window is accounted for, to the nanosecond.
    let source = MemorySource::new(meta.clone(), batches.to_vec());
    let analysis = analyse(&source, &Options::default()).expect("sound rows");
    assert_eq!(analysis.report.coverage.conservation_error_ns, 0);
}
