//! Exchanges: one request and its reply on one socket.

use foldhash::HashMap;
use std::collections::hash_map::Entry;

use super::class::ClassId;
use crate::row::{Call, Nanos, Pid, ResourceId, Tid, Verb};

/// A turn that got its first reply byte (as client), or gave it (as server).
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
    /// HTTP status of the reply, else 0.
    pub status: u16,
    /// Several threads sent before a reply came: no turn of one worker.
    pub shared: bool,
    /// The request was sent before the window: `start` is not known, and zero.
    pub headless: bool,
}

#[derive(Debug, Default)]
struct Socket {
    open: Option<Request>,
    verb: Option<Verb>,
    /// A reply was outstanding when the window before ended, and nothing was heard since.
    outstanding: bool,
}

/// The turns under way on all sockets.
#[derive(Debug, Default)]
pub struct RequestTracker {
    usual: HashMap<ClassId, Verb>,
    sockets: HashMap<ResourceId, Socket>,
    /// RequestTracker in which several threads sent at once.
    pub multiplexed: u64,
    /// All turns.
    pub all: u64,
}

impl RequestTracker {
    /// RequestTracker that know what is usually asked of each peer, for replies to requests sent before the window.
    #[must_use]
    pub fn knowing(usual: HashMap<ClassId, Verb>) -> Self {
        Self {
            usual,
            ..Self::default()
        }
    }

    /// A window ends: the turns that are open, by their sockets. A reply that comes first in the next window has its request
    /// before it.
    pub fn end_window(&mut self) -> Vec<Request> {
        let mut open: Vec<Request> = self
            .sockets
            .values_mut()
            .filter_map(|socket| {
                let request = socket.open.take();
                socket.outstanding = request.is_some();
                request
            })
            .collect();
        open.sort_unstable_by_key(|request| request.socket);
        open
    }

    /// What the present turn of a socket is about; `None`: its request was not seen, and the peer is not known.
    #[must_use]
    pub fn verb(&self, socket: ResourceId, peer: ClassId) -> Option<Verb> {
        self.sockets
            .get(&socket)
            .and_then(|state| state.verb)
            .or_else(|| self.usual.get(&peer).copied())
    }

    /// A call on a socket that this side connected. Gives the turn when its first reply bytes came.
    pub fn client(&mut self, call: &Call) -> Option<Request> {
        if call.ret <= 0 {
            return None;
        }
        if call.call.is_output() {
            let socket = self.sockets.entry(call.resource).or_default();
            socket.outstanding = false;
            match &mut socket.open {
                None => {
                    socket.verb = Some(call.verb);
                    socket.open = Some(begin(call, call.start));
                }
                Some(request) => {
                    if request.verb == Verb::Unknown {
                        (request.verb, socket.verb) = (call.verb, Some(call.verb));
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

    /// A call on a socket that this side accepted. Gives the turn when the reply's first bytes went out.
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
        let mut request = match self.sockets.entry(call.resource) {
            Entry::Occupied(socket) => {
                let socket = socket.into_mut();
                let outstanding = std::mem::take(&mut socket.outstanding);
                socket.open.take().or_else(|| outstanding.then(headless))?
            }
            // The first that is heard of this socket is a reply: its request lies before the window.
            Entry::Vacant(class) => {
                class.insert(Socket::default());
                headless()
            }
        };
        self.all += 1;
        (request.end, request.status) = (call.end, call.status);
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
        ..Request::default()
    }
}
