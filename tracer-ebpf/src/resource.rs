//! What a call is about: from its arguments to an identity that outlives fds.

use tracer_common::{RawResource, ResourceTag};

use crate::{
    file,
    memory::{load, probe, user},
    offset, socket,
    state::{Latest, TaskState},
    syscalls::Class,
};

/// `S_IFMT`, `S_IFSOCK` (include/uapi/linux/stat.h).
const FORMAT: u32 = 0o170_000;
const SOCKET: u32 = 0o140_000;
/// `S_IFREG`, `S_IFIFO` and `S_IFCHR`.
const REGULAR: u32 = 0o100_000;
const PIPE: u32 = 0o010_000;
const CHARACTERS: u32 = 0o020_000;

/// `ANON_INODE_FS_MAGIC` (include/uapi/linux/magic.h).
const ANONYMOUS: u64 = 0x0904_1934;

/// `FUTEX_PRIVATE_FLAG` (include/uapi/linux/futex.h); `FUTEX2_PRIVATE` has the same value.
const PRIVATE: u64 = 128;

/// Lock commands of fcntl: `F_SETLK`, `F_SETLKW`, `F_OFD_SETLK`, `F_OFD_SETLKW` (include/uapi/asm-generic/fcntl.h).
pub fn is_lock_command(command: u32) -> bool {
    matches!(command, 6 | 7 | 37 | 38)
}

/// No resource.
pub const NONE: RawResource = RawResource {
    tag: ResourceTag::None as u32,
    fd: -1,
    a: 0,
    b: 0,
};

/// Whether calls on files of this mode may be summed: regular files, pipes, and devices such as terminals.
#[inline(always)]
pub fn is_summable(mode: u32) -> bool {
    matches!(mode & FORMAT, REGULAR | PIPE | CHARACTERS)
}

/// Whether the mode is a socket's.
#[inline(always)]
pub fn is_socket(mode: u32) -> bool {
    mode & FORMAT == SOCKET
}

/// The open file behind `fd` of `task`, null when there is none. A number to the verifier: read it with `probe`.
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
pub unsafe fn open_file(task: *const u8, fd: i32) -> *const u8 {
    let fd = fd as u32;
    // SAFETY: BTF pointers all along; a task that has given up its files reads null, which is checked.
    unsafe {
        let files: *const u8 = load(task, offset!(task_files));
        if files.is_null() {
            return core::ptr::null();
        }
        let table: *const u8 = load(files, offset!(files_fdt));
        if table.is_null() {
            return core::ptr::null();
        }
        let length: u32 = load(table, offset!(fdt_max_fds));
        if fd >= length {
            return core::ptr::null();
        }
        let slots: *const u8 = load(table, offset!(fdt_fd));
        probe(slots.wrapping_add(fd as usize * 8), 0)
    }
}

/// Identity and mode of the open file behind `fd`; describes it when it is met for the first time.
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(never)]
pub unsafe fn resolve_fd(task: *const u8, fd: i32, role: u32, state: &mut TaskState) {
    state.resource = NONE;
    state.resource.fd = fd;
    state.mode = 0;
    // SAFETY: as above.
    let open = unsafe { open_file(task, fd) };
    if open.is_null() {
        return;
    }
    let inode: *const u8 = probe(open, offset!(file_inode));
    let number: u64 = probe(inode, offset!(inode_ino));
    state.resource.b = number;
    let latest = state.latest;
    if latest.open == open as u64 && latest.number == number && role == 0 {
        // Sockets' inode numbers are given out once (get_next_ino, fs/inode.c); files may get one again, in another generation.
        // So this is the same one, also where another open file has come to lie at this address.
        if is_socket(latest.mode)
            || latest.generation == probe::<u32>(inode, offset!(inode_generation))
        {
            state.mode = latest.mode;
            state.resource.a = latest.a;
            state.resource.tag = tag(latest.mode);
            return;
        }
    }
    let mode = u32::from(probe::<u16>(inode, offset!(inode_mode)));
    state.mode = mode;
    state.resource.tag = tag(mode);
    state.latest = Latest {
        open: open as u64,
        number,
        a: 0,
        generation: 0,
        mode,
    };
    if is_socket(mode) {
        if !socket::describe(open, state.resource, role) {
            // More may be known of it next time.
            state.latest = Latest::NONE;
        }
        return;
    }
    let generation = probe::<u32>(inode, offset!(inode_generation));
    let sb: *const u8 = probe(inode, offset!(inode_sb));
    let magic: u64 = probe(sb, offset!(sb_magic));
    // All anonymous inodes (epoll, eventfd ...) are one inode: the open file's address tells them apart instead.
    let told = if magic == ANONYMOUS {
        (open as u64 >> 6) as u32
    } else {
        generation
    };
    state.resource.a = u64::from(probe::<u32>(sb, offset!(sb_dev))) << 32 | u64::from(told);
    state.latest.a = state.resource.a;
    state.latest.generation = generation;
    file::describe(open, state.resource, mode, magic);
}

