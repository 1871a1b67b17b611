//! Several statements on one peer.

use super::idle::report;
use crate::cause::Cause;
use crate::report::StatementRow;

/// Statement, mean response in ms and share of the waiting.
fn check(found: &[StatementRow], expect: &[(&str, f64, f64)]) {
    let near = |found: f64, expect: f64| (found - expect).abs() < 0.02 * expect;
    let is_so = found.len() == expect.len()
        && found.iter().zip(expect).all(|(row, (text, mean, share))| {
            row.statement == *text && near(row.mean_ms, *mean) && near(row.share_of_waiting, *share)
        });
    assert!(is_so, "{found:#?} is not {expect:#?}");
}

#[test]
fn each_statement_of_a_peer_has_its_own_times() {
    let report = report(
        "4 workers: begin D 1ms as begin; insert D 2ms as update; select D 10ms as report; select D 5ms; insert D 2ms as commit",
    );
    assert_eq!(report.statements.len(), 1, "{:#?}", report.statements);
    check(
        &report.statements[0].statements,
        &[
            ("report", 10.0, 0.5),
            ("commit", 2.0, 0.1),
            ("update", 2.0, 0.1),
            ("begin", 1.0, 0.05),
        ],
    );
}

/// All that wait for a serial peer wait for it whatever they ask; the one that is asked for most, and takes longest, has most of it.
#[test]
fn a_serial_peer_is_named_with_the_statement_that_is_waited_for() {
    let report = report(
        "peer D serves 1\n8 workers: select D 1ms as read; compute 30ms; insert D 9ms+-4ms as write; insert D 9ms+-4ms as write",
    );
    assert_eq!(
        report.verdict.cause,
        Cause::RemoteSerial,
        "{:#?}",
        report.verdict
    );
    let evidence = &report.causes[0].evidence[0];
    assert!(
        evidence.ends_with("% of the waiting is in write."),
        "{evidence}"
    );
}

#[test]
fn peers_without_statements_have_no_list() {
    let report = report("4 workers: fetch A 5ms; write B 5ms");
    assert!(report.statements.is_empty(), "{:#?}", report.statements);
}
