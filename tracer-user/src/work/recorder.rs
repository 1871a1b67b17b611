//! Takes events as they come and keeps what every actor did, in memory that does not grow with the window.

use std::collections::BTreeSet;

use foldhash::HashMap;

use super::account::{Account, Accounts, SEQUENCE};
use super::attribution::Role;
use super::blocks::Blocks;
use super::slots::Slots;
use super::stage::UserRule;
use crate::actors::ActorId;
use crate::classify::{
    ClassId, ClassifiedCall, Classifier, Event, LockId, OperationId, OperationKind, SiteId, State,
    WaitKind, WaitSite,
};
use crate::row::{Nanos, Syscall, Task, TaskFact, TaskRole, Verb};

/// What was done to one resource class.
#[derive(Clone, Debug, Default)]
pub struct ClassTotals {
    /// Bytes out and in, by what the request was about.
    pub bytes: std::collections::BTreeMap<Verb, (u64, u64)>,
    /// Written, synced or truncated: more than read.
    pub written: bool,
    /// Bytes written to it as a file.
    pub bytes_written: u64,
    /// How often it was opened: a file that is opened for each write is written anew, not appended to.
    pub opens: u64,
    /// Actors of the target that came here.
    pub actors: BTreeSet<ActorId>,
    /// Replies with status 429 or 503.
    pub throttled: u64,
}

/// The work station: keeps the accounts.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// By actor.
    pub accounts: Accounts,
    /// By resource class.
    pub classes: HashMap<ClassId, ClassTotals>,
    /// By block of the window.
    pub blocks: Blocks,
    rules: Vec<UserRule>,
    /// Whether an operation belongs to a stage, by its number.
    staged: Vec<bool>,
    /// The present window began; before that a pause was.
    began: Nanos,
}

impl Recorder {
    /// Nothing is known yet; the window opens at `opened`. `rules`: the user's word on stages.
    #[must_use]
    pub fn new(opened: Nanos, rules: Vec<UserRule>) -> Self {
        Self {
            accounts: Accounts::default(),
            classes: HashMap::default(),
            blocks: Blocks::new(opened),
            rules,
            staged: Vec::new(),
            began: opened,
        }
    }

    /// Takes an event.
    pub fn record(&mut self, event: &Event<'_, ActorId>, classifier: &mut Classifier) {
        self.know_stages(classifier);
        match event {
            Event::Change {
                who, pid, was, now, ..
            } => {
                let index = self.accounts.index(*who);
                let account = self.accounts.at(index);
                account.pid = *pid;
                if account.role != TaskRole::Target {
                    return;
                }
                if let Some((state, length)) = account.open.advance(was.end) {
                    account.spend(state, length, classifier);
                    self.blocks.add(index, state, was.end, length);
                }
                account.open.state = *now;
                if let State::Waiting(site) = was.state
                    && classifier.sites.get(site).kind == WaitKind::Carrier
                {
                    let Account { open, slots, .. } = &mut *account;
                    open.give_to_before(was.state, slots);
                }
                if let (ActorId::Task(_), State::Waiting(site)) = (who, was.state) {
                    account.parked(site, was.start, classifier);
                }
            }
            Event::Call(call) => self.call(call, classifier),
            Event::Task(task) => self.task(task),
            Event::Asked(..) => {}
            Event::Join(at, _) => self.join(*at, classifier),
        }
    }

    /// Which of the operations met since belong to a stage.
    fn know_stages(&mut self, classifier: &Classifier) {
        let known = self.staged.len();
        if known == classifier.operations.len() {
            return;
        }
        for (_, operation) in classifier.operations.iter().skip(known) {
            let name = classifier.classes.name(operation.class);
            let by_rule = self.rules.iter().any(|rule| rule.fits(name));
            self.staged.push(by_rule || operation.kind.is_staged());
        }
    }

    fn is_staged(staged: &[bool], operation: OperationId) -> bool {
        usize::from(operation.0)
            .checked_sub(1)
            .and_then(|at| staged.get(at).copied())
            .unwrap_or(false)
    }

