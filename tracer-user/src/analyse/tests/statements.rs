//! Several statements on one peer.

use super::carried;
use super::idle::report;
use crate::cause::Cause;
use crate::report::StatementRow;
use crate::row::{Call, MemorySource, Nanos, Verb};
use crate::script;

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
    let (_, said) = evidence
        .split_once("% of the waiting is in ")
        .unwrap_or_default();
    assert!(
        said.starts_with("write, which has the peer for 8.99 ms"),
        "{evidence}"
    );
}

/// Mean response and turn of each statement, ms, by its text.
fn turns(text: &str) -> Vec<(String, f64, Option<f64>)> {
    let report = report(text);
    let rows = report.statements.iter().flat_map(|peer| &peer.statements);
    let mut turns: Vec<_> = rows
        .map(|row| (row.statement.clone(), row.mean_ms, row.service_ms))
        .collect();
    turns.sort_by(|a, b| a.0.cmp(&b.0));
    turns
}

/// Whoever waits in one queue waits as long; what each statement adds to it differs.
#[test]
fn a_peer_that_serves_one_at_a_time_has_a_service_time_for_each_statement() {
    let rows = turns(
        "peer D serves 1\n8 workers: insert D 2ms+-1ms as mark; sleep 90ms+-80ms; insert D 18ms+-6ms as store; sleep 10ms",
    );
    let [(_, mark, Some(mark_alone)), (_, store, Some(store_alone))] = rows[..] else {
        panic!("{rows:?}");
    };
    assert!(mark > 20.0 && store > 30.0, "{rows:?}");
    assert!((mark_alone - 2.0).abs() < 0.2, "{rows:?}");
    assert!((store_alone - 18.0).abs() < 1.0, "{rows:?}");
}

#[test]
fn a_peer_that_serves_all_at_once_has_none() {
    let rows =
        turns("8 workers: insert D 2ms+-1ms as mark; compute 1ms; insert D 18ms+-6ms as store");
    assert!(
        rows.len() == 2 && rows.iter().all(|row| row.2.is_none()),
        "{rows:?}"
    );
}

#[test]
fn peers_without_statements_have_no_list() {
    let report = report("4 workers: fetch A 5ms; write B 5ms");
    assert!(report.statements.is_empty(), "{:#?}", report.statements);
}

/// One worker that sends so many commands at once, each in a call of its own, and then reads what comes.
fn sends(commands: u32) -> MemorySource {
    let mut source = script::workload("1 workers: fetch A 20ms+-5ms");
    let batch = &mut source.batches[0];
    let mut calls: Vec<Call> = Vec::new();
    for call in &batch.calls {
        let verb = Verb::RedisRead;
        calls.push(Call { verb, ..*call });
        if call.call.is_output() {
            calls.extend((1..commands).map(|number| Call {
                start: call.end,
                end: Nanos(call.end.0 + u64::from(number)),
                verb,
                ..*call
            }));
        }
    }
    calls.sort_by_key(|call| call.end);
    batch.calls = calls;
    source
}

#[test]
fn a_connection_that_may_be_shared_is_no_lone_worker() {
    // One at a time, and now and then a second one ahead: whoever sends waits for each.
    assert_eq!(carried::report(&sends(1)).verdict.cause, Cause::None);
    assert_eq!(carried::report(&sends(2)).verdict.cause, Cause::None);
    let report = carried::report(&sends(10));
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Unknown, "{verdict:#?}");
    assert!(
        verdict.sentence.contains("90% of the commands"),
        "{}",
        verdict.sentence
    );
}
