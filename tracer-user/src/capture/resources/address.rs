//! Sockets: both ends as text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tracer_common::{SocketEvent, socket_role};

use crate::row::{Resource, SocketRole};

/// The row of a socket that `event` tells of, with what the event alone says.
pub(super) fn row(bare: Resource, event: &SocketEvent) -> Resource {
    let ends = ends(event);
    Resource {
        role: match event.role {
            socket_role::CLIENT => SocketRole::Client,
            socket_role::SERVER => SocketRole::Server,
            socket_role::LISTENER => SocketRole::Listener,
            _ => SocketRole::Unknown,
        },
        family: family(event.family, event.sock_type).to_owned(),
        local: ends.map(|(local, _)| text(local)).unwrap_or_default(),
        remote: ends.map(|(_, remote)| text(remote)).unwrap_or_default(),
        peer_inode: event.peer_inode,
        ..bare
    }
}

/// Both ends of an internet socket; an end that is not bound or connected has port 0.
pub(super) fn ends(event: &SocketEvent) -> Option<(SocketAddr, SocketAddr)> {
    let address = |bytes: &[u8; 16]| -> Option<IpAddr> {
        match i32::from(event.family) {
            libc::AF_INET => Some(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]).into()),
            libc::AF_INET6 => Some(Ipv6Addr::from(*bytes).to_canonical()),
            _ => None,
        }
    };
    let local = SocketAddr::new(address(&event.local)?, event.local_port);
    Some((
        local,
        SocketAddr::new(address(&event.remote)?, event.remote_port),
    ))
}

/// `ip:port` or `[v6]:port`; empty for an end that is not there. IPv4 inside IPv6 reads as IPv4, so that both ends of a
/// connection bear the same name.
pub(super) fn text(end: SocketAddr) -> String {
    if end.port() == 0 {
        String::new()
    } else {
        SocketAddr::new(end.ip().to_canonical(), end.port()).to_string()
    }
}

fn family(family: u16, sock_type: u16) -> &'static str {
    let stream = i32::from(sock_type) == libc::SOCK_STREAM;
    let datagram = i32::from(sock_type) == libc::SOCK_DGRAM;
    match i32::from(family) {
        libc::AF_INET if stream => "tcp",
        libc::AF_INET if datagram => "udp",
        libc::AF_INET => "raw",
        libc::AF_INET6 if stream => "tcp6",
        libc::AF_INET6 if datagram => "udp6",
        libc::AF_INET6 => "raw6",
        libc::AF_UNIX => "unix",
        libc::AF_NETLINK => "netlink",
        libc::AF_PACKET => "packet",
        libc::AF_VSOCK => "vsock",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use tracer_common::{SocketEvent, socket_role};

    use super::row;
    use crate::row::{Resource, SocketRole};

    #[test]
    fn both_ends() {
        let mut event = SocketEvent {
            family: 2,
            sock_type: 1,
            role: socket_role::CLIENT,
            local_port: 40_332,
            remote_port: 8123,
            ..SocketEvent::default()
        };
        event.local[..4].copy_from_slice(&[127, 0, 0, 1]);
        event.remote[..4].copy_from_slice(&[127, 0, 0, 1]);
        let v4 = row(Resource::default(), &event);
        assert_eq!(
            (v4.local.as_str(), v4.remote.as_str()),
            ("127.0.0.1:40332", "127.0.0.1:8123")
        );
        assert_eq!((v4.family.as_str(), v4.role), ("tcp", SocketRole::Client));

        event.family = 10;
        event.remote = [0; 16];
        event.remote[15] = 1;
        event.local = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2];
        let v6 = row(Resource::default(), &event);
        assert_eq!(
            (v6.local.as_str(), v6.remote.as_str()),
            ("10.0.0.2:40332", "[::1]:8123")
        );
        assert_eq!(v6.family, "tcp6");
    }

    #[test]
    fn an_end_that_is_not_there_and_other_families() {
        let listener = SocketEvent {
            family: 2,
            sock_type: 1,
            role: 3,
            local_port: 80,
            ..SocketEvent::default()
        };
        let row_of = |event: &SocketEvent| row(Resource::default(), event);
        assert_eq!(
            (
                row_of(&listener).local.as_str(),
                row_of(&listener).remote.as_str()
            ),
            ("0.0.0.0:80", "")
        );
        let unix = SocketEvent {
            family: 1,
            sock_type: 1,
            peer_inode: 77,
            ..SocketEvent::default()
        };
        assert_eq!(
            (
                row_of(&unix).family.as_str(),
                row_of(&unix).local.as_str(),
                row_of(&unix).peer_inode
            ),
            ("unix", "", 77)
        );
    }
}
