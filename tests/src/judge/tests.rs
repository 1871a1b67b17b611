//! A report that agrees passes; each way of falling short is found, and by its own fault alone.

use holdup::diagnose::{Culprit as Named, CulpritKind};
use holdup::report::{Report, Stage};
use holdup::row::Nanos;

use super::*;
use crate::plan::{Culprit, Program};

const CASE: Case = Case {
    name: "x",
    cause: Cause::UserLock,
    quick: false,
    plan: |_| plan(),
};

fn plan() -> Plan {
    Plan::new(8, Program::C("x"), 10, 80).culprit(Culprit::CallSite("append"))
}

fn wanted() -> Wanted {
    Wanted::CallSite("append".to_owned())
}

/// Ten seconds, 1000 items, 20 ms of fetch, 60 ms of write each.
fn truth() -> Span {
    Span {
        length: Nanos(10_000_000_000),
        items: 1000,
        spent: [
            Nanos(20_000_000_000),
            Nanos(0),
            Nanos(60_000_000_000),
            Nanos(0),
        ],
    }
}

fn rates() -> Rates {
    Rates {
        alone: vec![50.0; 6],
        together: vec![100.0; 3],
        factors: vec![4.0; 3],
        last: truth(),
        books_off: 0.001,
    }
}

fn report() -> Report {
    let mut report = Report::default();
    report.workers.count = 8;
    report.coverage.kernel_difference = Some(0.001);
    report.items.rate_per_s = 101.0;
    report.stages = vec![
        Stage {
            stage: StageName::Fetch,
            mean_ms: 20.5,
            ..Stage::default()
        },
        Stage {
            stage: StageName::Write,
            mean_ms: 58.0,
            ..Stage::default()
        },
    ];
    report.parallelism.serialization_factor = 4.4;
    report.parallelism.interval = [4.3, 4.5];
    report.verdict.cause = Cause::UserLock;
    report.verdict.culprit.call_site = "append (worker.c:3)".to_owned();
    report
}

fn check(change: impl FnOnce(&mut Report), expect: &[&str]) {
    let mut report = report();
    change(&mut report);
    let row = compare(&CASE, 1, &plan(), &rates(), &truth(), &report, &wanted());
    assert_eq!(row.faults.len(), expect.len(), "{:?}", row.faults);
    for (fault, part) in row.faults.iter().zip(expect) {
        assert!(
            fault.text.contains(part),
            "{fault:?} says nothing of {part:?}"
        );
    }
}

#[test]
fn agreement_passes() {
    check(|_| (), &[]);
}

#[test]
fn each_fault_is_found() {
    check(
        |report| report.verdict.cause = Cause::Pool,
        &["cause pool instead of user-lock"],
    );
    check(
        |report| report.verdict.culprit.call_site.clear(),
        &["culprit"],
    );
    check(|report| report.items.rate_per_s = 103.0, &["item rate"]);
    check(
        |report| report.parallelism.serialization_factor = 4.7,
        &["SF 4.70"],
    );
    check(|report| report.stages[0].mean_ms = 21.1, &["fetch 21.1"]);
    check(
        |report| report.stages[1].stage = StageName::Other,
        &["write 0.000", "other 58.0"],
    );
    check(
        |report| report.coverage.conservation_error_ns = -1,
        &["-1 ns"],
    );
    check(
        |report| report.coverage.kernel_difference = Some(0.02),
        &["2.0%"],
    );
    check(
        |report| report.coverage.kernel_difference = None,
        &["not compared"],
    );
    check(|report| report.coverage.lost = 1, &["1 records"]);
}

#[test]
fn what_the_report_says_of_its_own_doubt_counts() {
    check(
        |report| {
            report.parallelism.serialization_factor = 6.0;
            report.parallelism.interval = [3.0, 7.0];
            report.stages[0].mean_ms = 25.0;
            report.stages[0].plus_minus_ms = 5.0;
        },
        &[],
    );
}

#[test]
fn books_of_the_workload_that_do_not_add_up_are_a_fault() {
    let rates = Rates {
        books_off: 0.5,
        ..rates()
    };
    let row = compare(&CASE, 1, &plan(), &rates, &truth(), &report(), &wanted());
    assert!(row.faults[0].text.contains("own books"), "{:?}", row.faults);
}

#[test]
fn a_server_is_named_by_address_and_process() {
    let named = |address: &str, process: &str| Named {
        address: address.to_owned(),
        process: process.to_owned(),
        kind: CulpritKind::Peer,
        ..Named::default()
    };
    let wanted = Wanted::Server("127.0.0.1:5000".to_owned());
    let fits = |named: &Named| wanted.is(named);
    assert!(fits(&named("127.0.0.1:5000", "server")));
    assert!(!fits(&named("127.0.0.1:5000", "")));
    assert!(!fits(&named("127.0.0.1:6000", "server")));
    let pool = Named {
        kind: CulpritKind::Queue,
        name: "pool of 4 connections to 127.0.0.1:5000".to_owned(),
        ..Named::default()
    };
    assert!(fits(&pool));
    let nowhere = Wanted::Server(String::new());
    assert!(!nowhere.is(&named("127.0.0.1:5000", "server")));
}

#[test]
fn a_workload_that_is_to_fill_the_cpus_is_not_judged_beside_others() {
    let row = |cause, others| {
        let row = Row {
            cause,
            cause_reported: Some(Cause::Unknown),
            faults: vec![
                Fault::name("cause".to_owned()),
                Fault::check("1 ns not conserved".to_owned()),
            ],
            ..Row::default()
        };
        row.beside(others)
    };
    let busy = row(Cause::Cpu, 0.4);
    assert!(busy.not_judged.contains("40%"), "{}", busy.not_judged);
    assert!(
        busy.faults
            .iter()
            .all(|fault| fault.kind == FaultKind::Check)
    );
    assert_eq!((busy.faults.len(), busy.is_right()), (1, None));
    for judged in [row(Cause::Cpu, 0.1), row(Cause::UserLock, 0.9)] {
        assert!(judged.not_judged.is_empty());
        assert_eq!((judged.faults.len(), judged.is_right()), (2, Some(false)));
    }
}

#[test]
fn a_wrong_name_is_never_put_down_to_timing() {
    let row = |change: fn(&mut Report)| {
        let mut report = report();
        change(&mut report);
        compare(&CASE, 1, &plan(), &rates(), &truth(), &report, &wanted())
    };
    assert!(!row(|_| ()).is_only_timing());
    assert!(row(|report| report.items.rate_per_s = 90.0).is_only_timing());
    for wrong in [
        |report: &mut Report| report.verdict.cause = Cause::Pool,
        |report: &mut Report| report.verdict.culprit.call_site.clear(),
        |report: &mut Report| report.coverage.conservation_error_ns = 1,
        |report: &mut Report| report.coverage.kernel_difference = Some(0.02),
        |report: &mut Report| report.coverage.lost = 1,
    ] {
        let mut report = report();
        report.items.rate_per_s = 90.0;
        wrong(&mut report);
        let row = compare(&CASE, 1, &plan(), &rates(), &truth(), &report, &wanted());
        assert!(!row.is_only_timing(), "{:?}", row.faults);
    }
}
