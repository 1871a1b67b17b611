//! Workers that the kernel itself holds up: by locks of its own, and for memory.

use super::carried::report;
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{
    Batch, FileKind, MemoryLimit, MemorySource, Nanos, OwnBytes, Resource, ResourceId,
    ResourceKind, Sample, Syscall, TaskRole, Tid, Wait,
};
use crate::script;

const TURNS: &str =
    "cpus 4\n16 workers: fetch A 20ms; lock L held 4ms computing; write B 1ms+-500us";
const LOCK: ResourceId = ResourceId(7_777);

/// The rows of a lock of the program, as they would be of one of the kernel that is waited for in `call`.
fn of_the_kernel(call: Syscall, resource: &Resource, change: impl Fn(&mut Wait)) -> Report {
    report(&rows_of_the_kernel(call, resource, change))
}

fn rows_of_the_kernel(
    call: Syscall,
    resource: &Resource,
    change: impl Fn(&mut Wait),
) -> MemorySource {
    let mut source = script::workload(TURNS);
    let batch = &mut source.batches[0];
    let pid = batch.waits[0].pid;
    batch.resources.push(Resource {
        id: LOCK,
        pid,
        ..resource.clone()
    });
    batch.calls.retain(|row| row.call != Syscall::Futex);
    for wait in &mut batch.waits {
        if wait.call == Syscall::Futex {
            (wait.call, wait.op, wait.resource) = (call, 0, LOCK);
            wait.kernel_lock = true;
            if wait.waker.tid != Tid(0) {
                wait.waker.call = call;
            }
            change(wait);
        }
    }
    source
}

fn address_space() -> Resource {
    Resource {
        kind: ResourceKind::AddressSpace,
        address: 0xffff_8880_1234_0000,
        ..Resource::default()
    }
}

fn file() -> Resource {
    Resource {
        kind: ResourceKind::File,
        file: FileKind::Regular,
        path: "/data/out.log".to_owned(),
        inode: 77,
        ..Resource::default()
    }
}

#[test]
fn threads_that_change_their_address_space_take_turns() {
    let report = of_the_kernel(Syscall::Munmap, &address_space(), |_| {});
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::KernelLock, "{verdict:#?}");
    assert!(
        verdict.culprit.name.starts_with("address space of"),
        "{verdict:#?}"
    );
    assert!(
        (verdict.culprit.service_ms - 4.0).abs() < 0.2,
        "{verdict:#?}"
    );
    // One at a time for 4 ms, of 25 for itself alone.
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 64.0 / 25.0).abs() < 0.2, "{factor}");
    let fix = report.fix.expect("a fix");
    assert!(fix.title.contains("Keep memory"), "{fix:#?}");
}

#[test]
fn the_lock_of_a_file_is_told_by_the_file() {
    let report = of_the_kernel(Syscall::Write, &file(), |_| {});
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::KernelLock, "{verdict:#?}");
    assert_eq!(verdict.culprit.name, "/data/out.log");
    let fix = report.fix.expect("a fix");
    assert!(fix.title.contains("a file of its own"), "{fix:#?}");
}

#[test]
fn a_stranger_that_has_the_lock_is_told() {
    let report = of_the_kernel(Syscall::Munmap, &address_space(), |wait| {
        wait.waker.tid = Tid(4_242);
    });
    assert_eq!(report.verdict.cause, Cause::KernelLock);
    let told = report.causes[0].evidence.iter();
    assert!(
        told.clone().any(|line| line.starts_with("0% of the waits")),
        "{:#?}",
        report.causes
    );
    assert!(
        report.blame[0].holder.contains("4242"),
        "{:#?}",
        report.blame
    );
}

#[test]
fn syncs_that_wait_for_the_disk_with_such_a_lock_are_the_disks() {
    let report = of_the_kernel(Syscall::Fsync, &file(), |_| {});
    let mut named = report.causes.iter().map(|row| row.cause);
    assert!(
        named.all(|cause| cause != Cause::KernelLock),
        "{:#?}",
        report.causes
    );
}

#[test]
fn a_write_that_waits_for_no_lock_is_none_of_it() {
    let report = of_the_kernel(Syscall::Write, &file(), |wait| wait.kernel_lock = false);
    let mut named = report.causes.iter().map(|row| row.cause);
    assert!(named.all(|cause| cause != Cause::KernelLock));
    assert_ne!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
}

/// Sixteen workers that are blocked in calls for 30 of 50 ms; `change` says what the kernel books of that.
fn held_up(change: impl Fn(&mut Batch), limits: Vec<MemoryLimit>) -> Report {
    let mut source: MemorySource =
        script::workload("cpus 4\n16 workers: fetch A 20ms; call 30ms; write B 1ms");
    change(&mut source.batches[0]);
    source.meta.target.memory_limits = limits;
    report(&source)
}

fn books_memory(batch: &mut Batch) {
    for wait in &mut batch.waits {
        wait.memory_stall = wait.call == Syscall::Other;
    }
}

#[test]
fn workers_whose_memory_is_taken_back_are_told_with_the_limit() {
    let limit = |reached| MemoryLimit {
        group: "/workers".to_owned(),
        bytes: 256 << 20,
        used: 255 << 20,
        reached,
        read_again: 0,
    };
    let of_workers = held_up(books_memory, vec![limit(12)]);
    let verdict = &of_workers.verdict;
    assert_eq!(verdict.cause, Cause::Memory, "{verdict:#?}");
    assert_eq!(verdict.culprit.name, "memory limit of /workers");
    let factor = of_workers.parallelism.serialization_factor;
    assert!((factor - 51.0 / 21.0).abs() < 0.15, "{factor}");
    let of_the_host = held_up(books_memory, vec![limit(0)]);
    assert_eq!(of_the_host.verdict.culprit.name, "memory of the host");
}

