//! A peer on this host, seen from its own threads: what a request goes through between its arrival and its reply.
//!
//! A thread that is blocked within a request and woken by another one that answers requests of the same service has waited
//! for that one: a row lock of a database is handed on this way, whatever call it is waited for in.

use foldhash::HashMap;
use std::collections::BTreeMap;

use crate::row::{Call, Nanos, Pid, ResourceId, Tid};
use crate::timeline::{Piece, State};
use crate::work::{ClassId, Request, ResourceClasses, WaitKind, WaitSite};

/// What one thread did since the beginning, by state.
#[derive(Clone, Debug, Default)]
struct Sums {
    run: Nanos,
    queued: Nanos,
    blocked: BTreeMap<WaitSite, Nanos>,
    co_waiters: Nanos,
    handed_off: u64,
}

/// Books on one service.
#[derive(Clone, Debug, Default)]
pub struct ServiceStats {
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
    pub blocked: BTreeMap<WaitSite, Nanos>,
    /// Of that, until another request's thread woke it; locks that are known as such are not counted here.
    pub co_waiters: Nanos,
    /// How often it did.
    pub handed_off: u64,
    /// Threads that served.
    pub threads: BTreeMap<Tid, u64>,
    /// Requests that came to a thread which had not answered the one before: an event loop, whose time between a request and
    /// its reply is not spent on that one.
    pub interleaved: u64,
}

impl ServiceStats {
    /// Adds the book of another process that serves the same.
    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.total += other.total;
        self.run += other.run;
        self.queued += other.queued;
        for (site, time) in &other.blocked {
            *self.blocked.entry(*site).or_default() += *time;
        }
        self.co_waiters += other.co_waiters;
        self.handed_off += other.handed_off;
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
    service: ClassId,
    pid: Pid,
    socket: ResourceId,
}

/// Books on all services.
#[derive(Debug, Default)]
pub struct Services {
    /// By service.
    pub books: BTreeMap<ClassId, ServiceStats>,
    threads: HashMap<Tid, Sums>,
    under_way: HashMap<Tid, UnderWay>,
    current: HashMap<Tid, Piece>,
    answering: HashMap<Tid, ClassId>,
}

/// The port a service is reached at; several processes may serve it.
#[must_use]
pub fn port_of(classes: &ResourceClasses, service: ClassId) -> &str {
    let name = classes.name(service);
    name.rsplit_once(' ').map_or(name, |(_, port)| port)
}

