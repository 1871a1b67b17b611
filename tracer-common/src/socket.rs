//! A socket met for the first time, or met again once it is connected.

use crate::{Header, RawResource, assert_size};

/// Which end of its connection a socket is ([`SocketEvent::role`]).
pub mod socket_role {
    /// Not seen: it was there before the probes.
    pub const UNKNOWN: u32 = 0;
    /// It called `connect`.
    pub const CLIENT: u32 = 1;
    /// It came out of `accept`.
    pub const SERVER: u32 = 2;
    /// It listens.
    pub const LISTENER: u32 = 3;
}

/// Both ends of a socket. Addresses are in network byte order; IPv4 in the first four bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct SocketEvent {
    /// Kind [`crate::EventKind::Socket`].
    pub header: Header,
    /// Identity and the fd it was named by.
    pub resource: RawResource,
    /// Process that used it.
    pub pid: u32,
    /// A constant of [`socket_role`].
    pub role: u32,
    /// Address family (`AF_INET`, `AF_INET6`, `AF_UNIX`, ...).
    pub family: u16,
    /// `sk_type` (`SOCK_STREAM`, ...).
    pub sock_type: u16,
    /// Local port, host byte order.
    pub local_port: u16,
    /// Remote port, host byte order.
    pub remote_port: u16,
    /// Local address.
    pub local: [u8; 16],
    /// Remote address.
    pub remote: [u8; 16],
    /// For a Unix socket the inode of the peer's socket where there is one, else 0.
    pub peer_inode: u64,
    /// Inode of the network namespace (`/proc/PID/ns/net`).
    pub netns: u64,
}
assert_size!(SocketEvent, 104);