    fn call(&mut self, row: &ClassifiedCall<'_, ActorId>, classifier: &mut Classifier) {
        let index = self.accounts.index(row.who);
        let account = self.accounts.at(index);
        account.pid = row.call.pid;
        if account.role != TaskRole::Target {
            return;
        }
        if let Some((state, length)) = account.open.advance(row.call.end) {
            account.spend(state, length, classifier);
            self.blocks.add(index, state, row.call.end, length);
        }
        if row.is(Syscall::Open) && row.call.ret >= 0 {
            self.classes.entry(row.class).or_default().opens += 1;
        }
        let Some((id, operation)) = row.operation else {
            return;
        };
        self.count_class(row, operation.kind);
        let account = self.accounts.at(index);
        let mut passed = None;
        if Self::is_staged(&self.staged, id) {
            let site = classifier.sites.intern(WaitSite {
                kind: wait_kind(operation.kind),
                class: operation.class,
                operation: id,
            });
            let is_answer = matches!(
                operation.kind,
                OperationKind::Request(_) | OperationKind::Refused(_) | OperationKind::Reply
            ) && row.call.call.is_input()
                && row.call.ret > 0;
            let polled = if is_answer {
                Some(site)
            } else {
                polled_for_a_connection(row, classifier)
            };
            if let Some(of) = polled
                && let Some(poll) = account.open.poll_under_way(&classifier.sites)
            {
                self.blocks.reassign(index, poll, of);
            }
            let Account { open, slots, .. } = account;
            open.operation(row.call.start, id, polled, &classifier.sites, slots);
            let visits = match operation.kind {
                // However many sends and receives it takes.
                OperationKind::Request(_) | OperationKind::Refused(_) | OperationKind::Reply => {
                    u64::from(row.request.is_some())
                }
                _ => u64::from(row.call.count),
            };
            slots.visit(super::attribution::inside(id), site, visits);
            passed = account.progress(row, id, operation.kind, self.began);
        } else {
            let role = role(row, operation.kind, classifier);
            let Account { open, slots, .. } = account;
            open.aside(row.call.start, role, slots);
        }
        account.count(row, id, operation.kind, &mut self.blocks);
        if let Some(pair) = passed {
            let block = self.blocks.at(row.call.end);
            *block.transitions.entry(pair).or_default() += 1;
        }
    }

    fn count_class(&mut self, row: &ClassifiedCall<'_, ActorId>, kind: OperationKind) {
        let totals = self.classes.entry(row.class).or_default();
        totals.actors.insert(row.who);
        match kind {
            OperationKind::Request(verb) | OperationKind::Refused(verb) => {
                let (out, inward) = totals.bytes.entry(verb).or_default();
                if row.call.call.is_output() {
                    *out += row.call.bytes();
                } else if matches!(kind, OperationKind::Request(_)) {
                    // What is sent with a refusal is nothing that was asked for.
                    *inward += row.call.bytes();
                }
                let refused = row.request.is_some_and(|request| request.is_refused());
                totals.throttled += u64::from(refused);
            }
            OperationKind::Write => {
                totals.written = true;
                if row.call.call.is_output() {
                    totals.bytes_written += row.call.bytes();
                }
            }
            OperationKind::Sync => totals.written = true,
            _ => {}
        }
    }

    fn task(&mut self, task: &Task) {
        let index = self.accounts.index(ActorId::Thread(task.tid));
        let account = self.accounts.at(index);
        account.pid = task.pid;
        match task.fact {
            TaskFact::SchedStatOpened => account.opened = Some(task.schedstat),
            TaskFact::SchedStatClosed => account.closed = Some(task.schedstat),
            // A reading of the kernel's figures says nothing of why a thread is recorded.
            _ => account.role = task.role,
        }
        if task.parent_pid.0 != 0 {
            account.parent = task.parent_pid;
        }
        for (mine, theirs) in [
            (&mut account.name, &task.name),
            (&mut account.exe, &task.exe),
        ] {
            if !theirs.is_empty() {
                mine.clone_from(theirs);
            }
        }
    }

    /// Windows join here: a call that is under way in the next one need not be the one before.
    fn join(&mut self, at: Nanos, classifier: &Classifier) {
        let staged = &self.staged;
        for (index, account) in self.accounts.all_mut() {
            if account.role == TaskRole::Target {
                if let Some((state, length)) = account.open.advance(at) {
                    account.spend(state, length, classifier);
                    self.blocks.add(index, state, at, length);
                }
                let Account { open, slots, .. } = account;
                let is_staged = |operation| Self::is_staged(staged, operation);
                let first_use = |peer| first_use(peer, classifier);
                open.end_window(at, &classifier.sites, &is_staged, &first_use, slots);
            }
        }
        self.began = at;
    }

    /// What an actor has done up to `at`, what is under way included.
    #[must_use]
    pub fn slots_at(&self, account: &Account, at: Nanos, classifier: &Classifier) -> Slots {
        let mut slots = account.slots.clone();
        let is_staged = |operation| Self::is_staged(&self.staged, operation);
        let first_use = |peer| first_use(peer, classifier);
        let sites = &classifier.sites;
        let mut open = account.open.clone();
        open.end_window(at, sites, &is_staged, &first_use, &mut slots);
        slots
    }

    /// The user's word on stages.
    #[must_use]
    pub fn rules(&self) -> &[UserRule] {
        &self.rules
    }
}

impl Account {
    fn spend(&mut self, state: State, length: Nanos, classifier: &Classifier) {
        self.lived += length;
        if let State::Waiting(site) = state {
            let class = classifier.sites.get(site).class;
            *self.blocked.entry(class).or_default() += length;
        }
    }

