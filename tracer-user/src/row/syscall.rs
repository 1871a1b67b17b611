//! System calls by portable names: numbers differ between machines and between 32 and 64 bit.

/// A call, variants of the same one (poll and ppoll, accept and accept4) under one name. Numbers are append-only.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Syscall {
    /// Not known.
    #[default]
    Unknown = 0,
    /// No call: user mode, a page fault, or an interrupt.
    None = 1,
    /// A call that holdup does not tell apart.
    Other = 2,
    /// `read` and its variants.
    Read = 3,
    /// `write` and its variants.
    Write = 4,
    /// `pread64` and its variants.
    Pread = 5,
    /// `pwrite64` and its variants.
    Pwrite = 6,
    /// `readv` and its variants.
    Readv = 7,
    /// `writev` and its variants.
    Writev = 8,
    /// `preadv` and its variants.
    Preadv = 9,
    /// `pwritev` and its variants.
    Pwritev = 10,
    /// `sendfile` and its variants.
    Sendfile = 11,
    /// `splice` and its variants.
    Splice = 12,
    /// `copy_file_range` and its variants.
    CopyFileRange = 13,
    /// `sendto` and its variants.
    Sendto = 14,
    /// `sendmsg` and its variants.
    Sendmsg = 15,
    /// `sendmmsg` and its variants.
    Sendmmsg = 16,
    /// `recvfrom` and its variants.
    Recvfrom = 17,
    /// `recvmsg` and its variants.
    Recvmsg = 18,
    /// `recvmmsg` and its variants.
    Recvmmsg = 19,
    /// `fsync` and its variants.
    Fsync = 20,
    /// `fdatasync` and its variants.
    Fdatasync = 21,
    /// `sync_file_range` and its variants.
    SyncFileRange = 22,
    /// `msync` and its variants.
    Msync = 23,
    /// `sync` and its variants.
    Sync = 24,
    /// `syncfs` and its variants.
    Syncfs = 25,
    /// `openat` and its variants.
    Open = 26,
    /// `close` and its variants.
    Close = 27,
    /// `rename` and its variants.
    Rename = 28,
    /// `unlink` and its variants.
    Unlink = 29,
    /// `ftruncate` and its variants.
    Truncate = 30,
    /// `fallocate` and its variants.
    Fallocate = 31,
    /// `accept4` and its variants.
    Accept = 32,
    /// `connect` and its variants.
    Connect = 33,
    /// `shutdown` and its variants.
    Shutdown = 34,
    /// `flock` and its variants.
    Flock = 35,
    /// `fcntl` and its variants.
    Fcntl = 36,
    /// `futex` and its variants.
    Futex = 37,
    /// `futex_waitv` and its variants.
    FutexWaitv = 38,
    /// `nanosleep` and its variants.
    Nanosleep = 39,
    /// `clock_nanosleep` and its variants.
    ClockNanosleep = 40,
    /// `poll` and its variants.
    Poll = 41,
    /// `select` and its variants.
    Select = 42,
    /// `epoll_wait` and its variants.
    EpollWait = 43,
    /// `rt_sigtimedwait` and its variants.
    SigWait = 44,
    /// `pause` and its variants.
    Pause = 45,
    /// `wait4` and its variants.
    Wait = 46,
    /// `exit` and its variants.
    Exit = 47,
    /// `exit_group` and its variants.
    ExitGroup = 48,
    /// `sched_yield` and its variants.
    Yield = 49,
    /// `io_uring_enter` and its variants.
    IoUringEnter = 50,
    /// `mmap` and its variants.
    Mmap = 51,
    /// `munmap` and its variants.
    Munmap = 52,
    /// `mprotect` and its variants.
    Mprotect = 53,
    /// `madvise` and its variants.
    Madvise = 54,
    /// `brk` and its variants.
    Brk = 55,
    /// `semop` and its variants.
    Semop = 56,
    /// `msgsnd` and its variants.
    Msgsnd = 57,
    /// `msgrcv` and its variants.
    Msgrcv = 58,
    /// `mq_timedsend` and its variants.
    MqSend = 59,
    /// `mq_timedreceive` and its variants.
    MqReceive = 60,
    /// `restart_syscall` and its variants.
    Restart = 61,
    /// `dup` and its variants.
    Dup = 62,
    /// `eventfd2` and its variants.
    Eventfd = 63,
    /// `clone` and its variants.
    Clone = 64,
    /// `execve` and its variants.
    Exec = 65,
}

