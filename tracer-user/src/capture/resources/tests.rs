//! The table against a host made of lists.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use tracer_common::{FileEvent, Header, NAME_BYTES, RawResource, SocketEvent, socket_role};

use super::look::{Look, OpenFile, SharedWord};
use super::net::Sockets;
use super::tcp_diag::Connection;
use super::{LocalPeer, Table};
use crate::capture::decode::Resources as _;
use crate::row::{FileKind, Nanos, Pid, Resource, ResourceId, ResourceKind, SocketRole};

/// A host.
#[derive(Default)]
pub(super) struct Fake {
    pub(super) words: HashMap<(Pid, u64), SharedWord>,
    pub(super) open: HashMap<(Pid, i32), OpenFile>,
    pub(super) tables: HashMap<Pid, Sockets>,
    pub(super) fds: HashMap<Pid, (u64, Vec<u64>)>,
    pub(super) names: HashMap<Pid, String>,
    pub(super) unix_peers: HashMap<u64, u64>,
    pub(super) files: HashMap<String, (u64, u64)>,
    pub(super) connections: Vec<Connection>,
}

impl Look for Fake {
    fn fd(&mut self, pid: Pid, fd: i32) -> Option<OpenFile> {
        self.open.get(&(pid, fd)).cloned()
    }
    fn at(&mut self, _: Pid, path: &str) -> Option<(u64, u64)> {
        self.files.get(path).copied()
    }
    fn working_folder(&mut self, _: Pid) -> Option<String> {
        Some("/home/worker".to_owned())
    }
    fn shared_word(&mut self, pid: Pid, address: u64, _: Nanos) -> Option<SharedWord> {
        self.words.get(&(pid, address)).cloned()
    }
    fn sockets(&mut self, pid: Pid) -> Option<Sockets> {
        self.tables.get(&pid).cloned()
    }
    fn processes(&mut self) -> Vec<Pid> {
        self.fds.keys().copied().collect()
    }
    fn sockets_of(&mut self, pid: Pid) -> (u64, Vec<u64>) {
        self.fds.get(&pid).cloned().unwrap_or_default()
    }
    fn name(&mut self, pid: Pid) -> String {
        self.names.get(&pid).cloned().unwrap_or_default()
    }
    fn ephemeral_ports(&mut self) -> RangeInclusive<u16> {
        32_768..=60_999
    }
    fn connections(&mut self, _: Pid) -> Vec<Connection> {
        self.connections.clone()
    }
    fn unix_peer(&mut self, inode: u64, _: u64) -> u64 {
        self.unix_peers.get(&inode).copied().unwrap_or(0)
    }
}

fn table(fake: Fake) -> Table {
    Table::with(Box::new(fake))
}

fn raw(tag: u32, fd: i32, a: u64, b: u64) -> RawResource {
    RawResource { tag, fd, a, b }
}

/// The last row of each id.
fn latest(rows: Vec<Resource>) -> HashMap<ResourceId, Resource> {
    rows.into_iter().map(|row| (row.id, row)).collect()
}

#[test]
fn one_word_mapped_by_two_processes_is_one_resource() {
    let word = SharedWord {
        device: 0x16,
        inode: 3,
        offset: 64,
        path: "/dev/shm/ring".to_owned(),
    };
    let mut fake = Fake::default();
    fake.words.insert((Pid(10), 0x7000_0040), word.clone());
    fake.words.insert((Pid(11), 0x5000_0040), word);
    let mut table = table(fake);
    let first = table.id(&raw(2, -1, 0xaa, 0x7000_0040), Pid(10), Nanos(1));
    let second = table.id(&raw(2, -1, 0xbb, 0x5000_0040), Pid(11), Nanos(2));
    assert_eq!(first, second);
    let rows = table.take_rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].kind, rows[0].address, rows[0].pid),
        (ResourceKind::FutexShared, 64, Pid(10))
    );
    assert_eq!(rows[0].path, "/dev/shm/ring");
}

