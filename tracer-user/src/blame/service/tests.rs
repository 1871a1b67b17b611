//! A service of two processes, by hand.

use super::*;
use crate::row::{Batch, Resource, ResourceKind, SocketRole, Tid};

const SOCKETS: [ResourceId; 2] = [ResourceId(1), ResourceId(2)];
const THREADS: [ActorId; 2] = [ActorId::Thread(Tid(10)), ActorId::Thread(Tid(11))];

/// Two processes that serve the same port, each with a connection; and a poll that one of them waits in.
fn classifier() -> (Classifier, [ClassId; 2], State) {
    let mut classifier = Classifier::default();
    let resources = SOCKETS.into_iter().zip([10, 11]);
    classifier.learn(&Batch {
        resources: resources
            .map(|(id, pid)| Resource {
                id,
                pid: Pid(pid),
                kind: ResourceKind::Socket,
                role: SocketRole::Server,
                local: "127.0.0.1:5432".to_owned(),
                ..Resource::default()
            })
            .collect(),
        ..Batch::default()
    });
    let services = SOCKETS.map(|socket| classifier.classes.of(socket));
    let poll = WaitSite::plain(WaitKind::Poll, classifier.classes.of(ResourceId(9)));
    let poll = State::Waiting(classifier.sites.intern(poll));
    (classifier, services, poll)
}

fn reply(at: usize, end: u64) -> Request {
    Request {
        socket: SOCKETS[at],
        tid: Tid([10, 11][at]),
        pid: Pid([10, 11][at]),
        end: Nanos(end),
        ..Request::default()
    }
}

fn arrival(socket: ResourceId, end: u64) -> Call {
    Call {
        resource: socket,
        end: Nanos(end),
        ..Call::default()
    }
}

/// Each of the two threads has answered a request, which is known from then on to be of its service.
fn both_answered(classifier: &Classifier, service: [ClassId; 2]) -> Services {
    let mut services = Services::default();
    for at in 0..2 {
        let call = arrival(SOCKETS[at], 1);
        services.arrived(THREADS[at], &call, service[at], &classifier.sites);
        services.replied(THREADS[at], &reply(at, 2), service[at], classifier);
    }
    services
}

/// The second thread was in a state from one time to another, and goes over to the next.
fn change_of(
    services: &mut Services,
    (start, end): (u64, u64),
    was: State,
    now: State,
    waker: Option<ActorId>,
    classifier: &Classifier,
) {
    let was = Piece {
        start: Nanos(start),
        end: Nanos(end),
        state: was,
    };
    services.change(THREADS[1], &was, now, waker, classifier);
}

/// ```text
/// 10 answers  |r|        |r    r|
/// 11 answers  |r|  |r....r|           blocked from 20 to 60, woken by `waker`
/// ```
fn check(waker: Option<ActorId>, expect: (u64, u64)) {
    let (classifier, service, poll) = classifier();
    let mut services = both_answered(&classifier, service);
    let piece = |start, end, state| Piece {
        start: Nanos(start),
        end: Nanos(end),
        state,
    };
    let run = piece(10, 20, State::Running);
    services.change(THREADS[1], &run, poll, None, &classifier);
    let call = arrival(SOCKETS[1], 20);
    services.arrived(THREADS[1], &call, service[1], &classifier.sites);
    let wait = piece(20, 60, poll);
    services.change(THREADS[1], &wait, State::Running, waker, &classifier);
    services.replied(THREADS[1], &reply(1, 60), service[1], &classifier);
    let stats = &services.stats[&service[1]];
    let co_waiters: Nanos = stats.co_waiters.values().copied().sum();
    assert_eq!((co_waiters.0, stats.handed_off), expect, "{stats:?}");
    assert_eq!(stats.total.0, 40);
}

#[test]
fn who_is_woken_by_another_request_has_waited_for_it() {
    check(Some(THREADS[0]), (40, 1));
}

#[test]
fn who_is_woken_by_anybody_else_has_not() {
    check(None, (0, 0));
    check(Some(ActorId::Thread(Tid(99))), (0, 0));
}

/// ```text
/// 11 answers  |r|  |r..4..r..r|       blocked from 20 to 60, which returns `ret`, and from 61 to 80, woken by `waker`
/// ```
fn check_twice(ret: i64, waker: Option<ActorId>, expect: u64) {
    let (classifier, service, poll) = classifier();
    let sites = &classifier.sites;
    let mut services = both_answered(&classifier, service);
    let change = |services: &mut Services, start, end, was, now, waker| {
        change_of(services, (start, end), was, now, waker, &classifier);
    };
    let runs = State::Running;
    services.arrived(THREADS[1], &arrival(SOCKETS[1], 20), service[1], sites);
    change(&mut services, 10, 20, runs, poll, None);
    change(&mut services, 20, 60, poll, runs, None);
    let returns = Call {
        ret,
        ..Call::default()
    };
    services.returned(THREADS[1], &returns);
    change(&mut services, 60, 61, runs, poll, None);
    change(&mut services, 61, 80, poll, runs, waker);
    services.replied(THREADS[1], &reply(1, 80), service[1], &classifier);
    let stats = &services.stats[&service[1]];
    assert!((stats.for_co_waiters() * 1e9 - expect as f64).abs() < 1e-3);
}

