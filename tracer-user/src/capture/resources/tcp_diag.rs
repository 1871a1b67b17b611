//! TCP connections as the kernel's `sock_diag` tells of them, with when each last sent and last received.
//!
//! A connection that sent after it received waits for a reply; of a server, which then waits for its next request. Which end it
//! is, the listening sockets tell. Asked for in the network namespace of the process that is looked at. One question, and two
//! attributes of the answers, are all that is needed, which takes less code than the netlink crates take dependencies.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;

use tracer_common::{Header, RawResource, ResourceTag, SocketEvent, socket_role};

use super::sock_diag::{self, BY_FAMILY};
use crate::row::{Nanos, Pid};

/// `NLM_F_REQUEST`, the same with `NLM_F_DUMP`, `NLMSG_DONE`, `NLMSG_ERROR` (include/uapi/linux/netlink.h).
pub(super) const ONE: u16 = 1;
const DUMP: u16 = 0x301;
const DONE: u16 = 3;
const ERROR: u16 = 2;
/// `TCP_ESTABLISHED`, `TCP_LISTEN` (include/net/tcp_states.h).
pub(super) const ESTABLISHED: u8 = 1;
const LISTEN: u8 = 10;
/// `INET_DIAG_INFO` (include/uapi/linux/inet_diag.h).
const INFO: u16 = 2;
/// Sizes of `struct nlmsghdr`, `struct inet_diag_msg`, and offsets in the latter.
const HEADER: usize = 16;
const MESSAGE: usize = 72;
pub(super) const STATE: usize = 1;
const PORTS: usize = 4;
const ADDRESSES: usize = 8;
const UNREAD: usize = 56;
pub(super) const UNSENT: usize = 60;
const INODE: usize = 68;
/// Offsets of `tcpi_last_data_sent` and `tcpi_last_data_recv`, ms, in `struct tcp_info` (include/uapi/linux/tcp.h).
const LAST_SENT: usize = 44;
const LAST_RECEIVED: usize = 52;
/// Offsets of `tcpi_bytes_received` and `tcpi_data_segs_out`.
const BYTES_RECEIVED: usize = 128;
const SEGMENTS_SENT: usize = 156;
/// Offsets of `tcpi_total_retrans` and `tcpi_segs_out`.
const RETRANSMITTED: usize = 100;
const SEGMENTS: usize = 136;
const FAMILIES: [i32; 2] = [libc::AF_INET, libc::AF_INET6];
/// Most bytes of answers that are read.
const MOST: usize = 16 << 20;
/// More than one answer takes.
const ANSWER: usize = 4096;

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) inode: u64,
    pub(super) is_v6: bool,
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    /// Its own end is where a server listens.
    pub(super) is_server: bool,
    /// How long ago it sent what it has had no answer to; `None`: it has had one, or it has sent nothing.
    pub(super) waits_for: Option<Nanos>,
    pub(super) counts: TcpCounts,
}

/// What TCP has counted of a connection since that was made; 0 where the kernel does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TcpCounts {
    pub(super) segments: u64,
    /// Of them, those that were sent again.
    pub(super) retransmitted: u64,
}

impl TcpCounts {
    fn of(info: &[u8]) -> Self {
        let word = |at: usize| {
            let bytes = info.get(at..).and_then(<[u8]>::first_chunk);
            bytes.map_or(0, |bytes| u64::from(u32::from_ne_bytes(*bytes)))
        };
        Self {
            segments: word(SEGMENTS),
            retransmitted: word(RETRANSMITTED),
        }
    }
}

impl Connection {
    /// What the kernel side would tell of it, if process `pid` used it now.
    pub(super) fn event(&self, pid: Pid, netns: u64, at: Nanos) -> SocketEvent {
        let bytes = |end: SocketAddr| match end.ip() {
            IpAddr::V4(ip) => {
                let mut bytes = [0; 16];
                bytes[..4].copy_from_slice(&ip.octets());
                bytes
            }
            IpAddr::V6(ip) => ip.octets(),
        };
        let family = if self.is_v6 {
            libc::AF_INET6
        } else {
            libc::AF_INET
        };
        SocketEvent {
            header: Header {
                end: at.0,
                ..Header::default()
            },
            resource: RawResource {
                tag: ResourceTag::Socket as u32,
                fd: -1,
                a: 0,
                b: self.inode,
            },
            pid: pid.0,
            role: if self.is_server {
                socket_role::SERVER
            } else {
                socket_role::CLIENT
            },
            family: u16::try_from(family).unwrap_or_default(),
            sock_type: u16::try_from(libc::SOCK_STREAM).unwrap_or_default(),
            local_port: self.local.port(),
            remote_port: self.remote.port(),
            local: bytes(self.local),
            remote: bytes(self.remote),
            peer_inode: 0,
            netns,
        }
    }
}

