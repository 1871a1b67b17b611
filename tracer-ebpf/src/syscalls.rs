//! Which calls are recorded, and where each says what it is about.

/// How a call is treated.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Not recorded.
    Ignored = 0,
    /// `fd`, `buffer`: data comes in.
    Read = 1,
    /// `fd`, `msghdr`: data comes in.
    ReceiveMessage = 2,
    /// `fd`, `iovec`: data comes in.
    ReadVector = 3,
    /// `fd`, `buffer`: data goes out.
    Write = 4,
    /// `fd`, `msghdr`: data goes out.
    SendMessage = 5,
    /// `fd`, `iovec`: data goes out.
    WriteVector = 6,
    /// About the fd in the first argument.
    Fd = 7,
    /// About the fd in the third argument.
    ThirdFd = 8,
    /// The fd in the first argument dies in the call.
    Close = 9,
    /// Gives an fd.
    Open = 10,
    /// About no fd.
    Plain = 11,
    /// Gives the fd of a connection that came in at the fd in the first argument.
    Accept = 12,
    /// Connects the fd in the first argument.
    Connect = 13,
    /// `fd`, `operation`.
    Flock = 14,
    /// `fd`, `command`, `struct flock`: recorded only for locks.
    Fcntl = 15,
    /// `word`, `operation`.
    Futex = 16,
    /// `struct futex_waitv[]`.
    FutexVector = 17,
    /// `word`, ... `flags` elsewhere: futex_wait, futex_wake, futex_requeue.
    Futex2 = 18,
    /// Time passes.
    Sleep = 19,
    /// `struct pollfd[]`, `count`.
    Poll = 20,
    /// `count`, `read set`.
    Select = 21,
    /// The CPU is given up.
    Yield = 22,
    /// About the fd in the first argument; makes data durable.
    Sync = 23,
}

const TABLE: usize = 512;

const fn table(rows: &[(u16, Class)]) -> [Class; TABLE] {
    let mut table = [Class::Ignored; TABLE];
    let mut i = 0;
    while i < rows.len() {
        table[rows[i].0 as usize] = rows[i].1;
        i += 1;
    }
    table
}

/// x86-64: arch/x86/entry/syscalls/syscall_64.tbl (v6.18).
static NATIVE: [Class; TABLE] = table(&[
    (0, Class::Read),            // read
    (1, Class::Write),           // write
    (7, Class::Poll),            // poll
    (17, Class::Read),           // pread64
    (18, Class::Write),          // pwrite64
    (19, Class::ReadVector),     // readv
    (20, Class::WriteVector),    // writev
    (23, Class::Select),         // select
    (24, Class::Yield),          // sched_yield
    (26, Class::Plain),          // msync
    (34, Class::Plain),          // pause
    (35, Class::Sleep),          // nanosleep
    (40, Class::Fd),             // sendfile
    (42, Class::Connect),        // connect
    (43, Class::Accept),         // accept
    (44, Class::Write),          // sendto
    (45, Class::Read),           // recvfrom
    (46, Class::SendMessage),    // sendmsg
    (47, Class::ReceiveMessage), // recvmsg
    (48, Class::Fd),             // shutdown
    (2, Class::Open),            // open
    (3, Class::Close),           // close
    (61, Class::Plain),          // wait4
    (65, Class::Plain),          // semop
    (69, Class::Plain),          // msgsnd
    (70, Class::Plain),          // msgrcv
    (72, Class::Fcntl),          // fcntl
    (73, Class::Flock),          // flock
    (74, Class::Sync),           // fsync
    (75, Class::Sync),           // fdatasync
    (76, Class::Plain),          // truncate
    (77, Class::Fd),             // ftruncate
    (82, Class::Plain),          // rename
    (85, Class::Open),           // creat
    (87, Class::Plain),          // unlink
    (128, Class::Plain),         // rt_sigtimedwait
    (162, Class::Plain),         // sync
    (202, Class::Futex),         // futex
    (220, Class::Plain),         // semtimedop
    (230, Class::Sleep),         // clock_nanosleep
    (232, Class::Fd),            // epoll_wait
    (242, Class::Plain),         // mq_timedsend
    (243, Class::Plain),         // mq_timedreceive
    (247, Class::Plain),         // waitid
    (257, Class::Open),          // openat
    (263, Class::Plain),         // unlinkat
    (264, Class::Plain),         // renameat
    (270, Class::Select),        // pselect6
    (271, Class::Poll),          // ppoll
    (275, Class::ThirdFd),       // splice
    (277, Class::Sync),          // sync_file_range
    (281, Class::Fd),            // epoll_pwait
    (285, Class::Fd),            // fallocate
    (288, Class::Accept),        // accept4
    (295, Class::ReadVector),    // preadv
    (296, Class::WriteVector),   // pwritev
    (299, Class::Fd),            // recvmmsg
    (306, Class::Sync),          // syncfs
    (307, Class::Fd),            // sendmmsg
    (316, Class::Plain),         // renameat2
    (326, Class::ThirdFd),       // copy_file_range
    (327, Class::ReadVector),    // preadv2
    (328, Class::WriteVector),   // pwritev2
    (426, Class::Fd),            // io_uring_enter
    (437, Class::Open),          // openat2
    (441, Class::Fd),            // epoll_pwait2
    (449, Class::FutexVector),   // futex_waitv
    (454, Class::Futex2),        // futex_wake
    (455, Class::Futex2),        // futex_wait
    (456, Class::FutexVector),   // futex_requeue
]);

