//! What a task waits for in its process: by its runtime's word, and by the functions it waits in.
//!
//! Functions are those of the standard libraries of Go (1.18 to 1.24) and Python (3.11 to 3.13) and of the clients and pools that are used
//! most with them. What is not listed is [`Sort::Elsewhere`], and no rule takes it for anything.

use crate::row::{Frame, TaskSeen, TaskState};

/// What a task does, or waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// It runs, or is in a call of the kernel.
    Running,
    /// It could run, and has no thread.
    Ready,
    /// For a peer.
    Network,
    /// For a lock that one has at a time.
    Lock,
    /// For one of several slots: a semaphore.
    Semaphore,
    /// For a connection of a pool.
    Pool,
    /// For a token of a limiter.
    Limiter,
    /// For its own time to pass.
    Timer,
    /// To take from a queue that is empty.
    Queue,
    /// To put into a queue that is full.
    Full,
    /// For what a thread of their process does for them: one of an executor.
    Thread,
    /// For what their runtime does for itself, such as to collect garbage.
    Runtime,
    /// For other tasks to end.
    Join,
    /// For something else.
    Elsewhere,
}

impl Sort {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Network => "network",
            Self::Lock => "lock",
            Self::Semaphore => "semaphore",
            Self::Pool => "pool",
            Self::Limiter => "limiter",
            Self::Timer => "timer",
            Self::Queue => "empty queue",
            Self::Full => "full queue",
            Self::Thread => "a thread's work",
            Self::Runtime => "the runtime itself",
            Self::Join => "other tasks",
            Self::Elsewhere => "something else",
        }
    }

    /// It waits inside its process, for what nothing outside shows.
    #[must_use]
    pub const fn is_inside(self) -> bool {
        match self {
            Self::Lock
            | Self::Semaphore
            | Self::Pool
            | Self::Limiter
            | Self::Timer
            | Self::Queue
            | Self::Full
            | Self::Thread
            | Self::Runtime => true,
            Self::Running | Self::Ready | Self::Network | Self::Join | Self::Elsewhere => false,
        }
    }
}

/// A function: what its name begins with, and, for scripts, what the path of its file ends with.
struct Known {
    symbol: &'static str,
    file: &'static str,
    sort: Sort,
}

const fn go(symbol: &'static str, sort: Sort) -> Known {
    Known {
        symbol,
        file: "",
        sort,
    }
}

const fn python(file: &'static str, symbol: &'static str, sort: Sort) -> Known {
    Known { symbol, file, sort }
}

/// Pools and limiters: they wait inside by a lock, a queue or a channel, and that is looked at first.
const OUTER: &[Known] = &[
    go("database/sql.(*DB).conn", Sort::Pool),
    go("net/http.(*Transport).getConn", Sort::Pool),
    go("github.com/jackc/puddle", Sort::Pool),
    go("github.com/redis/go-redis/v9/internal/pool.", Sort::Pool),
    go("golang.org/x/time/rate.(*Limiter).", Sort::Limiter),
    go("go.uber.org/ratelimit.", Sort::Limiter),
    go(
        "golang.org/x/sync/semaphore.(*Weighted).Acquire",
        Sort::Semaphore,
    ),
    python("aiohttp/connector.py", "BaseConnector.connect", Sort::Pool),
    python(
        "aiohttp/connector.py",
        "BaseConnector._wait_for",
        Sort::Pool,
    ),
    python(
        "httpcore/_async/connection_pool.py",
        "AsyncPoolRequest.wait_for",
        Sort::Pool,
    ),
    // Requests may be given a connection that another one opens, and one of HTTP/2 that has no stream left.
    python(
        "httpcore/_synchronization.py",
        "AsyncLock.__aenter__",
        Sort::Pool,
    ),
    python(
        "httpcore/_synchronization.py",
        "AsyncSemaphore.acquire",
        Sort::Pool,
    ),
    python("asyncpg/pool.py", "Pool._acquire", Sort::Pool),
    python(
        "psycopg_pool/pool_async.py",
        "AsyncConnectionPool.getconn",
        Sort::Pool,
    ),
    python(
        "psycopg_pool/pool_async.py",
        "AsyncConnectionPool._getconn",
        Sort::Pool,
    ),
    python("aiomysql/pool.py", "Pool._acquire", Sort::Pool),
    python(
        "redis/asyncio/connection.py",
        "BlockingConnectionPool.get_connection",
        Sort::Pool,
    ),
    python("sqlalchemy/util/queue.py", "AsyncAdaptedQueue.", Sort::Pool),
    python("anyio/to_thread.py", "run_sync", Sort::Thread),
    python(
        "aiolimiter/leakybucket.py",
        "AsyncLimiter.acquire",
        Sort::Limiter,
    ),
];

