//! Pipes that mark no item: those to a command that is run for each item, which are new ones each time, and those that bring nothing to
//! anybody else.

use super::carried::report;
use crate::row::{
    Call, FileKind, MemorySource, Nanos, Resource, ResourceId, ResourceKind, Syscall,
};
use crate::script;

/// A pipe of the process that made a call.
fn pipe(number: u32, call: &Call) -> Resource {
    Resource {
        id: ResourceId(number),
        kind: ResourceKind::File,
        file: FileKind::Pipe,
        inode: number.into(),
        pid: call.pid,
        ..Resource::default()
    }
}

/// What the same thread does to a pipe after a call.
fn on_pipe(number: u32, after: &Call, call: Syscall) -> Call {
    Call {
        start: after.end,
        end: Nanos(after.end.0 + 1),
        call,
        resource: ResourceId(number),
        ret: 100,
        count: 1,
        tid: after.tid,
        pid: after.pid,
        ..Call::default()
    }
}

/// After each call of some workers that sends or reads, a pipe they share is written to and read, or so on one side alone.
fn with_signals(text: &str, does: &[Syscall]) -> MemorySource {
    const PIPE: u32 = 50_000;
    let mut source = script::workload(text);
    let batch = &mut source.batches[0];
    let mut calls: Vec<Call> = Vec::new();
    for call in &batch.calls {
        calls.push(*call);
        if call.call.is_output() || call.call.is_input() {
            calls.extend(does.iter().map(|what| on_pipe(PIPE, call, *what)));
        }
    }
    batch.resources.push(pipe(PIPE, &batch.calls[0]));
    calls.sort_by_key(|call| call.end);
    batch.calls = calls;
    source
}

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
        batch.resources.push(pipe(number, call));
        let read = on_pipe(number, call, Syscall::Read);
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

#[test]
fn a_pipe_that_is_read_by_who_writes_to_it_marks_no_item() {
    let text = "8 workers: fetch A 20ms+-5ms; write B 10ms+-3ms";
    let unit = |source: &MemorySource| report(source).items.unit;
    let plain = unit(&script::workload(text));
    // A loop that wakes itself; a token that is taken and given back.
    for does in [
        [Syscall::Write, Syscall::Read],
        [Syscall::Read, Syscall::Write],
    ] {
        assert_eq!(unit(&with_signals(text, &does)), plain, "{does:?}");
    }
    // Somebody else reads it: work is handed on.
    let handed_on = unit(&with_signals(text, &[Syscall::Write]));
    assert!(handed_on.contains("pipe"), "{handed_on}");
}
