use std::collections::BTreeSet;

use foldhash::HashMap;

use super::{SeenTasks, Sort};
use crate::classify::ResourceClasses;
use crate::row::{Frame, Nanos, Pid, Stack, StackId, TaskSeen, TaskState};

const GO: &str = "/srv/app";

/// `main.work /src/main.go 12`, innermost first; a module makes it native code.
fn frames(module: &str, text: &[&str]) -> Vec<Frame> {
    let frame = |text: &&str| {
        let words: Vec<&str> = text.split(' ').collect();
        Frame {
            module: module.to_owned(),
            symbol: words[0].to_owned(),
            file: words[1].to_owned(),
            line: words[2].parse().expect("a line"),
            offset: 0,
        }
    };
    text.iter().map(frame).collect()
}

/// The sort and name of the place where a waiting task is found at these frames.
fn check(module: &str, reason: &str, slots: u32, text: &[&str], expect: (Sort, &str)) {
    let (mut seen, mut classes) = (SeenTasks::default(), ResourceClasses::default());
    let stack = Stack {
        id: StackId(1),
        pid: Pid(7),
        frames: frames(module, text),
    };
    let row = TaskSeen {
        end: Nanos(1),
        pid: Pid(7),
        state: TaskState::Waiting,
        reason: reason.to_owned(),
        stack: stack.id,
        slots,
        count: 9,
    };
    let stacks: HashMap<StackId, Stack> = [(stack.id, stack)].into_iter().collect();
    seen.learn(&row, &stacks, &mut classes);
    let shown = seen.workers(&BTreeSet::from([Pid(7)])).expect("nine tasks");
    let place = &shown.places[0];
    assert_eq!((place.sort, classes.name(place.class)), expect, "{text:?}");
}

#[test]
fn goroutines_wait_for_what_their_runtime_and_their_library_say() {
    let work = "main.work /src/app/main.go 12";
    let check = |reason, slots, inner: &[&str], expect| {
        let text: Vec<&str> = inner.iter().copied().chain([work]).collect();
        check(GO, reason, slots, &text, expect);
    };
    let park = "runtime.gopark /usr/lib/go-1.19/src/runtime/proc.go 364";
    let lock = "sync.(*Mutex).lockSlow /usr/lib/go-1.19/src/sync/mutex.go 171";
    let expect = (Sort::Lock, "sync.(*Mutex) in main.work (main.go:12)");
    check("semacquire", 0, &[park, lock], expect);
    let select = "runtime.selectgo /usr/lib/go-1.19/src/runtime/select.go 328";
    let conn = "database/sql.(*DB).conn /usr/lib/go-1.19/src/database/sql/sql.go 1312";
    let query = "database/sql.(*DB).QueryContext /usr/lib/go-1.19/src/database/sql/sql.go 1689";
    let expect = (
        Sort::Pool,
        "database/sql.(*DB).conn in main.work (main.go:12)",
    );
    check("select", 0, &[park, select, conn, query], expect);
    // Inside the same call, but for the peer: the pool has given the connection.
    let expect = (Sort::Network, "IO wait in main.work (main.go:12)");
    check("IO wait", 0, &[park, conn, query], expect);
    let trip = "net/http.(*persistConn).roundTrip /usr/lib/go-1.19/src/net/http/transport.go 2620";
    let expect = (
        Sort::Network,
        "net/http.(*persistConn).roundTrip in main.work (main.go:12)",
    );
    check("select", 0, &[park, select, trip], expect);
    let expect = (Sort::Semaphore, "chan send in main.work (main.go:12)");
    check("chan send", 3, &[park], expect);
    check(
        "chan send",
        0,
        &[park],
        (Sort::Full, "chan send in main.work (main.go:12)"),
    );
    check(
        "chan receive",
        3,
        &[park],
        (Sort::Queue, "chan receive in main.work (main.go:12)"),
    );
    // The runtime's own, by which a collection begins; that of a connection which two write to.
    let collect = "runtime.gcStart /usr/lib/go-1.19/src/runtime/mgc.go 615";
    let expect = (Sort::Runtime, "semacquire in main.work (main.go:12)");
    check("semacquire", 0, &[park, collect], expect);
    let of_connection = "internal/poll.runtime_Semacquire /usr/lib/go-1.19/src/runtime/sema.go 67";
    let expect = (Sort::Lock, "semacquire in main.work (main.go:12)");
    check("semacquire", 0, &[park, of_connection], expect);
    // A server that nobody connects to.
    let accept = "internal/poll.(*FD).Accept /usr/lib/go-1.19/src/internal/poll/fd_unix.go 613";
    check(
        "IO wait",
        0,
        &[park, accept],
        (Sort::Queue, "accept in main.work (main.go:12)"),
    );
    // A channel that several others may be waited for beside.
    check(
        "select",
        0,
        &[park, select],
        (Sort::Elsewhere, "select in main.work (main.go:12)"),
    );
}