/// What an open file of this mode is.
#[inline(always)]
fn tag(mode: u32) -> u32 {
    if is_socket(mode) {
        ResourceTag::Socket as u32
    } else {
        ResourceTag::File as u32
    }
}

/// Finds what the call that `task` is in is about, unless that is done. `current`: the task is the one that runs this, so
/// its user memory can be read.
///
/// # Safety
/// `task` is the BTF pointer of the thread whose state this is.
#[inline(always)]
pub unsafe fn resolve(state: &mut TaskState, task: *const u8, current: bool) {
    if state.resolved != 0 {
        return;
    }
    state.resolved = 1;
    state.op = 0;
    let class = state.class();
    let fd = match class {
        Class::Ignored | Class::Plain | Class::Yield | Class::Open => {
            state.resource = NONE;
            state.mode = 0;
            return;
        }
        Class::Sleep => {
            state.resource = NONE;
            state.resource.tag = ResourceTag::Timer as u32;
            state.mode = 0;
            return;
        }
        Class::Futex | Class::FutexVector | Class::Futex2 => {
            // SAFETY: as above.
            unsafe { resolve_futex(state, task, current, class) };
            return;
        }
        Class::Poll => {
            // One fd is a wait for that fd; of several the first must stand for all, unless there are too many for that.
            if state.args[1] == 0 || state.args[1] > MOST_POLLED || !current {
                -1
            } else {
                user::<i32>(state.args[0]).unwrap_or(-1)
            }
        }
        Class::Select => {
            if state.args[0] > 64 || state.args[1] == 0 || !current {
                -1
            } else {
                first_bit(user::<u64>(state.args[1]).unwrap_or(0))
            }
        }
        Class::ThirdFd => state.args[2] as i32,
        Class::Flock => {
            state.op = state.args[1] as u32;
            state.args[0] as i32
        }
        Class::Fcntl => {
            state.op = state.args[1] as u32;
            if !is_lock_command(state.op) {
                -1
            } else {
                if current {
                    // `l_type` is the first member of `struct flock`.
                    let sort = user::<u16>(state.args[2]).unwrap_or(0);
                    state.op |= u32::from(sort) << 16;
                }
                state.args[0] as i32
            }
        }
        _ => state.args[0] as i32,
    };
    if fd < 0 {
        state.resource = NONE;
        state.mode = 0;
        return;
    }
    // SAFETY: as above.
    unsafe { resolve_fd(task, fd, 0, state) };
}

/// Polls of more fds than this are about no one of them.
const MOST_POLLED: u64 = 2;

/// Number of the lowest bit set, -1 for none. (BPF has no such instruction.)
#[inline(always)]
fn first_bit(word: u64) -> i32 {
    let mut word = word;
    if word == 0 {
        return -1;
    }
    let mut bit = 0;
    if word & 0xffff_ffff == 0 {
        bit += 32;
        word >>= 32;
    }
    if word & 0xffff == 0 {
        bit += 16;
        word >>= 16;
    }
    if word & 0xff == 0 {
        bit += 8;
        word >>= 8;
    }
    if word & 0xf == 0 {
        bit += 4;
        word >>= 4;
    }
    if word & 3 == 0 {
        bit += 2;
        word >>= 2;
    }
    if word & 1 == 0 {
        bit += 1;
    }
    bit
}

/// # Safety
/// As [`resolve`].
#[inline(always)]
unsafe fn resolve_futex(state: &mut TaskState, task: *const u8, current: bool, class: Class) {
    state.mode = 0;
    state.resource = NONE;
    let (word, private) = match class {
        Class::Futex => {
            state.op = state.args[1] as u32;
            (state.args[0], state.args[1] & PRIVATE != 0)
        }
        // futex_wake(word, mask, nr, flags), futex_wait(word, val, mask, flags, ..): flags are out of reach, and threads
        // of one process are what they are used for.
        Class::Futex2 => (state.args[0], true),
        _ => {
            // struct futex_waitv { u64 val; u64 uaddr; u32 flags; u32 reserved } (include/uapi/linux/futex.h)
            let first = if current {
                user::<[u64; 3]>(state.args[0])
            } else {
                None
            };
            match first {
                Some([_, word, flags]) => (word, flags & PRIVATE != 0),
                None => return,
            }
        }
    };
    state.resource.tag = if private {
        ResourceTag::FutexPrivate
    } else {
        ResourceTag::FutexShared
    } as u32;
    // SAFETY: BTF pointer.
    state.resource.a = unsafe { load::<u64>(task, offset!(task_mm)) };
    state.resource.b = word;
}
