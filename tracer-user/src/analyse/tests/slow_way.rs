//! A way that the workers share, and peers that look like it.

use super::carried::report;
use crate::cause::Cause;
use crate::report::Report;
use crate::row::{TcpPeer, Transit};
use crate::script;

/// Twelve workers, of which a peer takes one after the other.
const ONE_BY_ONE: &str = "peer A serves 1\n12 workers: fetch B 20ms; write A 10ms";
/// The same where each is as long alone.
const SIDE_BY_SIDE: &str = "12 workers: fetch B 20ms; write A 100ms";

/// Twenty looks at the twelve connections to A: so many on average with bytes on their way, or for which A has no room.
fn looks(sending: u32, unread: u32) -> Transit {
    Transit {
        remote: "10.0.0.1:8000".to_owned(),
        looks: 20,
        used: if sending > 0 { 20 } else { 0 },
        connections: 240,
        asked: 240,
        sending: 20 * sending,
        unread: 20 * unread,
        receiving: 0,
        queued: 20 * sending,
    }
}

fn of(text: &str, transit: Transit) -> Report {
    let mut source = script::workload(&format!("window 10s\n{text}"));
    source.meta.network.transits = vec![transit];
    report(&source)
}

fn cleared(report: &Report, cause: Cause) -> String {
    let found = report.refuted.iter().find(|row| row.cause == cause);
    found.map(|row| row.by.join(" ")).unwrap_or_default()
}

#[test]
fn what_is_on_its_way_meanwhile_waits_for_no_peer() {
    let report = of(ONE_BY_ONE, looks(10, 0));
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Network, "{verdict:#?}");
    assert_eq!(verdict.culprit.address, "10.0.0.1:8000");
    assert!(
        verdict
            .sentence
            .contains("requests to 10.0.0.1:8000 share a way of"),
        "{}",
        verdict.sentence
    );
    let by = cleared(&report, Cause::RemoteSerial);
    assert!(by.contains("on its way"), "{:#?}", report.refuted);
    // 12 items take 120 ms, and one alone 30.
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 4.0).abs() < 0.6, "{factor}");
    let fix = report.fix.expect("a fix");
    assert!(fix.title.contains("fewer bytes"), "{fix:#?}");
}

#[test]
fn a_peer_that_has_the_requests_is_what_is_waited_for() {
    // Now and then one is on its way.
    for sending in [0, 2] {
        let report = of(ONE_BY_ONE, looks(sending, 0));
        assert_eq!(
            report.verdict.cause,
            Cause::RemoteSerial,
            "{sending}: {:#?}",
            report.verdict
        );
    }
}

#[test]
fn a_peer_that_does_not_read_is_no_narrow_way() {
    let report = of(ONE_BY_ONE, looks(0, 10));
    assert_eq!(
        report.verdict.cause,
        Cause::RemoteSerial,
        "{:#?}",
        report.verdict
    );
    let by = cleared(&report, Cause::Network);
    assert!(by.contains("does not read"), "{:#?}", report.refuted);
}

#[test]
fn a_long_way_of_which_each_has_its_own_part_is_not_shared() {
    for queued in [0, 20 * 3] {
        let transit = Transit {
            queued,
            ..looks(10, 0)
        };
        let report = of(SIDE_BY_SIDE, transit);
        // All are at it most of the time: whether it takes longer together does not show.
        assert_ne!(
            report.verdict.cause,
            Cause::Network,
            "{:#?}",
            report.verdict
        );
        let of_it = report.causes.iter().find(|row| row.cause == Cause::Network);
        assert_eq!(of_it, None);
    }
}

#[test]
fn what_is_dropped_on_a_full_way_has_no_queue() {
    let without_queue = Transit {
        queued: 0,
        ..looks(10, 0)
    };
    let with = |retransmitted| {
        let mut source = script::workload("window 10s\n12 workers: write A 100ms");
        source.meta.network.transits = vec![without_queue.clone()];
        source.meta.network.peers = vec![TcpPeer {
            remote: "10.0.0.1:8000".to_owned(),
            segments: 10_000,
            retransmitted,
        }];
        report(&source).verdict.cause
    };
    // All are at it all the while: whether it takes longer together does not show.
    assert_ne!(with(50), Cause::Network);
    assert_eq!(with(300), Cause::Network);
}
