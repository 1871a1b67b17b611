//! Sockets met for the first time, or met again once they are connected.

use aya_ebpf::helpers::generated::{bpf_get_current_pid_tgid, bpf_ktime_get_ns};
use tracer_common::{ABSENT, EventKind, RawResource, SocketEvent, socket_role};

use crate::{maps::DESCRIBED, memory::probe, offset, ring};

/// `AF_UNIX`, `AF_INET6` (include/linux/socket.h).
const UNIX: u16 = 1;
const INET6: u16 = 10;
/// `TCP_ESTABLISHED`, `TCP_LISTEN` (include/net/tcp_states.h); Unix sockets use them too.
const ESTABLISHED: u8 = 1;
const LISTEN: u8 = 10;

/// Key word that keeps socket inodes apart from files in `DESCRIBED`.
const NAMESPACE: u64 = u64::MAX;

/// Sends a [`SocketEvent`] when the socket is new, or when more is known of it than was said: what was said is the role and
/// whether there was a peer. `true`: all was said before.
#[inline(always)]
pub fn describe(open: *const u8, resource: RawResource, role: u32) -> bool {
    let key = [NAMESPACE, resource.b];
    let said = match DESCRIBED.get_ptr(key) {
        // SAFETY: an element of a preallocated map.
        Some(said) => unsafe { *said },
        None => 0,
    };
    // The usual case: described with its peer, and no new role.
    if said & CONNECTED != 0 && role == 0 {
        return true;
    }
    let socket: *const u8 = probe(open, offset!(file_private_data));
    let sock: *const u8 = probe(socket, offset!(socket_sk));
    let tcp_state: u8 = probe(sock, offset!(sock_state));
    let connected =
        tcp_state == ESTABLISHED || role == socket_role::CLIENT || role == socket_role::SERVER;
    let role = if role != 0 {
        role
    } else if tcp_state == LISTEN {
        socket_role::LISTENER
    } else {
        (said >> 8) as u32
    };
    let known =
        MET | if connected || tcp_state == LISTEN {
            CONNECTED
        } else {
            0
        } | u64::from(role) << 8;
    if said == known {
        return false;
    }
    send(socket, sock, resource, role);
    let _ = DESCRIBED.insert(key, known, 0);
    false
}

/// Bits of what was said.
const MET: u64 = 1;
const CONNECTED: u64 = 2;

#[inline(never)]
fn send(socket: *const u8, sock: *const u8, resource: RawResource, role: u32) {
    let Some(mut entry) = ring::reserve::<SocketEvent>() else {
        return;
    };
    let event = entry.as_mut_ptr();
    let family: u16 = probe(sock, offset!(sock_family));
    // SAFETY: a record that is ours until it is submitted; all of it is written.
    unsafe {
        (*event).header = ring::header::<SocketEvent>(EventKind::Socket, bpf_ktime_get_ns());
        (*event).resource = resource;
        (*event).pid = (bpf_get_current_pid_tgid() >> 32) as u32;
        (*event).role = role;
        (*event).family = family;
        (*event).sock_type = probe(socket, offset!(socket_type));
        (*event).peer_inode = 0;
        (*event).netns = 0;
        (*event).local_port = 0;
        (*event).remote_port = 0;
        let local = (&raw mut (*event).local).cast::<[u64; 2]>();
        let remote = (&raw mut (*event).remote).cast::<[u64; 2]>();
        local.write([0; 2]);
        remote.write([0; 2]);
        if offset!(sock_net) != ABSENT {
            let net: *const u8 = probe(sock, offset!(sock_net));
            (*event).netns = u64::from(probe::<u32>(net, offset!(net_inum)));
        }
        if family == UNIX {
            if offset!(unix_peer) != ABSENT {
                let peer: *const u8 = probe(sock, offset!(unix_peer));
                let peer_socket: *const u8 = probe(peer, offset!(sock_socket));
                let peer_file: *const u8 = probe(peer_socket, offset!(socket_file));
                let inode: *const u8 = probe(peer_file, offset!(file_inode));
                (*event).peer_inode = probe(inode, offset!(inode_ino));
            }
        } else {
            (*event).local_port = probe(sock, offset!(sock_num));
            (*event).remote_port = u16::from_be(probe(sock, offset!(sock_dport)));
            if family == INET6
                && offset!(sock_v6_daddr) != ABSENT
                && offset!(sock_v6_rcv_saddr) != ABSENT
            {
                local.write(probe(sock, offset!(sock_v6_rcv_saddr)));
                remote.write(probe(sock, offset!(sock_v6_daddr)));
            } else {
                local.write([u64::from(probe::<u32>(sock, offset!(sock_rcv_saddr))), 0]);
                remote.write([u64::from(probe::<u32>(sock, offset!(sock_daddr))), 0]);
            }
        }
    }
    ring::submit(entry);
}