/// The established connections of the network namespace that a process is in; empty: it is gone, or the kernel does not tell.
pub(super) fn connections(pid: Pid) -> Vec<Connection> {
    let asks = || -> io::Result<Vec<Connection>> {
        let fd = sock_diag::open()?;
        let mut all = Vec::new();
        for family in FAMILIES {
            all.extend(parse(&dump(&fd, family, 1 << ESTABLISHED | 1 << LISTEN)?));
        }
        Ok(of_ends(all))
    };
    in_namespace_of(pid, asks).unwrap_or_default()
}

/// Asks in the network namespace that a process is in; `None`: the process is gone, or it cannot be asked there.
pub(super) fn in_namespace_of<T: Send + 'static>(
    pid: Pid,
    asks: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Option<T> {
    let namespace = File::open(format!("/proc/{pid}/ns/net")).ok()?;
    // A thread of its own goes into that namespace, and ends there.
    let goes = move || -> io::Result<T> {
        // Going where one is already takes rights too.
        let is_elsewhere = !is_own(&namespace);
        // SAFETY: `setns` takes an fd that is open and a number; it concerns this thread alone.
        if is_elsewhere && unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } < 0 {
            return Err(io::Error::last_os_error());
        }
        asks()
    };
    let thread = std::thread::Builder::new().name("holdup-sockets".to_owned());
    match thread.spawn(goes).map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(all))) => Some(all),
        Ok(Ok(Err(error))) => {
            tracing::debug!("sockets of process {pid}: {error}");
            None
        }
        Ok(Err(_)) | Err(_) => None,
    }
}

/// Whether a namespace is that of this thread.
fn is_own(namespace: &File) -> bool {
    let number = |meta: io::Result<std::fs::Metadata>| meta.ok().map(|meta| meta.ino());
    let own = number(std::fs::metadata("/proc/thread-self/ns/net"));
    own.is_some() && own == number(namespace.metadata())
}

/// All answers to a question for the sockets of a family in some states, each a bit. `fd` answers for the namespace it was made in.
fn dump(fd: &OwnedFd, family: i32, states: u32) -> io::Result<Vec<u8>> {
    ask(
        fd,
        &request(u8::try_from(family).unwrap_or_default(), states),
    )
}

/// All answers to a question.
pub(super) fn ask(fd: &OwnedFd, request: &[u8]) -> io::Result<Vec<u8>> {
    // SAFETY: the kernel reads `request`, which outlives the call, within its length.
    if unsafe { libc::send(fd.as_raw_fd(), request.as_ptr().cast(), request.len(), 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let is_for_one = is_for_one(request);
    let room = if is_for_one { ANSWER } else { 1 << 16 };
    let (mut all, mut part) = (Vec::new(), vec![0u8; room]);
    while all.len() < MOST {
        // SAFETY: the kernel writes `part` within its length. It answers a dump as it is read, and does not let us wait.
        let len = unsafe {
            libc::recv(
                fd.as_raw_fd(),
                part.as_mut_ptr().cast(),
                part.len(),
                libc::MSG_DONTWAIT,
            )
        };
        let Ok(len) = usize::try_from(len) else {
            return Err(io::Error::last_os_error());
        };
        let Some(answers) = part.get(..len).filter(|answers| !answers.is_empty()) else {
            break;
        };
        all.extend_from_slice(answers);
        // To a question for one socket there is one answer.
        let is_last = |(kind, _): (u16, &[u8])| kind == DONE || kind == ERROR;
        if is_for_one || messages(answers).any(is_last) {
            break;
        }
    }
    Ok(all)
}

/// `struct nlmsghdr`, then `struct inet_diag_req_v2`: all sockets in these states, with their `tcp_info` where any is connected.
fn request(family: u8, states: u32) -> Vec<u8> {
    let is_of_listeners = states == 1 << LISTEN;
    let mut bytes = request_head(family, DUMP, !is_of_listeners);
    bytes.extend(states.to_ne_bytes());
    bytes.extend([0; 48]);
    bytes
}

/// The beginning of a question, up to the states of the sockets.
pub(super) fn request_head(family: u8, flags: u16, with_info: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(72);
    bytes.extend(72u32.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend([0; 8]);
    let info = u8::from(with_info) << (INFO - 1);
    bytes.extend([family, libc::IPPROTO_TCP as u8, info, 0]);
    bytes
}

fn is_for_one(request: &[u8]) -> bool {
    request.get(6..8) == Some(&ONE.to_ne_bytes())
}

/// The messages in answers: their kind and what they hold.
pub(super) fn messages(answers: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = answers;
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*rest.first_chunk()?) as usize;
        let kind = u16::from_ne_bytes(*rest.get(4..)?.first_chunk()?);
        let body = rest.get(HEADER..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, body))
    })
}

