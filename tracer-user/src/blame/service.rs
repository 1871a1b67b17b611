//! A peer on this host, seen from its own threads: what a request goes through between its arrival and its reply.
//!
//! A thread that is blocked within a request and woken by another one that answers requests of the same service has waited
//! for that one: a row lock of a database is handed on this way, whatever call it is waited for in. Who answers what is
//! known from the first reply on; what was waited for before is decided then. A signal may end the call in between, as
//! a timer that is to find deadlocks does; who begins the same wait anew has waited all the while for whoever ends that. Of waits that a
//! window cuts it is not seen who ends them: they are taken to be like those that ended there.

mod stats;

use foldhash::HashMap;
use std::collections::BTreeMap;

pub use stats::ServiceStats;

use crate::actors::ActorId;
use crate::classify::{
    ClassId, Classifier, Piece, Request, ResourceClasses, State, WaitKind, WaitSite, WaitSites,
};
use crate::row::{Call, Nanos, Pid, ResourceId};

/// What a call returns that a signal ended: `-EINTR` (include/uapi/asm-generic/errno-base.h).
const INTERRUPTED: i64 = -4;
/// Most waits that are kept until it is known whether who ended them answers the same requests.
const UNDECIDED: usize = 1 << 16;

/// What one thread did since the beginning, by state.
#[derive(Clone, Debug, Default)]
struct Sums {
    run: Nanos,
    queued: Nanos,
    blocked: BTreeMap<WaitSite, Nanos>,
    co_waiters: BTreeMap<WaitSite, Nanos>,
    handed_off: u64,
}

impl Sums {
    /// All but waiting for requests, or for a CPU.
    fn busy(&self) -> Nanos {
        let blocked = self.blocked.iter();
        let at_work = blocked.filter(|(site, _)| !is_idle(site.kind));
        self.run + at_work.map(|(_, time)| *time).sum::<Nanos>()
    }
}

/// A wait that ended, and not by another request's thread.
#[derive(Clone, Copy, Debug)]
struct Ended {
    station: WaitSite,
    /// How long it was, with those before it that signals ended.
    time: Nanos,
    /// A signal ended it: its call says so.
    interrupted: bool,
    waker: Option<ActorId>,
}

/// A request that a thread has not answered yet.
#[derive(Clone, Debug)]
struct UnderWay {
    /// What the thread had done when it arrived.
    before: Sums,
    service: ClassId,
    pid: Pid,
    socket: ResourceId,
}

/// A request whose reply has begun to go out.
#[derive(Clone, Debug)]
struct Replying {
    /// The thread that answers.
    actor: ActorId,
    /// What it had done when the latest part of the reply went out.
    before: Sums,
    pid: Pid,
    /// Requests that had come to the thread by then.
    arrived: u64,
    /// Another one is known to have come before its reply was whole.
    is_interleaved: bool,
}

/// All services.
#[derive(Clone, Debug, Default)]
pub struct Services {
    /// By service.
    pub stats: BTreeMap<ClassId, ServiceStats>,
    threads: HashMap<ActorId, Sums>,
    /// What each had done when the present window began.
    origins: HashMap<ActorId, Sums>,
    /// In the order of their arrivals.
    under_way: HashMap<ActorId, Vec<UnderWay>>,
    /// By socket.
    replying: HashMap<ResourceId, Replying>,
    /// Requests that have come to each thread.
    arrived: HashMap<ActorId, u64>,
    current: HashMap<ActorId, Piece>,
    /// How long each had been without a CPU when it was last known to have no request to read.
    idle: HashMap<ActorId, Nanos>,
    /// The latest wait of each, unless another request's thread ended it, or it was for a known lock or a socket.
    ended: HashMap<ActorId, Ended>,
    /// Waits of threads of which it is not known yet what they answer, or what who ended them does.
    undecided: Vec<(ActorId, Ended)>,
    answering: HashMap<ActorId, ClassId>,
}

/// The port a service is reached at; several processes may serve it.
#[must_use]
pub fn port_of(classes: &ResourceClasses, service: ClassId) -> &str {
    let name = classes.name(service);
    name.rsplit_once(' ').map_or(name, |(_, port)| port)
}

