//! What was seen so far, put in order for whoever concludes from it: actors with their operations.
//!
//! In: what the recorder and the classifier have kept. Out: the same by actor, with replies to unseen requests counted as what
//! is usually asked of that peer, and what is done to any word of a lock counted as done to the lock.

use foldhash::HashMap;
use std::collections::{BTreeMap, BTreeSet};

use super::account::{Account, ActorIndex};
use super::recorder::{ClassTotals, Recorder};
use super::slots::Slots;
use crate::actors::ActorId;
use crate::classify::{
    ClassId, ClassKind, Classifier, LockWords, Operation, OperationId, OperationKind,
    ResourceClasses, State, WaitKind, WaitSite,
};
use crate::row::{Nanos, Pid, Verb};

/// One actor.
#[derive(Debug)]
pub struct Actor<'a> {
    /// Its place in the recorder's list.
    pub index: ActorIndex,
    /// What was kept of it.
    pub account: &'a Account,
    /// It carries tasks: they work, it does not.
    pub is_carrier: bool,
    /// How often it did what.
    pub operations: BTreeMap<OperationId, u64>,
    /// As `operations`, with calls that were summed into one row counted each.
    pub done: BTreeMap<OperationId, u64>,
    /// Its first operations in their order.
    pub sequence: Vec<OperationId>,
    /// The same by their statements, those alike but for numbers within names as one.
    pub exact: Vec<OperationId>,
    /// Its time, what is under way included.
    pub slots: Slots,
    /// Time blocked by class of what for, what is under way included.
    pub blocked: BTreeMap<ClassId, Nanos>,
}

/// All that was seen.
#[derive(Debug)]
pub struct Inventory<'a> {
    /// What the classifier knows.
    pub classifier: &'a Classifier,
    /// What the recorder keeps.
    pub recorder: &'a Recorder,
    /// All actors.
    pub actors: BTreeMap<ActorId, Actor<'a>>,
    /// Futex words to locks.
    locks: LockWords,
    /// What an operation counts as.
    canonical: Vec<OperationId>,
    /// Futex words that are slept on.
    sleeps: BTreeSet<ClassId>,
    /// Pipes that bring nothing to anybody else.
    returning: BTreeSet<ClassId>,
}

impl<'a> Inventory<'a> {
    /// What was seen up to `at`, where these actors carry others.
    #[must_use]
    pub fn at(
        classifier: &'a Classifier,
        recorder: &'a Recorder,
        carriers: &BTreeSet<ActorId>,
        at: Nanos,
    ) -> Self {
        let returning = returning_pipes(classifier, recorder, carriers);
        let locks = LockWords::find(&classifier.futexes);
        let canonical = canonical(classifier, recorder, &locks, &returning);
        let exact = exact(classifier, &canonical);
        let of = |id| look_up(&canonical, id);
        let sums = |counts: &HashMap<OperationId, u64>| {
            let mut sums = BTreeMap::new();
            for (id, count) in counts {
                *sums.entry(of(*id)).or_default() += count;
            }
            sums
        };
        let actors = recorder
            .accounts
            .sorted()
            .into_iter()
            .map(|(id, index, account)| {
                let actor = Actor {
                    index,
                    account,
                    is_carrier: carriers.contains(&id),
                    operations: sums(&account.operations),
                    done: sums(&account.done),
                    sequence: account.sequence.iter().map(|id| of(*id)).collect(),
                    exact: (account.sequence.iter())
                        .map(|id| look_up(&exact, *id))
                        .collect(),
                    slots: recorder.slots_at(account, at, classifier),
                    blocked: account.blocked_at(at, &classifier.sites),
                };
                (id, actor)
            })
            .collect();
        Self {
            classifier,
            recorder,
            actors,
            locks,
            sleeps: classifier.futexes.sleeps().collect(),
            canonical,
            returning,
        }
    }

    /// Whoever writes to this pipe reads it: a loop that wakes itself, a token that is taken and given back. No step of the work.
    #[must_use]
    pub fn returns(&self, class: ClassId) -> bool {
        self.returning.contains(&class)
    }

