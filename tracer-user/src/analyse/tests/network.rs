//! Connections that are dropped and asked for again, and connects that look like it.

use super::carried::{by_one_thread, report};
use super::{MS, Script, TARGET};
use crate::cause::Cause;
use crate::diagnose::Level;
use crate::report::Report;
use crate::row::{
    Listener, Network, Pid, Resource, ResourceId, ResourceKind, SocketRole, Syscall, TaskRole,
    TcpPeer, Verb, Waker,
};
use crate::script;

/// A connection for each item of 20 ms; one in twenty takes 1 s more, one in sixty 2 s.
const AGAIN: &str = "connect A 0.1ms; fetch A 20ms; every 20 items connect A 1010ms; every 60 items connect A 2020ms";
/// What an item takes with that and without, ms.
const ITEM: [f64; 2] = [20.1 + 1010.1 / 20.0 + 2020.0 / 60.0, 20.2];

fn listener(full: u32, most: u32) -> Listener {
    Listener {
        local: "0.0.0.0:8000".to_owned(),
        backlog: 5,
        looks: 80,
        full,
        most,
        ..Listener::default()
    }
}

/// What the kernel counted where the queue was found full so often.
fn counted(full: u32, overflows: u64) -> Network {
    Network {
        listeners: vec![listener(full, if full > 0 { 6 } else { 2 })],
        overflows: Some(overflows),
        drops: Some(overflows),
        ..Network::default()
    }
}

fn of(text: &str, network: Network) -> Report {
    let mut source = script::workload(text);
    source.meta.network = network;
    report(&source)
}

fn local(steps: &str, network: Network) -> Report {
    of(
        &format!("window 20s\npeer A local\n16 workers: {steps}"),
        network,
    )
}

fn check_factor(report: &Report) {
    let factor = report.parallelism.serialization_factor;
    let expect = ITEM[0] / ITEM[1];
    assert!((factor - expect).abs() < 0.15 * expect, "{factor} {expect}");
}

#[test]
fn connects_that_find_a_full_queue_are_told() {
    let report = local(AGAIN, counted(20, 900));
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Network, "{verdict:#?}");
    assert_eq!(verdict.confidence_level, Level::Strong, "{verdict:#?}");
    let culprit = &verdict.culprit;
    assert_eq!(culprit.address, "127.0.0.1:8000");
    assert_eq!((culprit.process.as_str(), culprit.backlog), ("A", 5));
    assert!(
        verdict.sentence.contains(
            "find its accept queue full (backlog 5): 5.7% of them are sent again after 1.01 s"
        ),
        "{}",
        verdict.sentence
    );
    check_factor(&report);
    assert!((report.items.rate_per_s - 16.0 / ITEM[0] * 1e3).abs() < 8.0);
    let fix = report.fix.expect("a fix");
    assert!(fix.why.contains("lets 5 connections wait"), "{fix:#?}");
}

/// Of looks none may fall into the moments in which it is full.
#[test]
fn what_is_dropped_for_want_of_room_is_enough() {
    let report = local(AGAIN, counted(0, 900));
    assert_eq!(report.verdict.culprit.backlog, 5, "{:#?}", report.verdict);
    // More than this listener dropped them.
    let mut network = counted(0, 900);
    network.listeners.push(Listener {
        local: "0.0.0.0:9000".to_owned(),
        most: 9,
        ..listener(0, 0)
    });
    let report = local(AGAIN, network);
    assert_eq!(report.verdict.culprit.backlog, 0, "{:#?}", report.verdict);
}

#[test]
fn of_a_listener_elsewhere_it_is_not_told_whether_its_queue_is_full() {
    let network = Network {
        peers: vec![TcpPeer {
            remote: "10.0.0.1:8000".to_owned(),
            segments: 1_000,
            retransmitted: 30,
        }],
        // Another one's on this host.
        ..counted(20, 900)
    };
    let report = of(&format!("window 20s\n16 workers: {AGAIN}"), network);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Network, "{verdict:#?}");
    assert_eq!(verdict.alternatives, [Cause::RemoteSerial]);
    assert!(verdict.confidence_level <= Level::Fair, "{verdict:#?}");
    check_factor(&report);
    let evidence = &report.causes[0].evidence;
    assert!(
        evidence
            .iter()
            .any(|text| text.contains("30 of 1,000 segments")),
        "{evidence:#?}"
    );
}

#[test]
fn where_the_queue_has_room_they_are_lost_on_the_way() {
    let report = local(AGAIN, counted(0, 0));
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::Network, "{verdict:#?}");
    assert!(verdict.confidence_level <= Level::Fair, "{verdict:#?}");
    assert!(
        verdict.sentence.contains("lost on the way"),
        "{}",
        verdict.sentence
    );
}

#[test]
fn connects_without_a_second_try_are_not() {
    // A long way, and one whose length varies.
    for way in ["300ms", "2.5s+-1.5s"] {
        let report = local(&format!("connect A {way}; fetch A 20ms"), counted(0, 0));
        let of_it = report.causes.iter().find(|row| row.cause == Cause::Network);
        assert_eq!(of_it, None, "{way}");
        let cleared = report
            .refuted
            .iter()
            .find(|row| row.cause == Cause::Network);
        assert!(
            cleared.is_some_and(|row| row.by[0].contains("none was dropped")),
            "{:#?}",
            report.refuted
        );
    }
}

#[test]
fn it_does_not_matter_where_a_connection_is_waited_for() {
    for how in ["polled", "looped"] {
        let steps = format!(
            "connect A 0.1ms {how}; fetch A 20ms; every 20 items connect A 1010ms {how}; every 60 items connect A 2020ms {how}"
        );
        let report = local(&steps, counted(20, 900));
        assert_eq!(
            report.verdict.cause,
            Cause::Network,
            "{how}: {:#?}",
            report.verdict
        );
        check_factor(&report);
    }
}