#[test]
fn a_signal_in_between_ends_no_wait() {
    check_twice(INTERRUPTED, Some(THREADS[0]), 59);
    // The first was over, or nobody hands on what is waited for.
    check_twice(0, Some(THREADS[0]), 19);
    check_twice(INTERRUPTED, None, 0);
}

/// A wait that was under way as the window opened, of a thread that has not answered yet: from 0 to 40, ended by `waker`.
fn check_first(waker: ActorId, expect: u64) {
    let (classifier, service, poll) = classifier();
    let mut services = Services::default();
    let call = arrival(SOCKETS[0], 1);
    services.arrived(THREADS[0], &call, service[0], &classifier.sites);
    services.replied(THREADS[0], &reply(0, 2), service[0], &classifier);
    let wait = Piece {
        start: Nanos(0),
        end: Nanos(40),
        state: poll,
    };
    let waker = Some(waker);
    services.change(THREADS[1], &wait, State::Running, waker, &classifier);
    let headless = Request {
        headless: true,
        ..reply(1, 45)
    };
    services.replied(THREADS[1], &headless, service[1], &classifier);
    let stats = &services.stats[&service[1]];
    let co_waiters: Nanos = stats.co_waiters.values().copied().sum();
    assert_eq!(co_waiters.0, expect, "{stats:?}");
}

#[test]
fn the_first_reply_tells_for_whom_its_thread_has_waited() {
    check_first(THREADS[0], 40);
    check_first(ActorId::Thread(Tid(99)), 0);
}

/// Both wait when the window opens, and neither has answered: of two waits of the second, which the first ends, it is told by the replies
/// of both, in either order.
#[test]
fn what_was_waited_for_before_the_first_replies_is_decided_by_them() {
    for order in [[0, 1], [1, 0]] {
        let (classifier, service, poll) = classifier();
        let mut services = Services::default();
        let runs = State::Running;
        let change = |services: &mut Services, times, was, now, waker| {
            change_of(services, times, was, now, waker, &classifier);
        };
        change(&mut services, (0, 40), poll, runs, Some(THREADS[0]));
        change(&mut services, (40, 41), runs, poll, None);
        change(&mut services, (41, 60), poll, runs, Some(THREADS[0]));
        // This one was for nobody of them.
        change(&mut services, (60, 61), runs, poll, None);
        change(
            &mut services,
            (61, 64),
            poll,
            runs,
            Some(ActorId::Thread(Tid(99))),
        );
        for which in order {
            let headless = Request {
                headless: true,
                ..reply(which, 65)
            };
            services.replied(THREADS[which], &headless, service[which], &classifier);
        }
        let stats = &services.stats[&service[1]];
        let co_waiters: Nanos = stats.co_waiters.values().copied().sum();
        assert_eq!((co_waiters.0, stats.handed_off), (59, 2), "{stats:?}");
    }
}

/// What a window says of a thread that waits when it ends, of whose waits one has ended.
fn check_cut(waker: Option<ActorId>, expect: f64) {
    let (classifier, service, poll) = classifier();
    let sites = &classifier.sites;
    let mut services = both_answered(&classifier, service);
    let change = |services: &mut Services, start, end, was, now, waker| {
        change_of(services, (start, end), was, now, waker, &classifier);
    };
    let runs = State::Running;
    for (start, end) in [(20, 60), (70, 110)] {
        services.arrived(THREADS[1], &arrival(SOCKETS[1], start), service[1], sites);
        change(&mut services, start - 10, start, runs, poll, None);
        if end < 100 {
            change(&mut services, start, end, poll, runs, waker);
            services.replied(THREADS[1], &reply(1, end), service[1], &classifier);
        }
    }
    let stats = &services.at(Nanos(80), sites)[&service[1]];
    let seconds = stats.for_co_waiters() * 1e9;
    assert!((seconds - expect).abs() < 1e-3, "{seconds}: {stats:?}");
}

#[test]
fn a_wait_that_the_window_cuts_is_like_those_that_ended() {
    check_cut(Some(THREADS[0]), 50.0);
    check_cut(None, 0.0);
}

