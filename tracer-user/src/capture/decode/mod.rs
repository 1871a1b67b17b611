//! Decodes records of the ring buffer to rows.
//!
//! In: bytes from the kernel side, which may be short, of an unknown kind or nonsense. Out: rows in a [`Batch`] (not yet in
//! order of time), stack snapshots to who walks them. A record that makes no sense gives an [`Undecodable`], no row and no
//! panic; the caller counts it. Pure but for what the [`Destination`] does. One file per event, as in `tracer-common`.

mod statements;
mod syscalls;
mod verbs;

mod call;
mod file;
mod kernel;
mod message;
mod socket;
mod stack;
mod task;
mod wait;

#[cfg(test)]
mod samples;

use tracer_common::{
    CallEvent, EventKind, FileEvent, Header, KernelEvent, MessageEvent, RawResource, SocketEvent,
    StackEvent, TaskEvent, WaitEvent,
};

pub use statements::Statements;

use crate::row::{Batch, Nanos, Pid, ResourceId, StackId, TaskRole, Tid};

/// Why a record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecodable {
    /// The record has fewer bytes than its kind needs.
    #[error("a record of {have} bytes where {need} are needed")]
    Short {
        /// Bytes that the record has.
        have: usize,
        /// Bytes that a record of its kind has at least.
        need: usize,
    },
    /// There is no such kind of record.
    #[error("unknown kind of record: {0}")]
    Kind(u16),
    /// A field holds a number that nobody gave out.
    #[error("field {field} holds {value}, which has no meaning")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// The number in it.
        value: u64,
    },
}

/// Gives resources their stable ids and learns their names.
pub trait Resources {
    /// The id of what `raw` names, as used by process `user` at `at`.
    fn id(&mut self, raw: &RawResource, user: Pid, at: Nanos) -> ResourceId;
    /// A file was met for the first time.
    fn file(&mut self, event: &FileEvent);
    /// A socket was met, or met again once it is connected.
    fn socket(&mut self, event: &SocketEvent);
}

/// Takes stack snapshots and gives stacks their ids.
pub trait Stacks {
    /// The id of the stack that the kernel side calls `key` (never 0) in process `pid`, for a wait that lasted until `end`.
    fn id(&mut self, key: u64, pid: Pid, end: Nanos) -> StackId;
    /// A snapshot: the bytes of the user stack from the stack pointer upwards. To be used in memory and dropped.
    fn snapshot(&mut self, event: &StackEvent, bytes: &[u8]);
    /// The same of a thread that was found running.
    fn sample(&mut self, event: &StackEvent, bytes: &[u8]) -> Found;
}

/// Where a thread was found running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What it ran, [`StackId::NONE`] where that is not known.
    pub stack: StackId,
    /// The code there waits in a loop.
    pub spins: bool,
    /// So does the kernel's, for a lock.
    pub kernel_spins: bool,
}

/// Knows the tracked threads.
pub trait Threads {
    /// Why threads of process `pid` are in the trace.
    fn role(&self, pid: Pid) -> TaskRole;
    /// The thread that `futex_word` names as the owner of a lock that process `pid` waits for, when it lives and is tracked; else
    /// `Tid(0)`.
    fn owner(&mut self, pid: Pid, futex_word: u32, at: Nanos) -> Tid;
}

/// Takes the parts of a record.
pub struct Destination<'a> {
    /// Names resources.
    pub resources: &'a mut dyn Resources,
    /// Names stacks.
    pub stacks: &'a mut dyn Stacks,
    /// Names threads.
    pub threads: &'a mut dyn Threads,
    /// Names statements.
    pub statements: &'a mut Statements,
    /// Takes the rows.
    pub rows: &'a mut Batch,
}

/// Decodes one record.
///
/// # Errors
/// [`Undecodable`]; then nothing was added to the rows.
pub fn decode(record: &[u8], to: &mut Destination<'_>) -> Result<(), Undecodable> {
    let header: Header = read(record)?;
    match EventKind::from_raw(header.kind).ok_or(Undecodable::Kind(header.kind))? {
        EventKind::Wait => wait::decode(&read(record)?, to),
        EventKind::Call => call::decode(&read(record)?, to),
        EventKind::Task => task::decode(&read(record)?, to),
        EventKind::File => file::decode(&read(record)?, to),
        EventKind::Socket => socket::decode(&read(record)?, to),
        EventKind::Kernel => kernel::decode(&read(record)?, to),
        EventKind::Stack => stack::decode(record, to),
        EventKind::Message => message::decode(record, to),
        EventKind::Sample => stack::decode_sample(record, to),
    }
}

/// A struct of the wire format, of which any bytes are a valid value.
///
/// # Safety
/// The type is `repr(C)`, made of integers and arrays of them alone, without padding.
unsafe trait Wire: Copy {}

macro_rules! wire {
    ($($name:ident),*) => {$(
        // SAFETY: `tracer-common` declares it `repr(C)` of fixed-width integers, its size asserted against hidden padding.
        unsafe impl Wire for $name {}
    )*};
}
wire!(
    Header,
    WaitEvent,
    CallEvent,
    TaskEvent,
    FileEvent,
    SocketEvent,
    KernelEvent,
    StackEvent,
    MessageEvent
);

/// The struct at the start of `record`. A longer record is one of a later version, whose added fields are skipped.
fn read<T: Wire>(record: &[u8]) -> Result<T, Undecodable> {
    let need = size_of::<T>();
    if record.len() < need {
        return Err(Undecodable::Short {
            have: record.len(),
            need,
        });
    }
    // SAFETY: `record` holds at least `need` bytes, any bytes are a valid `T` (`Wire`), and the read needs no alignment.
    Ok(unsafe { record.as_ptr().cast::<T>().read_unaligned() })
}

/// The text of a name that is padded with zeros.
fn text(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}