/// i386: arch/x86/entry/syscalls/syscall_32.tbl (v6.18). Calls whose arguments are laid out otherwise than their 64-bit
/// namesakes' (iovec, msghdr, fd sets, socketcall) are recorded without what they are about.
static COMPAT: [Class; TABLE] = table(&[
    (3, Class::Read),      // read
    (4, Class::Write),     // write
    (5, Class::Open),      // open
    (6, Class::Close),     // close
    (38, Class::Plain),    // rename
    (82, Class::Plain),    // select (one pointer)
    (102, Class::Plain),   // socketcall
    (118, Class::Sync),    // fsync
    (142, Class::Plain),   // _newselect
    (143, Class::Flock),   // flock
    (145, Class::Fd),      // readv
    (146, Class::Fd),      // writev
    (148, Class::Sync),    // fdatasync
    (158, Class::Yield),   // sched_yield
    (162, Class::Sleep),   // nanosleep
    (168, Class::Poll),    // poll
    (180, Class::Read),    // pread64
    (181, Class::Write),   // pwrite64
    (221, Class::Fcntl),   // fcntl64
    (240, Class::Futex),   // futex
    (256, Class::Fd),      // epoll_wait
    (267, Class::Sleep),   // clock_nanosleep
    (295, Class::Open),    // openat
    (309, Class::Poll),    // ppoll
    (319, Class::Fd),      // epoll_pwait
    (362, Class::Connect), // connect
    (364, Class::Accept),  // accept4
    (369, Class::Write),   // sendto
    (370, Class::Fd),      // sendmsg
    (371, Class::Read),    // recvfrom
    (372, Class::Fd),      // recvmsg
    (407, Class::Sleep),   // clock_nanosleep_time64
    (414, Class::Poll),    // ppoll_time64
    (422, Class::Futex),   // futex_time64
]);

/// `sched_yield` on x86-64.
pub const YIELD: i32 = 24;
/// `restart_syscall` on x86-64.
pub const RESTART: i32 = 219;
/// `restart_syscall` on i386.
pub const COMPAT_RESTART: i32 = 0;
/// `rt_sigreturn` on x86-64.
pub const SIGNAL_RETURN: i32 = 15;

/// How call `number` is treated.
#[inline(always)]
pub fn class(number: i32, compat: bool) -> Class {
    if number as u32 >= TABLE as u32 {
        return Class::Ignored;
    }
    let mut index = u64::from(number as u32);
    // The check above is not enough for the verifier, and the compiler knows that a mask would change nothing.
    // SAFETY: arithmetic.
    unsafe { core::arch::asm!("{index} &= 511", index = inout(reg) index) };
    let table = if compat { &COMPAT } else { &NATIVE };
    // SAFETY: in bounds.
    unsafe {
        (&raw const *table)
            .cast::<Class>()
            .add(index as usize)
            .read_volatile()
    }
}
