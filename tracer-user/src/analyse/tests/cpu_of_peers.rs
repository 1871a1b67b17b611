//! Servers on the workers' own host that lack a CPU: what they lack it for is no fault of theirs.

use super::carried::report;
use super::rules::refutations;
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{IdleCpus, Nanos, Tid};
use crate::script;

fn of(text: &str) -> Report {
    report(&script::workload(text))
}

/// Worker time that is lost to a cause, as a share of all that is lost.
fn share(report: &Report, cause: Cause) -> f64 {
    let causes = report.causes.iter().filter(|row| row.cause == cause);
    causes.map(|row| row.share).sum()
}

/// The CPUs are what is short, and the server is not called serial.
fn lacks_cpus(report: &Report) {
    assert_eq!(report.verdict.cause, Cause::Cpu, "{:#?}", report.verdict);
    let serial = share(report, Cause::RemoteSerial);
    assert!(serial < 0.1, "{:#?}", report.causes);
}

/// The server is what serialises, and not for want of a CPU.
fn is_serial(report: &Report) {
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::RemoteSerial, "{verdict:#?}");
    assert!(share(report, Cause::Cpu) < 0.1, "{:#?}", report.causes);
}

/// Each of 16 clients updates its own row, and the server's processes and theirs fill both CPUs.
#[test]
fn a_server_that_finds_no_cpu_serves_as_many_as_cpus_let_it() {
    let report = of(
        "cpus 2\npeer A serves 16 local computing\n16 workers: compute 100us; write A 2ms+-500us",
    );
    lacks_cpus(&report);
    let factor = report.parallelism.serialization_factor;
    assert!((factor / 8.0 - 1.0).abs() < 0.15, "{factor}");
    let evidence = report.causes[0].evidence.join(" ");
    assert!(
        evidence.contains("that serve them were ready to run but without a CPU"),
        "{evidence}"
    );
    assert!(
        evidence.contains("its servers on this host 1.8"),
        "{evidence}"
    );
    let why = refutations(&report, Cause::RemoteSerial).join(" ");
    assert!(why.contains("have no CPU"), "{why}");
}

/// One at a time is served by computing, which keeps one of two CPUs busy.
#[test]
fn a_serial_server_that_leaves_a_cpu_free_is_serial() {
    let report = of(
        "cpus 2\npeer A serves 1 local computing\n16 workers: compute 100us; write A 2ms+-500us",
    );
    is_serial(&report);
}

/// One at a time is served, and whoever is at it has no CPU for most of the time, since threads of the target that ask nobody have it.
#[test]
fn a_lock_whose_holder_finds_no_cpu_is_waited_for_since_cpus_are_short() {
    let report = of(
        "cpus 1\npeer A serves 1 local computing\n16 workers: compute 100us; write A 30ms+-5ms\n4 helpers: compute 20ms",
    );
    lacks_cpus(&report);
}

/// It sleeps to serve, while threads of the target that ask nobody fill the CPUs.
#[test]
fn a_serial_server_with_full_cpus_beside_it_is_serial() {
    let text = "cpus 4\npeer A serves 1 local\n16 workers: compute 100us; write A 4ms+-1ms\n4 helpers: compute 20ms";
    let verdict = of(text).verdict;
    assert_eq!(verdict.cause, Cause::RemoteSerial, "{verdict:#?}");
}

/// The crew that is called `strangers` belongs to nobody that is watched: it has the CPUs, and no rows.
fn beside_strangers(text: &str) -> Report {
    with_idle_cpus(text, None)
}

/// The same where so many CPUs had nothing to do on average.
fn with_idle_cpus(text: &str, idle: Option<f64>) -> Report {
    let mut source = script::workload(text);
    let batch = &mut source.batches[0];
    let strangers: Vec<Tid> = (batch.tasks.iter())
        .filter(|task| task.name.starts_with("stranger"))
        .map(|task| task.tid)
        .collect();
    assert!(!strangers.is_empty());
    batch.tasks.retain(|task| !strangers.contains(&task.tid));
    batch.waits.retain(|wait| !strangers.contains(&wait.tid));
    batch.calls.retain(|call| !strangers.contains(&call.tid));
    #[expect(clippy::cast_possible_truncation, reason = "a second of some CPUs")]
    #[expect(clippy::cast_sign_loss, reason = "not below zero")]
    let idle = idle.map(|cpus| IdleCpus {
        idle: Nanos((cpus * 1e9) as u64),
        over: Nanos::SECOND,
    });
    source.meta.idle_cpus = idle;
    report(&source)
}

/// Each request has a thread of the server; the threads find no CPU since other programs have them, and one request alone would find none
/// either.
#[test]
fn a_server_that_others_take_the_cpus_from_is_not_serial() {
    let text = "cpus 2\npeer A serves 4 local computing\n4 workers: sleep 2ms; write A 2ms+-500us\n20 strangers: compute 20ms";
    for report in [beside_strangers(text), with_idle_cpus(text, Some(0.0))] {
        assert_eq!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
        let factor = report.parallelism.serialization_factor;
        assert!(factor < 1.3, "{factor}");
    }
}

/// Its threads are slow to run though a CPU is idle all the while: that is no want of CPUs, and one request alone would not meet it.
#[test]
fn a_queue_beside_an_idle_cpu_is_neither_for_cpus_nor_service() {
    let text = "cpus 2\npeer A serves 1 local computing\n8 workers: sleep 20ms; write A 2ms+-500us\n6 strangers: compute 20ms";
    let (full, idle) = (
        with_idle_cpus(text, Some(0.0)),
        with_idle_cpus(text, Some(1.8)),
    );
    is_serial(&full);
    is_serial(&idle);
    assert!(share(&full, Cause::Cpu) > 0.05, "{:#?}", full.causes);
    assert!(share(&idle, Cause::Cpu) < 0.01, "{:#?}", idle.causes);
    let service = |report: &Report| report.causes[0].culprit.service_ms;
    assert!(service(&full) > 20.0, "{}", service(&full));
    assert!(service(&idle) < 15.0, "{}", service(&idle));
}

/// The same of one that serves one at a time: what its lock is waited for is lost to others, whoever has the CPUs.
#[test]
fn a_serial_server_that_others_take_the_cpus_from_is_serial() {
    let report = beside_strangers(
        "cpus 2\npeer A serves 1 local computing\n8 workers: sleep 2ms; write A 2ms+-500us\n6 strangers: compute 20ms",
    );
    is_serial(&report);
}

/// There are CPUs for half as many again.
#[test]
fn a_server_that_finds_its_cpus_free_lacks_none() {
    let report =
        of("cpus 8\npeer A serves 4 local computing\n4 workers: sleep 1ms; write A 2ms+-500us");
    assert_eq!(report.verdict.cause, Cause::None, "{:#?}", report.verdict);
    assert!(share(&report, Cause::Cpu) < 1e-9, "{:#?}", report.causes);
}