#[test]
fn a_word_of_ones_own_is_private_however_it_is_named() {
    let mut table = table(Fake::default());
    let shared = table.id(&raw(2, -1, 0xaa, 0x100), Pid(10), Nanos(1));
    let private = table.id(&raw(1, -1, 0xaa, 0x100), Pid(10), Nanos(2));
    let other = table.id(&raw(1, -1, 0xbb, 0x100), Pid(11), Nanos(3));
    assert_eq!(shared, private);
    assert_ne!(private, other);
    let rows = table.take_rows();
    assert!(
        rows.iter()
            .all(|row| row.kind == ResourceKind::FutexPrivate && row.address == 0x100)
    );
    assert_eq!(rows.len(), 2);
}

#[test]
fn unnamed_things() {
    let mut table = table(Fake::default());
    assert_eq!(
        table.id(&raw(0, -1, 0, 0), Pid(1), Nanos(1)),
        ResourceId::NONE
    );
    assert_eq!(
        table.id(&raw(77, -1, 1, 2), Pid(1), Nanos(1)),
        ResourceId::NONE
    );
    let sleep = table.id(&raw(5, -1, 0, 0), Pid(1), Nanos(1));
    assert_eq!(table.id(&raw(5, -1, 0, 0), Pid(2), Nanos(2)), sleep);
    assert_eq!(latest(table.take_rows())[&sleep].kind, ResourceKind::Timer);
}

#[test]
fn epolls_share_an_inode_and_are_told_apart_by_what_stands_for_their_generation() {
    let mut fake = Fake::default();
    for (fd, path) in [(4, "anon_inode:[eventpoll]"), (5, "anon_inode:[eventfd]")] {
        let open = OpenFile {
            device: 14,
            inode: 9,
            mode: 0o600,
            path: path.to_owned(),
        };
        fake.open.insert((Pid(1), fd), open);
    }
    let mut table = table(fake);
    let epoll = table.id(&raw(3, 4, 14 << 32 | 0x1234, 9), Pid(1), Nanos(1));
    let event = table.id(&raw(3, 5, 14 << 32 | 0x5678, 9), Pid(1), Nanos(1));
    let rows = latest(table.take_rows());
    assert_eq!(
        (rows[&epoll].file, rows[&event].file),
        (FileKind::Epoll, FileKind::Event)
    );
}

#[test]
fn a_file_is_named_at_first_sight_and_again_by_its_event() {
    let mut table = table(Fake::default());
    let raw = raw(3, 7, (8 << 20 | 1) << 32 | 5, 42);
    let id = table.id(&raw, Pid(1), Nanos(1));
    let rows = table.take_rows();
    assert_eq!(
        (
            rows[0].id,
            rows[0].device,
            rows[0].inode,
            rows[0].path.as_str()
        ),
        (id, 8 << 20 | 1, 42, "")
    );
    let mut name = [0; NAME_BYTES];
    name[..8].copy_from_slice(b"jobs.log");
    let header = Header {
        end: 5,
        ..Header::default()
    };
    table.file(&FileEvent {
        header,
        resource: raw,
        pid: 1,
        mode: 0o100_644,
        magic: 0xef53,
        name,
    });
    let rows = table.take_rows();
    assert_eq!(
        (rows[0].id, rows[0].path.as_str(), rows[0].file),
        (id, "jobs.log", FileKind::Regular)
    );
    assert_eq!(table.id(&raw, Pid(2), Nanos(9)), id);
    assert!(table.take_rows().is_empty());
}

