//! Takes events as they come and keeps all statistics of blame.

use foldhash::HashMap;
use std::collections::BTreeMap;

use super::lock::Locks;
use super::meanwhile::Meanwhile;
use super::neighbours::Neighbours;
use super::passed_on::PassedOn;
use super::queue::RunQueue;
use super::recent_pieces::RecentPieces;
use super::service::Services;
use super::together::Progress;
use super::unread::Unread;
use super::visit::{Part, Visit};
use super::visits::{Kept, Visits};
use crate::actors::ActorId;
use crate::classify::{
    ClassId, ClassKind, ClassifiedCall, Classifier, Event, LockId, Operation, OperationId,
    OperationKind, Piece, Request, State, WaitBegin, WaitKind, WaitSite,
};
use crate::row::{Call, Nanos, Pid, ResourceId, StackId, Syscall, TaskRole};

/// Who ended the waits at a wait site; of waits that one waiter at a pipe after the other ends, who woke the first of them.
#[derive(Clone, Debug, Default)]
pub struct Wakers {
    /// Actors of the target, local peers, and others.
    pub by: HashMap<ActorId, u64>,
    /// Waits ended by interrupts, timers, the network, or by nobody seen.
    pub nobody: u64,
}

/// For how long an actor had requests on a socket.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// The first was sent, or the window began.
    pub first: Nanos,
    /// The latest was answered.
    pub last: Nanos,
}

/// One actor: who it is, and what it waits for.
#[derive(Clone, Debug)]
struct Actor {
    role: TaskRole,
    waiting: Option<(LockId, ClassId)>,
    /// The latest thing it did that belongs to a stage of the work.
    latest: Progress,
}

/// All statistics of blame.
#[derive(Clone, Debug)]
pub struct Collector {
    /// Locks, of the target and of local peers.
    pub locks: Locks,
    /// Local peers from inside.
    pub services: Services,
    /// The run queue.
    pub queue: RunQueue,
    /// The target's threads that compute beside each other.
    pub neighbours: Neighbours,
    /// Replies to tasks that lay unread.
    pub unread: Unread,
    /// Waiting for an interpreter while a request was under way.
    pub meanwhile: Meanwhile,
    /// Visits of the target's actors to what is seen from outside only, by wait site.
    pub visits: Visits,
    /// Sockets on which the target's actors had requests, by peer, and by whom.
    pub sockets: HashMap<ClassId, BTreeMap<(ResourceId, ActorId), Used>>,
    /// Who ended the target's waits, by station.
    pub wakers: HashMap<WaitSite, Wakers>,
    passed_on: PassedOn,
    actors: HashMap<ActorId, Actor>,
    /// Who sent the requests that are under way, by socket.
    asking: HashMap<ResourceId, ActorId>,
    /// The visit whose reply has begun to come, by socket: more of it may follow.
    replying: HashMap<ResourceId, Kept>,
    recent: RecentPieces,
    /// The present window began; zero in the first, which calls that it found under way are taken to have begun with.
    began: Nanos,
}

impl Collector {
    /// Nothing is known yet of a host with so many CPUs.
    #[must_use]
    pub fn new(cpus: u32) -> Self {
        Self {
            locks: Locks::default(),
            services: Services::default(),
            queue: RunQueue::new(cpus),
            neighbours: Neighbours::default(),
            unread: Unread::default(),
            meanwhile: Meanwhile::default(),
            visits: Visits::default(),
            sockets: HashMap::default(),
            wakers: HashMap::default(),
            passed_on: PassedOn::default(),
            actors: HashMap::default(),
            asking: HashMap::default(),
            replying: HashMap::default(),
            recent: RecentPieces::default(),
            began: Nanos::ZERO,
        }
    }

