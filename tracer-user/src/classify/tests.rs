//! What waits and calls mean, seen in scripted workloads.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;

use super::futex::{ThreadSort, Waiter};
use super::replay::replay;
use super::{
    ClassId, ClassKind, Classifier, Event, FutexWords, LockId, LockWords, OperationKind, Request,
    State, WaitKind,
};
use crate::row::{Frame, MemorySource, Nanos, Pid, Stack, StackId, Tid, Verb};
use crate::script;

/// What was seen in a trace.
#[derive(Default)]
struct Seen {
    /// Time waited, by kind of wait and of class.
    waited: BTreeMap<(WaitKind, ClassKind), Nanos>,
    /// Calls by operation.
    done: BTreeMap<OperationKind, u64>,
    /// Requests that were answered.
    requests: Vec<Request>,
    /// Locks that were waited for.
    locks: BTreeSet<LockId>,
    classifier: Classifier,
}

impl Seen {
    fn in_trace(source: &MemorySource) -> Self {
        let mut seen = Self::default();
        let classifier = replay(source, &mut |event, classifier| {
            seen.note(&event, classifier)
        });
        Self { classifier, ..seen }
    }

    fn in_workload(text: &str) -> Self {
        Self::in_trace(&script::workload(text))
    }

    fn note(&mut self, event: &Event<'_, Tid>, classifier: &Classifier) {
        match event {
            Event::Change { was, wait, .. } => {
                if let State::Waiting(site) = was.state {
                    let site = classifier.sites.get(site);
                    let key = (site.kind, classifier.classes.kind(site.class));
                    *self.waited.entry(key).or_default() += was.length();
                }
                self.locks.extend(wait.and_then(|wait| wait.lock));
            }
            Event::Call(call) => {
                if let Some((_, operation)) = call.operation {
                    *self.done.entry(operation.kind).or_default() += 1;
                }
                self.requests.extend(call.request);
            }
            Event::Task(_) | Event::Asked(..) | Event::Join(..) => {}
        }
    }

    fn kinds(&self) -> Vec<(WaitKind, ClassKind)> {
        self.waited.keys().copied().collect()
    }

    fn count(&self, kind: OperationKind) -> u64 {
        self.done.get(&kind).copied().unwrap_or_default()
    }
}

fn check_kinds(steps: &str, expect: &[(WaitKind, ClassKind)]) {
    let text = format!("window 2s\n2 workers: {steps}");
    assert_eq!(Seen::in_workload(&text).kinds(), expect, "{steps}");
}

#[test]
fn waits_are_told_apart_by_call_and_class() {
    check_kinds("fetch A 5ms", &[(WaitKind::Request, ClassKind::Peer)]);
    check_kinds("fsync F 5ms", &[(WaitKind::Sync, ClassKind::Files)]);
    check_kinds("read F 5ms", &[(WaitKind::File, ClassKind::Files)]);
    check_kinds("sleep 5ms", &[(WaitKind::Sleep, ClassKind::Timer)]);
    check_kinds("call 5ms", &[(WaitKind::Other, ClassKind::Unknown)]);
    check_kinds("queue Q", &[(WaitKind::Futex, ClassKind::Futex)]);
}

#[test]
fn connecting_is_no_part_of_a_request() {
    check_kinds(
        "connect A 4ms; fetch A 5ms",
        &[
            (WaitKind::Request, ClassKind::Peer),
            (WaitKind::Connect, ClassKind::Peer),
        ],
    );
}

#[test]
fn polling_for_a_connection_is_connecting() {
    check_kinds(
        "connect A 4ms polled; fetch A 5ms",
        &[
            (WaitKind::Request, ClassKind::Peer),
            (WaitKind::Connect, ClassKind::Peer),
        ],
    );
}