/// What the standard libraries wait in.
const INNER: &[Known] = &[
    go("net/http.(*persistConn).roundTrip", Sort::Network),
    go("net/http.(*http2ClientConn).", Sort::Network),
    go("golang.org/x/net/http2.(*ClientConn).", Sort::Network),
    go("sync.(*Mutex).", Sort::Lock),
    go("sync.(*RWMutex).", Sort::Lock),
    go("internal/sync.(*Mutex).", Sort::Lock),
    go("sync.(*WaitGroup).Wait", Sort::Join),
    go("time.Sleep", Sort::Timer),
    python("asyncio/locks.py", "Lock.acquire", Sort::Lock),
    python("asyncio/locks.py", "Semaphore.acquire", Sort::Semaphore),
    python("anyio/_backends/_asyncio.py", "Lock.acquire", Sort::Lock),
    python(
        "anyio/_backends/_asyncio.py",
        "Semaphore.acquire",
        Sort::Semaphore,
    ),
    python(
        "anyio/_backends/_asyncio.py",
        "CapacityLimiter.acquire",
        Sort::Semaphore,
    ),
    python(
        "anyio/_core/_synchronization.py",
        "Lock.acquire",
        Sort::Lock,
    ),
    python(
        "anyio/_core/_synchronization.py",
        "Semaphore.acquire",
        Sort::Semaphore,
    ),
    python(
        "anyio/streams/memory.py",
        "MemoryObjectReceiveStream.receive",
        Sort::Queue,
    ),
    python(
        "anyio/streams/memory.py",
        "MemoryObjectSendStream.send",
        Sort::Full,
    ),
    python("asyncio/queues.py", "Queue.get", Sort::Queue),
    python("asyncio/queues.py", "Queue.put", Sort::Full),
    python("asyncio/queues.py", "Queue.join", Sort::Join),
    python("asyncio/tasks.py", "sleep", Sort::Timer),
    python("asyncio/tasks.py", "_wait", Sort::Join),
    python("asyncio/tasks.py", "wait", Sort::Join),
    python("asyncio/taskgroups.py", "TaskGroup.__aexit__", Sort::Join),
    python("asyncio/streams.py", "StreamReader.", Sort::Network),
    python("aiohttp/streams.py", "", Sort::Network),
    python(
        "aiohttp/client_reqrep.py",
        "ClientResponse.start",
        Sort::Network,
    ),
    python(
        "aiohttp/connector.py",
        "TCPConnector._create",
        Sort::Network,
    ),
    python(
        "httpcore/_async/http11.py",
        "AsyncHTTP11Connection._receive",
        Sort::Network,
    ),
    python("psycopg/waiting.py", "wait_async", Sort::Network),
    python(
        "asyncio/selector_events.py",
        "BaseSelectorEventLoop.sock_",
        Sort::Network,
    ),
];

/// Go's words for why a goroutine waits (`waitReasonStrings`, runtime/runtime2.go).
const REASONS: &[(&str, Sort)] = &[
    ("IO wait", Sort::Network),
    ("sleep", Sort::Timer),
    ("sync.Mutex.Lock", Sort::Lock),
    ("sync.RWMutex.Lock", Sort::Lock),
    ("sync.RWMutex.RLock", Sort::Lock),
    ("semacquire", Sort::Lock),
    ("GC assist wait", Sort::Runtime),
    ("GC assist marking", Sort::Runtime),
    ("chan receive", Sort::Queue),
    (TaskSeen::EXECUTOR, Sort::Thread),
    // Tasks that await another one, or all of asyncio.gather.
    ("_asyncio.Task", Sort::Join),
    ("_GatheringFuture", Sort::Join),
];

/// How a goroutine of a server waits for the next connection.
const ACCEPTS: &str = "internal/poll.(*FD).Accept";

/// What Go's libraries wait in for the reason `semacquire`; the runtime waits for the same reason for itself, to begin a collection say.
const BY_LIBRARY: &str = ".runtime_Semacquire";

/// What a task does that was found in this state, at these frames, for this reason; and the function that says so.
#[must_use]
pub fn sort(
    state: TaskState,
    reason: &str,
    slots: u32,
    frames: &[Frame],
) -> (Sort, Option<&'static str>) {
    match state {
        TaskState::Running | TaskState::InCall => return (Sort::Running, None),
        TaskState::Ready => return (Sort::Ready, None),
        TaskState::Waiting => {}
    }
    // A server that nobody connects to has nothing to take.
    if frames.iter().any(|frame| frame.symbol == ACCEPTS) {
        return (Sort::Queue, Some("accept"));
    }
    if reason == "IO wait" {
        return (Sort::Network, None);
    }
    for list in [OUTER, INNER] {
        let mut found = frames
            .iter()
            .filter_map(|frame| list.iter().find(|known| is(frame, known)));
        if let Some(known) = found.next() {
            return (known.sort, Some(known.symbol.trim_end_matches('.')));
        }
    }
    if reason == "chan send" {
        // A full channel: its sender waits for a slot.
        return (
            if slots > 0 {
                Sort::Semaphore
            } else {
                Sort::Full
            },
            None,
        );
    }
    let is_of_library = frames.iter().any(|frame| frame.symbol.contains(BY_LIBRARY));
    if reason == "semacquire" && !is_of_library {
        return (Sort::Runtime, None);
    }
    let by_reason = REASONS.iter().find(|(known, _)| *known == reason);
    (by_reason.map_or(Sort::Elsewhere, |(_, sort)| *sort), None)
}

fn is(frame: &Frame, known: &Known) -> bool {
    let by_file = match known.file {
        // A function of Python has no module.
        "" => !frame.module.is_empty(),
        file => frame.module.is_empty() && frame.file.ends_with(file),
    };
    by_file && frame.symbol.starts_with(known.symbol)
}