    /// Takes an event.
    pub fn collect(&mut self, event: &Event<'_, ActorId>, classifier: &Classifier) {
        match event {
            Event::Change {
                who,
                pid,
                was,
                now,
                wait,
                waker,
            } => self.change(
                (*who, *pid),
                was,
                *now,
                wait.as_ref(),
                waker.who,
                classifier,
            ),
            Event::Call(call) => self.call(call, classifier),
            Event::Task(task) => {
                if !task.is_reading() {
                    let who = ActorId::Thread(task.tid);
                    let was = std::mem::replace(&mut self.actor(who).role, task.role);
                    if was == TaskRole::Target && task.role != was {
                        // It was seen before it was known whose it is.
                        self.queue.change(who, task.end, State::Absent);
                        self.neighbours.change(who, task.end, State::Absent);
                    }
                }
            }
            Event::Asked(who, socket) => {
                self.asking.insert(*socket, *who);
            }
            Event::Join(at, open) => {
                for (site, visit) in self.heads(open, *at, classifier) {
                    self.visit(site, visit);
                }
                self.neighbours.join();
                self.services.join(*at, &classifier.sites);
                for kept in std::mem::take(&mut self.replying).into_values() {
                    self.visits.cut(kept);
                }
                self.began = *at;
            }
        }
    }

    fn actor(&mut self, id: ActorId) -> &mut Actor {
        self.actors.entry(id).or_insert_with(|| Actor {
            role: TaskRole::Target,
            waiting: None,
            latest: Progress::default(),
        })
    }

    fn change(
        &mut self,
        (who, pid): (ActorId, Pid),
        was: &Piece,
        now: State,
        wait: Option<&WaitBegin>,
        waker: Option<ActorId>,
        classifier: &Classifier,
    ) {
        let at = was.end;
        let actor = self.actor(who);
        let role = actor.role;
        let ended = actor.waiting.take();
        // A wait that its thread's end or the window's cuts off was ended by nobody.
        let is_cut_off = now == State::Absent;
        if let Some((lock, word)) = ended {
            let moment = (at, self.queue.run(at));
            for part in parts(lock, word) {
                if is_cut_off {
                    self.locks.cut_off(part, who, moment);
                } else {
                    self.locks.woken(part, who, moment, waker);
                }
                // No call tells that it is let go: whoever wakes the next does that.
                if let (LockId::Kernel(_), Some(waker)) = (part, waker) {
                    let sites = &classifier.sites;
                    self.locks
                        .release(part, waker, at, (&self.recent, sites), true);
                }
            }
        }
        if let State::Waiting(site) = was.state
            && role == TaskRole::Target
            && !is_cut_off
        {
            let station = classifier.sites.get(site).station();
            if who.tid().is_none() && now == State::Running {
                match station.kind {
                    WaitKind::Carrier => self.unread.read(pid, was.start, at),
                    WaitKind::Request => self.unread.read(pid, at, at),
                    _ => {}
                }
            }
            let wakers = self.wakers.entry(station).or_default();
            match self.passed_on.ended(who, station, waker) {
                Some(waker) => *wakers.by.entry(waker).or_default() += 1,
                None => wakers.nobody += 1,
            }
            self.faulted(who, was, station);
        }
        if let Some(wait) = wait
            && let Some(lock) = wait.lock
        {
            let actor = self.actor(who);
            actor.waiting = Some((lock, wait.site.class));
            let who = (who, actor.latest);
            let moment = (at, self.queue.run(at));
            for part in parts(lock, wait.site.class) {
                self.locks.wait(part, who, pid, wait, moment);
            }
        }
        let stack = wait.map_or(StackId::NONE, |wait| wait.stack);
        self.recent.change(who, was, now, stack);
        match role {
            TaskRole::Target => {
                self.queue.change(who, at, now);
                if who.tid().is_some() {
                    self.neighbours.change(who, at, now);
                }
                if self.services.is_server(who) {
                    self.services.change(who, was, now, waker, classifier);
                }
            }
            TaskRole::Peer => {
                self.queue.serve(who, at, now);
                self.services.change(who, was, now, waker, classifier);
            }
            TaskRole::Bystander => {}
        }
    }