/// A socket in an answer, and whether it listens.
fn parse(answers: &[u8]) -> Vec<(Connection, bool)> {
    let sockets = messages(answers).filter(|(kind, _)| *kind == BY_FAMILY);
    sockets.filter_map(|(_, body)| socket(body)).collect()
}

fn socket(body: &[u8]) -> Option<(Connection, bool)> {
    let word = |bytes: &[u8], at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
    let is_unread = word(body, UNREAD)? > 0;
    let info = info(body);
    let waits_for = info.and_then(|info| {
        let (sent, received) = (word(info, LAST_SENT)?, word(info, LAST_RECEIVED)?);
        // Until something has come, it last received when it was made, which may be in the tick in which it sent.
        let is_first = word(info, BYTES_RECEIVED) == Some(0)
            && word(info, BYTES_RECEIVED + 4) == Some(0)
            && word(info, SEGMENTS_SENT).is_some_and(|sent| sent > 0);
        let waits = (sent < received || is_first) && !is_unread;
        waits.then(|| Nanos(u64::from(sent) * 1_000_000))
    });
    let connection = Connection {
        inode: u64::from(word(body, INODE)?),
        is_v6: is_v6(body),
        local: end(body, 0)?,
        remote: end(body, 1)?,
        is_server: false,
        waits_for,
        counts: info.map(TcpCounts::of).unwrap_or_default(),
    };
    Some((connection, *body.get(STATE)? == LISTEN))
}

fn is_v6(body: &[u8]) -> bool {
    body.first()
        .is_some_and(|family| i32::from(*family) == libc::AF_INET6)
}

/// The own end of a socket (0), or the other (1).
fn end(body: &[u8], which: usize) -> Option<SocketAddr> {
    let port = u16::from_be_bytes(*body.get(PORTS + 2 * which..)?.first_chunk()?);
    let bytes: [u8; 16] = *body.get(ADDRESSES + 16 * which..)?.first_chunk()?;
    let address: IpAddr = if is_v6(body) {
        Ipv6Addr::from(bytes).into()
    } else {
        Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).into()
    };
    Some(SocketAddr::new(address, port))
}

/// A listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listening {
    pub(super) inode: u64,
    pub(super) local: SocketAddr,
    /// Connections that nobody has accepted yet: `sk_ack_backlog` (`tcp_diag_get_info`, net/ipv4/tcp_diag.c, v6.1 to v6.18).
    pub(super) waiting: u32,
    /// How many may wait: `sk_max_ack_backlog`, what `listen` was given, and at most `net.core.somaxconn`.
    pub(super) backlog: u32,
}

impl Listening {
    /// How many more wait than may; below 0 there is room.
    pub(super) fn fullness(&self) -> i64 {
        i64::from(self.waiting) - i64::from(self.backlog)
    }
}

/// The sockets that listen in the namespace that `fd` answers for.
pub(super) fn listening(fd: &OwnedFd) -> io::Result<Vec<Listening>> {
    let mut all = Vec::new();
    for family in FAMILIES {
        let answers = dump(fd, family, 1 << LISTEN)?;
        let sockets = messages(&answers).filter(|(kind, _)| *kind == BY_FAMILY);
        all.extend(sockets.filter_map(|(_, body)| listener(body)));
    }
    Ok(all)
}

fn listener(body: &[u8]) -> Option<Listening> {
    let word = |at: usize| Some(u32::from_ne_bytes(*body.get(at..)?.first_chunk()?));
    Some(Listening {
        inode: u64::from(word(INODE)?),
        local: end(body, 0)?,
        waiting: word(UNREAD)?,
        backlog: word(UNSENT)?,
    })
}

/// The attribute `INET_DIAG_INFO`: attributes are (length, type, value).
pub(super) fn info(body: &[u8]) -> Option<&[u8]> {
    let mut at = MESSAGE;
    loop {
        let short = |at: usize| Some(u16::from_ne_bytes(*body.get(at..)?.first_chunk()?));
        let length = usize::from(short(at)?);
        if length < 4 {
            return None;
        }
        if short(at + 2)? == INFO {
            return body.get(at + 4..at + length);
        }
        at += length.next_multiple_of(4);
    }
}

