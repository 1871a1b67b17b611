//! How full the queues of listening sockets are in which connections wait until they are accepted.
//!
//! In: the network namespace of a process. Out: of each listener how often it was looked at, and how often its queue had no room; and how
//! many connections the namespace's listeners dropped while a window was open. Looks are samples: a queue that is full for a moment may
//! be missed, what it dropped is counted. Targets in another namespace than the first of them are not told of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use super::look::{Look as _, Proc};
use super::tcp_diag::{Listening, in_namespace_of, listening};
use super::{address, sock_diag};
use crate::row::{Listener, Nanos, Pid};

/// Time between two looks: one takes some tens of microseconds of a CPU.
const EVERY: Nanos = Nanos(250_000_000);
/// Most listeners that are kept.
const MOST: usize = 1024;

/// What the listeners of a namespace dropped since the host came up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Dropped {
    /// `ListenOverflows`: the queue was full.
    overflows: u64,
    /// `ListenDrops`: for whatever reason.
    drops: u64,
}

/// The listeners of one namespace.
#[derive(Debug, Default)]
pub struct Listeners {
    /// A process in the namespace.
    pid: Pid,
    fd: Option<OwnedFd>,
    seen: BTreeMap<SocketAddr, Listener>,
    /// The latest socket at each address.
    sockets: BTreeMap<SocketAddr, u64>,
    looked: Option<Nanos>,
    /// As the present window opened.
    before: Option<Dropped>,
    dropped: Option<Dropped>,
}

impl Listeners {
    /// The listeners of the namespace that `pid` is in; nothing is told of them where that may not be asked.
    #[must_use]
    pub fn of(pid: Pid) -> Self {
        Self {
            pid,
            fd: in_namespace_of(pid, sock_diag::open),
            ..Self::default()
        }
    }

    /// A window opens.
    pub fn open(&mut self) {
        self.before = dropped(self.pid);
    }

    /// The window closes.
    pub fn close(&mut self) {
        let (Some(before), Some(now)) = (self.before.take(), dropped(self.pid)) else {
            return;
        };
        let sum = self.dropped.get_or_insert_default();
        sum.overflows += now.overflows.saturating_sub(before.overflows);
        sum.drops += now.drops.saturating_sub(before.drops);
    }

    /// Looks at them, when that is due.
    pub fn look(&mut self, now: Nanos) {
        let is_due = self.looked.is_none_or(|last| now.since(last) >= EVERY);
        let Some(fd) = self.fd.as_ref().filter(|_| is_due) else {
            return;
        };
        self.looked = Some(now);
        for listener in listening(fd).unwrap_or_default() {
            self.saw(listener);
        }
    }

    fn saw(&mut self, now: Listening) {
        if self.seen.len() >= MOST && !self.seen.contains_key(&now.local) {
            return;
        }
        let seen = self.seen.entry(now.local).or_insert_with(|| Listener {
            local: address::text(now.local),
            ..Listener::default()
        });
        self.sockets.insert(now.local, now.inode);
        seen.backlog = now.backlog;
        seen.looks += 1;
        // `sk_acceptq_is_full` (include/net/sock.h): there is room for one more than the backlog.
        seen.full += u32::from(now.waiting > now.backlog);
        seen.most = seen.most.max(now.waiting);
    }

    /// The listeners at these ports; where any had no room, with the processes that have them.
    #[must_use]
    pub fn at(&self, ports: &BTreeSet<u16>) -> Vec<Listener> {
        let is_wanted = |local: &SocketAddr| ports.contains(&local.port());
        let wanted = self.seen.iter().filter(|(local, _)| is_wanted(local));
        let mut wanted: BTreeMap<SocketAddr, Listener> = wanted
            .map(|(local, listener)| (*local, listener.clone()))
            .collect();
        let were_full = wanted.values().any(|listener| listener.full > 0)
            || self.dropped.is_some_and(|dropped| dropped.overflows > 0);
        if were_full && !wanted.is_empty() {
            let sockets = self.sockets.iter().filter(|(local, _)| is_wanted(local));
            let by_socket = sockets.map(|(local, socket)| (*socket, *local)).collect();
            for (local, (pid, process)) in held(&by_socket) {
                if let Some(listener) = wanted.get_mut(&local) {
                    (listener.pid, listener.process) = (pid, process);
                }
            }
        }
        wanted.into_values().collect()
    }

