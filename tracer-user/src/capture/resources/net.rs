//! The sockets of one network namespace, as `/proc/PID/net` lists them.
//!
//! In: the bytes of the tables. Out: the sockets by inode and by address. A table of internet sockets that makes no sense counts as
//! empty, a line of Unix sockets as absent. Unix sockets are parsed here, since the crate procfs (0.18) does not tell which of them
//! listen, cuts paths at blanks, and gives up the whole table for one path that is no UTF-8.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use procfs::net::{TcpNetEntries, TcpNetEntry, TcpState};
use procfs::{ExplicitSystemInfo, FromBufReadSI as _};

/// An internet socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) listens: bool,
    pub(super) v6: bool,
}

/// A Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnixEntry {
    pub(super) listens: bool,
    /// The path it is bound to, empty when it is not bound. `@` stands for the 0 of an abstract name.
    pub(super) path: String,
}

/// All sockets at one moment. Addresses are canonical: IPv4 inside IPv6 is IPv4.
#[derive(Clone, Debug, Default)]
pub(super) struct Sockets {
    pub(super) by_inode: HashMap<u64, Entry>,
    pub(super) unix: HashMap<u64, UnixEntry>,
    connected: HashMap<(SocketAddr, SocketAddr), u64>,
    listening: HashMap<u16, Vec<(IpAddr, u64)>>,
}

impl Sockets {
    /// Parses the tables `tcp`, `tcp6` and `unix`.
    pub(super) fn parse(tcp: &[u8], tcp6: &[u8], unix: &[u8]) -> Self {
        let mut all = Self::default();
        for (table, v6) in [(tcp, false), (tcp6, true)] {
            for socket in internet(table) {
                all.add(socket.inode, Entry::of(&socket, v6));
            }
        }
        let unix = String::from_utf8_lossy(unix);
        all.unix = unix.lines().skip(1).filter_map(unix_line).collect();
        all
    }

    fn add(&mut self, inode: u64, entry: Entry) {
        if entry.listens {
            self.listening
                .entry(entry.local.port())
                .or_default()
                .push((entry.local.ip(), inode));
        } else if inode != 0 {
            self.connected.insert((entry.local, entry.remote), inode);
        }
        if inode != 0 {
            self.by_inode.insert(inode, entry);
        }
    }

    /// The socket at the other end of the one from `local` to `remote`.
    pub(super) fn peer(&self, local: SocketAddr, remote: SocketAddr) -> Option<u64> {
        self.connected.get(&(remote, local)).copied()
    }

    /// The socket that listens at `end`, for that address or for all.
    pub(super) fn listener(&self, end: SocketAddr) -> Option<u64> {
        let all = self.listening.get(&end.port())?;
        let exact = all.iter().find(|(ip, _)| *ip == end.ip());
        exact
            .or_else(|| all.iter().find(|(ip, _)| ip.is_unspecified()))
            .map(|(_, inode)| *inode)
    }
}

/// The sockets of `tcp` or `tcp6`.
fn internet(table: &[u8]) -> Vec<TcpNetEntry> {
    // Of the machine, only the byte order of addresses matters here.
    let machine = ExplicitSystemInfo {
        boot_time_secs: 0,
        ticks_per_second: 0,
        page_size: 0,
        is_little_endian: cfg!(target_endian = "little"),
    };
    TcpNetEntries::from_buf_read(table, &machine).map_or_else(|_| Vec::new(), |all| all.0)
}

impl Entry {
    fn of(socket: &TcpNetEntry, v6: bool) -> Self {
        let canonical = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
        Self {
            local: canonical(socket.local_address),
            remote: canonical(socket.remote_address),
            listens: socket.state == TcpState::Listen,
            v6,
        }
    }
}