#[test]
fn an_empty_pipe_and_a_full_one_are_two_things() {
    check_kinds("pipe P read 5ms", &[(WaitKind::PipeRead, ClassKind::Pipe)]);
    check_kinds(
        "pipe P write 5ms",
        &[(WaitKind::PipeWrite, ClassKind::Pipe)],
    );
    // A slow reader leaves its writer at a full pipe, and a slow writer its reader at an empty one.
    let slow_reader = "1 writer: pipe P write\n1 reader: sleep 5ms; pipe P read";
    let seen = Seen::in_workload(slow_reader);
    let kinds = [
        (WaitKind::PipeWrite, ClassKind::Pipe),
        (WaitKind::Sleep, ClassKind::Timer),
    ];
    assert_eq!(seen.kinds(), kinds);
    assert!(seen.count(OperationKind::Give) > 1_900 && seen.count(OperationKind::Take) > 1_900);
}

#[test]
fn sleeping_between_two_attempts_at_a_file_lock_is_waiting_for_it() {
    let seen = Seen::in_workload("4 workers: flock F held 6ms sleeping polling 1ms");
    let waited = |key| seen.waited.get(&key).copied().unwrap_or_default().seconds();
    // One holds and sleeps meanwhile, three wait.
    let held = waited((WaitKind::Sleep, ClassKind::Timer));
    let polled = waited((WaitKind::FileLock, ClassKind::Files));
    assert!((9.0..=10.0).contains(&held), "{held}");
    assert!((28.0..=31.0).contains(&polled), "{polled}");
    assert_eq!(seen.locks.len(), 1);
    assert!(seen.count(OperationKind::LockRefused) > 10_000);
}

#[test]
fn a_word_that_one_thread_waits_on_until_its_time_is_up_is_slept_on() {
    let seen = Seen::in_workload("3 workers: sleep 5ms by futex");
    assert_eq!(seen.classifier.futexes.sleeps().count(), 3);
    assert_eq!(seen.count(OperationKind::Wait), 0);
    assert!(seen.count(OperationKind::Sleep) > 5_900);
    // Who is woken waits for somebody.
    let fed = Seen::in_workload("1 worker: queue Q\n1 feeder: feed Q every 5ms");
    assert_eq!(fed.classifier.futexes.sleeps().count(), 0);
    assert_eq!(
        fed.count(OperationKind::Sleep),
        fed.count(OperationKind::Wait)
    );
}

#[test]
fn a_request_that_is_refused_is_told_apart_and_tried_again() {
    let seen = Seen::in_workload("peer A refuses 50%\n4 workers: fetch A 20ms");
    let refused = seen.requests.iter().filter(|request| request.is_refused());
    let (refused, all) = (refused.count(), seen.requests.len());
    assert!(
        refused * 10 > 4 * all && refused * 10 < 6 * all,
        "{refused} of {all}"
    );
    // The sends were not known to be refused, the replies are.
    assert_eq!(
        seen.count(OperationKind::Refused(Verb::HttpRead)),
        refused as u64
    );
}

#[test]
fn a_reply_that_is_read_in_several_calls_is_one() {
    let once = Seen::in_workload("2 workers: fetch A 20ms");
    let thrice = Seen::in_workload("2 workers: fetch A 20ms in 3 reads");
    assert!(once.requests.len().abs_diff(thrice.requests.len()) < 10);
    let calls = thrice.count(OperationKind::Request(Verb::HttpRead));
    assert!(
        calls.abs_diff(4 * thrice.requests.len() as u64) < 10,
        "{calls}"
    );
}

#[test]
fn statements_are_told_apart_by_their_verbs() {
    let seen = Seen::in_workload("1 worker: select D 2ms; select D 2ms; insert D 3ms");
    let of = |verb| seen.count(OperationKind::Request(verb));
    assert!(of(Verb::SqlRead).abs_diff(2 * of(Verb::SqlWrite)) < 6);
}