/// A host with a server (process 50, a prefork one with child 51) at 127.0.0.1:8123 and a client (10, fd socket 1000), whose
/// connection was accepted by `acceptor` as socket 2000.
fn web(acceptor: Pid, alive: bool) -> Fake {
    let mut tcp = "h\n 0: 0100007F:1FBB 00000000:0000 0A 0:0 0:0 0 0 0 3000 1 0\n".to_owned();
    if alive {
        tcp += " 1: 0100007F:1FBB 0100007F:9C8C 01 0:0 0:0 0 0 0 2000 1 0\n 2: 0100007F:9C8C 0100007F:1FBB 01 0:0 0:0 0 0 0 1000 1 0\n";
    }
    let mut fake = Fake::default();
    fake.tables
        .insert(Pid(10), Sockets::parse(tcp.as_bytes(), b"", b""));
    fake.fds.insert(Pid(1), (4000, vec![]));
    fake.fds.insert(Pid(10), (4000, vec![1000]));
    for pid in [50, 51] {
        let mut sockets = vec![3000];
        if alive && acceptor == Pid(pid) {
            sockets.push(2000);
        }
        fake.fds.insert(Pid(pid), (4000, sockets));
        fake.names.insert(Pid(pid), format!("server-{pid}"));
    }
    fake
}

fn connection(role: u32) -> SocketEvent {
    let mut event = SocketEvent {
        header: Header {
            end: 100,
            ..Header::default()
        },
        resource: raw(4, 3, 0, 1000),
        pid: 10,
        role,
        family: 2,
        sock_type: 1,
        local_port: 40_076,
        remote_port: 8123,
        netns: 4000,
        ..SocketEvent::default()
    };
    event.local[..4].copy_from_slice(&[127, 0, 0, 1]);
    event.remote[..4].copy_from_slice(&[127, 0, 0, 1]);
    event
}

#[test]
fn the_process_at_the_other_end() {
    let mut table = table(web(Pid(51), true));
    table.socket(&connection(socket_role::UNKNOWN));
    let first = table.take_rows();
    assert_eq!(
        (first[0].remote.as_str(), first[0].peer_pid),
        ("127.0.0.1:8123", Pid(0))
    );
    for step in 1..20 {
        table.learn(Nanos(100 + step * 300_000_000));
    }
    let rows = latest(table.take_rows());
    let row = &rows[&first[0].id];
    assert_eq!(row.role, SocketRole::Client, "nobody saw it connect");
    assert_eq!(
        (row.peer_inode, row.peer_pid, row.peer_name.as_str()),
        (2000, Pid(51), "server-51")
    );
    assert_eq!(
        table.take_local_peers(),
        [LocalPeer {
            pid: Pid(51),
            of: Pid(10)
        }]
    );
    assert!(table.take_local_peers().is_empty(), "told once");
}

#[test]
fn a_connection_that_is_gone_still_has_its_server() {
    let mut fake = web(Pid(0), false);
    fake.fds.remove(&Pid(51));
    let mut table = table(fake);
    table.socket(&connection(socket_role::CLIENT));
    let id = table.take_rows()[0].id;
    for step in 1..20 {
        table.learn(Nanos(100 + step * 300_000_000));
    }
    let row = latest(table.take_rows()).remove(&id).expect("known better");
    assert_eq!(
        (row.peer_inode, row.peer_pid, row.peer_name.as_str()),
        (0, Pid(50), "server-50")
    );
    // The next one is known at once.
    let mut next = connection(socket_role::CLIENT);
    next.resource.b = 1001;
    table.socket(&next);
    assert_eq!(table.take_rows()[0].peer_pid, Pid(50));
}

#[test]
fn a_server_seen_from_its_own_side_is_no_client() {
    let mut event = connection(socket_role::UNKNOWN);
    event.pid = 51;
    event.resource.b = 2000;
    std::mem::swap(&mut event.local_port, &mut event.remote_port);
    let mut fake = web(Pid(51), true);
    let sockets = fake.tables[&Pid(10)].clone();
    fake.tables.insert(Pid(51), sockets);
    let mut table = table(fake);
    table.socket(&event);
    let id = table.take_rows()[0].id;
    for step in 1..20 {
        table.learn(Nanos(100 + step * 300_000_000));
    }
    let row = latest(table.take_rows()).remove(&id).expect("known better");
    assert_eq!((row.role, row.peer_pid), (SocketRole::Server, Pid(10)));
    assert!(
        table.take_local_peers().is_empty(),
        "whom a watched process serves is not followed"
    );
}