    fn call(&mut self, row: &ClassifiedCall<'_, ActorId>, classifier: &Classifier) {
        self.passed_on.returned(row.who);
        self.services.returned(row.who, row.call);
        self.locks_of(row, classifier);
        if row.is(Syscall::Close) {
            self.services.closed(row.call.resource);
            self.replying.remove(&row.call.resource);
        }
        if let Some(made) = row.connected
            && self.actor(row.who).role == TaskRole::Target
        {
            let visit = Visit {
                start: made.from,
                end: made.until,
                actor: row.who,
                part: Part::Whole,
            };
            self.visit(WaitSite::plain(WaitKind::Connect, row.class), visit);
        }
        let Some((id, operation)) = row.operation else {
            return;
        };
        let actor = self.actor(row.who);
        if operation.kind.is_staged() {
            let (operation, done) = (id, row.call.end);
            actor.latest = Progress { operation, done };
        }
        let role = actor.role;
        match role {
            // A process of the target may serve the others.
            TaskRole::Target if classifier.classes.kind(row.class) == ClassKind::Service => {
                self.served(row, classifier);
            }
            TaskRole::Target => {
                self.replied(row, classifier);
                self.visits_of(row, operation.kind);
            }
            TaskRole::Peer => self.served(row, classifier),
            TaskRole::Bystander => {}
        }
    }

    /// A page fault is a visit to wherever the page comes from.
    fn faulted(&mut self, who: ActorId, was: &Piece, station: WaitSite) {
        if station.kind == WaitKind::Fault {
            let visit = Visit {
                start: was.start,
                end: was.end,
                actor: who,
                part: Part::Whole,
            };
            self.visit(station, visit);
        }
    }

    /// A reply was read to a request that was seen to be sent.
    fn replied(&mut self, row: &ClassifiedCall<'_, ActorId>, classifier: &Classifier) {
        let request = row.request;
        if let Some(request) = request.filter(|request| !request.headless && !request.shared) {
            let came = row.call.end.since(row.call.unread);
            self.meanwhile
                .replied(row.who, (request.start, came), &self.recent, classifier);
        }
    }

    fn locks_of(&mut self, row: &ClassifiedCall<'_, ActorId>, classifier: &Classifier) {
        let call = row.call;
        let file = LockId::File(row.class);
        if row.is(Syscall::Close) && self.locks.holds(file, row.who) {
            self.release(file, row, classifier);
        }
        match row.operation.map(|(_, operation)| operation.kind) {
            Some(OperationKind::Release) => {
                if let Some(lock) = row.lock {
                    self.release(lock, row, classifier);
                    if let LockId::Parked(_) = lock {
                        self.release(LockId::Word(row.class), row, classifier);
                    }
                }
            }
            Some(OperationKind::LockFile) if row.exclusive => {
                self.locks.obtained(file, row.who, call.end);
            }
            Some(OperationKind::UnlockFile) => self.release(file, row, classifier),
            _ => {}
        }
    }

    fn release(
        &mut self,
        lock: LockId,
        row: &ClassifiedCall<'_, ActorId>,
        classifier: &Classifier,
    ) {
        let (at, sites) = (row.call.start, &classifier.sites);
        let woke = row.call.call != Syscall::Futex || row.call.ret > 0;
        self.locks
            .release(lock, row.who, at, (&self.recent, sites), woke);
    }

