//! Gives resources stable ids, and ids their names.
//!
//! In: a [`RawResource`] with each wait and call, a [`FileEvent`] or [`SocketEvent`] once for each file or socket, and what
//! `/proc` shows of them. Out: a [`ResourceId`] at once, and [`Resource`] rows: one at first sight, another whenever more is
//! known. In doubt a name stays empty; a path is taken from an fd only when the fd still is the file that was meant.
//!
//! The session calls [`Table::learn`] each time it has drained the ring buffer, puts what [`Table::take_rows`] gives into the next
//! batch it releases (a row of an id must not come after the first wait or call that names it), and tracks what
//! [`Table::take_local_peers`] gives with the role of a peer.

mod address;
mod budget;
mod file;
mod holders;
mod key;
mod listeners;
mod look;
mod net;
mod paths;
mod peers;
mod sock_diag;
mod tcp_books;
mod tcp_diag;
mod transits;
mod unconfirmed;
mod unix_diag;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;
use tracer_common::{FileEvent, RawResource, ResourceTag, SocketEvent, socket_role};

use crate::capture::clock;
use crate::capture::decode::{self, Resources as _};
use crate::row::{FileKind, Nanos, OpenRequest, Pid, Resource, ResourceId, ResourceKind, TcpPeer};
use key::Key;
use look::{Look, Proc};
use paths::Paths;
use peers::Search;
use tcp_books::TcpBooks;
use tcp_diag::Connection;

pub use listeners::Listeners;
pub use peers::LocalPeer;
pub use transits::{Ends, Transits};

/// More resources than this get no id, so that a program which makes them without end cannot exhaust memory.
const MOST: usize = 1 << 20;

/// An event whose user is not known yet.
enum Orphan {
    File(Box<FileEvent>),
    Socket(Box<SocketEvent>),
}

/// A connection that a process made.
struct Client {
    pid: Pid,
    namespace: u64,
    /// How long after the first question it was told.
    later: Nanos,
    connection: Connection,
}

/// Most ports that are remembered.
const PORTS: usize = 4096;
/// Most connections whose ends are.
const ENDS: usize = 4096;

/// Most files without a whole path that are looked at again, and how often each is.
const NAMELESS: usize = 256;
const LOOKS: u8 = 30;

/// All resources of one trace.
pub struct Table {
    ids: HashMap<Key, ResourceId, RandomState>,
    /// Ids by address, for futex words that may be shared: `/proc/PID/maps` is asked once for each.
    futex_words: HashMap<(Pid, u64, u64), ResourceId, RandomState>,
    last: u32,
    /// How many resources were refused an id.
    refused: u64,
    rows: Vec<Resource>,
    /// Events that arose while holdup walked the list of threads on behalf of another thread, and so name holdup as the user of the
    /// resource. They are taken again once the true user is known.
    orphans: HashMap<ResourceId, Orphan>,
    /// Files without a whole path, and how often the fd of each may still be looked at.
    nameless: HashMap<ResourceId, (Resource, u8)>,
    paths: Paths,
    look: Box<dyn Look>,
    search: Search,
    books: TcpBooks,
    /// Ports that sockets of the targets are connected to.
    ports: BTreeSet<u16>,
    /// The ends of connections, by the process that used one first.
    ends: BTreeMap<Ends, Pid>,
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

impl Table {
    /// An empty table that looks names up in this machine's `/proc`.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Box::new(Proc::default()))
    }

    fn with(look: Box<dyn Look>) -> Self {
        Self {
            ids: HashMap::default(),
            futex_words: HashMap::default(),
            last: 0,
            refused: 0,
            rows: Vec::new(),
            orphans: HashMap::new(),
            nameless: HashMap::new(),
            paths: Paths::default(),
            look,
            search: Search::default(),
            books: TcpBooks::default(),
            ports: BTreeSet::new(),
            ends: BTreeMap::new(),
        }
    }

    /// Looks for the other ends of sockets, for some milliseconds of each second at most. `now` is the time of the rows that
    /// come of it.
    pub fn learn(&mut self, now: Nanos) {
        self.search.advance(now, self.look.as_mut(), &mut self.rows);
    }

    /// Takes out the rows that were made since the previous call.
    pub fn take_rows(&mut self) -> Vec<Resource> {
        std::mem::take(&mut self.rows)
    }

    /// Takes out the processes of this host that were found to serve a tracked process over a socket since the previous call.
    ///
    /// The session tracks them too, to follow chains of waiting into them, unless it does so already: `of` tells how deep a
    /// peer is (three steps from a target at most), and their number is to be bounded. Processes that a tracked process serves are
    /// named in the rows but not returned here.
    pub fn take_local_peers(&mut self) -> Vec<LocalPeer> {
        self.search.take_local_peers()
    }

