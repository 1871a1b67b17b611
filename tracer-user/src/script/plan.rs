//! A workload as data: what its text says, before anything happens.

use crate::row::Nanos;

/// A length of time that varies evenly around its mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// Its mean.
    pub mean: Nanos,
    /// How far it goes to either side.
    pub spread: Nanos,
}

/// Place of a peer in [`Plan::peers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PeerIndex(pub usize);

/// Place of a lock in [`Plan::locks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LockIndex(pub usize);

/// How many requests a peer serves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Serves {
    /// All that come, at once.
    #[default]
    All,
    /// So many at once; the others queue in their order.
    AtOnce(u32),
    /// One begins so long after the one before it.
    Every(Nanos),
}

/// Somebody who is asked over a socket, or a disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Peer {
    /// Its name in the script.
    pub name: String,
    /// How many it serves.
    pub serves: Serves,
    /// Its threads are in the trace: one for each connection.
    pub is_local: bool,
    /// They need a CPU to serve, and do not sleep.
    pub computes: bool,
    /// The share of requests that it refuses with status 429.
    pub refuses: f64,
}

/// What the waiters of a lock sleep on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LockWords {
    /// One futex word for all.
    #[default]
    One,
    /// Each on a word of its own.
    Parked,
    /// Two words in turn, as a condition variable of glibc has.
    Condition,
}

/// A lock in user space.
#[derive(Clone, Debug, Default)]
pub(super) struct Lock {
    /// Its name in the script.
    pub name: String,
    /// How many may hold it at once.
    pub permits: u32,
    /// What its waiters sleep on.
    pub words: LockWords,
}

/// What somebody does while it holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    /// It sleeps.
    Sleeping(Sleep),
    /// It computes.
    Computing,
    /// It waits for a reply.
    Fetching(PeerIndex),
}

/// How those who wait at a barrier are let go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Meeting {
    /// All by one call, on one futex word.
    #[default]
    AtOnce,
    /// Each by a call of its own, on a word of its own.
    Parked,
    /// The first by who came last, on a word of its own, and each of the others by the one before.
    InTurn,
}

/// How somebody sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sleep {
    /// By the system's own call.
    #[default]
    Call,
    /// On a futex word of its own until the time is up, as Java does.
    Word,
}

/// Where somebody waits for a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Connecting {
    /// In the call that asks for it.
    #[default]
    InCall,
    /// In a poll of its socket.
    Polled,
    /// In a poll of many.
    InLoop,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// HTTP GET.
    Fetch,
    /// HTTP POST that sends more than comes back.
    Write,
    /// SQL SELECT.
    Select,
    /// SQL INSERT.
    Insert,
    /// SQL BEGIN.
    Begin,
}

/// One thing that somebody does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// A request that takes `time` to serve, its reply being read in `reads` calls.
    Request {
        /// Whom it asks.
        peer: PeerIndex,
        /// What for.
        asks: Asks,
        /// How long serving it takes.
        time: Span,
        /// In how many calls the reply is read.
        reads: u32,
        /// The statement, where one is told of; `*` in it is another word each time.
        statement: Option<String>,
    },
    /// It connects to a peer.
    Connect(PeerIndex, Span, Connecting),
    /// It computes; by this share longer for each other thread that computes as it begins.
    Compute(Span, f64),
    /// It sleeps.
    Sleep(Span, Sleep),
    /// It takes a lock, holds it and lets it go.
    Lock(LockIndex, Span, Holding),
    /// It appends to a file, which does not block.
    Append(String),
    /// It reads a file, which blocks; with a disk it is served by that.
    Read(String, Span, Option<PeerIndex>),
    /// It makes a file durable; with a disk it is served by that.
    Sync(String, Span, Option<PeerIndex>),
    /// It needs a page that is not there; with a disk it is served by that.
    Fault(Span, Option<PeerIndex>),
    /// It locks a file, holds the lock and lets it go. With a time it does not wait for it but tries again after that.
    FileLock(String, Span, Holding, Option<Span>),
    /// It writes to a pipe. With a time the reader is not in the trace and takes that long.
    PipeWrite(String, Option<Span>),
    /// It reads from a pipe. With a time the writer is not in the trace and takes that long.
    PipeRead(String, Option<Span>),
    /// It is blocked in a call that is not known.
    Call(Span),
    /// It takes from a queue in its process.
    Queue(String),
    /// It puts something into a queue after a time.
    Feed(String, Span),
    /// It hands over what it would do, and waits until a thread that takes it over has done it.
    HandOver(String),
    /// It is done with what it took over before, and takes over the next.
    TakeOver(String),
    /// It stops all other threads of the crews while it computes.
    StopAll(Span),
    /// It waits until all others that do so have come.
    Barrier(String, Meeting),
}

/// An action, and in which items it is done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// In one of so many items.
    pub every: u32,
    /// What is done.
    pub action: Action,
}

/// Threads that do the same over and over.
#[derive(Clone, Debug)]
pub(super) struct Crew {
    /// How many they are.
    pub count: u32,
    /// What each is called.
    pub name: String,
    /// Each is a process of its own.
    pub is_processes: bool,
    /// What one item is made of.
    pub steps: Vec<Step>,
}

/// Short-lived processes.
#[derive(Clone, Debug)]
pub(super) struct Children {
    /// One is started so long after the one before.
    pub every: Nanos,
    /// What each does once.
    pub steps: Vec<Step>,
}

/// A workload.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// How many CPUs there are.
    pub cpus: u32,
    /// How long the window is.
    pub window: Nanos,
    /// How long the workload goes before it.
    pub warm_up: Nanos,
    /// All who are asked.
    pub peers: Vec<Peer>,
    /// All locks.
    pub locks: Vec<Lock>,
    /// All crews.
    pub crews: Vec<Crew>,
    /// All sorts of short-lived processes.
    pub children: Vec<Children>,
}

impl Plan {
    /// The peer of this name; one that was not told of serves all.
    pub(super) fn peer(&mut self, name: &str) -> PeerIndex {
        let known = self.peers.iter().position(|peer| peer.name == name);
        PeerIndex(known.unwrap_or_else(|| {
            self.peers.push(Peer {
                name: name.to_owned(),
                ..Peer::default()
            });
            self.peers.len() - 1
        }))
    }

    /// The lock of this name; one that was not told of is held by one at a time.
    pub(super) fn lock(&mut self, name: &str) -> LockIndex {
        let known = self.locks.iter().position(|lock| lock.name == name);
        LockIndex(known.unwrap_or_else(|| {
            self.locks.push(Lock {
                name: name.to_owned(),
                permits: 1,
                ..Lock::default()
            });
            self.locks.len() - 1
        }))
    }
}