/// Workers that read files for 30 of 51 ms, under a limit that was reached, so much of 100 MB of which had been in memory before.
fn reading(read_again: u64) -> Report {
    let mut source =
        script::workload("cpus 4\n16 workers: fetch A 20ms; read in-* 30ms; write B 1ms");
    source.meta.target.memory_limits = vec![MemoryLimit {
        group: "/workers".to_owned(),
        bytes: 256 << 20,
        used: 255 << 20,
        reached: 4_000,
        read_again,
    }];
    source.meta.target.disk_bytes = Some(OwnBytes {
        read: 100 << 20,
        ..OwnBytes::default()
    });
    report(&source)
}

#[test]
fn who_reads_again_what_was_taken_back_is_short_of_memory() {
    let again = reading(70 << 20);
    assert_eq!(again.verdict.cause, Cause::Memory, "{:#?}", again.verdict);
    let told = again.causes[0].evidence.iter();
    assert!(
        told.clone()
            .any(|line| line.contains("70 MB had to be read again"))
    );
    // A stream of new pages, and some that are needed again.
    let first = reading(30 << 20);
    assert_ne!(first.verdict.cause, Cause::Memory, "{:#?}", first.verdict);
    let cleared = first.refuted.iter().find(|row| row.cause == Cause::Memory);
    let by = &cleared.expect("cleared").by[0];
    assert!(by.contains("30% had been in memory before"), "{by}");
}

/// Who spins for the lock before it sleeps: so many of a hundred samples of each worker.
fn spinning(of_hundred: u64) -> Report {
    let mut source = rows_of_the_kernel(Syscall::Munmap, &address_space(), |_| {});
    let opened = source.meta.opened;
    let batch = &mut source.batches[0];
    let workers = batch.tasks.iter();
    let mut workers: Vec<_> = workers
        .filter(|task| task.role == TaskRole::Target)
        .map(|task| (task.tid, task.pid))
        .collect();
    workers.sort_unstable();
    workers.dedup();
    for (tid, pid) in workers {
        batch.samples.extend((0..100).map(|at| Sample {
            end: Nanos(opened.0 + 1 + at),
            tid,
            pid,
            kernel_spins: at < of_hundred,
            ..Sample::default()
        }));
    }
    batch.samples.sort_by_key(|sample| sample.end);
    report(&source)
}

#[test]
fn who_spins_for_a_lock_of_the_kernel_waits_for_it() {
    let (without, with) = (spinning(0), spinning(75));
    for report in [&without, &with] {
        assert_eq!(
            report.verdict.cause,
            Cause::KernelLock,
            "{:#?}",
            report.verdict
        );
    }
    // One alone takes 25 ms, of which it computes 4; 3 of these are spent spinning.
    let factor = |report: &Report| report.parallelism.serialization_factor;
    let (without_spinning, with_spinning) = (factor(&without), factor(&with));
    let expect = without_spinning * 25.0 / 22.0;
    assert!(
        (with_spinning / expect - 1.0).abs() < 0.03,
        "{with_spinning} {expect}"
    );
    let said = |report: &Report| {
        let evidence = &report.causes[0].evidence;
        evidence.iter().any(|text| text.contains("they spun"))
    };
    assert!(said(&with) && !said(&without), "{:#?}", with.causes[0]);
}

#[test]
fn who_waits_in_calls_for_something_else_is_not_short_of_memory() {
    let report = held_up(|_| {}, Vec::new());
    assert_eq!(
        report.verdict.cause,
        Cause::Unknown,
        "{:#?}",
        report.verdict
    );
}

#[test]
fn who_computes_while_memory_is_taken_back_loses_that_time() {
    let of = |cpus: u32, stalls: u64| {
        let mut source = script::workload(&format!(
            "cpus {cpus}\n8 workers: fetch A 5ms; compute 10ms"
        ));
        let opened = source.meta.opened;
        let batch = &mut source.batches[0];
        let targets = batch.tasks.iter();
        let mut targets: Vec<_> = targets
            .filter(|task| task.role == TaskRole::Target)
            .map(|task| (task.tid, task.pid))
            .collect();
        targets.sort_unstable();
        targets.dedup();
        for (tid, pid) in targets {
            batch.samples.extend((0..100).map(|at| Sample {
                end: Nanos(opened.0 + 1 + at),
                tid,
                pid,
                memory_stall: at < stalls,
                ..Sample::default()
            }));
        }
        batch.samples.sort_by_key(|sample| sample.end);
        report(&source)
    };
    let check = |report: &Report, cause, factor: f64| {
        assert_eq!(report.verdict.cause, cause, "{:#?}", report.verdict);
        let said = report.parallelism.serialization_factor;
        assert!((said / factor - 1.0).abs() < 0.1, "{said}");
    };
    check(&of(8, 80), Cause::Memory, 15.0 / 7.0);
    check(&of(8, 0), Cause::None, 1.0);
    // Two CPUs complete 200 items a second, for which 8 workers have 40 ms each: 25 of them without a CPU, that are had for pages that are
    // taken back for the most part.
    check(&of(2, 80), Cause::Memory, 40.0 / 7.0);
    check(&of(2, 20), Cause::Cpu, 40.0 / 13.0);
}
