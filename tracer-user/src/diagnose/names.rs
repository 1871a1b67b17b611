//! What actors, processes, resource classes and locks are called.

use super::findings::Findings;
use super::interpreter_lock;
use crate::actors::ActorId;
use crate::classify::{ClassId, ClassKind};
use crate::row::{Pid, Resource, ResourceKind, Tid, printable};

impl Findings<'_> {
    /// Name of an actor for people: `worker 12`, else `name (tid)`.
    #[must_use]
    pub fn thread(&self, id: ActorId) -> String {
        if let Some(index) = self.cycle.workers.iter().position(|worker| *worker == id) {
            return format!("worker {}", index + 1);
        }
        let name = self
            .inventory
            .actors
            .get(&id)
            .map(|actor| &actor.account.name);
        match (name.filter(|name| !name.is_empty()), id) {
            (Some(name), ActorId::Thread(tid)) => format!("{} ({tid})", printable(name)),
            (Some(name), ActorId::Task(_)) => printable(name).into_owned(),
            (None, id) => id.to_string(),
        }
    }

    /// Name of a process for people, empty: not known.
    #[must_use]
    pub fn process(&self, pid: Pid) -> String {
        let actors = &self.inventory.actors;
        let leader = actors.get(&ActorId::Thread(Tid(pid.0)));
        let name = leader
            .map(|actor| actor.account.name.as_str())
            .filter(|name| !name.is_empty());
        let any = || {
            let mut accounts = actors.values().map(|actor| actor.account);
            accounts
                .find(|account| account.pid == pid && !account.name.is_empty())
                .map(|account| account.name.as_str())
        };
        name.or_else(any)
            .map(|name| printable(name).into_owned())
            .unwrap_or_default()
    }

    /// Name of the process behind a local peer, empty: elsewhere, or not known.
    #[must_use]
    pub fn peer_process(&self, peer: ClassId) -> String {
        let Some(socket) = self.local_peer(peer) else {
            return String::new();
        };
        match self.process(socket.peer_pid) {
            name if name.is_empty() => printable(&socket.peer_name).into_owned(),
            name => name,
        }
    }

    /// A process of a peer, where it runs on this host.
    #[must_use]
    pub fn peer_pid(&self, peer: ClassId) -> Option<Pid> {
        self.local_peer(peer).map(|socket| socket.peer_pid)
    }

    fn local_peer(&self, peer: ClassId) -> Option<&Resource> {
        let mut members = self.classes.members(peer).into_iter();
        members.find(|socket| socket.peer_pid.0 != 0)
    }

    /// Name of a resource class for people.
    #[must_use]
    pub fn class(&self, class: ClassId) -> String {
        let members = self.classes.members(class);
        match self.classes.kind(class) {
            ClassKind::Futex => match members.first() {
                Some(word) if !word.path.is_empty() => format!("lock in {}", printable(&word.path)),
                Some(word) => format!("lock at {:#x}", word.address),
                None => "lock".to_owned(),
            },
            ClassKind::Files => match members.as_slice() {
                [only] => printable(&only.path).into_owned(),
                _ => printable(self.classes.name(class)).into_owned(),
            },
            ClassKind::Timer => "sleep".to_owned(),
            ClassKind::KernelLock => match members.first() {
                Some(lock) if lock.kind == ResourceKind::AddressSpace => {
                    format!("address space of {} ({})", self.process(lock.pid), lock.pid)
                }
                _ => format!("kernel lock at {}", printable(self.classes.name(class))),
            },
            _ => printable(self.classes.name(class)).into_owned(),
        }
    }

    /// A lock by where it is taken, else by its address.
    #[must_use]
    pub fn lock_name(&self, class: ClassId) -> String {
        if self.is_interpreters(class) {
            return interpreter_lock::NAME.to_owned();
        }
        match self.call_site(class) {
            Some(site) => format!("lock taken in {site}"),
            None => self.class(class),
        }
    }

    /// A lock is that of an interpreter.
    #[must_use]
    pub fn is_interpreters(&self, class: ClassId) -> bool {
        self.inventory.classifier.futexes.is_interpreters(class)
    }

    /// Where a lock is taken most often.
    #[must_use]
    pub fn call_site(&self, class: ClassId) -> Option<String> {
        self.groups
            .sites
            .get(&class)
            .and_then(|sites| sites.first())
            .map(|(site, _)| site.clone())
    }
}
