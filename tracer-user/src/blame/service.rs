//! A peer on this host, seen from its own threads: what a request goes through between its arrival and its reply.
//!
//! A thread that is blocked within a request and woken by another one that answers requests of the same service has waited
//! for that one: a row lock of a database is handed on this way, whatever call it is waited for in.

use foldhash::HashMap;
use std::collections::BTreeMap;

use crate::row::{Call, Nanos, Pid, ResourceId, Tid};
use crate::timeline::{Piece, State};
use crate::work::{PlaceId, Places, Spot, Turn, Way};

/// What one thread did since the beginning, by state.
#[derive(Clone, Debug, Default)]
struct Sums {
    run: Nanos,
    queued: Nanos,
    blocked: BTreeMap<Spot, Nanos>,
    fellows: Nanos,
    handed_on: u64,
}

/// Books on one service.
#[derive(Clone, Debug, Default)]
pub struct ServiceBook {
    /// The process that serves.
    pub pid: Pid,
    /// Requests answered.
    pub requests: u64,
    /// From arrival to reply, summed.
    pub total: Nanos,
    /// Of it, computing.
    pub run: Nanos,
    /// Of it, without a CPU.
    pub queued: Nanos,
    /// Of it, blocked.
    pub blocked: BTreeMap<Spot, Nanos>,
    /// Of that, until another request's thread woke it; locks that are known as such are not counted here.
    pub fellows: Nanos,
    /// How often it did.
    pub handed_on: u64,
    /// Threads that served.
    pub threads: BTreeMap<Tid, u64>,
    /// Requests that came to a thread which had not answered the one before: an event loop, whose time between a request and
    /// its reply is not spent on that one.
    pub interleaved: u64,
}

impl ServiceBook {
    /// Adds the book of another process that serves the same.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.total += other.total;
        self.run += other.run;
        self.queued += other.queued;
        for (spot, time) in &other.blocked {
            *self.blocked.entry(*spot).or_default() += *time;
        }
        self.fellows += other.fellows;
        self.handed_on += other.handed_on;
        self.interleaved += other.interleaved;
        for (tid, count) in &other.threads {
            *self.threads.entry(*tid).or_default() += count;
        }
    }
}

/// A request that a thread has not answered yet.
#[derive(Debug)]
struct UnderWay {
    /// What the thread had done when it arrived.
    before: Sums,
    service: PlaceId,
    pid: Pid,
    socket: ResourceId,
}

/// Books on all services.
#[derive(Debug, Default)]
pub struct Services {
    /// By service.
    pub books: BTreeMap<PlaceId, ServiceBook>,
    threads: HashMap<Tid, Sums>,
    under_way: HashMap<Tid, UnderWay>,
    current: HashMap<Tid, Piece>,
    answering: HashMap<Tid, PlaceId>,
}

/// The port a service is reached at; several processes may serve it.
#[must_use]
pub fn port_of(places: &Places, service: PlaceId) -> &str {
    let name = places.name(service);
    name.rsplit_once(' ').map_or(name, |(_, port)| port)
}

impl Services {
    /// A thread of a peer changed its state; `waker` ended its wait, if it was blocked.
    pub fn change(&mut self, tid: Tid, was: &Piece, now: State, waker: Tid, places: &mut Places) {
        let from = self
            .current
            .get(&tid)
            .map_or(was.start, |piece| piece.start.max(was.start));
        self.add(
            tid,
            &Piece {
                start: from,
                ..*was
            },
            places,
        );
        if let State::Blocked(blocked) = &was.state
            && !matches!(
                Spot::of(blocked, places).way,
                Way::Futex | Way::FileLock | Way::Exchange | Way::Service
            )
            && self.serve_the_same(tid, waker, places)
        {
            let sums = self.threads.entry(tid).or_default();
            sums.fellows += was.end.since(from);
            sums.handed_on += 1;
        }
        self.current.insert(
            tid,
            Piece {
                start: was.end,
                end: was.end,
                state: now,
            },
        );
    }

    fn serve_the_same(&self, tid: Tid, other: Tid, places: &Places) -> bool {
        let service = |tid| self.answering.get(&tid).copied();
        tid != other
            && match (service(tid), service(other)) {
                (Some(one), Some(two)) => port_of(places, one) == port_of(places, two),
                _ => false,
            }
    }

    fn add(&mut self, tid: Tid, piece: &Piece, places: &mut Places) {
        let sums = self.threads.entry(tid).or_default();
        match &piece.state {
            State::Running => sums.run += piece.length(),
            State::Queued => sums.queued += piece.length(),
            State::Blocked(blocked) => {
                *sums.blocked.entry(Spot::of(blocked, places)).or_default() += piece.length();
            }
            _ => {}
        }
    }

    /// A request arrived: a thread of a peer has read of it.
    pub fn arrived(&mut self, call: &Call, service: PlaceId, places: &mut Places) {
        self.settle(call.tid, call.end, places);
        let request = UnderWay {
            before: self.threads.entry(call.tid).or_default().clone(),
            service,
            pid: call.pid,
            socket: call.resource,
        };
        let former = self.under_way.insert(call.tid, request);
        if former.is_some_and(|former| former.socket != call.resource) {
            self.books.entry(service).or_default().interleaved += 1;
        }
    }

