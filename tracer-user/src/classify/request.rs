//! Exchanges: one request and its reply on one socket.

use foldhash::HashMap;
use std::collections::hash_map::Entry;

use crate::row::{Call, Nanos, OpenRequest, Pid, ResourceId, StatementId, Tid, Verb};

/// HTTP statuses of a request that is to be tried again: 429 Too Many Requests, 503 Service Unavailable (RFC 6585, RFC 9110).
const TRY_AGAIN: [u16; 2] = [429, 503];

/// A request that got its first reply byte (as client), or gave it (as server).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The socket.
    pub socket: ResourceId,
    /// Thread that asked (client) or served (server).
    pub tid: Tid,
    /// Its process.
    pub pid: Pid,
    /// Client: the first send was entered. Server: the first bytes of the request were there.
    pub start: Nanos,
    /// Client: the first reply bytes were read. Server: the first reply bytes were sent.
    pub end: Nanos,
    /// What was asked.
    pub verb: Verb,
    /// The statement that was to be run.
    pub statement: StatementId,
    /// HTTP status of the reply, else 0.
    pub status: u16,
    /// Several threads sent before a reply came: no request of one worker.
    pub shared: bool,
    /// The request was sent before the window: `start` is known to some milliseconds, or not known, and zero.
    pub headless: bool,
}

impl Request {
    /// The peer refused it for now, and it is to be tried again.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        TRY_AGAIN.contains(&self.status)
    }
}

#[derive(Clone, Debug, Default)]
struct Socket {
    open: Option<Request>,
    verb: Option<Verb>,
    statement: StatementId,
    /// The latest reply refused its request.
    refused: bool,
    /// A window has begun since anything was heard of it.
    outstanding: bool,
    commands: Commands,
}

/// Commands that were sent on a socket, each in a call of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// All of them.
    pub all: u64,
    /// Those that were sent before the reply to the one before had come: several who do not know of each other share the connection, or
    /// one does not need the replies.
    pub ahead: u64,
}

/// A command of Redis; of one of the user's making (`EVAL`) it is not known whether it reads or writes. Requests of other protocols may
/// be sent in several calls.
fn is_command(call: &Call) -> bool {
    match call.verb {
        Verb::RedisRead | Verb::RedisWrite => true,
        Verb::Unknown => call.statement != StatementId::NONE,
        _ => false,
    }
}

/// The requests under way on all sockets.
#[derive(Clone, Debug, Default)]
pub struct RequestTracker {
    sockets: HashMap<ResourceId, Socket>,
    /// Requests in which several threads sent at once.
    pub multiplexed: u64,
    /// All requests that were answered.
    pub all: u64,
}

impl RequestTracker {
    /// The requests that are under way, by their sockets.
    #[must_use]
    pub fn open(&self) -> Vec<Request> {
        let mut open: Vec<Request> = self.sockets.values().filter_map(|s| s.open).collect();
        open.sort_unstable_by_key(|request| request.socket);
        open
    }

    /// A window ends: what is under way is cut. A reply that comes first in the next window has its request before it, in this
    /// window or in the pause.
    pub fn end_window(&mut self) -> Vec<Request> {
        let open = self.open();
        for socket in self.sockets.values_mut() {
            socket.open = None;
            socket.outstanding = true;
        }
        open
    }

    /// A window found a request under way.
    pub(super) fn found(&mut self, request: &OpenRequest) {
        let socket = self.sockets.entry(request.resource).or_default();
        socket.outstanding = false;
        socket.open = Some(Request {
            socket: request.resource,
            pid: request.pid,
            start: request.asked,
            headless: true,
            ..Request::default()
        });
    }

    /// What the present request of a socket is about, and whether it was refused; `None`: the request was not seen.
    #[must_use]
    pub fn verb(&self, socket: ResourceId) -> Option<(Verb, bool)> {
        let socket = self.sockets.get(&socket)?;
        socket.verb.map(|verb| (verb, socket.refused))
    }

    /// The commands that were sent on a socket.
    #[must_use]
    pub fn commands(&self, socket: ResourceId) -> Commands {
        let socket = self.sockets.get(&socket);
        socket.map_or(Commands::default(), |socket| socket.commands)
    }

    /// The statement that the present request of a socket runs.
    #[must_use]
    pub fn statement(&self, socket: ResourceId) -> StatementId {
        let socket = self.sockets.get(&socket);
        socket.map_or(StatementId::NONE, |socket| socket.statement)
    }

    /// A call on a socket that this side connected. Gives the request when its first reply bytes came.
    pub fn client(&mut self, call: &Call) -> Option<Request> {
        if call.ret <= 0 {
            return None;
        }
        if call.call.is_output() {
            let socket = self.sockets.entry(call.resource).or_default();
            (socket.outstanding, socket.refused) = (false, false);
            if is_command(call) {
                let calls = u64::from(call.count.max(1));
                socket.commands.all += calls;
                let is_ahead = socket.open.is_some_and(|request| !request.headless);
                socket.commands.ahead += if is_ahead { calls } else { calls - 1 };
            }
            // What a window found under way may have been no request, but a greeting or a ping.
            match socket.open.as_mut().filter(|request| !request.headless) {
                None => {
                    (socket.verb, socket.statement) = (Some(call.verb), call.statement);
                    socket.open = Some(begin(call, call.start));
                }
                Some(request) => {
                    if request.verb == Verb::Unknown {
                        (request.verb, socket.verb) = (call.verb, Some(call.verb));
                    }
                    if request.statement == StatementId::NONE {
                        (request.statement, socket.statement) = (call.statement, call.statement);
                    }
                    if request.tid != call.tid && !request.shared {
                        request.shared = true;
                        self.multiplexed += 1;
                    }
                }
            }
            return None;
        }
        self.close(call)
    }

    /// A call on a socket that this side accepted. Gives the request when the reply's first bytes went out.
    pub fn server(&mut self, call: &Call) -> Option<Request> {
        if call.ret <= 0 {
            return None;
        }
        if call.call.is_input() {
            let socket = self.sockets.entry(call.resource).or_default();
            socket.outstanding = false;
            if socket.open.is_none() {
                socket.verb = Some(call.verb);
                socket.open = Some(begin(call, call.end));
            }
            return None;
        }
        self.close(call)
    }

    fn close(&mut self, call: &Call) -> Option<Request> {
        let headless = || Request {
            headless: true,
            ..begin(call, Nanos::ZERO)
        };
        let (mut request, socket) = match self.sockets.entry(call.resource) {
            Entry::Occupied(socket) => {
                let socket = socket.into_mut();
                let outstanding = std::mem::take(&mut socket.outstanding);
                let request = socket.open.take().or_else(|| outstanding.then(headless))?;
                (request, socket)
            }
            // The first that is heard of this socket is a reply: its request lies before the window.
            Entry::Vacant(place) => (headless(), place.insert(Socket::default())),
        };
        self.all += 1;
        (request.end, request.status) = (call.end, call.status);
        socket.refused = request.is_refused();
        if request.headless {
            // What its first bytes said of the reply tells nothing of the request.
            (request.verb, socket.verb) = (Verb::Unknown, None);
            (request.statement, socket.statement) = Default::default();
        }
        Some(request)
    }
}

fn begin(call: &Call, start: Nanos) -> Request {
    Request {
        socket: call.resource,
        tid: call.tid,
        pid: call.pid,
        start,
        verb: call.verb,
        statement: call.statement,
        ..Request::default()
    }
}
