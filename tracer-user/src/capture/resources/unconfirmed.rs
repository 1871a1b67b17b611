//! What one TCP connection has sent that the other end has not confirmed yet, asked by its ends.
//!
//! The kernel finds it by a hash of them, which takes some microseconds however many connections there are.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;

use super::sock_diag::BY_FAMILY;
use super::tcp_diag::{ESTABLISHED, ONE, STATE, UNSENT, ask, info, messages, request_head};

/// Offsets of `tcpi_snd_mss`, `tcpi_notsent_bytes` and `tcpi_snd_wnd` (since 5.4; Linux commit 8f7baad7f035).
const SEGMENT: usize = 16;
/// Offsets of `tcpi_rtt` and `tcpi_min_rtt`, us.
const ROUND_TRIP: usize = 68;
const SHORTEST: usize = 148;
const NOT_SENT: usize = 144;
const WINDOW: usize = 228;
/// Offset of `cookie` in `struct inet_diag_sockid`, with which a question for one socket ends; all ones: any (`INET_DIAG_NOCOOKIE`).
const COOKIE: usize = 40;

/// What a connection has sent, or is to send, that the other end has not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unconfirmed {
    pub(super) bytes: u32,
    /// The other end has no room for more, and more there is.
    pub(super) is_refused: bool,
    /// Most bytes of a segment.
    pub(super) segment: u32,
    /// How long it takes of late until something is confirmed (`tcpi_rtt`), us; 0: not known.
    pub(super) round_trip: u32,
    /// The shortest of the latest five minutes (`tcpi_min_rtt`), us; 0 or all ones: not known.
    pub(super) shortest: u32,
}

/// What the connection from `local` to `remote` has unconfirmed, in the namespace that `fd` answers for; `None`: there is no such one.
pub(super) fn unconfirmed(
    fd: &OwnedFd,
    local: SocketAddr,
    remote: SocketAddr,
) -> io::Result<Option<Unconfirmed>> {
    let answers = ask(fd, &request_for(local, remote))?;
    let mut sockets = messages(&answers).filter(|(kind, _)| *kind == BY_FAMILY);
    Ok(sockets.find_map(|(_, body)| unconfirmed_of(body)))
}

fn unconfirmed_of(body: &[u8]) -> Option<Unconfirmed> {
    let word = |bytes: &[u8], at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
    // Where there is no such connection the kernel may find a socket that listens at its end.
    if *body.get(STATE)? != ESTABLISHED {
        return None;
    }
    let bytes = word(body, UNSENT)?;
    let info = info(body).unwrap_or_default();
    let is_refused = || {
        let (waits, window) = (word(info, NOT_SENT)?, word(info, WINDOW)?);
        let on_its_way = bytes.saturating_sub(waits);
        Some(waits > 0 && window < on_its_way.saturating_add(word(info, SEGMENT)?))
    };
    Some(Unconfirmed {
        bytes,
        is_refused: is_refused().unwrap_or(false),
        segment: word(info, SEGMENT).unwrap_or(0),
        round_trip: word(info, ROUND_TRIP).unwrap_or(0),
        shortest: word(info, SHORTEST).unwrap_or(0),
    })
}

/// `struct nlmsghdr`, then `struct inet_diag_req_v2`: one connection, by its ends, with its `tcp_info`.
fn request_for(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let is_v6 = local.is_ipv6() || remote.is_ipv6();
    let family = if is_v6 { libc::AF_INET6 } else { libc::AF_INET };
    let mut bytes = request_head(u8::try_from(family).unwrap_or_default(), ONE, true);
    bytes.extend((1u32 << ESTABLISHED).to_ne_bytes());
    let mut id = [0; 48];
    for (index, end) in [local, remote].into_iter().enumerate() {
        let octets = match end.ip() {
            IpAddr::V4(ip) if is_v6 => ip.to_ipv6_mapped().octets().to_vec(),
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        id[2 * index..][..2].copy_from_slice(&end.port().to_be_bytes());
        id[4 + 16 * index..][..octets.len()].copy_from_slice(&octets);
    }
    id[COOKIE..].fill(0xff);
    bytes.extend(id);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::super::sock_diag;
    use super::*;

    fn pair(address: &str) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(address).expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).expect("connects");
        let (server, _) = listener.accept().expect("a client");
        (client, server)
    }

    /// What `client` has unconfirmed.
    fn of(client: &TcpStream) -> Option<Unconfirmed> {
        let fd = sock_diag::open().expect("may be asked");
        let (local, remote) = (client.local_addr(), client.peer_addr());
        unconfirmed(&fd, local.expect("bound"), remote.expect("connected")).expect("answers")
    }

    #[test]
    fn what_nobody_reads_is_refused_and_what_is_read_is_confirmed() {
        let (mut client, mut server) = pair("127.0.0.1:0");
        let now = of(&client).expect("is there");
        assert_eq!((now.bytes, now.is_refused), (0, false));
        assert!(now.shortest <= now.round_trip, "{now:?}");
        client.set_nonblocking(true).expect("does not wait");
        let mut sent = 0;
        let much = [0; 1 << 16];
        while let Ok(len) = client.write(&much) {
            sent += len;
        }
        let full = of(&client).expect("is there");
        assert!(full.bytes > 0 && full.is_refused, "{full:?}");
        server.read_exact(&mut vec![0; sent]).expect("reads");
        assert!(
            of(&client).is_some_and(|now| !now.is_refused),
            "{:?}",
            of(&client)
        );
    }

    #[test]
    fn a_connection_that_is_not_there_has_nothing_though_one_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let fd = sock_diag::open().expect("may be asked");
        let (at, none) = (
            listener.local_addr().expect("bound"),
            SocketAddr::from(([127, 0, 0, 1], 1)),
        );
        for (local, remote) in [(none, at), (at, none)] {
            let found = unconfirmed(&fd, local, remote).expect("answers");
            assert_eq!(found, None, "{local} {remote}");
        }
    }

    #[test]
    fn answers_that_make_no_sense_are_passed_over() {
        for len in 0..300 {
            let bytes: Vec<u8> = (0..len).map(|at| (at * 37 + 11) as u8).collect();
            let _ = unconfirmed_of(&bytes);
        }
    }
}