    /// A task waited: where that was for a lock, no call returns that would tell of it.
    fn parked(&mut self, id: SiteId, start: Nanos, classifier: &Classifier) {
        let site = classifier.sites.get(id);
        let lock = match site.kind {
            WaitKind::Futex => LockId::Word(site.class),
            WaitKind::FileLock => LockId::File(site.class),
            _ => return,
        };
        let Self { open, slots, .. } = self;
        open.aside(start, Role::Lock(id, lock), slots);
    }

    /// Notes what moves the work on: answered requests, and what is done to files and pipes. Gives the operation before and
    /// this one, where both are known.
    fn progress(
        &mut self,
        row: &ClassifiedCall<'_, ActorId>,
        id: OperationId,
        kind: OperationKind,
        began: Nanos,
    ) -> Option<(OperationId, OperationId)> {
        let is_new = match kind {
            OperationKind::Refused(_) => return None,
            OperationKind::Request(_) | OperationKind::Reply => match row.request {
                Some(request) => !request.headless && request.start > began,
                None => return None,
            },
            _ => row.call.start > began,
        };
        self.open.progressed(id, is_new, &mut self.slots)
    }

    fn count(
        &mut self,
        row: &ClassifiedCall<'_, ActorId>,
        id: OperationId,
        kind: OperationKind,
        blocks: &mut Blocks,
    ) {
        let is_exchange = matches!(
            kind,
            OperationKind::Request(_)
                | OperationKind::Refused(_)
                | OperationKind::Reply
                | OperationKind::Serve
        );
        // An exchange is one operation, however many sends and receives it takes.
        if is_exchange && row.request.is_none() {
            return;
        }
        *self.operations.entry(id).or_default() += 1;
        // A sleep is one however it ends.
        if is_exchange || row.call.ret >= 0 || kind == OperationKind::Sleep {
            let count = if is_exchange {
                1
            } else {
                u64::from(row.call.count.max(1))
            };
            *self.done.entry(id).or_default() += count;
            *blocks.at(row.call.end).done.entry(id).or_default() += count;
        }
        if self.sequence.len() < SEQUENCE {
            self.sequence.push(row.exact);
        }
    }
}

/// The first kind of request that was made to a peer.
fn first_use(peer: ClassId, classifier: &Classifier) -> Option<OperationId> {
    let requests = classifier.operations.iter().filter(|(_, operation)| {
        operation.class == peer && matches!(operation.kind, OperationKind::Request(_))
    });
    requests.map(|(id, _)| id).next()
}

/// What a thread has polled for that now sends on a connection for the first time. Of tasks it is known when they ask for one.
fn polled_for_a_connection(
    row: &ClassifiedCall<'_, ActorId>,
    classifier: &mut Classifier,
) -> Option<SiteId> {
    row.connected?;
    row.who.tid()?;
    let site = WaitSite::plain(WaitKind::Connect, row.class);
    row.call
        .call
        .is_output()
        .then(|| classifier.sites.intern(site))
}

/// What a call that belongs to no stage is for the time around it.
fn role(
    row: &ClassifiedCall<'_, ActorId>,
    kind: OperationKind,
    classifier: &mut Classifier,
) -> Role {
    if let Some(LockId::Word(lock)) = row.lock
        && classifier.futexes.is_interpreters(lock)
    {
        return match kind {
            OperationKind::Wait => Role::Interpreter,
            _ => Role::Between,
        };
    }
    let kind_of_wait = match kind {
        OperationKind::Wait => WaitKind::Futex,
        OperationKind::LockFile | OperationKind::LockRefused => WaitKind::FileLock,
        OperationKind::Sleep if row.polled_lock.is_some() => WaitKind::FileLock,
        OperationKind::Sleep => return Role::Sleep,
        OperationKind::Request(Verb::SqlOther) => return Role::Frame(row.class),
        OperationKind::Release | OperationKind::UnlockFile => {
            return row.lock.map_or(Role::Between, Role::Release);
        }
        _ => return Role::Between,
    };
    let class = row.polled_lock.unwrap_or(row.class);
    let site = classifier
        .sites
        .intern(WaitSite::plain(kind_of_wait, class));
    row.lock
        .map_or(Role::Between, |lock| Role::Lock(site, lock))
}

/// How a thread waits inside an operation.
fn wait_kind(kind: OperationKind) -> WaitKind {
    match kind {
        OperationKind::Request(_) | OperationKind::Refused(_) | OperationKind::Reply => {
            WaitKind::Request
        }
        OperationKind::Serve => WaitKind::Service,
        OperationKind::Sync => WaitKind::Sync,
        OperationKind::Take => WaitKind::PipeRead,
        OperationKind::Give => WaitKind::PipeWrite,
        OperationKind::Wait | OperationKind::Release => WaitKind::Futex,
        OperationKind::LockFile | OperationKind::LockRefused | OperationKind::UnlockFile => {
            WaitKind::FileLock
        }
        OperationKind::Read | OperationKind::Write => WaitKind::File,
        OperationKind::Sleep => WaitKind::Sleep,
    }
}
