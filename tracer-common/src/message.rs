//! A call that moved a message over a socket, with the first bytes of it. They are read for what they say of the message, and
//! dropped at decoding.

use crate::{CallEvent, assert_size};

/// How many bytes of a message that comes in are looked at: enough for the verb.
pub const INPUT_BYTES: usize = 24;
/// How many bytes of a message that goes out are looked at: enough to tell most statements of a database apart.
pub const OUTPUT_BYTES: usize = 120;

/// A call and the first bytes of its message; `len` bytes follow this struct in the record.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct MessageEvent {
    /// The call. `header.kind` is [`crate::EventKind::Message`].
    pub call: CallEvent,
    /// How many bytes of the message follow.
    pub len: u32,
    /// Of a message that came in by TCP how many of the kernel's ticks before `call.header.end` the last data had come; else 0.
    pub age: u32,
}
assert_size!(MessageEvent, 104);
