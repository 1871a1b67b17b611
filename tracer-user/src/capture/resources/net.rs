//! The sockets of one network namespace, as `/proc/PID/net` lists them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A socket's line in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) listens: bool,
    pub(super) v6: bool,
}

/// A Unix socket's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnixEntry {
    pub(super) listens: bool,
    /// Empty: not bound. `@` stands for the 0 of an abstract name.
    pub(super) path: String,
}

/// All of them at one moment. Addresses are canonical: IPv4 inside IPv6 is IPv4.
#[derive(Clone, Debug, Default)]
pub(super) struct Sockets {
    pub(super) by_inode: HashMap<u64, Entry>,
    pub(super) unix: HashMap<u64, UnixEntry>,
    connected: HashMap<(SocketAddr, SocketAddr), u64>,
    listening: HashMap<u16, Vec<(IpAddr, u64)>>,
}

impl Sockets {
    /// The tables by their text (`tcp`, `tcp6`, `unix`); lines that make no sense are left out.
    pub(super) fn parse(tcp: &str, tcp6: &str, unix: &str) -> Self {
        let mut all = Self::default();
        for (text, v6) in [(tcp, false), (tcp6, true)] {
            for (inode, entry) in text.lines().skip(1).filter_map(|line| tcp_line(line, v6)) {
                all.add(inode, entry);
            }
        }
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

/// `sl local rem st tx:rx tr:when retrnsmt uid timeout inode ...` (Documentation/networking/proc_net_tcp.rst).
fn tcp_line(line: &str, v6: bool) -> Option<(u64, Entry)> {
    let mut fields = line.split_ascii_whitespace();
    let local = end(fields.nth(1)?)?;
    let remote = end(fields.next()?)?;
    // TCP_LISTEN, include/net/tcp_states.h.
    let listens = fields.next()? == "0A";
    let inode = fields.nth(5)?.parse().ok()?;
    Some((
        inode,
        Entry {
            local,
            remote,
            listens,
            v6,
        },
    ))
}

/// `0100007F:1F90`: each 32-bit word of the address in the machine's own byte order, the port as a number.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| {
        u32::from_str_radix(address.get(at..at + 8)?, 16)
            .ok()
            .map(u32::to_ne_bytes)
    };
    let ip: IpAddr = match address.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let mut bytes = [0; 16];
            for (at, four) in bytes.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(at * 8)?);
            }
            Ipv6Addr::from(bytes).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// `Num RefCount Protocol Flags Type St Inode Path` (proc(5)). A path may hold blanks.
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
        let all = Sockets::parse(TCP, TCP6, UNIX);
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
        let all = Sockets::parse("", "", UNIX);
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
        let all = Sockets::parse(
            "h\n 0: zz:1 0:0 0A\n\u{e9}\n 1: 0100007F:zz 0:0",
            "h\n0: 00:00",
            "h\nx\n1: 2 3 zz 5 6 7",
        );
        assert!(all.by_inode.is_empty() && all.unix.is_empty());
    }
}
