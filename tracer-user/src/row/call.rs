//! One system call, or several alike that did not block, summed.

use super::{Nanos, Pid, ResourceId, StatementId, Syscall, Tid};

/// What the first bytes of a message say it is. Append-only numbers.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Not looked at, or not recognised.
    #[default]
    Unknown = 0,
    /// HTTP GET, HEAD or OPTIONS.
    HttpRead = 1,
    /// HTTP POST: read or write, sizes decide.
    HttpPost = 2,
    /// HTTP PUT, PATCH or DELETE.
    HttpWrite = 3,
    /// An HTTP reply; the status is in [`Call::status`].
    HttpReply = 4,
    /// SQL SELECT, SHOW, FETCH or WITH.
    SqlRead = 5,
    /// SQL INSERT, UPDATE, DELETE, COPY, COMMIT and the like.
    SqlWrite = 6,
    /// A Redis command that reads.
    RedisRead = 7,
    /// A Redis command that writes.
    RedisWrite = 8,
    /// A TLS record.
    Tls = 9,
    /// SQL that only frames other statements: BEGIN, SET, SAVEPOINT, ROLLBACK.
    SqlOther = 10,
}

impl Verb {
    /// The verb behind a stored number.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            0 => Self::Unknown,
            1 => Self::HttpRead,
            2 => Self::HttpPost,
            3 => Self::HttpWrite,
            4 => Self::HttpReply,
            5 => Self::SqlRead,
            6 => Self::SqlWrite,
            7 => Self::RedisRead,
            8 => Self::RedisWrite,
            9 => Self::Tls,
            10 => Self::SqlOther,
            _ => return None,
        })
    }
}

/// From entering the call (`start`) to its return (`end`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// Its return.
    pub end: Nanos,
    /// Its entry; of summed calls the first one's.
    pub start: Nanos,
    /// Time inside; of summed calls the sum.
    pub inside: Nanos,
    /// Thread.
    pub tid: Tid,
    /// Process.
    pub pid: Pid,
    /// Which call.
    pub call: Syscall,
    /// Operation: futex command without its flag bits; flock operation; for fcntl locks `cmd | l_type << 16` (`l_type` 0 read,
    /// 1 write, 2 unlock); else 0.
    pub op: u32,
    /// What it is about.
    pub resource: ResourceId,
    /// What it returned (negative: errno); of summed calls the sum of the successes.
    pub ret: i64,
    /// How many calls were summed; at least 1.
    pub count: u32,
    /// Which call of this thread it was.
    pub seq: u32,
    /// It left the CPU blocked.
    pub blocked: bool,
    /// What the message was, by its first bytes.
    pub verb: Verb,
    /// HTTP status of a reply, else 0.
    pub status: u16,
    /// The statement that the message asks a database to run.
    pub statement: StatementId,
    /// How long what was read had lain there, to a tick of the kernel's clock (1 to 10 ms).
    pub unread: Nanos,
}

impl Call {
    /// Bytes moved by a successful read, write, send or receive, else 0.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.ret).unwrap_or(0)
    }
}
