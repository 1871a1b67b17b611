//! Workers that a process serves which no socket leads to.

use super::carried::report;
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{
    Call, FileKind, MemorySource, Nanos, Pid, Resource, ResourceId, ResourceKind, Syscall, Task,
    TaskFact, TaskRole, Tid, Wait,
};
use crate::script;

const PLACE: ResourceId = ResourceId(7_777);
const SERVER: u32 = 9_000;

/// The waits for a lock as they would be of calls on a pipe or a file, which threads of another process end, so many of them in turn.
fn served_by(threads: u32, (call, waker_call): (Syscall, Syscall), file: FileKind) -> Report {
    served(
        "cpus 4\n12 workers: fetch A 20ms; lock L held 4ms computing; append out-*",
        file,
        |index, wait| {
            (wait.call, wait.op, wait.resource) = (call, 0, PLACE);
            wait.waker.tid = Tid(SERVER + index % threads);
            wait.waker.pid = Pid(SERVER);
            wait.waker.call = waker_call;
        },
    )
}

fn served(text: &str, file: FileKind, change: impl Fn(u32, &mut Wait)) -> Report {
    report(&trace(text, file, change))
}

fn trace(text: &str, file: FileKind, change: impl Fn(u32, &mut Wait)) -> MemorySource {
    let mut source = script::workload(text);
    let batch = &mut source.batches[0];
    batch.resources.push(Resource {
        id: PLACE,
        kind: ResourceKind::File,
        file,
        path: "/mnt/rows".to_owned(),
        inode: 77,
        ..Resource::default()
    });
    batch.calls.retain(|row| row.call != Syscall::Futex);
    let mut index = 0;
    for wait in &mut batch.waits {
        if wait.call == Syscall::Futex {
            change(index, wait);
            index += 1;
        }
    }
    let known = (0..16).map(|thread| Task {
        end: source.meta.opened,
        tid: Tid(SERVER + thread),
        pid: Pid(SERVER),
        fact: TaskFact::Seen,
        role: TaskRole::Peer,
        name: "keeper".to_owned(),
        ..Task::default()
    });
    batch.tasks.splice(0..0, known);
    source
}

fn is_keeper_cleared(report: &Report) -> bool {
    let mut causes = report.causes.iter();
    causes.all(|row| row.culprit.process != "keeper")
}

#[test]
fn who_reads_the_pipe_is_named() {
    let report = served_by(1, (Syscall::Write, Syscall::Read), FileKind::Pipe);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::RemoteSerial, "{verdict:#?}");
    assert_eq!(verdict.culprit.process, "keeper");
    assert!(
        (verdict.culprit.service_ms - 4.0).abs() < 0.3,
        "{verdict:#?}"
    );
}

/// One of four writers is woken by the reader, and the others by the writer before.
fn passed_on() -> MemorySource {
    let text = "cpus 4\n12 workers: fetch A 20ms; lock L held 4ms computing; append out-*";
    trace(text, FileKind::Pipe, |index, wait| {
        (wait.call, wait.op, wait.resource) = (Syscall::Write, 0, PLACE);
        wait.waker.call = Syscall::Write;
        if index % 4 == 0 {
            (wait.waker.tid, wait.waker.pid) = (Tid(SERVER), Pid(SERVER));
            wait.waker.call = Syscall::Read;
        }
    })
}

#[test]
fn writers_that_let_the_next_one_go_on_wait_for_the_reader_too() {
    let report = report(&passed_on());
    let verdict = &report.verdict;
    assert_eq!(verdict.culprit.process, "keeper", "{verdict:#?}");
}

#[test]
fn writers_that_read_the_pipe_themselves_wait_for_each_other() {
    let mut source = passed_on();
    let batch = &mut source.batches[0];
    let waits = batch.waits.iter();
    let by_writers = waits.filter(|wait| wait.resource == PLACE && wait.waker.pid == wait.pid);
    batch.calls.extend(by_writers.map(|wait| Call {
        end: wait.woken - Nanos(1),
        start: wait.woken - Nanos(1),
        tid: wait.waker.tid,
        pid: wait.waker.pid,
        call: Syscall::Read,
        resource: PLACE,
        ret: 1,
        ..Call::default()
    }));
    batch.calls.sort_by_key(|call| call.end);
    let report = report(&source);
    assert!(is_keeper_cleared(&report), "{:#?}", report.causes);
}

#[test]
fn who_serves_a_file_system_is_named() {
    let report = served_by(1, (Syscall::Read, Syscall::Write), FileKind::Regular);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::RemoteSerial, "{verdict:#?}");
    assert_eq!(verdict.culprit.process, "keeper");
    // An item takes 48 ms: 20 of fetching, 4 of computing, and 24 of waiting there, of which it is served for 4.
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 48.0 / 28.0).abs() < 0.1, "{factor}");
}

#[test]
fn of_two_threads_that_serve_each_has_one_at_a_time() {
    let report = served_by(2, (Syscall::Read, Syscall::Write), FileKind::Regular);
    let culprit = &report.verdict.culprit;
    assert!(
        (culprit.capacity - 2.0).abs() < f64::EPSILON,
        "{culprit:#?}"
    );
    // Of 24 ms of waiting there 8 are being served.
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 48.0 / 32.0).abs() < 0.1, "{factor}");
}

#[test]
fn reads_that_interrupts_end_are_served_by_nobody() {
    let report = served(
        "cpus 4\n12 workers: fetch A 20ms; lock L held 4ms computing; append out-*",
        FileKind::Regular,
        |_, wait| {
            (wait.call, wait.op, wait.resource) = (Syscall::Read, 0, PLACE);
            wait.waker = crate::row::Waker::default();
        },
    );
    assert!(is_keeper_cleared(&report), "{:#?}", report.causes);
}

#[test]
fn who_is_waited_for_now_and_then_limits_nothing() {
    let report = served(
        "cpus 4\n4 workers: fetch A 50ms+-20ms; lock L held 1ms computing; append out-*",
        FileKind::Pipe,
        |_, wait| {
            (wait.call, wait.op, wait.resource) = (Syscall::Write, 0, PLACE);
            (wait.waker.tid, wait.waker.pid) = (Tid(SERVER), Pid(SERVER));
            wait.waker.call = Syscall::Read;
        },
    );
    assert!(is_keeper_cleared(&report), "{:#?}", report.causes);
}
