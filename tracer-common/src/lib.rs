//! What the kernel side and the user side of holdup say to each other: plain data, no behaviour beyond reading it.
//!
//! Every struct is `repr(C)` of fixed-width integers without hidden padding, with a size assertion beside it. All times
//! are nanoseconds of `CLOCK_MONOTONIC` (what `bpf_ktime_get_ns` returns).
#![no_std]

mod call;
mod counter;
mod file;
mod header;
mod kernel;
mod message;
mod offsets;
mod resource;
mod settings;
mod socket;
mod stack;
mod task;
mod wait;

pub use call::{CallEvent, call_flag};
pub use counter::Counter;
pub use file::{FileEvent, NAME_BYTES};
pub use header::{EventKind, Header};
pub use kernel::{KernelEvent, KernelEventKind};
pub use message::{INPUT_BYTES, MessageEvent, OUTPUT_BYTES};
pub use offsets::{ABSENT, Member, Offsets};
pub use resource::{RawResource, ResourceTag};
pub use settings::{Control, KernelSettings, narrow, process_role};
pub use socket::{SocketEvent, socket_role};
pub use stack::{SITES_EVERY, SNAPSHOT_BYTES, StackEvent, UserRegisters, stack_flag};
pub use task::{COMM_BYTES, TaskEvent, TaskEventKind};
pub use wait::{WaitEvent, reason, wait_flag};

/// Asserts the size of a wire struct at compile time, so that padding or a reordered field is a build error.
#[macro_export]
macro_rules! assert_size {
    ($type:ty, $size:expr) => {
        const _: () = assert!(core::mem::size_of::<$type>() == $size);
    };
}
