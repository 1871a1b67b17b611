//! The maps and the globals that user space fills in.

use aya_ebpf::{
    macros::map,
    maps::{Array, HashMap, LruHashMap, PerCpuArray, RingBuf},
};
use tracer_common::{Control, Counter, KernelSettings, Offsets};

use crate::state::TaskState;

/// Offsets in kernel structs. Read with `offset!`, so that the compiler does not take the value here for the real one.
#[unsafe(no_mangle)]
pub static OFFSETS: Offsets = Offsets::NONE;

/// Settings, likewise; read with `setting!`.
#[unsafe(no_mangle)]
pub static SETTINGS: KernelSettings = KernelSettings {
    own_pid: 0,
    peek: 0,
    stack_bytes: 0,
    calls: 1,
};

/// What user space put in the place of a global.
#[inline(always)]
pub fn constant<T: Copy>(value: &'static T) -> T {
    // SAFETY: a reference.
    unsafe { core::ptr::read_volatile(value) }
}

/// Offset of a kernel struct's member on this kernel. The section is frozen, so the verifier knows it as a constant.
#[macro_export]
macro_rules! offset {
    ($field:ident) => {
        $crate::maps::constant(&$crate::maps::OFFSETS.$field)
    };
}

/// A setting, known to the verifier as a constant.
#[macro_export]
macro_rules! setting {
    ($field:ident) => {
        $crate::maps::constant(&$crate::maps::SETTINGS.$field)
    };
}

/// Tracked processes: pid to role. User space inserts, births inherit, the last exit removes.
#[map]
pub static PROCESSES: HashMap<u32, u32> = HashMap::with_max_entries(16_384, 0);

/// Places of [`SLOTS`]; a power of two.
pub const SLOT_COUNT: u32 = 16_384;

/// Tracked threads, each at the place its tid has modulo [`SLOT_COUNT`], or at one of the next: a load and a comparison where a
/// hash would cost every task of the host a call. Tids are given out one after the other, so two of one place are rare.
#[map]
pub static SLOTS: Array<TaskState> = Array::with_max_entries(SLOT_COUNT, 0);

/// All records. User space sets its size.
#[map]
pub static EVENTS: RingBuf = RingBuf::with_byte_size(16 * 1024 * 1024, 0);

/// One slot per [`Counter`].
#[map]
pub static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(Counter::COUNT, 0);

/// The task iterator's orders and findings, and what is left out.
#[map]
pub static CONTROL: Array<Control> = Array::with_max_entries(1, 0);

/// What is left out: a word of `tracer_common::narrow`.
#[inline(always)]
pub fn left_out() -> u64 {
    // SAFETY: an element of an array map; user space writes a word at once.
    CONTROL.get_ptr(0).map_or(0, |control| unsafe {
        (&raw const (*control).narrow).read_volatile()
    })
}

/// Files and sockets already described: identity to what was said of them.
#[map]
pub static DESCRIBED: LruHashMap<[u64; 2], u64> = LruHashMap::with_max_entries(16_384, 0);

/// Journal commits under way: journal to start.
#[map]
pub static COMMITS: HashMap<u64, u64> = HashMap::with_max_entries(256, 0);