#[test]
fn a_listener_at_all_addresses_says_nothing_of_a_strangers_port() {
    let mut fake = web(Pid(50), false);
    let wildcard = "h\n 0: 00000000:1FBB 00000000:0000 0A 0:0 0:0 0 0 0 3000 1 0\n";
    fake.tables
        .insert(Pid(10), Sockets::parse(wildcard.as_bytes(), b"", b""));
    let mut table = table(fake);
    let mut event = connection(socket_role::CLIENT);
    event.local[..4].copy_from_slice(&[10, 0, 0, 2]);
    event.remote[..4].copy_from_slice(&[10, 0, 0, 3]);
    table.socket(&event);
    for step in 1..20 {
        table.learn(Nanos(100 + step * 300_000_000));
    }
    assert!(table.take_rows().iter().all(|row| row.peer_pid == Pid(0)));
}

#[test]
fn a_peer_in_another_network_namespace() {
    let mut fake = web(Pid(0), false);
    fake.tables
        .insert(Pid(10), Sockets::parse(b"h\n", b"", b""));
    let inside = "h\n 1: 0300000A:1FBB 0200000A:9C8C 01 0:0 0:0 0 0 0 2000 1 0\n";
    fake.tables
        .insert(Pid(60), Sockets::parse(inside.as_bytes(), b"", b""));
    fake.fds.insert(Pid(60), (5000, vec![2000]));
    fake.names.insert(Pid(60), "postgres".to_owned());
    let mut table = table(fake);
    let mut event = connection(socket_role::CLIENT);
    event.local[..4].copy_from_slice(&[10, 0, 0, 2]);
    event.remote[..4].copy_from_slice(&[10, 0, 0, 3]);
    table.socket(&event);
    let id = table.take_rows()[0].id;
    for step in 1..20 {
        table.learn(Nanos(100 + step * 300_000_000));
    }
    let row = latest(table.take_rows()).remove(&id).expect("found");
    assert_eq!(
        (row.peer_pid, row.peer_name.as_str()),
        (Pid(60), "postgres")
    );
}

#[test]
fn a_unix_socket_and_its_server() {
    let mut fake = Fake::default();
    let unix = "h\n0: 2 0 00010000 0001 01 3000 /run/app.sock\n0: 3 0 0 0001 03 2000 /run/app.sock\n0: 3 0 0 0001 03 1000\n";
    fake.tables
        .insert(Pid(10), Sockets::parse(b"h\n", b"", unix.as_bytes()));
    fake.fds.insert(Pid(10), (4000, vec![1000]));
    fake.fds.insert(Pid(50), (4000, vec![3000, 2000]));
    fake.names.insert(Pid(50), "app".to_owned());
    // Not accepted yet when it connected: the event had no peer.
    fake.unix_peers.insert(1000, 2000);
    let mut table = table(fake);
    let mut event = connection(socket_role::UNKNOWN);
    event.family = 1;
    event.local_port = 0;
    event.remote_port = 0;
    table.socket(&event);
    let id = table.take_rows()[0].id;
    for step in 1..20 {
        table.learn(Nanos(100 + step * 300_000_000));
    }
    let row = latest(table.take_rows()).remove(&id).expect("found");
    assert_eq!(
        (row.role, row.path.as_str(), row.remote.as_str()),
        (SocketRole::Client, "/run/app.sock", "/run/app.sock")
    );
    assert_eq!((row.peer_pid, row.peer_name.as_str()), (Pid(50), "app"));
    assert_eq!(table.take_local_peers().len(), 1);
}