    /// The requests of processes `pids` that are under way now, as a window opens, by TCP's own books. The rows of their sockets are made
    /// with them. `at`: now, by the clock of the rows.
    pub fn under_way(&mut self, pids: &[Pid], at: Nanos) -> Vec<OpenRequest> {
        let mut found = Vec::new();
        self.books.open();
        for client in self.clients(pids) {
            self.books.begin(&client.connection);
            let Some(ago) = client.connection.waits_for else {
                continue;
            };
            let event = client.connection.event(client.pid, client.namespace, at);
            let resource = self.id(&event.resource, client.pid, at);
            self.socket(&event);
            found.push(OpenRequest {
                end: at,
                asked: (at + client.later).since(ago),
                resource,
                pid: client.pid,
            });
        }
        found
    }

    /// A window closes: what TCP has counted of the connections of processes `pids` since it opened.
    pub fn close_window(&mut self, pids: &[Pid]) {
        let clients = self.clients(pids).into_iter();
        let connections = clients.map(|client| (client.connection.inode, client.connection));
        let connections: BTreeMap<u64, Connection> = connections.collect();
        self.books.close(connections.values());
    }

    /// What TCP counted while windows were open, by address.
    #[must_use]
    pub fn tcp_peers(&self) -> Vec<TcpPeer> {
        self.books.peers()
    }

    /// Ports that sockets of the targets are, or were, connected to.
    #[must_use]
    pub fn ports(&self) -> &BTreeSet<u16> {
        &self.ports
    }

    /// The ends of the connections of processes `pids` that they made themselves, those that are gone left out.
    #[must_use]
    pub fn ends(&self, pids: &[Pid]) -> Vec<Ends> {
        let ours = self.ends.iter().filter(|(_, pid)| pids.contains(pid));
        ours.map(|(ends, _)| *ends).collect()
    }

    /// These connections are gone.
    pub fn forget(&mut self, gone: &[Ends]) {
        self.ends.retain(|ends, _| !gone.contains(ends));
    }

    /// The connections that processes `pids` made; those that several share stand there for each of them.
    fn clients(&mut self, pids: &[Pid]) -> Vec<Client> {
        let began = clock::monotonic();
        let mut connections: HashMap<u64, (Nanos, HashMap<u64, Connection>)> = HashMap::new();
        let mut clients = Vec::new();
        for pid in pids {
            let (namespace, sockets) = self.look.sockets_of(*pid);
            let (later, of_namespace) = connections.entry(namespace).or_insert_with(|| {
                let all = self.look.connections(*pid).into_iter();
                let all = all.map(|one| (one.inode, one)).collect();
                (clock::monotonic().since(began), all)
            });
            let found = sockets.iter().filter_map(|inode| of_namespace.get(inode));
            let found = found.filter(|connection| !connection.is_server);
            clients.extend(found.map(|connection| Client {
                pid: *pid,
                namespace,
                later: *later,
                connection: *connection,
            }));
        }
        clients
    }

    /// How many resources got no id because there were too many.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The id of `key`, and whether it is new.
    fn id_of(&mut self, key: Key) -> (ResourceId, bool) {
        if let Some(id) = self.ids.get(&key) {
            return (*id, false);
        }
        if self.ids.len() >= MOST {
            self.refused += 1;
            return (ResourceId::NONE, false);
        }
        self.last += 1;
        let id = ResourceId(self.last);
        self.ids.insert(key, id);
        (id, true)
    }

    /// The id of a futex word that may be shared. It is known by the mapping it lies in, so that it has one id in all processes that
    /// map it.
    fn futex_word(&mut self, raw: &RawResource, user: Pid, at: Nanos) -> ResourceId {
        if let Some(id) = self.futex_words.get(&(user, raw.a, raw.b)) {
            return *id;
        }
        let mapped = self.look.shared_word(user, raw.b, at);
        let key = mapped
            .as_ref()
            .map_or(Key::private(raw, user), |word| Key::SharedWord {
                device: word.device,
                inode: word.inode,
                offset: word.offset,
            });
        let (id, new) = self.id_of(key);
        if new {
            let row = Resource {
                end: at,
                id,
                pid: user,
                ..Resource::default()
            };
            self.rows.push(match mapped {
                Some(word) => Resource {
                    kind: ResourceKind::FutexShared,
                    device: word.device,
                    inode: word.inode,
                    address: word.offset,
                    path: word.path,
                    ..row
                },
                // Memory of its own, though the operation does not say so: glibc waits for a thread's end this way.
                None => Resource {
                    kind: ResourceKind::FutexPrivate,
                    address: raw.b,
                    ..row
                },
            });
        }
        if id != ResourceId::NONE {
            self.futex_words.insert((user, raw.a, raw.b), id);
        }
        id
    }
}

