//! The rows of a trace: what was seen, with stable ids and portable names, nothing concluded from it.
//!
//! In: nothing. Out: plain values that capture fills, a trace stores, and every later station reads. One [`Batch`] holds
//! all rows between two watermarks.

mod printable;
mod units;

mod call;
mod call_site;
mod disk;
mod kernel;
mod memory_limit;
mod meta;
mod network;
mod open_request;
mod resource;
mod stack;
mod statement;
mod syscall;
mod task;
mod task_seen;
mod wait;

mod batch;
mod memory;

pub use batch::{Batch, RowSink, RowSource, SinkError, SourceError};
pub use call::{Call, Verb};
pub use disk::{Disk, DiskLimit, DiskUnit, DiskUse, OwnBytes};
pub use kernel::{KernelSpan, KernelSpanKind};
pub use memory::MemorySource;
pub use memory_limit::MemoryLimit;
pub use meta::{Clocks, Counters, Host, IdleCpus, Loss, Meta, SCHEMA, Settings, Target};
pub use network::{Listener, Network, TcpPeer, Transit};
pub use open_request::OpenRequest;
pub use printable::{is_unsafe, printable, printable_bytes};
pub use resource::{FileKind, Resource, ResourceKind, SocketRole};
pub use stack::{Frame, Sample, Stack};
pub use statement::Statement;
pub use syscall::Syscall;
pub use task::{SchedStat, Task, TaskFact, TaskRole};
pub use task_seen::{TaskSeen, TaskState};
pub use units::{Nanos, Pid, ResourceId, StackId, StatementId, Tid};
pub use wait::{Reason, Wait, Waker};