    /// What an operation counts as: a reply to an unseen request as what is usually asked of its peer, a wait on any word of
    /// a lock as one on the lock, a request as one of its kind, whichever its statement.
    #[must_use]
    pub fn canonical(&self, id: OperationId) -> OperationId {
        look_up(&self.canonical, id)
    }

    /// The word that stands for the lock a futex word belongs to.
    #[must_use]
    pub fn lock(&self, word: ClassId) -> ClassId {
        self.locks.lock(word)
    }

    /// The operation behind a number.
    #[must_use]
    pub fn operation(&self, id: OperationId) -> Option<Operation> {
        self.classifier.operations.get(id)
    }

    /// Resources and their classes.
    #[must_use]
    pub fn classes(&self) -> &'a ResourceClasses {
        &self.classifier.classes
    }

    /// What was done to a resource class.
    #[must_use]
    pub fn totals(&self, class: ClassId) -> Option<&'a ClassTotals> {
        self.recorder.classes.get(&class)
    }

    /// All resource classes that something was done to, in order.
    #[must_use]
    pub fn all_totals(&self) -> Vec<(ClassId, &'a ClassTotals)> {
        let mut all: Vec<_> = self.recorder.classes.iter().collect();
        all.sort_unstable_by_key(|(class, _)| **class);
        all.into_iter().map(|(class, of)| (*class, of)).collect()
    }

    /// The processes of those of these actors that are tasks.
    #[must_use]
    pub fn processes_of_tasks<'i>(
        &self,
        actors: impl Iterator<Item = &'i ActorId>,
    ) -> BTreeSet<Pid> {
        let tasks = actors.filter(|id| id.tid().is_none());
        let found = tasks.filter_map(|id| self.actors.get(id));
        found.map(|actor| actor.account.pid).collect()
    }

    /// Share of their time that these actors are parked in their process, 0 to 1.
    #[must_use]
    pub fn parked(&self, actors: &[ActorId]) -> f64 {
        let found = actors.iter().filter_map(|id| self.actors.get(id));
        let (mut parked, mut all) = (Nanos::ZERO, Nanos::ZERO);
        for ((_, state), time) in found.flat_map(|actor| &actor.slots.times) {
            all += *time;
            if let State::Waiting(site) = state
                && self.classifier.sites.get(*site).kind == WaitKind::Parked
            {
                parked += *time;
            }
        }
        parked.seconds() / all.seconds().max(1e-9)
    }

    /// The station of a wait site: whatever the operation, and a word that is slept on is a sleep.
    #[must_use]
    pub fn station(&self, site: WaitSite) -> WaitSite {
        match site.kind {
            WaitKind::Sleep => self.sleep(),
            WaitKind::Futex if self.sleeps.contains(&site.class) => self.sleep(),
            _ => site.station(),
        }
    }
}

impl Inventory<'_> {
    fn sleep(&self) -> WaitSite {
        WaitSite::plain(WaitKind::Sleep, self.classifier.classes.timer())
    }
}

fn look_up(list: &[OperationId], id: OperationId) -> OperationId {
    let index = usize::from(id.0).checked_sub(1);
    index.and_then(|at| list.get(at).copied()).unwrap_or(id)
}

/// What an operation counts as where statements count.
fn exact(classifier: &Classifier, canonical: &[OperationId]) -> Vec<OperationId> {
    let mut groups: HashMap<Operation, OperationId> = HashMap::default();
    let all = classifier.operations.iter();
    all.map(|(id, operation)| {
        if operation == operation.any() {
            return look_up(canonical, id);
        }
        let statement = classifier.statements.group(operation.statement);
        let group = Operation {
            statement,
            ..operation
        };
        *groups.entry(group).or_insert(id)
    })
    .collect()
}