impl Table {
    fn named_file(&mut self, event: &FileEvent, key: Key, id: ResourceId, user: Pid) {
        let found = self.look.fd(user, event.resource.fd);
        let mut row = file::row(key.row(id, user, Nanos(event.header.end)), event, found);
        if let Some(path) = self.paths.find(&row, user, self.look.as_mut()) {
            row.path = path;
        } else if row.file == FileKind::Regular
            && !row.path.starts_with('/')
            && self.nameless.len() < NAMELESS
        {
            self.nameless.insert(id, (row.clone(), LOOKS));
        }
        self.paths.learn(&row);
        self.rows.push(row);
    }

    /// Looks again at the fd of a file of which only a name is known.
    fn look_again(&mut self, id: ResourceId, user: Pid, fd: i32, at: Nanos) {
        let Some((row, looks)) = self.nameless.get_mut(&id) else {
            return;
        };
        let name = row.path.clone();
        file::name_by_fd(row, self.look.fd(user, fd), &name);
        if row.path == name && *looks > 0 {
            *looks -= 1;
            return;
        }
        if let Some((mut row, _)) = self.nameless.remove(&id)
            && row.path != name
        {
            row.end = at;
            self.paths.learn(&row);
            self.rows.push(row);
        }
    }

    fn named_socket(&mut self, event: &SocketEvent, key: Key, id: ResourceId, user: Pid) {
        let row = address::row(key.row(id, user, Nanos(event.header.end)), event);
        // The ports of clients that were accepted are no listeners'.
        let is_accepted = event.role == socket_role::SERVER;
        if event.remote_port != 0 && !is_accepted && self.ports.len() < PORTS {
            self.ports.insert(event.remote_port);
        }
        let is_tcp = i32::from(event.sock_type) == libc::SOCK_STREAM;
        if let Some(ends) = address::ends(event)
            && is_tcp
            && event.remote_port != 0
            && !is_accepted
            && self.ends.len() < ENDS
        {
            self.ends.insert(ends, user);
        }
        self.search
            .socket(row, event, self.look.as_mut(), &mut self.rows);
    }
}

impl decode::Resources for Table {
    fn id(&mut self, raw: &RawResource, user: Pid, at: Nanos) -> ResourceId {
        let tag = ResourceTag::from_raw(raw.tag);
        if tag == Some(ResourceTag::FutexShared) {
            return self.futex_word(raw, user, at);
        }
        let Some(key) = Key::of(raw, user) else {
            return ResourceId::NONE;
        };
        let (id, new) = self.id_of(key);
        if !new && !self.nameless.is_empty() {
            self.look_again(id, user, raw.fd, at);
        }
        if !new && let Some(orphan) = self.orphans.remove(&id) {
            match orphan {
                Orphan::File(event) => self.named_file(&event, key, id, user),
                Orphan::Socket(event) => self.named_socket(&event, key, id, user),
            }
        }
        if new {
            let mut row = key.row(id, user, at);
            match key {
                Key::File { .. } => {
                    file::name_by_fd(&mut row, self.look.fd(user, raw.fd), "");
                    self.rows.push(row);
                }
                Key::Socket { .. } => {
                    self.rows.push(row.clone());
                    self.search.unknown_socket(row, self.look.as_mut());
                }
                Key::Private { .. }
                | Key::SharedWord { .. }
                | Key::Timer
                | Key::KernelLock { .. }
                | Key::AddressSpace { .. } => self.rows.push(row),
            }
        }
        id
    }

    fn file(&mut self, event: &FileEvent) {
        let user = Pid(event.pid);
        let Some(key) = Key::of(&event.resource, user) else {
            return;
        };
        let (id, _) = self.id_of(key);
        if id == ResourceId::NONE {
            return;
        }
        if is_own(user) {
            let bare = key.row(id, Pid(0), Nanos(event.header.end));
            self.rows.push(file::row(bare, event, None));
            self.orphans.insert(id, Orphan::File(Box::new(*event)));
        } else {
            self.named_file(event, key, id, user);
        }
    }

    fn socket(&mut self, event: &SocketEvent) {
        let user = Pid(event.pid);
        let Some(key) = Key::of(&event.resource, user) else {
            return;
        };
        let (id, _) = self.id_of(key);
        if id == ResourceId::NONE {
            return;
        }
        if is_own(user) {
            let bare = key.row(id, Pid(0), Nanos(event.header.end));
            self.rows.push(address::row(bare, event));
            self.orphans.insert(id, Orphan::Socket(Box::new(*event)));
        } else {
            self.named_socket(event, key, id, user);
        }
    }
}

fn is_own(pid: Pid) -> bool {
    pid == Pid(std::process::id())
}

#[cfg(test)]
mod tests;