impl Services {
    /// A thread of a peer changed its state; `waker` ended its wait, if it was blocked.
    pub fn change(
        &mut self,
        tid: Tid,
        was: &Piece,
        now: State,
        waker: Tid,
        classes: &mut ResourceClasses,
    ) {
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
            classes,
        );
        if let State::Blocked(blocked) = &was.state
            && !matches!(
                WaitSite::of(blocked, classes).kind,
                WaitKind::Futex | WaitKind::FileLock | WaitKind::Exchange | WaitKind::Service
            )
            && self.serve_the_same(tid, waker, classes)
        {
            let sums = self.threads.entry(tid).or_default();
            sums.co_waiters += was.end.since(from);
            sums.handed_off += 1;
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

    fn serve_the_same(&self, tid: Tid, other: Tid, classes: &ResourceClasses) -> bool {
        let service = |tid| self.answering.get(&tid).copied();
        tid != other
            && match (service(tid), service(other)) {
                (Some(one), Some(two)) => port_of(classes, one) == port_of(classes, two),
                _ => false,
            }
    }

    fn add(&mut self, tid: Tid, piece: &Piece, classes: &mut ResourceClasses) {
        let sums = self.threads.entry(tid).or_default();
        match &piece.state {
            State::Running => sums.run += piece.length(),
            State::Queued => sums.queued += piece.length(),
            State::Blocked(blocked) => {
                *sums
                    .blocked
                    .entry(WaitSite::of(blocked, classes))
                    .or_default() += piece.length();
            }
            _ => {}
        }
    }

    /// A request arrived: a thread of a peer has read of it.
    pub fn arrived(&mut self, call: &Call, service: ClassId, classes: &mut ResourceClasses) {
        self.attribute(call.tid, call.end, classes);
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
    pub fn replied(&mut self, request: &Request, service: ClassId, classes: &mut ResourceClasses) {
        self.attribute(request.tid, request.end, classes);
        let before = match self.under_way.remove(&request.tid) {
            Some(request) => request.before,
            None if request.headless => Sums::default(),
            None => return,
        };
        self.add_request(request.tid, &before, service, request.pid);
        self.answering.insert(request.tid, service);
        let Some(stats) = self.books.get_mut(&service) else {
            return;
        };
        stats.requests += 1;
        *stats.threads.entry(request.tid).or_default() += 1;
    }

    /// Ends the window: requests under way count with their time so far.
    pub fn close(&mut self, at: Nanos, classes: &mut ResourceClasses) {
        let mut open: Vec<_> = std::mem::take(&mut self.under_way).into_iter().collect();
        open.sort_by_key(|(tid, _)| *tid);
        for (tid, request) in open {
            self.attribute(tid, at, classes);
            self.add_request(tid, &request.before, request.service, request.pid);
        }
    }

    fn add_request(&mut self, tid: Tid, before: &Sums, service: ClassId, pid: Pid) {
        let Some(now) = self.threads.get(&tid) else {
            return;
        };
        let stats = self.books.entry(service).or_default();
        stats.pid = pid;
        let (run, queued) = (now.run - before.run, now.queued - before.queued);
        stats.run += run;
        stats.queued += queued;
        stats.total += run + queued;
        stats.co_waiters += now.co_waiters - before.co_waiters;
        stats.handed_off += now.handed_off - before.handed_off;
        for (site, time) in &now.blocked {
            let time = *time - before.blocked.get(site).copied().unwrap_or_default();
            if time > Nanos::ZERO {
                *stats.blocked.entry(*site).or_default() += time;
                stats.total += time;
            }
        }
    }

    fn attribute(&mut self, tid: Tid, at: Nanos, classes: &mut ResourceClasses) {
        if let Some(piece) = self.current.get(&tid).copied() {
            self.add(
                tid,
                &Piece {
                    end: at.max(piece.start),
                    ..piece
                },
                classes,
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
    fn classes() -> ResourceClasses {
        let mut classes = ResourceClasses::default();
        for (id, pid) in SOCKETS.into_iter().zip([10, 11]) {
            classes.learn(&Resource {
                id,
                pid: Pid(pid),
                kind: ResourceKind::Socket,
                role: SocketRole::Server,
                local: "127.0.0.1:5432".to_owned(),
                ..Resource::default()
            });
        }
        classes
    }

    /// ```text
    /// 10 answers  |r|        |r    r|
    /// 11 answers  |r|  |r....r|           blocked from 20 to 60, woken by `waker`
    /// ```
    fn check(waker: u32, expect: (u64, u64)) {
        let mut classes = classes();
        let service = SOCKETS.map(|socket| classes.of(socket));
        let mut services = Services::default();
        let request = |at: usize, end| Request {
            socket: SOCKETS[at],
            tid: Tid([10, 11][at]),
            pid: Pid([10, 11][at]),
            end: Nanos(end),
            ..Request::default()
        };
        let arrival = |at: usize, end| Call {
            resource: SOCKETS[at],
            tid: Tid([10, 11][at]),
            pid: Pid([10, 11][at]),
            end: Nanos(end),
            ..Call::default()
        };
        for (at, service) in service.into_iter().enumerate() {
            let reply = request(at, 2);
            services.arrived(&arrival(at, 1), service, &mut classes);
            services.replied(&reply, service, &mut classes);
        }
        let piece = |start, end, state| Piece {
            start: Nanos(start),
            end: Nanos(end),
            state,
        };
        let run = piece(10, 20, State::Running);
        services.change(Tid(11), &run, POLL, Tid(0), &mut classes);
        services.arrived(&arrival(1, 20), service[1], &mut classes);
        services.change(
            Tid(11),
            &piece(20, 60, POLL),
            State::Running,
            Tid(waker),
            &mut classes,
        );
        services.replied(&request(1, 60), service[1], &mut classes);
        let stats = &services.books[&service[1]];
        assert_eq!((stats.co_waiters.0, stats.handed_off), expect, "{stats:?}");
        assert_eq!(stats.total.0, 40);
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
        let mut classes = classes();
        let service = classes.of(SOCKETS[0]);
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
            services.arrived(&request(socket), service, &mut classes);
            let stats = services.books.get(&service);
            assert_eq!(stats.map_or(0, |stats| stats.interleaved), interleaved);
        }
    }
}