#[test]
fn requests_across_the_borders_of_the_window_are_known_as_such() {
    let source = script::workload("window 1s\n5 workers: fetch A 400ms");
    let seen = Seen::in_trace(&source);
    let headless = seen.requests.iter().filter(|request| request.headless);
    assert_eq!(headless.count(), 5);
    let open = seen.classifier.requests.open();
    assert_eq!(open.len(), 5);
    assert!(
        open.iter()
            .all(|request| request.start > source.meta.opened)
    );
}

#[test]
fn a_peer_of_this_host_is_seen_from_both_ends() {
    let seen = Seen::in_workload("peer A local\n3 workers: fetch A 5ms");
    let clients = seen.requests.iter().filter(|request| request.pid.0 == 100);
    let servers = seen
        .requests
        .iter()
        .filter(|request| request.pid.0 == 5_000);
    assert!(clients.count().abs_diff(servers.count()) <= 6);
    assert!(seen.count(OperationKind::Serve) > 0);
    let idle = seen.waited[&(WaitKind::Service, ClassKind::Service)];
    assert!(idle < Nanos(3 * 500_000_000), "{idle:?}");
}

#[test]
fn words_of_one_waiter_each_are_one_lock_by_their_place() {
    let is_parked = |lock: &LockId| matches!(lock, LockId::Parked(_));
    let parked = Seen::in_workload("lock L parked\n4 workers: lock L held 5ms");
    assert_eq!(
        parked.locks.iter().filter(|lock| is_parked(lock)).count(),
        1
    );
    assert_eq!(parked.locks.len(), 1);
    let two = Seen::in_workload(
        "lock L parked\nlock M parked\n4 workers: lock L held 5ms+-4ms; lock M held 5ms+-4ms",
    );
    assert_eq!(two.locks.iter().filter(|lock| is_parked(lock)).count(), 2);
    // A word that several wait on is a lock by itself, as soon as the second of them comes.
    let shared = Seen::in_workload("4 workers: lock L held 5ms");
    assert!(
        shared
            .locks
            .iter()
            .any(|lock| matches!(lock, LockId::Word(_)))
    );
}

fn waiter(tid: u32, sort: u32) -> Waiter {
    Waiter {
        tid: Tid(tid),
        pid: Pid(1),
        sort: ThreadSort(sort),
    }
}

#[test]
fn threads_of_two_sorts_that_park_in_one_way_wait_for_two_things() {
    let groups = |sorts: [u32; 4]| {
        let mut words = FutexWords::default();
        for (word, sort) in (1..).zip(sorts) {
            let who = waiter(word, sort);
            let class = ClassId(word);
            words.wait(class, 0, who, StackId::NONE, &HashMap::default());
            words.ended(class, who.tid);
            words.returned(class, 0);
        }
        let locks = LockWords::find(&words);
        let of: BTreeSet<_> = (1..=4).map(|word| locks.lock(ClassId(word))).collect();
        of.len()
    };
    assert_eq!(groups([1, 1, 1, 1]), 1);
    assert_eq!(groups([1, 1, 2, 2]), 2);
}

/// The lock of each of two words, that are parked on: the first from `first`, the second from `second` in turn.
fn parked(first: &[StackId], second: &[StackId]) -> (ClassId, ClassId) {
    let frame = |symbol: &str, file: &str| Frame {
        module: if file.is_empty() {
            "/usr/bin/python3"
        } else {
            ""
        }
        .to_owned(),
        symbol: symbol.to_owned(),
        file: file.to_owned(),
        line: 8,
        offset: 1,
    };
    let runtime = frame("_PyEval_EvalFrameDefault", "");
    let stacks: HashMap<_, _> = [
        (1, vec![runtime.clone(), frame("work", "sem.py")]),
        (2, vec![runtime.clone()]),
        (3, vec![runtime, frame("other", "sem.py")]),
    ]
    .into_iter()
    .map(|(id, frames)| {
        let (id, pid) = (StackId(id), Pid(1));
        (id, Stack { id, pid, frames })
    })
    .collect();
    let mut words = FutexWords::default();
    for (word, sites) in [(1, first), (2, second)] {
        for site in sites {
            let (class, tid) = (ClassId(word), Tid(word));
            let who = waiter(word, 0);
            words.wait(class, u64::from(word) << 12, who, *site, &stacks);
            words.ended(class, tid);
            words.returned(class, 0);
        }
    }
    let locks = LockWords::find(&words);
    (locks.lock(ClassId(1)), locks.lock(ClassId(2)))
}