impl Services {
    /// Requests have come to this thread.
    pub(super) fn is_server(&self, actor: ActorId) -> bool {
        self.arrived.contains_key(&actor)
    }

    /// A thread that serves changed its state; `waker` ended its wait, if it was blocked.
    pub(super) fn change(
        &mut self,
        actor: ActorId,
        was: &Piece,
        now: State,
        waker: Option<ActorId>,
        classifier: &Classifier,
    ) {
        let start = self
            .current
            .get(&actor)
            .map_or(was.start, |piece| piece.start.max(was.start));
        let piece = Piece { start, ..*was };
        self.add(actor, &piece, &classifier.sites);
        if let State::Waiting(site) = was.state {
            if is_idle(classifier.sites.get(site).kind) {
                self.note_idle(actor);
            }
            let station = classifier.sites.get(site).station();
            let by_another =
                waker.is_some_and(|waker| self.serve_the_same(actor, waker, &classifier.classes));
            let ended = Ended {
                station,
                time: piece.length(),
                interrupted: false,
                waker,
            };
            self.end_wait(actor, ended, by_another);
        }
        let next = Piece {
            start: was.end,
            end: was.end,
            state: now,
        };
        self.current.insert(actor, next);
    }

    /// A thread has no request that it has not read.
    fn note_idle(&mut self, actor: ActorId) {
        let queued = self.threads.entry(actor).or_default().queued;
        self.idle.insert(actor, queued);
    }

    fn end_wait(&mut self, actor: ActorId, mut ended: Ended, by_another: bool) {
        ended.time += self.interrupted(actor, ended.station);
        self.ended.remove(&actor);
        if is_known_lock_or_socket(ended.station.kind) {
            return;
        }
        if by_another {
            let sums = self.threads.entry(actor).or_default();
            *sums.co_waiters.entry(ended.station).or_default() += ended.time;
            sums.handed_off += 1;
            return;
        }
        self.ended.insert(actor, ended);
        let is_known = |of: &ActorId| self.answering.contains_key(of);
        let is_open = |waker: ActorId| !is_known(&waker) || !is_known(&actor);
        if ended.waker.is_some_and(is_open) && self.undecided.len() < UNDECIDED {
            self.undecided.push((actor, ended));
        }
    }

    /// With its first reply a thread turns out to serve the same as who has ended its waits, or whose waits it has ended.
    fn first_reply(&mut self, actor: ActorId, service: ClassId, classes: &ResourceClasses) {
        if self.answering.insert(actor, service).is_some() {
            return;
        }
        for (waiter, ended) in std::mem::take(&mut self.undecided) {
            let Some(waker) = ended.waker else {
                continue;
            };
            let answers = self.answering.get(&waiter).copied();
            match answers.filter(|_| self.answering.contains_key(&waker)) {
                None => self.undecided.push((waiter, ended)),
                Some(answers) if self.serve_the_same(waiter, waker, classes) => {
                    let stats = self.stats.entry(answers).or_default();
                    *stats.co_waiters.entry(ended.station).or_default() += ended.time;
                    stats.handed_off += 1;
                }
                Some(_) => {}
            }
        }
    }

    /// For how long it has waited there in waits that signals ended.
    fn interrupted(&self, actor: ActorId, station: WaitSite) -> Nanos {
        let is_one = |ended: &&Ended| ended.interrupted && ended.station == station;
        let ended = self.ended.get(&actor).filter(is_one);
        ended.map_or(Nanos::ZERO, |ended| ended.time)
    }

    /// A call of a thread returned.
    pub(super) fn returned(&mut self, actor: ActorId, call: &Call) {
        if call.ret == INTERRUPTED
            && let Some(ended) = self.ended.get_mut(&actor)
        {
            ended.interrupted = true;
            // Whoever ends the wait that it begins anew has ended this one too.
            self.undecided.pop_if(|(waiter, _)| *waiter == actor);
        }
    }

    fn serve_the_same(&self, one: ActorId, other: ActorId, classes: &ResourceClasses) -> bool {
        let service = |actor| self.answering.get(&actor).copied();
        one != other
            && match (service(one), service(other)) {
                (Some(one), Some(two)) => port_of(classes, one) == port_of(classes, two),
                _ => false,
            }
    }