#[test]
fn tasks_that_wait_for_connections_are_told_as_threads_are() {
    let mut source = script::workload(&format!("window 20s\npeer A local\n16 workers: {AGAIN}"));
    source.meta.network = counted(20, 900);
    let report = report(&by_one_thread(&source));
    assert_eq!(
        report.verdict.cause,
        Cause::Network,
        "{:#?}",
        report.verdict
    );
    assert_eq!(report.workers.count, 16);
    check_factor(&report);
}

#[test]
fn replies_that_queue_and_connects_that_are_dropped_are_two_causes() {
    let text = |every| {
        format!(
            "window 20s\npeer A serves 1\n16 workers: connect A 0.1ms; write A 9ms; every {every} items connect A 1010ms"
        )
    };
    // Once in five items no reply is waited for meanwhile; once in fifty most of the time.
    for (every, first, second) in [
        (5, Cause::Network, None),
        (50, Cause::RemoteSerial, Some(Cause::Network)),
    ] {
        let report = of(&text(every), Network::default());
        assert_eq!(
            report.verdict.cause, first,
            "{every}: {:#?}",
            report.verdict
        );
        let also = report.causes.get(1).map(|row| row.cause);
        assert!(
            second.is_none_or(|second| also == Some(second)),
            "{:#?}",
            report.causes
        );
    }
}

const SERVER: Pid = Pid(500);

/// So many clients with a connection each time, which is asked for twice, at a server of one thread that serves each for 60 ms.
fn at_one_thread(clients: u32) -> Report {
    let mut script = Script::default();
    let window = (20_000 * MS, 140_000 * MS);
    let (service, again) = (60 * MS, 1_005 * MS);
    script.thread(900, SERVER, TaskRole::Peer, window.0);
    for client in 0..clients {
        script.thread(200 + client, TARGET, TaskRole::Target, window.0);
        let end = |id, role, pid, local: &str, remote: &str, peer_pid| Resource {
            id: ResourceId(id),
            kind: ResourceKind::Socket,
            family: "tcp".to_owned(),
            role,
            pid,
            local: local.to_owned(),
            remote: remote.to_owned(),
            peer_pid,
            ..Resource::default()
        };
        let (here, there) = ("127.0.0.1:40000", "127.0.0.1:8000");
        script.batch.resources.extend([
            end(
                1_000 + client,
                SocketRole::Client,
                TARGET,
                here,
                there,
                SERVER,
            ),
            end(
                2_000 + client,
                SocketRole::Server,
                SERVER,
                there,
                here,
                TARGET,
            ),
        ]);
    }
    script.batch.resources.push(Resource {
        id: ResourceId(1),
        kind: ResourceKind::Timer,
        ..Resource::default()
    });
    let mut free = 0;
    let mut ready: std::collections::BTreeSet<(u64, u32)> = (0..clients)
        .map(|client| (again + u64::from(client) * 61 * MS, client))
        .collect();
    let net = Some(Waker::default());
    while let Some((sent, client)) = ready.pop_first() {
        if sent > window.1 {
            break;
        }
        let (tid, socket) = (200 + client, 1_000 + client);
        let call = Syscall::Connect;
        script.call(
            tid,
            call,
            0,
            socket,
            (sent - again, sent - 20_000),
            0,
            Verb::Unknown,
            net,
        );
        let begins = sent.max(free);
        let done = begins + service;
        free = done;
        let (ask, reply) = ((sent - 10_000, sent), (sent, done + 10_000));
        script.call(
            tid,
            Syscall::Sendto,
            0,
            socket,
            ask,
            200,
            Verb::HttpRead,
            None,
        );
        script.call(
            tid,
            Syscall::Recvfrom,
            0,
            socket,
            reply,
            900,
            Verb::HttpReply,
            net,
        );
        let of_server = script.batch.calls.len();
        let waits = script.batch.waits.len();
        let socket = 2_000 + client;
        for (call, on, times, ret, waker) in [
            (
                Syscall::Recvfrom,
                socket,
                (begins, begins + 1_000),
                200,
                None,
            ),
            (
                Syscall::Nanosleep,
                1,
                (begins + 2_000, done - 5_000),
                0,
                net,
            ),
            (
                Syscall::Sendto,
                socket,
                (done - 4_000, done - 1_000),
                900,
                None,
            ),
        ] {
            script.call(900, call, 0, on, times, ret, Verb::HttpRead, waker);
        }
        for row in &mut script.batch.calls[of_server..] {
            row.pid = SERVER;
        }
        for row in &mut script.batch.waits[waits..] {
            row.pid = SERVER;
        }
        ready.insert((done + 30_000 + again, client));
    }
    script.finish(window)
}

#[test]
fn connections_to_a_server_that_is_busy_all_along_wait_for_it() {
    let report = at_one_thread(24);
    let verdict = &report.verdict;
    assert_eq!(verdict.cause, Cause::RemoteSerial, "{verdict:#?}");
    let cleared = report
        .refuted
        .iter()
        .find(|row| row.cause == Cause::Network);
    assert!(
        cleared.is_some_and(|row| row.by[0].contains("done with others")),
        "{:#?}",
        report.refuted
    );
    // What is under way at the end is not in the rows.
    let factor = report.parallelism.serialization_factor;
    assert!((factor - 24.0).abs() < 2.4, "{factor}");
    // Eight of them leave it idle between.
    let report = at_one_thread(8);
    assert_eq!(
        report.verdict.cause,
        Cause::Network,
        "{:#?}",
        report.verdict
    );
}