impl Syscall {
    /// All, in the order of their numbers, with the name printed for each.
    pub const ALL: [(Self, &'static str); 66] = [
        (Self::Unknown, "?"),
        (Self::None, "-"),
        (Self::Other, "other"),
        (Self::Read, "read"),
        (Self::Write, "write"),
        (Self::Pread, "pread64"),
        (Self::Pwrite, "pwrite64"),
        (Self::Readv, "readv"),
        (Self::Writev, "writev"),
        (Self::Preadv, "preadv"),
        (Self::Pwritev, "pwritev"),
        (Self::Sendfile, "sendfile"),
        (Self::Splice, "splice"),
        (Self::CopyFileRange, "copy_file_range"),
        (Self::Sendto, "sendto"),
        (Self::Sendmsg, "sendmsg"),
        (Self::Sendmmsg, "sendmmsg"),
        (Self::Recvfrom, "recvfrom"),
        (Self::Recvmsg, "recvmsg"),
        (Self::Recvmmsg, "recvmmsg"),
        (Self::Fsync, "fsync"),
        (Self::Fdatasync, "fdatasync"),
        (Self::SyncFileRange, "sync_file_range"),
        (Self::Msync, "msync"),
        (Self::Sync, "sync"),
        (Self::Syncfs, "syncfs"),
        (Self::Open, "openat"),
        (Self::Close, "close"),
        (Self::Rename, "rename"),
        (Self::Unlink, "unlink"),
        (Self::Truncate, "ftruncate"),
        (Self::Fallocate, "fallocate"),
        (Self::Accept, "accept4"),
        (Self::Connect, "connect"),
        (Self::Shutdown, "shutdown"),
        (Self::Flock, "flock"),
        (Self::Fcntl, "fcntl"),
        (Self::Futex, "futex"),
        (Self::FutexWaitv, "futex_waitv"),
        (Self::Nanosleep, "nanosleep"),
        (Self::ClockNanosleep, "clock_nanosleep"),
        (Self::Poll, "poll"),
        (Self::Select, "select"),
        (Self::EpollWait, "epoll_wait"),
        (Self::SigWait, "rt_sigtimedwait"),
        (Self::Pause, "pause"),
        (Self::Wait, "wait4"),
        (Self::Exit, "exit"),
        (Self::ExitGroup, "exit_group"),
        (Self::Yield, "sched_yield"),
        (Self::IoUringEnter, "io_uring_enter"),
        (Self::Mmap, "mmap"),
        (Self::Munmap, "munmap"),
        (Self::Mprotect, "mprotect"),
        (Self::Madvise, "madvise"),
        (Self::Brk, "brk"),
        (Self::Semop, "semop"),
        (Self::Msgsnd, "msgsnd"),
        (Self::Msgrcv, "msgrcv"),
        (Self::MqSend, "mq_timedsend"),
        (Self::MqReceive, "mq_timedreceive"),
        (Self::Restart, "restart_syscall"),
        (Self::Dup, "dup"),
        (Self::Eventfd, "eventfd2"),
        (Self::Clone, "clone"),
        (Self::Exec, "execve"),
    ];

    /// The call behind a stored number.
    #[must_use]
    pub fn from_raw(raw: u8) -> Option<Self> {
        Self::ALL.get(usize::from(raw)).map(|(call, _)| *call)
    }

    /// Its name on Linux.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The fsync family: returns when data is durable.
    #[must_use]
    pub fn is_sync(self) -> bool {
        matches!(
            self,
            Self::Fsync
                | Self::Fdatasync
                | Self::SyncFileRange
                | Self::Msync
                | Self::Sync
                | Self::Syncfs
        )
    }

    /// Takes bytes in, from a file, pipe or socket.
    #[must_use]
    pub fn is_input(self) -> bool {
        matches!(
            self,
            Self::Read
                | Self::Pread
                | Self::Readv
                | Self::Preadv
                | Self::Recvfrom
                | Self::Recvmsg
                | Self::Recvmmsg
        )
    }

    /// Gives bytes out, to a file, pipe or socket.
    #[must_use]
    pub fn is_output(self) -> bool {
        matches!(
            self,
            Self::Write
                | Self::Pwrite
                | Self::Writev
                | Self::Pwritev
                | Self::Sendto
                | Self::Sendmsg
                | Self::Sendmmsg
                | Self::Sendfile
        )
    }

    /// Waits until one of several fds is ready.
    #[must_use]
    pub fn is_poll(self) -> bool {
        matches!(self, Self::Poll | Self::Select | Self::EpollWait)
    }

    /// Waits for time to pass.
    #[must_use]
    pub fn is_sleep(self) -> bool {
        matches!(self, Self::Nanosleep | Self::ClockNanosleep)
    }
}

#[cfg(test)]
mod tests {
    use super::Syscall;

    #[test]
    fn numbers_and_table_agree() {
        for (index, (call, name)) in Syscall::ALL.iter().enumerate() {
            assert_eq!(*call as usize, index, "{name}");
        }
    }
}
