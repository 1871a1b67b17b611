//! The first bytes of messages that go through sockets.

use aya_ebpf::helpers::generated::{bpf_jiffies64, bpf_probe_read_user};
use tracer_common::{
    ABSENT, Counter, EventKind, INPUT_BYTES, MessageEvent, ResourceTag, call_flag,
};

use crate::{
    call,
    counter::count,
    memory::{probe, user},
    offset, ring, setting,
    state::TaskState,
    syscalls::Class,
};

/// `AF_INET`, `AF_INET6`, `SOCK_STREAM` (include/linux/{socket,net}.h).
const INET: u16 = 2;
const INET6: u16 = 10;
const STREAM: u16 = 1;

/// Which way a message goes.
#[derive(Clone, Copy)]
pub enum Direction {
    /// To this thread.
    In,
    /// From this thread.
    Out,
}

/// An event with room for `N` bytes of its message.
#[repr(C)]
struct Message<const N: usize> {
    event: MessageEvent,
    bytes: [u8; N],
}

/// Which way the message went that the call moved; `None`: it moved none that is to be looked at.
#[inline(always)]
pub fn direction(state: &TaskState, class: Class, ret: i64) -> Option<Direction> {
    if ret <= 0
        || setting!(peek) == 0
        || state.resource.tag != ResourceTag::Socket as u32
        || state.is_compat()
    {
        return None;
    }
    match class {
        Class::Read | Class::ReadVector | Class::ReceiveMessage => Some(Direction::In),
        Class::Write | Class::WriteVector | Class::SendMessage => Some(Direction::Out),
        _ => None,
    }
}

/// Tells of the call and of the first bytes, at most `N`, of the message it moved; whether there was room.
///
/// # Safety
/// `task` is the BTF pointer of the current thread, whose state this is.
#[inline(always)]
pub unsafe fn emit<const N: usize>(
    state: &TaskState,
    task: *const u8,
    now: u64,
    ret: i64,
    class: Class,
) -> bool {
    let Some(mut entry) = ring::reserve::<Message<N>>() else {
        return false;
    };
    let message = entry.as_mut_ptr();
    let header = ring::header::<Message<N>>(EventKind::Message, now);
    // SAFETY: a record that is ours until it is submitted; all of it is written. `task` is a BTF pointer.
    unsafe {
        call::fill(&raw mut (*message).event.call, header, state, task, ret);
        let bytes = (&raw mut (*message).bytes).cast::<u8>();
        let mut at = 0;
        while at < N {
            bytes.add(at).cast::<u64>().write(0);
            at += size_of::<u64>();
        }
        (*message).event.len = copy::<N>(state, class, ret as u64, bytes);
        (*message).event.age = if N == INPUT_BYTES { age(state) } else { 0 };
    }
    ring::submit(entry);
    true
}

/// How many ticks ago data last came in on the socket that was read from; 0: just now, or it is not a TCP socket.
#[inline(always)]
fn age(state: &TaskState) -> u32 {
    // Who slept in the call reads as soon as data comes. The last file that was resolved is the one this call is about.
    if state.call_flags & call_flag::BLOCKED != 0
        || offset!(tcp_received) == ABSENT
        || state.latest.number != state.resource.b
    {
        return 0;
    }
    let open = state.latest.open as *const u8;
    let socket: *const u8 = probe(open, offset!(file_private_data));
    let sock: *const u8 = probe(socket, offset!(socket_sk));
    let family: u16 = probe(sock, offset!(sock_family));
    let kind: u16 = probe(socket, offset!(socket_type));
    if kind != STREAM || (family != INET && family != INET6) {
        return 0;
    }
    let received: u32 = probe(sock, offset!(tcp_received));
    // SAFETY: the helper takes nothing.
    let now = unsafe { bpf_jiffies64() } as u32;
    now.wrapping_sub(received)
}

/// Copies the first bytes of the message moved by the call; how many.
///
/// # Safety
/// `into` has room for `N` bytes.
#[inline(always)]
unsafe fn copy<const N: usize>(state: &TaskState, class: Class, moved: u64, into: *mut u8) -> u32 {
    let (buffer, room) = match class {
        Class::Read | Class::Write => (state.args[1], moved),
        Class::ReadVector | Class::WriteVector => first_of_vector(state.args[1]),
        Class::ReceiveMessage | Class::SendMessage => {
            // struct user_msghdr { void *name; int namelen; struct iovec *iov; ... } (include/linux/socket.h)
            first_of_vector(user::<u64>(state.args[1].wrapping_add(16)).unwrap_or(0))
        }
        _ => return 0,
    };
    if buffer == 0 {
        return 0;
    }
    let length = moved.min(room).min(N as u64) as u32;
    if length == 0 || length > N as u32 {
        return 0;
    }
    // SAFETY: `length` is at most `N`.
    if unsafe { bpf_probe_read_user(into.cast(), length, buffer as *const _) } != 0 {
        count(Counter::UserFault);
        return 0;
    }
    length
}

/// Address and length of the first buffer of an iovec.
#[inline(always)]
fn first_of_vector(vector: u64) -> (u64, u64) {
    if vector == 0 {
        return (0, 0);
    }
    match user::<[u64; 2]>(vector) {
        Some([buffer, length]) => (buffer, length),
        None => (0, 0),
    }
}
