//! Peers, queues and CPUs.

use super::super::{Collector, Part, RunQueue, figures};
use super::{Blamed, thread};
use crate::actors::{ActorId, of_thread};
use crate::classify::replay::replay;
use crate::classify::{Classifier, Event, Piece, State, WaitKind, Waker};
use crate::row::{MemorySource, Nanos, Pid, Task, TaskRole, Tid};
use crate::script;

const CROWDED: &str = "cpus 2\n8 workers: compute 5ms; append F";

fn own_share(source: &MemorySource, cpus: u32) -> f64 {
    let mut queue = RunQueue::new(cpus);
    replay(source, &mut |event, _| {
        if let Event::Change { who, was, now, .. } = of_thread(event) {
            queue.change(who, was.end, now);
        }
    });
    let workers: Vec<_> = (200..208).map(thread).collect();
    queue.queued(&workers, source.meta.closed).own_share()
}

#[test]
fn queueing_behind_own_threads_is_told_from_queueing_behind_strangers() {
    let source = script::workload(CROWDED);
    let own = own_share(&source, 2);
    assert!(own > 0.99, "{own}");
    // Of eight CPUs two are ours: six are had by others as long as anybody queues.
    let strangers = own_share(&source, 8);
    assert!((strangers - 0.25).abs() < 0.01, "{strangers}");
}

#[test]
fn time_without_a_cpu_is_what_the_workers_do_not_run() {
    let blamed = Blamed::of(CROWDED);
    let workers: Vec<_> = (200..208).map(thread).collect();
    let queued = blamed.collector.queue.queued(&workers, blamed.at);
    let run = blamed.collector.queue.run(blamed.at);
    assert!((run - 2.0 * blamed.window).abs() < 0.01, "{run}");
    assert!(
        (queued.seconds + run - 8.0 * blamed.window).abs() < 0.01,
        "{queued:?}"
    );
}

#[test]
fn a_queue_is_fed_by_who_fills_it() {
    let blamed = Blamed::of("4 workers: queue Q; append F\n1 feeder: feed Q every 10ms");
    let [(_, wakers)] = blamed.wakers(WaitKind::Futex)[..] else {
        panic!("one queue");
    };
    assert_eq!(wakers.by.keys().copied().collect::<Vec<_>>(), [thread(204)]);
    assert!(
        blamed
            .lock()
            .charges
            .keys()
            .all(|holder| *holder == thread(204))
    );
}

#[test]
fn a_lock_is_handed_on_among_those_who_wait_for_it() {
    let blamed = Blamed::of("4 workers: lock L held 9ms; sleep 1ms");
    let [(_, wakers)] = blamed.wakers(WaitKind::Futex)[..] else {
        panic!("one lock");
    };
    let workers: Vec<_> = (200..204).map(thread).collect();
    assert!(wakers.by.keys().all(|waker| workers.contains(waker)));
    assert!(wakers.nobody <= 4, "{wakers:?}");
}

fn check_peer(text: &str, elastic: bool) {
    let blamed = Blamed::of(text);
    let all = blamed.collector.visits.iter();
    let requests = all.filter(|(site, _)| site.kind == WaitKind::Request);
    let mut visits: Vec<_> = requests.flat_map(|(_, visits)| visits).copied().collect();
    visits.sort_by_key(|visit| visit.end);
    assert!(
        visits
            .iter()
            .filter(|visit| visit.part == Part::Tail)
            .count()
            <= 8
    );
    let seen = figures(&visits);
    let elasticity = seen.elasticity.unwrap_or_default();
    assert_eq!(elasticity > 0.15, elastic, "{seen:?}: {text}");
}

#[test]
fn a_peer_that_serves_one_at_a_time_is_elastic_and_one_that_serves_all_is_not() {
    check_peer(
        "peer A serves 1\n8 workers: fetch A 10ms; sleep 90ms+-80ms",
        true,
    );
    check_peer("8 workers: fetch A 10ms+-3ms; sleep 90ms+-80ms", false);
}

#[test]
fn a_peer_of_this_host_is_read_from_inside() {
    let blamed = Blamed::of("peer A serves 1 local\n4 workers: fetch A 10ms");
    let services = blamed
        .collector
        .services
        .at(blamed.at, &blamed.classifier.sites);
    assert_eq!(services.len(), 1);
    let stats = services.values().next().expect("a service");
    assert_eq!((stats.pid.0, stats.threads.len()), (5_000, 4));
    let blocked = |kind| -> f64 {
        let at = stats.blocked.iter().filter(|(site, _)| site.kind == kind);
        at.map(|(_, time)| time.seconds()).sum::<f64>() / stats.requests as f64
    };
    // Each request waits for three others and is then served.
    assert!((blocked(WaitKind::Futex) - 0.03).abs() < 0.001, "{stats:?}");
    assert!((blocked(WaitKind::Sleep) - 0.01).abs() < 0.001, "{stats:?}");
}

#[test]
fn requests_that_are_under_way_at_the_end_are_visits_too() {
    let blamed = Blamed::of("window 1s\n5 workers: fetch A 400ms");
    let open = blamed.classifier.requests.open();
    let heads = blamed.collector.heads(&open, blamed.at, &blamed.classifier);
    assert_eq!(heads.len(), 5);
    assert!(heads.iter().all(|(_, visit)| visit.part == Part::Head));
    let all = blamed.collector.visits.iter().flat_map(|(_, list)| list);
    let tails = all.filter(|visit| visit.part == Part::Tail);
    assert_eq!(tails.count(), 5);
}

#[test]
fn sleeping_for_the_lock_of_a_file_is_no_visit_to_a_timer() {
    let blamed = Blamed::of("3 workers: flock F held 5ms polling 1ms");
    let visits = blamed.collector.visits.iter();
    let sleeps = visits.filter(|(site, _)| site.kind == WaitKind::Sleep);
    let length: Nanos = sleeps
        .flat_map(|(_, visits)| visits)
        .map(|visit| visit.end - visit.start)
        .sum();
    // Only the holder sleeps for itself.
    assert!(length.seconds() < blamed.window, "{length:?}");
}

#[test]
fn what_a_thread_runs_that_turns_out_to_be_a_peers_is_not_the_targets() {
    let (mut collector, classifier) = (Collector::new(2), Classifier::default());
    let (tid, pid) = (Tid(9), Pid(8));
    let runs = Event::Change {
        who: ActorId::Thread(tid),
        pid,
        was: Piece {
            start: Nanos(5),
            end: Nanos(10),
            state: State::Absent,
        },
        now: State::Running,
        wait: None,
        waker: Waker { who: None },
    };
    collector.collect(&runs, &classifier);
    let task = Task {
        end: Nanos(10),
        tid,
        pid,
        role: TaskRole::Peer,
        ..Task::default()
    };
    collector.collect(&Event::Task(&task), &classifier);
    assert!(collector.queue.run(Nanos::SECOND) < 1e-6);
}