#[test]
fn a_wait_whose_stack_was_not_taken_comes_from_where_the_last_one_came_from() {
    // Two waits of a runtime whose frames say nothing, and one whose stack was not taken, of each of two words.
    let mut words = FutexWords::default();
    let frame = Frame {
        module: "/usr/lib/libjvm.so".to_owned(),
        symbol: "Parker::park".to_owned(),
        ..Frame::default()
    };
    let stack = Stack {
        id: StackId(1),
        pid: Pid(1),
        frames: vec![frame],
    };
    let stacks = [(StackId(1), stack)].into_iter().collect();
    let mut locks = BTreeSet::new();
    for stack in [StackId(1), StackId::NONE, StackId(1), StackId::NONE] {
        let class = ClassId(1);
        locks.insert(words.wait(class, 0x1000, waiter(1, 1), stack, &stacks));
        words.ended(class, Tid(1));
        words.returned(class, 0);
    }
    assert_eq!(locks.len(), 1, "{locks:?}");
}

#[test]
fn a_stack_without_its_own_frames_is_the_place_that_its_word_is_else_waited_on_from() {
    let [work, cut, other] = [StackId(1), StackId(2), StackId(3)];
    let (first, second) = parked(&[work, cut, cut], &[cut]);
    assert_eq!(first, second);
    let (first, second) = parked(&[cut, cut, work], &[work]);
    assert_eq!(first, second);
    let (first, second) = parked(&[work, cut], &[other, cut]);
    assert_ne!(first, second, "two places are two locks");
}

#[test]
fn files_numbered_by_worker_are_one_class() {
    let seen = Seen::in_workload("8 workers: append part-*; sleep 5ms");
    let classes = &seen.classifier.classes;
    let files = classes.resources().filter(|file| !file.path.is_empty());
    let of: BTreeSet<_> = files.map(|file| classes.known(file.id)).collect();
    assert_eq!(of.len(), 1);
}

#[test]
fn words_side_by_side_are_one_condition_and_two_mutexes_in_a_row_are_not() {
    let two = |apart: u64| {
        let mut words = FutexWords::default();
        let stacks = HashMap::default();
        let mut wait = |word, address| {
            let by = |tid| waiter(tid, 0);
            let _ = words.wait(ClassId(word), address, by(1), StackId::NONE, &stacks);
            words.wait(ClassId(word), address, by(2), StackId::NONE, &stacks)
        };
        (wait(1, 0x1000 + apart), wait(2, 0x1000))
    };
    let (one, other) = two(4);
    assert_eq!(one, other);
    let (one, other) = two(40);
    assert_ne!(one, other);
}

#[test]
fn words_beside_those_of_an_interpreter_are_its_lock_too() {
    let stack = Stack {
        id: StackId(1),
        frames: vec![Frame {
            module: "/usr/bin/python3.11".to_owned(),
            symbol: "take_gil".to_owned(),
            ..Frame::default()
        }],
        ..Stack::default()
    };
    let stacks = HashMap::from_iter([(stack.id, stack)]);
    let lock = |address| {
        let mut words = FutexWords::default();
        let known = words.wait(ClassId(1), 0x1000, waiter(1, 0), StackId(1), &stacks);
        assert!(words.is_interpreters(ClassId(1)));
        // Its call stack was not taken.
        let beside = words.wait(ClassId(2), address, waiter(2, 0), StackId::NONE, &stacks);
        beside == known
    };
    assert!(lock(0x1000 + 88) && lock(0x1000 - 136));
    assert!(!lock(0x1000 + 400) && !lock(0x1000 - 400));
}