/// Parses `Num RefCount Protocol Flags Type St Inode Path` (proc(5)). A path may hold blanks.
fn unix_line(line: &str) -> Option<(u64, UnixEntry)> {
    /// `__SO_ACCEPTCON`, include/uapi/linux/net.h.
    const LISTENS: u32 = 1 << 16;
    let mut rest = line;
    let mut field = || {
        let trimmed = rest.trim_start();
        let (field, after) = trimmed.split_once(' ').unwrap_or((trimmed, ""));
        rest = after;
        field
    };
    let flags = (0..4).map(|_| field()).last()?;
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let inode = (0..3)
        .map(|_| field())
        .last()?
        .parse()
        .ok()
        .filter(|inode| *inode != 0)?;
    Some((
        inode,
        UnixEntry {
            listens: flags & LISTENS != 0,
            path: rest.to_owned(),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::{Sockets, UnixEntry};

    /// Lines of `/proc/net/tcp`, `tcp6` and `unix` of a Linux 6.18 host: a web server with one connection, one that waits out
    /// its end, a server at all addresses with a client by IPv4, and two Unix servers.
    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1FBB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 140080 1 0000000004b9af99 100 0 0 10 0
   2: 0100007F:1FBB 0100007F:829E 01 00000000:00000000 00:00000000 00000000     0        0 140115 3 00000000cc623e6e 20 4 29 14 -1
   7: 0100007F:829E 0100007F:1FBB 01 00000048:00000000 01:00000010 00000000     0        0 140111 2 0000000032436e52 20 4 25 13 -1
   2: 0100007F:828E 0100007F:1FBB 06 00000000:00000000 03:00000D74 00000000     0        0 0 3 000000000238c19c
   5: 0100007F:8FAC 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 142390 2 0000000033414562 22 0 0 10 -1
";
    const TCP6: &str = "\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 142389 1 00
   1: 00000000000000000000000001000000:9244 00000000000000000000000001000000:1F90 06 00000000:00000000 03:0000176C 00000000     0        0 0 3 0000000
   2: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:8FAC 01 00000000:00000000 00:00000000 00000000     0        0 142391 1 00
";
    const UNIX: &str = "\
Num       RefCount Protocol Flags    Type St Inode Path
000000009118f50e: 00000003 00000000 00000000 0001 03   559
0000000013eb8394: 00000002 00000000 00010000 0001 01 142394 /run/my app.sock
000000008f447764: 00000003 00000000 00000000 0001 03 142397 /run/my app.sock
00000000d04fc69e: 00000002 00000000 00010000 0001 01 142395 @abstract
";

    #[test]
    fn both_ends_and_listeners() {
        let all = Sockets::parse(TCP.as_bytes(), TCP6.as_bytes(), UNIX.as_bytes());
        let end = |text: &str| text.parse().expect("an address");
        assert_eq!(
            all.peer(end("127.0.0.1:33438"), end("127.0.0.1:8123")),
            Some(140_115)
        );
        assert_eq!(
            all.peer(end("127.0.0.1:8123"), end("127.0.0.1:33438")),
            Some(140_111)
        );
        assert_eq!(
            all.peer(end("127.0.0.1:8123"), end("127.0.0.1:33422")),
            None,
            "nobody's"
        );
        assert_eq!(
            all.peer(end("127.0.0.1:36780"), end("127.0.0.1:8080")),
            Some(142_391),
            "across families"
        );
        assert_eq!(all.listener(end("127.0.0.1:8123")), Some(140_080));
        assert_eq!(all.listener(end("127.0.0.2:8123")), None);
        assert_eq!(all.listener(end("10.1.2.3:8080")), Some(142_389));
        assert_eq!(all.by_inode[&142_391].local, end("127.0.0.1:8080"));
    }

    #[test]
    fn unix_sockets() {
        let all = Sockets::parse(b"", b"", UNIX.as_bytes());
        let entry = |listens, path: &str| UnixEntry {
            listens,
            path: path.to_owned(),
        };
        assert_eq!(all.unix[&559], entry(false, ""));
        assert_eq!(all.unix[&142_394], entry(true, "/run/my app.sock"));
        assert_eq!(all.unix[&142_397], entry(false, "/run/my app.sock"));
        assert_eq!(all.unix[&142_395], entry(true, "@abstract"));
    }

    #[test]
    fn nonsense_is_left_out() {
        let nonsense: [(&[u8], &[u8]); 4] = [
            (b"h\n 0: zz:1 0:0 0A\n", b"h\nx\n"),
            (b"h\n\xff\n", b"h\n\xff\n1: 2 3 zz 5 6 7\n"),
            (b"h\n 1: 0100007F:zz 0:0", b"h"),
            (b"h\n0: 00:00", b""),
        ];
        for (internet, unix) in nonsense {
            let all = Sockets::parse(internet, internet, unix);
            assert!(all.by_inode.is_empty() && all.unix.is_empty());
        }
    }
}