fn canonical(
    classifier: &Classifier,
    recorder: &Recorder,
    locks: &LockWords,
    returning: &BTreeSet<ClassId>,
) -> Vec<OperationId> {
    let usual = |class: ClassId| -> Option<Verb> {
        let totals = recorder.classes.get(&class)?;
        let most = totals.bytes.iter();
        most.max_by_key(|(_, (out, inward))| out + inward)
            .map(|(verb, _)| *verb)
    };
    let passing = passing_pipes(classifier, recorder);
    let mut of_pipes: HashMap<OperationKind, OperationId> = HashMap::default();
    let mut of_locks: HashMap<(OperationKind, ClassId), OperationId> = HashMap::default();
    let all = classifier.operations.iter();
    all.map(|(id, operation)| {
        let Operation { kind, class, .. } = operation;
        match kind {
            OperationKind::Reply => {
                let request =
                    usual(class).map(|verb| Operation::of(OperationKind::Request(verb), class));
                request
                    .and_then(|request| classifier.operations.id(request))
                    .unwrap_or(id)
            }
            OperationKind::Wait | OperationKind::Release => {
                let lock = locks.lock(class);
                *of_locks.entry((kind, lock)).or_insert(id)
            }
            _ if passing.contains(&class) && !returning.contains(&class) => {
                *of_pipes.entry(kind).or_insert(id)
            }
            _ if operation == operation.any() => id,
            _ => classifier.operations.id(operation.any()).unwrap_or(id),
        }
    })
    .collect()
}

/// Pipes where what is written is read by who wrote it. All that tasks and their carriers do in a process is done by one.
fn returning_pipes(
    classifier: &Classifier,
    recorder: &Recorder,
    carriers: &BTreeSet<ActorId>,
) -> BTreeSet<ClassId> {
    /// Of all acts; the rest is under way at the ends of the window.
    const NEARLY_ALL: f64 = 0.9;
    let mut ends: BTreeMap<(ClassId, Pid, Option<ActorId>), (u64, u64)> = BTreeMap::new();
    for (id, _, account) in recorder.accounts.sorted() {
        let by = (id.tid().is_some() && !carriers.contains(&id)).then_some(id);
        for (class, kind, count) in on_pipes(classifier, account) {
            let (given, taken) = ends.entry((class, account.pid, by)).or_default();
            match kind {
                OperationKind::Give => *given += count,
                OperationKind::Take => *taken += count,
                _ => {}
            }
        }
    }
    let mut pipes: BTreeMap<ClassId, (u64, u64)> = BTreeMap::new();
    for ((class, ..), (given, taken)) in ends {
        let (returned, all) = pipes.entry(class).or_default();
        *returned += 2 * given.min(taken);
        *all += given + taken;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of one window")]
    pipes.retain(|_, (returned, all)| *returned as f64 >= NEARLY_ALL * *all as f64);
    pipes.into_keys().collect()
}

/// What an actor did to pipes, and how often.
fn on_pipes(
    classifier: &Classifier,
    account: &Account,
) -> impl Iterator<Item = (ClassId, OperationKind, u64)> {
    account.operations.iter().filter_map(|(id, count)| {
        let operation = classifier.operations.get(*id)?;
        let is_pipe = classifier.classes.kind(operation.class) == ClassKind::Pipe;
        is_pipe.then_some((operation.class, operation.kind, *count))
    })
}

/// Pipes that come and go, as those to a command that is run for each item: what is done to one of them is done to any.
fn passing_pipes(classifier: &Classifier, recorder: &Recorder) -> BTreeSet<ClassId> {
    /// More pipes than a program has for good.
    const MANY: usize = 16;
    /// A command has its input, output and errors read and written in a few calls each.
    const FEW_ACTS: u64 = 16;
    let mut acts: BTreeMap<ClassId, u64> = BTreeMap::new();
    for (_, _, account) in recorder.accounts.sorted() {
        for (class, _, count) in on_pipes(classifier, account) {
            *acts.entry(class).or_default() += count;
        }
    }
    acts.retain(|_, count| *count <= FEW_ACTS);
    match acts.len() {
        few if few < MANY => BTreeSet::new(),
        _ => acts.into_keys().collect(),
    }
}