#[test]
fn what_the_task_iterator_saw_is_named_by_its_user() {
    let own = std::process::id();
    let mut fake = Fake::default();
    let open = OpenFile {
        device: 8 << 20 | 1,
        inode: 42,
        mode: 0o100_644,
        path: "/data/jobs.log".to_owned(),
    };
    fake.open.insert((Pid(10), 7), open);
    let mut table = table(fake);
    let raw = raw(3, 7, (8 << 20 | 1) << 32 | 5, 42);
    let name = [0; NAME_BYTES];
    table.file(&FileEvent {
        header: Header::default(),
        resource: raw,
        pid: own,
        mode: 0o100_644,
        magic: 0xef53,
        name,
    });
    let id = table.id(&raw, Pid(10), Nanos(3));
    let row = latest(table.take_rows()).remove(&id).expect("a row");
    assert_eq!((row.pid, row.path.as_str()), (Pid(10), "/data/jobs.log"));
}

#[test]
fn a_file_closed_before_its_event_is_named_when_it_is_open_again() {
    let mut table = table(Fake::default());
    let raw = raw(3, 7, (8 << 20 | 1) << 32 | 5, 42);
    let mut name = [0; NAME_BYTES];
    name[..4].copy_from_slice(b"lock");
    table.file(&FileEvent {
        header: Header::default(),
        resource: raw,
        pid: 10,
        mode: 0o100_644,
        magic: 0xef53,
        name,
    });
    assert_eq!(table.take_rows()[0].path, "lock");
    let id = table.id(&raw, Pid(10), Nanos(1));
    assert!(table.take_rows().is_empty());
    let open = OpenFile {
        device: 8 << 20 | 1,
        inode: 42,
        mode: 0o100_644,
        path: "/data/lock".to_owned(),
    };
    table.look = Box::new(Fake {
        open: HashMap::from([((Pid(10), 7), open)]),
        ..Fake::default()
    });
    assert_eq!(table.id(&raw, Pid(10), Nanos(2)), id);
    let rows = table.take_rows();
    assert_eq!(
        (rows.len(), rows[0].path.as_str(), rows[0].end),
        (1, "/data/lock", Nanos(2))
    );
    table.id(&raw, Pid(10), Nanos(3));
    assert!(table.take_rows().is_empty());
}

#[test]
fn both_ends_watched_know_each_other_without_a_table() {
    let mut table = table(Fake::default());
    table.socket(&connection(socket_role::CLIENT));
    let mut accepted = connection(socket_role::SERVER);
    accepted.pid = 50;
    accepted.resource.b = 2000;
    std::mem::swap(&mut accepted.local_port, &mut accepted.remote_port);
    table.socket(&accepted);
    table.learn(Nanos(60_000_000));
    let rows = latest(table.take_rows());
    let by_inode = |inode| rows.values().find(|row| row.inode == inode).expect("a row");
    assert_eq!(
        (by_inode(1000).peer_inode, by_inode(1000).peer_pid),
        (2000, Pid(50))
    );
    assert_eq!(
        (by_inode(2000).peer_inode, by_inode(2000).peer_pid),
        (1000, Pid(10))
    );
}

#[test]
fn a_unix_server_that_is_known_names_a_socket_that_is_gone() {
    let mut fake = Fake::default();
    let unix = "h\n0: 2 0 00010000 0001 01 3000 /run/app.sock\n";
    fake.tables
        .insert(Pid(10), Sockets::parse(b"h\n", b"", unix.as_bytes()));
    fake.fds.insert(Pid(50), (4000, vec![3000]));
    let mut table = table(fake);
    let mut accepted = connection(socket_role::SERVER);
    accepted.family = 1;
    accepted.pid = 50;
    accepted.resource.b = 2000;
    table.socket(&accepted);
    let mut event = connection(socket_role::CLIENT);
    event.family = 1;
    event.peer_inode = 2000;
    table.socket(&event);
    for step in 1..20 {
        table.learn(Nanos(100 + step * 300_000_000));
    }
    let rows = latest(table.take_rows());
    let row = rows.values().find(|row| row.inode == 1000).expect("a row");
    assert_eq!(
        (row.peer_pid, row.path.as_str()),
        (Pid(50), "/run/app.sock")
    );
}