    /// Its reply went out. Of a request that came before the window the thread's whole time until now belongs to it: by
    /// Little's law the time inside all requests over the number of replies is their mean, while those seen whole are the
    /// short ones.
    pub fn replied(&mut self, turn: &Turn, service: PlaceId, places: &mut Places) {
        self.settle(turn.tid, turn.end, places);
        let before = match self.under_way.remove(&turn.tid) {
            Some(request) => request.before,
            None if turn.headless => Sums::default(),
            None => return,
        };
        self.add_request(turn.tid, &before, service, turn.pid);
        self.answering.insert(turn.tid, service);
        let Some(book) = self.books.get_mut(&service) else {
            return;
        };
        book.requests += 1;
        *book.threads.entry(turn.tid).or_default() += 1;
    }

    /// Ends the window: requests under way count with their time so far.
    pub fn close(&mut self, at: Nanos, places: &mut Places) {
        let mut open: Vec<_> = std::mem::take(&mut self.under_way).into_iter().collect();
        open.sort_by_key(|(tid, _)| *tid);
        for (tid, request) in open {
            self.settle(tid, at, places);
            self.add_request(tid, &request.before, request.service, request.pid);
        }
    }

    fn add_request(&mut self, tid: Tid, before: &Sums, service: PlaceId, pid: Pid) {
        let Some(now) = self.threads.get(&tid) else {
            return;
        };
        let book = self.books.entry(service).or_default();
        book.pid = pid;
        let (run, queued) = (now.run - before.run, now.queued - before.queued);
        book.run += run;
        book.queued += queued;
        book.total += run + queued;
        book.fellows += now.fellows - before.fellows;
        book.handed_on += now.handed_on - before.handed_on;
        for (spot, time) in &now.blocked {
            let time = *time - before.blocked.get(spot).copied().unwrap_or_default();
            if time > Nanos::ZERO {
                *book.blocked.entry(*spot).or_default() += time;
                book.total += time;
            }
        }
    }

    fn settle(&mut self, tid: Tid, at: Nanos, places: &mut Places) {
        if let Some(piece) = self.current.get(&tid).copied() {
            self.add(
                tid,
                &Piece {
                    end: at.max(piece.start),
                    ..piece
                },
                places,
            );
            self.current.insert(
                tid,
                Piece {
                    start: at.max(piece.start),
                    ..piece
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Resource, ResourceId, ResourceKind, SocketRole, Syscall};
    use crate::timeline::Blocked;

    const SOCKETS: [ResourceId; 2] = [ResourceId(1), ResourceId(2)];
    const POLL: State = State::Blocked(Blocked {
        call: Syscall::EpollWait,
        op: 0,
        resource: ResourceId(9),
        owner: Tid(0),
        stack: crate::row::StackId::NONE,
        uninterruptible: false,
    });

    /// Two processes that serve the same port, each with a connection.
    fn places() -> Places {
        let mut places = Places::default();
        for (id, pid) in SOCKETS.into_iter().zip([10, 11]) {
            places.learn(&Resource {
                id,
                pid: Pid(pid),
                kind: ResourceKind::Socket,
                role: SocketRole::Server,
                local: "127.0.0.1:5432".to_owned(),
                ..Resource::default()
            });
        }
        places
    }

    /// ```text
    /// 10 answers  |r|        |r    r|
    /// 11 answers  |r|  |r....r|           blocked from 20 to 60, woken by `waker`
    /// ```
    fn check(waker: u32, expect: (u64, u64)) {
        let mut places = places();
        let service = SOCKETS.map(|socket| places.of(socket));
        let mut services = Services::default();
        let turn = |at: usize, end| Turn {
            socket: SOCKETS[at],
            tid: Tid([10, 11][at]),
            pid: Pid([10, 11][at]),
            end: Nanos(end),
            ..Turn::default()
        };
        let request = |at: usize, end| Call {
            resource: SOCKETS[at],
            tid: Tid([10, 11][at]),
            pid: Pid([10, 11][at]),
            end: Nanos(end),
            ..Call::default()
        };
        for (at, service) in service.into_iter().enumerate() {
            let turn = turn(at, 2);
            services.arrived(&request(at, 1), service, &mut places);
            services.replied(&turn, service, &mut places);
        }
        let piece = |start, end, state| Piece {
            start: Nanos(start),
            end: Nanos(end),
            state,
        };
        let run = piece(10, 20, State::Running);
        services.change(Tid(11), &run, POLL, Tid(0), &mut places);
        services.arrived(&request(1, 20), service[1], &mut places);
        services.change(
            Tid(11),
            &piece(20, 60, POLL),
            State::Running,
            Tid(waker),
            &mut places,
        );
        services.replied(&turn(1, 60), service[1], &mut places);
        let book = &services.books[&service[1]];
        assert_eq!((book.fellows.0, book.handed_on), expect, "{book:?}");
        assert_eq!(book.total.0, 40);
    }

    #[test]
    fn who_is_woken_by_another_request_has_waited_for_it() {
        check(10, (40, 1));
    }

    #[test]
    fn who_is_woken_by_anybody_else_has_not() {
        check(0, (0, 0));
        check(99, (0, 0));
    }

    #[test]
    fn a_request_that_comes_before_the_reply_to_another_is_interleaved() {
        let mut places = places();
        let service = places.of(SOCKETS[0]);
        let mut services = Services::default();
        let request = |socket: usize| Call {
            resource: SOCKETS[socket],
            tid: Tid(10),
            pid: Pid(10),
            end: Nanos(1),
            ..Call::default()
        };
        // The second is more of the first.
        for (socket, interleaved) in [(0, 0), (0, 0), (1, 1)] {
            services.arrived(&request(socket), service, &mut places);
            let book = services.books.get(&service);
            assert_eq!(book.map_or(0, |book| book.interleaved), interleaved);
        }
    }
}