    fn visits_of(&mut self, row: &ClassifiedCall<'_, ActorId>, kind: OperationKind) {
        let call = row.call;
        let site = |kind, operation| WaitSite {
            kind,
            class: row.class,
            operation,
        };
        let (site, start) = match kind {
            OperationKind::Request(_) | OperationKind::Refused(_) | OperationKind::Reply => {
                let Some(request) = row.request.filter(|request| !request.shared) else {
                    if call.call.is_output() {
                        self.asking.entry(call.resource).or_insert(row.who);
                        self.replying.remove(&call.resource);
                    } else {
                        self.more_of_a_reply(call);
                    }
                    return;
                };
                self.asking.remove(&request.socket);
                let sockets = self.sockets.entry(row.class).or_default();
                let used = sockets.entry((request.socket, row.who));
                let used = used.or_insert_with(|| Used {
                    first: request.start.max(self.began),
                    last: call.end,
                });
                used.last = call.end;
                (site(WaitKind::Request, row.exact), request.start)
            }
            OperationKind::Sync => (site(WaitKind::Sync, row.exact), call.start),
            OperationKind::Read | OperationKind::Write if call.blocked => {
                (site(WaitKind::File, row.exact), call.start)
            }
            OperationKind::Sleep if row.polled_lock.is_none() => {
                (site(WaitKind::Sleep, OperationId::NONE), call.start)
            }
            _ => return,
        };
        // A reply that lies unread is out of the peer's hands.
        let end = call.end.since(call.unread).max(start.min(call.end));
        let visit = Visit {
            start,
            end,
            actor: row.who,
            part: Part::Whole,
        };
        let kept = self.visit(site, visit);
        if let Some(kept) = kept.filter(|_| site.kind == WaitKind::Request) {
            self.replying.insert(call.resource, kept);
        }
    }

    /// A visit lasts until all of its reply has come.
    fn more_of_a_reply(&mut self, call: &Call) {
        if let Some(kept) = self.replying.get(&call.resource)
            && call.ret > 0
        {
            self.visits.extend(*kept, call.end.since(call.unread));
        }
    }

    /// What a thread does for a request that it serves.
    fn served(&mut self, row: &ClassifiedCall<'_, ActorId>, classifier: &Classifier) {
        if classifier.classes.kind(row.class) != ClassKind::Service {
            return;
        }
        let sites = &classifier.sites;
        let who = ActorId::Thread(row.call.tid);
        match row.request {
            Some(request) => self.services.replied(who, &request, row.class, classifier),
            None if row.call.call.is_input() && row.call.ret > 0 => {
                self.services.arrived(who, row.call, row.class, sites);
            }
            None if row.call.ret > 0 => {
                self.services.goes_on(who, row.call, row.class, sites);
            }
            None => {}
        }
    }

    /// Notes a visit; one that came before the window has its end in it alone.
    fn visit(&mut self, site: WaitSite, visit: Visit) -> Option<Kept> {
        let part = match (visit.start <= self.began, visit.part) {
            (true, Part::Whole) => Part::Tail,
            (_, part) => part,
        };
        let start = visit.start.max(self.began);
        self.visits.add(
            site,
            Visit {
                start,
                part,
                ..visit
            },
        )
    }

    /// Visits that are under way at `at`: the requests that are open.
    #[must_use]
    pub fn heads(
        &self,
        open: &[Request],
        at: Nanos,
        classifier: &Classifier,
    ) -> Vec<(WaitSite, Visit)> {
        let head = |request: &Request| {
            let asking = self.asking.get(&request.socket).copied();
            let actor = asking.unwrap_or(ActorId::Thread(request.tid));
            let is_target = self
                .actors
                .get(&actor)
                .is_some_and(|actor| actor.role == TaskRole::Target);
            let class = classifier.classes.known(request.socket)?;
            let is_client = classifier.classes.kind(class) == ClassKind::Peer;
            let operation = Operation {
                kind: OperationKind::Request(request.verb),
                class,
                statement: request.statement,
            };
            let known = |operation| classifier.operations.id(operation);
            let operation = known(operation).or_else(|| known(operation.any()));
            (is_client && is_target && !request.shared).then(|| {
                let site = WaitSite {
                    kind: WaitKind::Request,
                    class,
                    operation: operation.unwrap_or_default(),
                };
                let visit = Visit {
                    start: request.start,
                    end: at,
                    actor,
                    part: if request.start <= self.began {
                        Part::Middle
                    } else {
                        Part::Head
                    },
                };
                (site, visit)
            })
        };
        open.iter().filter_map(head).collect()
    }
}

/// What is counted for a parked word is counted for its call site too.
fn parts(lock: LockId, word: ClassId) -> impl Iterator<Item = LockId> {
    let own = matches!(lock, LockId::Parked(_)).then_some(LockId::Word(word));
    std::iter::once(lock).chain(own)
}
