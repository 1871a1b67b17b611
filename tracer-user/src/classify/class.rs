//! ResourceClasses: what operations are done to, with the many resources of one sort taken together.
//!
//! Sixty-four connections to one database are one resource class; so are the output files `part-01` to `part-64` of as many workers.

use foldhash::HashMap;

use crate::row::{FileKind, Resource, ResourceId, ResourceKind, SocketRole};

/// A resource class of one analysis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

/// Sort of a resource class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClassKind {
    /// Not known, or of no interest (a terminal, /proc).
    #[default]
    Unknown,
    /// A peer this side connected to.
    Peer,
    /// A port of this side that others connected to.
    Service,
    /// Regular files of one name pattern.
    Files,
    /// A pipe.
    Pipe,
    /// One futex word.
    Futex,
    /// Passing time.
    Timer,
    /// epoll, eventfd, and socket pairs within a process: something else is waited for through them.
    Notifier,
    /// A kernel lock.
    KernelLock,
    /// A place in a program at which tasks of its runtime wait.
    Place,
}

/// All resources of a trace, and the resource classes they belong to.
#[derive(Clone, Debug)]
pub struct ResourceClasses {
    resources: HashMap<ResourceId, Resource>,
    of: HashMap<ResourceId, ClassId>,
    ids: HashMap<(ClassKind, String), ClassId>,
    names: Vec<(ClassKind, String)>,
    timer: ClassId,
}

impl Default for ResourceClasses {
    fn default() -> Self {
        let mut classes = Self {
            resources: HashMap::default(),
            of: HashMap::default(),
            ids: HashMap::default(),
            names: Vec::new(),
            timer: ClassId::default(),
        };
        classes.timer = classes.class((ClassKind::Timer, String::new()));
        classes
    }
}

impl ResourceClasses {
    /// Takes what is known of a resource; a later row of the same id replaces an earlier one.
    pub fn learn(&mut self, resource: &Resource) {
        self.resources.insert(resource.id, resource.clone());
        let Some(old) = self.of.remove(&resource.id) else {
            return;
        };
        let key = class_key(resource);
        let is_new = self
            .names
            .get(old.0 as usize)
            .is_some_and(|name| *name != key);
        let is_alone = !self.of.values().any(|of| *of == old);
        if is_new && is_alone && key.0 == self.kind(old) && !self.ids.contains_key(&key) {
            // It is better known now: what was counted so far is of the same class.
            self.ids.remove(&self.names[old.0 as usize]);
            self.ids.insert(key.clone(), old);
            self.names[old.0 as usize] = key;
        }
    }

    /// All that is known of a resource.
    #[must_use]
    pub fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.resources.get(&id)
    }

    /// All resources, in no order.
    pub fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    /// The resource class a resource belongs to.
    pub fn of(&mut self, id: ResourceId) -> ClassId {
        if let Some(class) = self.of.get(&id) {
            return *class;
        }
        let key = self
            .resources
            .get(&id)
            .map_or((ClassKind::Unknown, String::new()), class_key);
        let class = self.class(key);
        self.of.insert(id, class);
        class
    }

    /// As [`ResourceClasses::of`], for a resource that was asked for before.
    #[must_use]
    pub fn known(&self, id: ResourceId) -> Option<ClassId> {
        self.of.get(&id).copied()
    }

    /// The class of passing time.
    #[must_use]
    pub fn timer(&self) -> ClassId {
        self.timer
    }

    /// The class of a place in a program, by its name.
    pub(super) fn place(&mut self, name: &str) -> ClassId {
        self.class((ClassKind::Place, name.to_owned()))
    }

    fn class(&mut self, key: (ClassKind, String)) -> ClassId {
        let next = ClassId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let class = *self.ids.entry(key.clone()).or_insert(next);
        if class == next {
            self.names.push(key);
        }
        class
    }

    /// Sort of a resource class.
    #[must_use]
    pub fn kind(&self, class: ClassId) -> ClassKind {
        self.names
            .get(class.0 as usize)
            .map_or(ClassKind::Unknown, |name| name.0)
    }

    /// Name of a resource class: an address, a path pattern, a futex's id.
    #[must_use]
    pub fn name(&self, class: ClassId) -> &str {
        self.names
            .get(class.0 as usize)
            .map_or("", |name| name.1.as_str())
    }

    /// The resources of a resource class, by id.
    #[must_use]
    pub fn members(&self, class: ClassId) -> Vec<&Resource> {
        let mut ids: Vec<_> = self
            .of
            .iter()
            .filter(|(_, of)| **of == class)
            .map(|(id, _)| *id)
            .collect();
        ids.sort_unstable();
        ids.iter().filter_map(|id| self.resources.get(id)).collect()
    }
}

