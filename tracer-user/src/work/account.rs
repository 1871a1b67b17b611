//! What each actor did: its time by context, its operations, and how the kernel's own figures stand beside it.

use foldhash::HashMap;
use std::collections::BTreeMap;

use super::attribution::OpenTime;
use super::slots::Slots;
use crate::actors::ActorId;
use crate::classify::{ClassId, OperationId, State, WaitSites};
use crate::row::{Nanos, Pid, SchedStat, TaskRole};

/// How many operations of an actor are kept in their order, to find its cycle.
pub(super) const SEQUENCE: usize = 4096;

/// Place of an actor in the list of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorIndex(pub u32);

/// One actor.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Its process.
    pub pid: Pid,
    /// Process that made it, 0: not seen.
    pub parent: Pid,
    /// Why it is in the trace.
    pub role: TaskRole,
    /// Its latest name.
    pub name: String,
    /// Its program.
    pub exe: String,
    /// How long it lived in the window.
    pub lived: Nanos,
    /// How often it did what: calls, and for requests those that were answered.
    pub operations: HashMap<OperationId, u64>,
    /// As `operations`, with calls that were summed into one row counted each.
    pub done: HashMap<OperationId, u64>,
    /// Its first operations in their order.
    pub sequence: Vec<OperationId>,
    /// Time blocked by class of what for.
    pub blocked: BTreeMap<ClassId, Nanos>,
    /// The kernel's figures as the window opened.
    pub opened: Option<SchedStat>,
    /// The kernel's figures as the window closed.
    pub closed: Option<SchedStat>,
    /// Its time.
    pub(super) slots: Slots,
    pub(super) open: OpenTime,
}

impl Account {
    /// Time blocked by class of what for, with the wait that is under way at `at`.
    #[must_use]
    pub fn blocked_at(&self, at: Nanos, sites: &WaitSites) -> BTreeMap<ClassId, Nanos> {
        let mut blocked = self.blocked.clone();
        if let State::Waiting(site) = self.open.state {
            *blocked.entry(sites.get(site).class).or_default() += self.open.lasts(at);
        }
        blocked
    }

    /// How long it lived in the window up to `at`.
    #[must_use]
    pub fn lived_at(&self, at: Nanos) -> Nanos {
        self.lived + self.open.lasts(at)
    }
}

/// All actors, by number.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    index: HashMap<ActorId, ActorIndex>,
    ids: Vec<ActorId>,
    list: Vec<Account>,
}

impl Accounts {
    /// The number of an actor.
    pub(super) fn index(&mut self, id: ActorId) -> ActorIndex {
        let next = ActorIndex(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
        let index = *self.index.entry(id).or_insert(next);
        if index == next {
            self.ids.push(id);
            self.list.push(Account::default());
        }
        index
    }

    pub(super) fn at(&mut self, index: ActorIndex) -> &mut Account {
        &mut self.list[index.0 as usize]
    }

    /// An actor that was met.
    #[must_use]
    pub fn get(&self, id: ActorId) -> Option<&Account> {
        let index = self.index.get(&id)?;
        self.list.get(index.0 as usize)
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = (ActorIndex, &mut Account)> {
        (0..).map(ActorIndex).zip(self.list.iter_mut())
    }

    /// All, in order of their ids.
    #[must_use]
    pub fn sorted(&self) -> Vec<(ActorId, ActorIndex, &Account)> {
        let mut all: Vec<_> = self
            .ids
            .iter()
            .zip(&self.list)
            .zip(0..)
            .map(|((id, account), index)| (*id, ActorIndex(index), account))
            .collect();
        all.sort_unstable_by_key(|(id, ..)| *id);
        all
    }
}
