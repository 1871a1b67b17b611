//! Calls, held against the program's own clock.

use holdup::row::Syscall;

use crate::watched::{python, watch};

/// 30 appends, each made durable; prints how many and the time spent in fsync, ns.
const SYNCER: &str = r"
import os, sys, tempfile, time
file, path = tempfile.mkstemp()
os.unlink(path)
print('ready', flush=True)
sys.stdin.readline()
spent = 0
for _ in range(30):
    os.write(file, b'x' * 4096)
    began = time.monotonic_ns()
    os.fsync(file)
    spent += time.monotonic_ns() - began
print(30, spent, flush=True)
sys.stdin.read()
";

pub fn each_fsync_is_one_call_of_its_length() {
    let seen = watch(&mut python(SYNCER));
    let calls: Vec<_> = seen.rows.0.iter().flat_map(|batch| &batch.calls).collect();
    let syncs: Vec<_> = calls
        .iter()
        .filter(|call| call.call == Syscall::Fsync)
        .collect();
    assert_eq!(syncs.len() as u64, seen.said[0]);
    let inside: u64 = syncs.iter().map(|call| call.inside.0).sum();
    assert!(
        inside <= seen.said[1],
        "{inside} ns inside, {} by its own clock",
        seen.said[1]
    );
    // The interpreter's own work around a call, and a turn of another thread on the CPU, are the difference.
    assert!(
        inside * 10 >= seen.said[1] * 7,
        "{inside} ns inside, {} by its own clock",
        seen.said[1]
    );
    let file = syncs[0].resource;
    let written: u64 = calls
        .iter()
        .filter(|call| call.call == Syscall::Write && call.resource == file)
        .map(|call| call.bytes())
        .sum();
    assert_eq!(written, 30 * 4096);
}