    fn add(&mut self, actor: ActorId, piece: &Piece, sites: &WaitSites) {
        let sums = self.threads.entry(actor).or_default();
        match piece.state {
            State::Running => sums.run += piece.length(),
            State::Queued => sums.queued += piece.length(),
            State::Waiting(site) => {
                let station = sites.get(site).station();
                *sums.blocked.entry(station).or_default() += piece.length();
            }
            State::Absent | State::Unknown | State::Stopped => {}
        }
    }

    /// A request arrived: a thread of a peer has read of it.
    pub(super) fn arrived(
        &mut self,
        actor: ActorId,
        call: &Call,
        service: ClassId,
        sites: &WaitSites,
    ) {
        self.advance(actor, call.end, sites);
        self.replying.remove(&call.resource);
        let queued = self.threads.entry(actor).or_default().queued;
        let late = queued.since(self.idle.get(&actor).copied().unwrap_or(queued));
        self.stats.entry(service).or_default().late += late;
        self.note_idle(actor);
        self.ended.remove(&actor);
        let request = UnderWay {
            before: self.threads.entry(actor).or_default().clone(),
            service,
            pid: call.pid,
            socket: call.resource,
        };
        let under_way = self.under_way.entry(actor).or_default();
        // What is read of a request whose beginning is there is more of the same.
        if under_way.iter().all(|other| other.socket != call.resource) {
            if !under_way.is_empty() {
                self.stats.entry(service).or_default().interleaved += 1;
            }
            under_way.push(request);
            *self.arrived.entry(actor).or_default() += 1;
        }
    }

    /// Its reply went out. Of a request that came before the window the thread's time in it until now belongs to it: by
    /// Little's law the time inside all requests over the number of replies is their mean, while those seen whole are the
    /// short ones.
    pub(super) fn replied(
        &mut self,
        actor: ActorId,
        request: &Request,
        service: ClassId,
        classifier: &Classifier,
    ) {
        self.advance(actor, request.end, &classifier.sites);
        self.stats.entry(service).or_default().answered += 1;
        self.note_idle(actor);
        let under_way = self.under_way.entry(actor).or_default();
        let at = under_way
            .iter()
            .position(|other| other.socket == request.socket);
        let before = match at.map(|at| under_way.remove(at)) {
            Some(request) => request.before,
            None if request.headless => self.origins.get(&actor).cloned().unwrap_or_default(),
            None => return,
        };
        self.first_reply(actor, service, &classifier.classes);
        self.add_request(actor, &before, service, request.pid);
        let replying = self.replying_now(actor, request.pid);
        self.replying.insert(request.socket, replying);
        let Some(stats) = self.stats.get_mut(&service) else {
            return;
        };
        stats.requests += 1;
        *stats.threads.entry(actor).or_default() += 1;
    }

    /// More of a reply went out: its request lasts until all of it has.
    pub(super) fn goes_on(
        &mut self,
        actor: ActorId,
        call: &Call,
        service: ClassId,
        sites: &WaitSites,
    ) {
        let replying = self.replying.remove(&call.resource);
        let Some(replying) = replying.filter(|of| of.actor == actor) else {
            return;
        };
        self.advance(actor, call.end, sites);
        self.add_request(actor, &replying.before, service, replying.pid);
        let mut now = self.replying_now(actor, replying.pid);
        now.is_interleaved = replying.is_interleaved || now.arrived > replying.arrived;
        if now.is_interleaved && !replying.is_interleaved {
            self.stats.entry(service).or_default().interleaved += 1;
        }
        self.replying.insert(call.resource, now);
    }

    /// A connection was closed: no more of a reply goes out on it.
    pub(super) fn closed(&mut self, socket: ResourceId) {
        self.replying.remove(&socket);
    }

    fn replying_now(&self, actor: ActorId, pid: Pid) -> Replying {
        Replying {
            actor,
            before: self.threads.get(&actor).cloned().unwrap_or_default(),
            pid,
            arrived: self.arrived.get(&actor).copied().unwrap_or_default(),
            is_interleaved: false,
        }
    }

