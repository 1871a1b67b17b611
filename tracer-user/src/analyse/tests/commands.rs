//! Workers that run a command for each item: its pipes are new ones each time, and mark no item.

use super::carried::report;
use crate::row::{
    Call, FileKind, MemorySource, Nanos, Resource, ResourceId, ResourceKind, Syscall,
};
use crate::script;

/// After each request of some workers that is sent, the output of a command is read from a pipe of its own, in as many calls.
fn with_commands(text: &str, reads: u32) -> MemorySource {
    let mut source = script::workload(text);
    let batch = &mut source.batches[0];
    let mut calls: Vec<Call> = Vec::new();
    for (number, call) in (50_000..).zip(&batch.calls) {
        calls.push(*call);
        if !call.call.is_output() {
            continue;
        }
        batch.resources.push(Resource {
            id: ResourceId(number),
            kind: ResourceKind::File,
            file: FileKind::Pipe,
            inode: number.into(),
            pid: call.pid,
            ..Resource::default()
        });
        let read = Call {
            start: call.end,
            end: Nanos(call.end.0 + 1),
            call: Syscall::Read,
            resource: ResourceId(number),
            ret: 100,
            count: 1,
            tid: call.tid,
            pid: call.pid,
            ..Call::default()
        };
        calls.extend((0..reads).map(|_| read));
    }
    calls.sort_by_key(|call| call.end);
    batch.calls = calls;
    source
}

fn check(text: &str, reads: u32) {
    let plain = report(&script::workload(text));
    let report = report(&with_commands(text, reads));
    let (truth, rate) = (plain.items.rate_per_s, report.items.rate_per_s);
    assert!(
        (rate / truth - 1.0).abs() < 0.02,
        "{rate} items a second instead of {truth}: {}",
        report.items.unit
    );
    assert_eq!(report.verdict.cause, plain.verdict.cause, "{reads} reads");
}

#[test]
fn pipes_that_come_and_go_mark_no_item() {
    check("8 workers: fetch A 20ms+-5ms; write B 10ms+-3ms", 1);
    check("8 workers: fetch A 20ms+-5ms; write B 10ms+-3ms", 3);
    check("6 workers: fetch A 20ms+-5ms", 2);
}