    /// Connections that were dropped while windows were open: since a queue was full, and in all.
    #[must_use]
    pub fn dropped(&self) -> Option<(u64, u64)> {
        self.dropped.map(|all| (all.overflows, all.drops))
    }
}

/// Who has these sockets: of several the one that came first, and not the init system, which keeps sockets for its services.
fn held(by_socket: &BTreeMap<u64, SocketAddr>) -> BTreeMap<SocketAddr, (Pid, String)> {
    let mut look = Proc::default();
    let mut held = BTreeMap::new();
    let mut all = look.processes();
    all.sort_unstable();
    for pid in all.into_iter().filter(|pid| *pid != Pid(1)) {
        let (_, open) = look.sockets_of(pid);
        for local in open.iter().filter_map(|socket| by_socket.get(socket)) {
            held.entry(*local).or_insert_with(|| (pid, look.name(pid)));
        }
    }
    held
}

/// What is counted in the namespace of a process.
fn dropped(pid: Pid) -> Option<Dropped> {
    parse(&fs::read_to_string(format!("/proc/{pid}/net/netstat")).ok()?)
}

/// `/proc/net/netstat`: a line of names, and one of numbers in their order, each after the name of their group.
fn parse(netstat: &str) -> Option<Dropped> {
    let mut lines = netstat
        .lines()
        .filter_map(|line| line.strip_prefix("TcpExt: "));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let find = |wanted: &str| {
        let mut pairs = names.split(' ').zip(numbers.split(' '));
        let (_, number) = pairs.find(|(name, _)| *name == wanted)?;
        number.parse().ok()
    };
    Some(Dropped {
        overflows: find("ListenOverflows")?,
        drops: find("ListenDrops")?,
    })
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;
    use std::time::Duration;

    use super::*;

    /// A listener whose queue has room for one connection, and what holdup says of it after so many came that nobody accepts.
    fn seen(connections: usize) -> Listener {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        // SAFETY: two numbers, one of them a socket that is open; a listening one takes another backlog.
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let at = listener.local_addr().expect("bound");
        let connect = |_| TcpStream::connect_timeout(&at, Duration::from_millis(50));
        let _made: Vec<_> = (0..connections).map(connect).collect();
        let mut all = Listeners::of(Pid(std::process::id()));
        all.look(Nanos(1));
        // Not due yet.
        all.look(Nanos(2));
        let mut found = all.at(&[at.port()].into());
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    #[test]
    fn a_full_queue_is_told_from_one_with_room() {
        let (idle, full) = (seen(0), seen(2));
        assert_eq!((idle.looks, idle.full, idle.most), (1, 0, 0), "{idle:?}");
        assert_eq!((full.looks, full.full, full.most), (1, 1, 1), "{full:?}");
        assert_eq!(full.backlog, 0);
        assert_eq!(full.pid, Pid(std::process::id()));
        assert!(!full.process.is_empty(), "{full:?}");
    }

    #[test]
    fn what_is_dropped_for_want_of_room_is_counted_within_windows() {
        let mut all = Listeners::of(Pid(std::process::id()));
        assert_eq!(all.dropped(), None);
        all.open();
        let _full = seen(3);
        all.close();
        let (overflows, drops) = all.dropped().expect("counted");
        assert!(overflows > 0 && drops >= overflows, "{overflows} {drops}");
    }

    #[test]
    fn figures_are_found_by_their_names() {
        let text = "TcpExt: SyncookiesSent ListenOverflows ListenDrops X\nTcpExt: 1 22 333 4\nIpExt: A\nIpExt: 5\n";
        let expect = Dropped {
            overflows: 22,
            drops: 333,
        };
        assert_eq!(parse(text), Some(expect));
        assert_eq!(parse("TcpExt: ListenOverflows\nTcpExt: x\n"), None);
        assert_eq!(parse(""), None);
    }
}
