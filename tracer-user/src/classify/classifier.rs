//! Steps of the sweep to events.

use foldhash::HashMap;
use std::collections::BTreeMap;

use super::class::{ClassId, ClassKind, ResourceClasses, pattern};
use super::connecting::Connecting;
use super::event::{ClassifiedCall, Event, Piece, State, WaitBegin, Waker};
use super::futex::{FutexWords, LockId, ThreadSort, Waiter};
use super::kernel_locks::{KernelLocks, is_for_kernel_lock};
use super::operation::{Operation, OperationId, OperationKind, Operations, without_socket};
use super::request::{Request, RequestTracker};
use super::sampled::Sampled;
use super::seen::SeenTasks;
use super::statement::Statements;
use super::wait_site::{WaitKind, WaitSite, WaitSites};
use crate::row::{
    Batch, Call, Nanos, OpenRequest, Pid, ResourceId, Stack, StackId, StatementId, Syscall, Tid,
};
use crate::timeline::{self, Blocked, Step};

/// What is remembered of a thread.
#[derive(Clone, Debug, Default)]
struct Thread {
    state: State,
    /// The file whose lock it asks for again and again.
    polled_lock: Option<ClassId>,
    /// Threads of one sort have one name but for the digits in it.
    sort: ThreadSort,
}

/// Gives steps their meaning; what it has learned is open to the stations behind.
#[derive(Clone, Debug, Default)]
pub struct Classifier {
    /// Resources and their classes.
    pub classes: ResourceClasses,
    /// Call stacks.
    pub stacks: HashMap<StackId, Stack>,
    /// Statements.
    pub statements: Statements,
    /// Wait sites.
    pub sites: WaitSites,
    /// Operations.
    pub operations: Operations,
    /// Futex words.
    pub futexes: FutexWords,
    /// Where locks of the kernel are waited for.
    pub kernel_locks: KernelLocks,
    /// Requests under way.
    pub requests: RequestTracker,
    connecting: Connecting,
    /// Tasks as their runtimes show them.
    pub seen: SeenTasks,
    /// Where threads were found running.
    pub sampled: Sampled,
    /// Those that windows which are still to come find under way, by when these open.
    under_way: BTreeMap<Nanos, Vec<OpenRequest>>,
    threads: HashMap<Tid, Thread>,
    sorts: HashMap<String, ThreadSort>,
}

impl Classifier {
    /// Learns what a batch tells of resources, stacks and statements. Comes before the steps of that batch.
    pub fn learn(&mut self, batch: &Batch) {
        for resource in &batch.resources {
            self.classes.learn(resource);
        }
        for stack in &batch.stacks {
            self.stacks.insert(stack.id, stack.clone());
        }
        for request in &batch.requests {
            self.under_way
                .entry(request.end)
                .or_default()
                .push(*request);
        }
        for statement in &batch.statements {
            self.statements.learn(statement);
        }
        for seen in &batch.tasks_seen {
            self.seen.learn(seen, &self.stacks, &mut self.classes);
        }
        self.seen.settle();
        for sample in &batch.samples {
            self.sampled.learn(sample, &self.stacks);
        }
    }