#[test]
fn a_request_that_comes_before_the_reply_to_another_is_interleaved() {
    let (classifier, [service, _], _) = classifier();
    let mut services = Services::default();
    // The second is more of the first.
    for (socket, interleaved) in [(0, 0), (0, 0), (1, 1)] {
        let call = arrival(SOCKETS[socket], 1);
        services.arrived(THREADS[0], &call, service, &classifier.sites);
        let stats = services.stats.get(&service);
        assert_eq!(stats.map_or(0, |stats| stats.interleaved), interleaved);
    }
}

#[test]
fn a_request_lasts_until_all_of_its_reply_has_gone_out() {
    let (classifier, [service, _], poll) = classifier();
    let sites = &classifier.sites;
    let piece = |start, end, state| Piece {
        start: Nanos(start),
        end: Nanos(end),
        state,
    };
    let thread = THREADS[0];
    for (another_comes, interleaved) in [(false, 0), (true, 1)] {
        let mut services = Services::default();
        let run = piece(0, 10, State::Running);
        services.change(thread, &run, poll, None, &classifier);
        services.arrived(thread, &arrival(SOCKETS[0], 10), service, sites);
        services.replied(thread, &reply(0, 12), service, &classifier);
        if another_comes {
            services.arrived(thread, &arrival(SOCKETS[1], 13), service, sites);
        }
        for end in [40, 50] {
            services.goes_on(thread, &arrival(SOCKETS[0], end), service, sites);
        }
        let stats = &services.stats[&service];
        assert_eq!((stats.requests, stats.total.0), (1, 40), "{stats:?}");
        assert_eq!(stats.interleaved, interleaved);
        // What goes out when the next request has come, or on another connection by the same number, is no part of it.
        services.closed(SOCKETS[0]);
        services.goes_on(thread, &arrival(SOCKETS[0], 60), service, sites);
        assert_eq!(services.stats[&service].total.0, 40);
    }
}

#[test]
fn an_event_loop_is_busy_but_for_its_polls() {
    let (classifier, [service, _], poll) = classifier();
    let mut services = Services::default();
    let piece = |start, end, state| Piece {
        start: Nanos(start),
        end: Nanos(end),
        state,
    };
    let change = |services: &mut Services, start, end, was, now| {
        services.change(THREADS[0], &piece(start, end, was), now, None, &classifier);
    };
    change(&mut services, 0, 30, poll, State::Running);
    for (socket, at) in [(0, 31), (1, 41)] {
        let call = arrival(SOCKETS[socket], at);
        services.arrived(THREADS[0], &call, service, &classifier.sites);
    }
    for at in [51, 52] {
        services.replied(THREADS[0], &reply(0, at), service, &classifier);
    }
    change(&mut services, 30, 60, State::Running, poll);
    let stats = &services.at(Nanos(100), &classifier.sites)[&service];
    assert_eq!((stats.answered, stats.interleaved), (2, 1));
    assert_eq!((stats.busy.0, stats.starved.0), (30, 0));
}

#[test]
fn a_request_from_before_a_window_is_given_the_time_in_that_window_alone() {
    let (classifier, [service, _], poll) = classifier();
    let mut services = Services::default();
    let poll = Piece {
        start: Nanos(0),
        end: Nanos(40),
        state: poll,
    };
    services.change(THREADS[0], &poll, State::Running, None, &classifier);
    services.join(Nanos(50), &classifier.sites);
    let headless = Request {
        headless: true,
        ..reply(0, 57)
    };
    services.replied(THREADS[0], &headless, service, &classifier);
    assert_eq!(services.stats[&service].total.0, 7);
}

/// ```text
/// 10  wait for a request | queued | read . queued . reply | queued | read
/// ```
#[test]
fn a_request_that_is_there_waits_for_the_cpu_of_whoever_is_to_read_it() {
    let (classifier, [service, _], poll) = classifier();
    let sites = &classifier.sites;
    let mut services = Services::default();
    let change = |services: &mut Services, start, end, was, now| {
        let piece = Piece {
            start: Nanos(start),
            end: Nanos(end),
            state: was,
        };
        services.change(THREADS[0], &piece, now, None, &classifier);
    };
    change(&mut services, 0, 10, State::Queued, poll);
    change(&mut services, 10, 30, poll, State::Queued);
    change(&mut services, 30, 37, State::Queued, State::Running);
    services.arrived(THREADS[0], &arrival(SOCKETS[0], 38), service, sites);
    change(&mut services, 37, 40, State::Running, State::Queued);
    change(&mut services, 40, 45, State::Queued, State::Running);
    services.replied(THREADS[0], &reply(0, 50), service, &classifier);
    change(&mut services, 45, 51, State::Running, State::Queued);
    change(&mut services, 51, 54, State::Queued, State::Running);
    services.arrived(THREADS[0], &arrival(SOCKETS[0], 55), service, sites);
    let stats = &services.stats[&service];
    // What it queued for before it waited belongs to no request.
    assert_eq!(
        (stats.late.0, stats.queued.0, stats.total.0),
        (7 + 3, 5, 12)
    );
}