    /// Another window follows the one that ends at `at`: requests under way count with their time so far.
    pub(super) fn join(&mut self, at: Nanos, sites: &WaitSites) {
        let mut open: Vec<_> = std::mem::take(&mut self.under_way).into_iter().collect();
        open.sort_by_key(|(actor, _)| *actor);
        for (actor, requests) in open {
            let cut = self.cut(actor, at, sites);
            self.advance(actor, at, sites);
            for request in requests {
                self.add_request(actor, &request.before, request.service, request.pid);
                if let Some((station, time)) = cut {
                    let stats = self.stats.entry(request.service).or_default();
                    *stats.cut.entry(station).or_default() += time;
                }
            }
        }
        self.ended.clear();
        let serving: Vec<ActorId> = self.threads.keys().copied().collect();
        for actor in serving {
            self.advance(actor, at, sites);
        }
        self.origins.clone_from(&self.threads);
        self.replying.clear();
    }

    /// Where it waits at `at`, and for how long it has.
    fn cut(&self, actor: ActorId, at: Nanos, sites: &WaitSites) -> Option<(WaitSite, Nanos)> {
        let piece = self.current.get(&actor)?;
        let State::Waiting(site) = piece.state else {
            return None;
        };
        let station = sites.get(site).station();
        let time = at.since(piece.start) + self.interrupted(actor, station);
        (!is_known_lock_or_socket(station.kind)).then_some((station, time))
    }

    /// The statistics at `at`: requests under way count with their time so far.
    #[must_use]
    pub fn at(&self, at: Nanos, sites: &WaitSites) -> BTreeMap<ClassId, ServiceStats> {
        let mut ended = self.clone();
        ended.join(at, sites);
        for stats in ended.stats.values_mut() {
            let threads = stats
                .threads
                .keys()
                .filter_map(|actor| ended.threads.get(actor));
            for sums in threads {
                stats.busy += sums.busy();
                stats.starved += sums.queued;
            }
        }
        ended.stats
    }

    fn add_request(&mut self, actor: ActorId, before: &Sums, service: ClassId, pid: Pid) {
        let Some(now) = self.threads.get(&actor) else {
            return;
        };
        let stats = self.stats.entry(service).or_default();
        stats.pid = pid;
        let (run, queued) = (now.run - before.run, now.queued - before.queued);
        stats.run += run;
        stats.queued += queued;
        stats.total += run + queued;
        stats.handed_off += now.handed_off - before.handed_off;
        for (site, time) in grown(&now.co_waiters, &before.co_waiters) {
            *stats.co_waiters.entry(site).or_default() += time;
        }
        for (site, time) in grown(&now.blocked, &before.blocked) {
            *stats.blocked.entry(site).or_default() += time;
            stats.total += time;
        }
    }

    fn advance(&mut self, actor: ActorId, at: Nanos, sites: &WaitSites) {
        if let Some(piece) = self.current.get(&actor).copied() {
            let end = at.max(piece.start);
            self.add(actor, &Piece { end, ..piece }, sites);
            self.current.insert(
                actor,
                Piece {
                    start: end,
                    ..piece
                },
            );
        }
    }
}

/// Waits of a thread that has nothing to do.
fn is_idle(kind: WaitKind) -> bool {
    matches!(kind, WaitKind::Service | WaitKind::Poll)
}

/// What has been added to each since `before`.
fn grown<'a>(
    now: &'a BTreeMap<WaitSite, Nanos>,
    before: &'a BTreeMap<WaitSite, Nanos>,
) -> impl Iterator<Item = (WaitSite, Nanos)> + 'a {
    let since = |site| before.get(site).copied().unwrap_or_default();
    let grown = now
        .iter()
        .map(move |(site, time)| (*site, *time - since(site)));
    grown.filter(|(_, time)| *time > Nanos::ZERO)
}

/// Waits that are known for what they are: who ends them tells no more.
fn is_known_lock_or_socket(kind: WaitKind) -> bool {
    is_known_lock(kind) || matches!(kind, WaitKind::Request | WaitKind::Service)
}

/// What is waited for there is had by another thread, whoever ends the wait.
#[must_use]
pub fn is_known_lock(kind: WaitKind) -> bool {
    matches!(
        kind,
        WaitKind::Futex | WaitKind::FileLock | WaitKind::KernelLock
    )
}

#[cfg(test)]
mod tests;