fn class_key(resource: &Resource) -> (ClassKind, String) {
    match resource.kind {
        ResourceKind::FutexPrivate | ResourceKind::FutexShared => {
            (ClassKind::Futex, format!("{:010}", resource.id.0))
        }
        ResourceKind::Timer => (ClassKind::Timer, String::new()),
        ResourceKind::KernelLock => (ClassKind::KernelLock, format!("{:#x}", resource.address)),
        ResourceKind::AddressSpace => (ClassKind::KernelLock, format!("of {}", resource.pid)),
        ResourceKind::Socket if is_own(resource) => (ClassKind::Notifier, String::new()),
        ResourceKind::Socket => match resource.role {
            SocketRole::Server | SocketRole::Listener => (
                ClassKind::Service,
                format!("{} {}", resource.pid, service_name(resource)),
            ),
            SocketRole::Client | SocketRole::Unknown => (ClassKind::Peer, peer_name(resource)),
        },
        ResourceKind::File => match resource.file {
            FileKind::Regular | FileKind::Block => (ClassKind::Files, pattern(&resource.path)),
            FileKind::Pipe => (ClassKind::Pipe, format!("pipe {}", resource.inode)),
            FileKind::Epoll | FileKind::Event => (ClassKind::Notifier, String::new()),
            _ => (ClassKind::Unknown, String::new()),
        },
        ResourceKind::Unknown => (ClassKind::Unknown, String::new()),
    }
}

/// A pair of sockets within one process, by which its threads wake each other (asyncio's self-pipe): no peer.
fn is_own(resource: &Resource) -> bool {
    resource.family == "unix" && resource.pid.0 != 0 && resource.peer_pid == resource.pid
}

fn peer_name(resource: &Resource) -> String {
    if !resource.remote.is_empty() {
        return resource.remote.clone();
    }
    if !resource.path.is_empty() {
        return resource.path.clone();
    }
    if resource.peer_pid.0 != 0 {
        return format!("{} of process {}", resource.family, resource.peer_pid);
    }
    format!("{} socket {}", resource.family, resource.inode)
}

fn service_name(resource: &Resource) -> String {
    match resource.local.rsplit_once(':') {
        Some((_, port)) => port.to_owned(),
        None => resource.path.clone(),
    }
}

/// A path with its runs of digits taken together: `out/part-07.csv` and `out/part-12.csv` are one sort of file.
#[must_use]
pub fn pattern(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii_digit() {
            if !out.ends_with('#') {
                out.push('#');
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{ClassKind, class_key, pattern};
    use crate::row::{Pid, Resource, ResourceKind};

    #[test]
    fn a_socket_to_oneself_is_no_peer() {
        let pair = |peer_pid| Resource {
            kind: ResourceKind::Socket,
            family: "unix".to_owned(),
            pid: Pid(7),
            peer_pid: Pid(peer_pid),
            ..Resource::default()
        };
        assert_eq!(class_key(&pair(7)).0, ClassKind::Notifier);
        assert_eq!(class_key(&pair(8)).0, ClassKind::Peer);
        assert_eq!(class_key(&pair(0)).0, ClassKind::Peer, "not known yet");
    }

    #[test]
    fn numbered_files_are_one_sort() {
        assert_eq!(pattern("/data/part-07.csv"), pattern("/data/part-12.csv"));
        assert_ne!(pattern("/data/in.csv"), pattern("/data/out.csv"));
    }
}
