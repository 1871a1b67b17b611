//! Requests that were under way when a window opened.

use super::{Nanos, Pid, ResourceId};

/// A connection on which something had been sent that no answer had come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenRequest {
    /// The window opened.
    pub end: Nanos,
    /// The latest was sent then, to some milliseconds; in the pause before a later window by the clock of the trace. After `end`: it was
    /// sent while the kernel was asked.
    pub asked: Nanos,
    /// The socket.
    pub resource: ResourceId,
    /// A process that has it.
    pub pid: Pid,
}