#[test]
fn asyncio_tasks_wait_in_the_coroutines_they_are_in() {
    let worker = "worker /srv/app/work.py 31";
    let check = |inner: &[&str], expect| {
        let text: Vec<&str> = inner.iter().copied().chain([worker]).collect();
        check("", "_asyncio.FutureIter", 0, &text, expect);
    };
    let lock = "Lock.acquire /usr/lib/python3.11/asyncio/locks.py 113";
    let enter = "_ContextManagerMixin.__aenter__ /usr/lib/python3.11/asyncio/locks.py 15";
    let expect = (Sort::Lock, "Lock.acquire in worker (work.py:31)");
    check(&[lock, enter], expect);
    let connect = "BaseConnector.connect /v/lib/python3.12/site-packages/aiohttp/connector.py 566";
    check(
        &[connect],
        (Sort::Pool, "BaseConnector.connect in worker (work.py:31)"),
    );
    // A pool that keeps its connections in a queue is one all the same.
    let get = "Queue.get /usr/lib/python3.11/asyncio/queues.py 158";
    let acquire = "Pool._acquire /v/lib/python3.11/site-packages/asyncpg/pool.py 864";
    check(
        &[get, acquire],
        (Sort::Pool, "Pool._acquire in worker (work.py:31)"),
    );
    check(&[get], (Sort::Queue, "Queue.get in worker (work.py:31)"));
    // A lock of anyio's; in httpcore one is held by who opens the connection that others are to have.
    let lock = "Lock.acquire /v/lib/python3.11/site-packages/anyio/_backends/_asyncio.py 2050";
    let expect = (Sort::Lock, "Lock.acquire in worker (work.py:31)");
    check(&[lock], expect);
    let enter =
        "AsyncLock.__aenter__ /v/lib/python3.11/site-packages/httpcore/_synchronization.py 77";
    let expect = (Sort::Pool, "AsyncLock.__aenter__ in worker (work.py:31)");
    check(&[lock, enter], expect);
    let handed_over = (Sort::Thread, "run_in_executor in worker (work.py:31)");
    self::check("", TaskSeen::EXECUTOR, 0, &[worker], handed_over);
    // The user's own class of the same name is not the library's.
    let own = "Lock.acquire /srv/app/locks2.py 3";
    let expect = (
        Sort::Elsewhere,
        "_asyncio.FutureIter in Lock.acquire (locks2.py:3)",
    );
    check(&[own], expect);
}

/// Looks into one process, each with so many tasks at each of some stacks; what the workers run, how many there are, and where they are.
fn shown(
    looks: &[&[(u32, u32, TaskState)]],
    stacks: &[(u32, &[&str])],
) -> Option<(String, f64, Vec<f64>)> {
    let (mut seen, mut classes) = (SeenTasks::default(), ResourceClasses::default());
    let stacks: HashMap<StackId, Stack> = stacks
        .iter()
        .map(|(id, text)| {
            let stack = Stack {
                id: StackId(*id),
                pid: Pid(7),
                frames: frames(GO, text),
            };
            (stack.id, stack)
        })
        .collect();
    for (at, look) in (1..).zip(looks) {
        for (stack, count, state) in *look {
            let row = TaskSeen {
                end: Nanos(at),
                pid: Pid(7),
                state: *state,
                stack: StackId(*stack),
                count: *count,
                ..TaskSeen::default()
            };
            seen.learn(&row, &stacks, &mut classes);
        }
    }
    seen.settle();
    let shown = seen.workers(&BTreeSet::from([Pid(7)]));
    assert_eq!(seen.carries(Pid(7)), shown.as_ref().map(|_| true));
    shown.map(|shown| {
        let means = shown.places.iter().map(|place| place.mean).collect();
        (shown.runs, shown.count, means)
    })
}

#[test]
fn the_workers_are_the_most_that_run_a_function_of_the_user() {
    use TaskState::{Running, Waiting};
    let park = "runtime.gopark /go/src/runtime/proc.go 364";
    let lock = "sync.(*Mutex).Lock /go/src/sync/mutex.go 90";
    let stacks: &[(u32, &[&str])] = &[
        (1, &[park, lock, "main.work /app/main.go 12"]),
        (2, &["main.work /app/main.go 8"]),
        (
            3,
            &[
                park,
                "net/http.(*persistConn).readLoop /go/src/net/http/transport.go 2100",
            ],
        ),
        (
            4,
            &[
                park,
                "main.main /app/main.go 50",
                "runtime.main /go/src/runtime/proc.go 250",
            ],
        ),
    ];
    let looks: &[&[_]] = &[
        &[
            (1, 31, Waiting),
            (2, 1, Running),
            (3, 80, Waiting),
            (4, 1, Waiting),
        ],
        &[(1, 32, Waiting), (3, 80, Waiting), (4, 1, Waiting)],
    ];
    let expect = ("main.work".to_owned(), 32.0, vec![31.5, 0.5]);
    assert_eq!(shown(looks, stacks), Some(expect));
    // Goroutines of libraries alone, or one of the user's, are none.
    assert_eq!(shown(&[&[(3, 80, Waiting), (4, 1, Waiting)]], stacks), None);
    assert_eq!(shown(&[&[(9, 0, Waiting)]], stacks), None);
}