/// The connections, each with the end it is.
fn of_ends(all: Vec<(Connection, bool)>) -> Vec<Connection> {
    let listening = all.iter().filter(|(_, listens)| *listens);
    let ports: HashSet<u16> = listening.map(|(socket, _)| socket.local.port()).collect();
    all.into_iter()
        .filter(|(_, listens)| !listens)
        .map(|(socket, _)| Connection {
            is_server: ports.contains(&socket.local.port()),
            ..socket
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::{Connection, TcpCounts, connections, info, messages, parse};
    use crate::capture::resources::Table;
    use crate::capture::resources::tests::Fake;
    use crate::row::{Nanos, Pid, SocketRole};

    #[test]
    fn who_has_asked_and_had_no_answer_waits() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("bound");
        let mut client = TcpStream::connect(at).expect("connects");
        let (mut server, _) = listener.accept().expect("a client");
        let own = client.local_addr().expect("bound");
        let find = || {
            let all = connections(Pid(std::process::id()));
            let client = all.iter().find(|one| one.local == own).copied();
            let server = all.iter().find(|one| one.remote == own).copied();
            (client, server)
        };
        assert_eq!(
            find().0.and_then(|one| one.waits_for),
            None,
            "it has sent nothing"
        );
        let mut byte = [0];
        // The kernel counts in milliseconds, or in ticks.
        let pause = || std::thread::sleep(Duration::from_millis(30));
        pause();
        client.write_all(b"q").expect("sends");
        server.read_exact(&mut byte).expect("receives");
        pause();
        let (Some(asking), Some(asked)) = find() else {
            panic!("this kernel does not tell of its connections: it has no tcp_diag");
        };
        assert!(
            asking.waits_for.is_some_and(|ago| ago >= Nanos(20_000_000)),
            "{asking:?}"
        );
        assert_eq!((asking.is_server, asked.is_server), (false, true));
        server.write_all(b"a").expect("sends");
        pause();
        let (answered, _) = find();
        assert_eq!(
            answered.and_then(|one| one.waits_for),
            None,
            "its reply is there, unread"
        );
        client.read_exact(&mut byte).expect("receives");
        let (answered, _) = find();
        assert_eq!(answered.and_then(|one| one.waits_for), None);
    }

    /// Within one tick of the clock, by which the kernel notes when data came and went.
    #[test]
    fn who_has_asked_at_once_waits_too() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("bound");
        for _ in 0..50 {
            let mut client = TcpStream::connect(at).expect("connects");
            client.write_all(b"q").expect("sends");
            let own = client.local_addr().expect("bound");
            let all = connections(Pid(std::process::id()));
            let client = all.iter().find(|one| one.local == own);
            assert!(
                client.is_some_and(|one| one.waits_for.is_some()),
                "{client:?}"
            );
        }
    }

    #[test]
    fn answers_that_make_no_sense_are_passed_over() {
        for len in 0..200 {
            let bytes: Vec<u8> = (0..len).map(|at| (at * 37 + 11) as u8).collect();
            let _ = (parse(&bytes), info(&bytes));
            let mut long = vec![0xff; 4];
            long.extend(&bytes);
            assert_eq!(messages(&long).count(), 0);
        }
    }

    #[test]
    fn requests_under_way_are_those_of_clients_that_wait() {
        let connection = |inode, is_server, waits_for| Connection {
            inode,
            is_v6: false,
            local: ([127, 0, 0, 1], 40_000).into(),
            remote: ([127, 0, 0, 1], 8123).into(),
            is_server,
            waits_for,
            counts: TcpCounts::default(),
        };
        let fake = Fake {
            fds: [(Pid(7), (1, vec![100, 101, 102, 103]))].into(),
            connections: vec![
                connection(100, false, Some(Nanos(70))),
                connection(101, false, None),
                connection(102, true, Some(Nanos(20))),
                // Of another process.
                connection(999, false, Some(Nanos(10))),
            ],
            ..Fake::default()
        };
        let mut table = Table::with(Box::new(fake));
        let found = table.under_way(&[Pid(7)], Nanos(1_000));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].end, found[0].pid), (Nanos(1_000), Pid(7)));
        // The kernel was asked a moment later.
        assert!(found[0].asked >= Nanos(930), "{found:?}");
        let rows = table.take_rows();
        let row = rows
            .iter()
            .rfind(|row| row.id == found[0].resource)
            .expect("a row");
        assert_eq!(
            (row.remote.as_str(), row.role),
            ("127.0.0.1:8123", SocketRole::Client)
        );
    }
}