    /// The event that a step is.
    pub fn classify<'a>(&mut self, step: Step<'a>) -> Event<'a, Tid> {
        match step {
            Step::Change {
                tid,
                pid,
                was,
                now,
                waker,
            } => {
                let before = self.threads.entry(tid).or_default().state;
                if let State::Waiting(site) = before {
                    self.futexes.ended(self.sites.get(site).class, tid);
                }
                let wait = match &now {
                    timeline::State::Blocked(blocked) => Some(self.wait(tid, pid, blocked)),
                    _ => None,
                };
                let now = self.state(&now, wait.as_ref());
                if let Some(thread) = self.threads.get_mut(&tid) {
                    thread.state = now;
                }
                // An interrupt over a thread in user mode wakes on nobody's behalf.
                let is_real = waker.tid != Tid(0) && waker.call != Syscall::None;
                Event::Change {
                    who: tid,
                    pid,
                    was: Piece {
                        start: was.start,
                        end: was.end,
                        state: before,
                    },
                    now,
                    wait,
                    waker: Waker {
                        who: is_real.then_some(waker.tid),
                    },
                }
            }
            Step::Call(call) => Event::Call(self.call(call)),
            Step::Task(task) => {
                if !task.name.is_empty() {
                    let next = ThreadSort(u32::try_from(self.sorts.len() + 1).unwrap_or(u32::MAX));
                    let sort = *self.sorts.entry(pattern(&task.name)).or_insert(next);
                    self.threads.entry(task.tid).or_default().sort = sort;
                }
                Event::Task(task)
            }
        }
    }

    /// The requests that a window found under way which opened up to `at`.
    pub fn found_under_way(&mut self, at: Nanos) -> Vec<OpenRequest> {
        let mut found = Vec::new();
        while let Some(window) = self
            .under_way
            .first_entry()
            .filter(|window| *window.key() <= at)
        {
            found.extend(window.remove());
        }
        for request in &found {
            self.requests.found(request);
        }
        found
    }

    /// Windows join: requests that were under way are cut.
    pub fn join(&mut self) -> Vec<Request> {
        self.connecting.join();
        self.requests.end_window()
    }

    fn state(&mut self, now: &timeline::State, wait: Option<&WaitBegin>) -> State {
        match (now, wait) {
            (_, Some(wait)) => State::Waiting(self.sites.intern(wait.site)),
            (timeline::State::Running, _) => State::Running,
            (timeline::State::Queued, _) => State::Queued,
            (timeline::State::Stopped, _) => State::Stopped,
            (timeline::State::Absent, _) => State::Absent,
            (timeline::State::Unknown | timeline::State::Blocked(_), None) => State::Unknown,
        }
    }

    fn wait(&mut self, tid: Tid, pid: Pid, blocked: &Blocked) -> WaitBegin {
        let class = self.classes.of(blocked.resource);
        let mut kind = WaitKind::of(blocked.call, self.classes.kind(class));
        let mut of = class;
        let mut lock = None;
        if blocked.memory_stall {
            // Whatever it was about to do: what it waits for is memory.
            (kind, of) = (WaitKind::Memory, self.classes.of(ResourceId::NONE));
        } else if is_for_kernel_lock(blocked, self.classes.kind(class)) {
            kind = WaitKind::KernelLock;
        }
        match kind {
            WaitKind::KernelLock => {
                self.kernel_locks.wait(class, blocked.stack);
                lock = Some(LockId::Kernel(class));
            }
            WaitKind::Request if blocked.call.is_poll() && self.connecting.is(blocked.resource) => {
                kind = WaitKind::Connect;
            }
            WaitKind::Futex => {
                let address = self
                    .classes
                    .resource(blocked.resource)
                    .map_or(0, |r| r.address);
                let sort = self.threads.get(&tid).map(|thread| thread.sort);
                let who = Waiter {
                    tid,
                    pid,
                    sort: sort.unwrap_or_default(),
                };
                lock = Some(
                    self.futexes
                        .wait(class, address, who, blocked.stack, &self.stacks),
                );
            }
            WaitKind::Sleep => {
                let polled = self.threads.get(&tid).and_then(|thread| thread.polled_lock);
                if let Some(file) = polled {
                    (kind, of) = (WaitKind::FileLock, file);
                    lock = Some(LockId::File(file));
                }
            }
            WaitKind::FileLock => lock = Some(LockId::File(class)),
            _ => {}
        }
        WaitBegin {
            site: WaitSite {
                kind,
                class: of,
                operation: self.operation_of_wait(kind, of, blocked),
            },
            owner: blocked.owner,
            stack: blocked.stack,
            lock,
        }
    }

    fn operation_of_wait(
        &mut self,
        kind: WaitKind,
        class: ClassId,
        blocked: &Blocked,
    ) -> OperationId {
        let operation = match kind {
            WaitKind::Request => Some(self.request_kind(blocked.resource)),
            _ => kind.operation(blocked.call),
        };
        match operation {
            Some(kind) => self.operations.intern(Operation::of(kind, class)),
            None => OperationId::NONE,
        }
    }

    fn request_kind(&self, socket: ResourceId) -> OperationKind {
        match self.requests.verb(socket) {
            Some((verb, false)) => OperationKind::Request(verb),
            Some((verb, true)) => OperationKind::Refused(verb),
            None => OperationKind::Reply,
        }
    }

    fn call<'a>(&mut self, call: &'a Call) -> ClassifiedCall<'a, Tid> {
        let class = self.classes.of(call.resource);
        let connected = match self.classes.kind(class) {
            ClassKind::Peer => self.connecting.call(call),
            _ => None,
        };
        let (mut kind, mut request) = (None, None);
        match self.classes.kind(class) {
            ClassKind::Peer if call.call.is_input() || call.call.is_output() => {
                request = self.requests.client(call);
                kind = Some(self.request_kind(call.resource));
            }
            ClassKind::Service if call.call.is_input() || call.call.is_output() => {
                request = self.requests.server(call);
                kind = Some(OperationKind::Serve);
            }
            of => kind = kind.or(without_socket(call, of)),
        }
        if kind == Some(OperationKind::Wait) && self.futexes.returned(class, call.ret) {
            kind = Some(OperationKind::Sleep);
        }
        let polled_lock = self.polled_lock(call.tid, kind, class);
        let lock = self.lock(kind, class, polled_lock);
        let operation = kind.map(|kind| {
            let class = match kind {
                // On whatever word it sleeps.
                OperationKind::Sleep => self.classes.timer(),
                _ => class,
            };
            let operation = Operation::of(kind, class);
            (self.operations.intern(operation), operation)
        });
        let statement = self.statement(kind, class, call.resource);
        let exact = match operation {
            Some((_, operation)) if statement != StatementId::NONE => {
                self.operations.intern(Operation {
                    statement,
                    ..operation
                })
            }
            operation => operation.map_or(OperationId::NONE, |(id, _)| id),
        };
        ClassifiedCall {
            who: call.tid,
            call,
            class,
            operation,
            exact,
            statement,
            request,
            polled_lock,
            lock,
            exclusive: kind == Some(OperationKind::LockFile) && is_exclusive(call),
            connected,
        }
    }

    /// The statement of the request that a call on a socket belongs to.
    fn statement(
        &mut self,
        kind: Option<OperationKind>,
        class: ClassId,
        socket: ResourceId,
    ) -> StatementId {
        match kind {
            Some(OperationKind::Request(_) | OperationKind::Refused(_)) => {
                let statement = self.requests.statement(socket);
                self.statements.apart(class, statement)
            }
            _ => StatementId::NONE,
        }
    }

    /// The lock that a call takes, asks for or lets go.
    fn lock(
        &self,
        kind: Option<OperationKind>,
        class: ClassId,
        polled_lock: Option<ClassId>,
    ) -> Option<LockId> {
        match kind? {
            OperationKind::Wait | OperationKind::Release => Some(self.futexes.lock(class)),
            OperationKind::LockFile | OperationKind::LockRefused | OperationKind::UnlockFile => {
                Some(LockId::File(class))
            }
            OperationKind::Sleep => polled_lock.map(LockId::File),
            _ => None,
        }
    }

    /// Keeps in mind whose lock a thread asks for again and again; gives it when this call is a sleep in between.
    fn polled_lock(
        &mut self,
        tid: Tid,
        kind: Option<OperationKind>,
        class: ClassId,
    ) -> Option<ClassId> {
        let kind = kind?;
        match kind {
            OperationKind::Sleep => self.threads.get(&tid)?.polled_lock,
            OperationKind::LockRefused => {
                self.threads.entry(tid).or_default().polled_lock = Some(class);
                None
            }
            _ if kind == OperationKind::LockFile || kind.is_staged() => {
                if let Some(thread) = self.threads.get_mut(&tid) {
                    thread.polled_lock = None;
                }
                None
            }
            _ => None,
        }
    }
}

/// An exclusive lock of a file: a shared one keeps nobody from sharing.
fn is_exclusive(call: &Call) -> bool {
    /// `LOCK_EX` (include/uapi/asm-generic/fcntl.h).
    const FLOCK_EXCLUSIVE: u32 = 2;
    /// `F_WRLCK` in the lock type of [`Call::op`].
    const FCNTL_WRITE: u32 = 1 << 16;
    match call.call {
        Syscall::Flock => call.op & FLOCK_EXCLUSIVE != 0,
        _ => call.op & FCNTL_WRITE != 0,
    }
}
