//! How full the queues of listening sockets are in which connections wait until they are accepted.
//!
//! In: the network namespace of a process. Out: of each listener how often it was looked at, and how often its queue had no room; and how
//! many connections the namespace's listeners dropped while a window was open. Looks are samples: a queue that is full for a moment may
//! be missed, what it dropped is counted. Targets in another namespace than the first of them are not told of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _};
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
    fd: Option<OwnedFd>,
    /// What is counted in the namespace; an open file outlives the process it was opened by.
    netstat: Option<File>,
    seen: BTreeMap<SocketAddr, Seen>,
    looked: Option<Nanos>,
    /// As the present window opened.
    before: Option<Dropped>,
    dropped: Option<Dropped>,
}

/// One address, at which several sockets may listen.
#[derive(Debug, Default)]
struct Seen {
    listener: Listener,
    /// The socket that had no room latest, else any of them.
    socket: u64,
}

impl Listeners {
    /// The listeners of the namespace that `pid` is in; nothing is told of them where that may not be asked.
    #[must_use]
    pub fn of(pid: Pid) -> Self {
        Self {
            fd: in_namespace_of(pid, sock_diag::open),
            netstat: File::open(format!("/proc/{pid}/net/netstat")).ok(),
            ..Self::default()
        }
    }

    /// A window opens.
    pub fn open(&mut self) {
        self.before = self.count();
    }

    /// The window closes.
    pub fn close(&mut self) {
        let (Some(before), Some(now)) = (self.before.take(), self.count()) else {
            return;
        };
        let sum = self.dropped.get_or_insert_default();
        sum.overflows += now.overflows.saturating_sub(before.overflows);
        sum.drops += now.drops.saturating_sub(before.drops);
    }

    fn count(&mut self) -> Option<Dropped> {
        let file = self.netstat.as_mut()?;
        let mut text = String::new();
        file.rewind().ok()?;
        file.read_to_string(&mut text).ok()?;
        parse(&text)
    }

    /// Looks at those at these ports, when that is due.
    pub fn look(&mut self, ports: &BTreeSet<u16>, now: Nanos) {
        let is_due = self.looked.is_none_or(|last| now.since(last) >= EVERY);
        let Some(fd) = self.fd.as_ref().filter(|_| is_due && !ports.is_empty()) else {
            return;
        };
        self.looked = Some(now);
        let mut fullest: BTreeMap<SocketAddr, Listening> = BTreeMap::new();
        let all = listening(fd).unwrap_or_default();
        for socket in all {
            if ports.contains(&socket.local.port()) {
                let most = fullest.entry(socket.local).or_insert(socket);
                if socket.fullness() > most.fullness() {
                    *most = socket;
                }
            }
        }
        for (local, socket) in fullest {
            self.saw(local, socket);
        }
    }

    fn saw(&mut self, local: SocketAddr, now: Listening) {
        if self.seen.len() >= MOST && !self.seen.contains_key(&local) {
            return;
        }
        let Seen { listener, socket } = self.seen.entry(local).or_default();
        // `sk_acceptq_is_full` (include/net/sock.h): there is room for one more than the backlog.
        let is_full = now.waiting > now.backlog;
        if is_full || listener.full == 0 {
            (*socket, listener.backlog) = (now.inode, now.backlog);
        }
        listener.looks += 1;
        listener.full += u32::from(is_full);
        listener.most = listener.most.max(now.waiting);
    }

    /// All of them; where any had no room, with the processes that have them.
    #[must_use]
    pub fn all(&self) -> Vec<Listener> {
        let were_full = self.seen.values().any(|seen| seen.listener.full > 0)
            || self.dropped.is_some_and(|dropped| dropped.overflows > 0);
        let mut held = match were_full && !self.seen.is_empty() {
            true => held(
                &self
                    .seen
                    .iter()
                    .map(|(at, seen)| (seen.socket, *at))
                    .collect(),
            ),
            false => BTreeMap::new(),
        };
        let tell = |(at, seen): (&SocketAddr, &Seen)| {
            let (pid, process) = held.remove(at).unwrap_or_default();
            Listener {
                local: address::text(*at),
                pid,
                process,
                ..seen.listener.clone()
            }
        };
        self.seen.iter().map(tell).collect()
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
        all.look(&BTreeSet::new(), Nanos(1));
        assert!(all.all().is_empty(), "of no interest");
        let ports = [at.port()].into();
        all.look(&ports, Nanos(1));
        // Not due yet.
        all.look(&ports, Nanos(2));
        let mut found = all.all();
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
    fn of_several_sockets_at_one_address_the_fullest_counts() {
        let at: SocketAddr = ([127, 0, 0, 1], 80).into();
        let socket = |inode, waiting| Listening {
            inode,
            local: at,
            waiting,
            backlog: 4,
        };
        assert!(socket(1, 5).fullness() > socket(2, 3).fullness());
        let mut all = Listeners::default();
        for now in [socket(1, 5), socket(2, 3)] {
            all.saw(at, now);
        }
        let seen = &all.seen[&at];
        assert_eq!((seen.listener.looks, seen.listener.full), (2, 1));
        assert_eq!((seen.socket, seen.listener.most), (1, 5));
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
