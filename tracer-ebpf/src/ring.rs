//! Records on their way to user space.

use aya_ebpf::{
    bindings::BPF_RB_NO_WAKEUP, helpers::generated::bpf_get_smp_processor_id,
    maps::ring_buf::RingBufEntry,
};
use tracer_common::{Counter, EventKind, Header};

use crate::{counter::count, maps::EVENTS};

/// A header for a record of type `T` that was complete at `end`.
#[inline(always)]
pub fn header<T>(kind: EventKind, end: u64) -> Header {
    // SAFETY: a helper without arguments.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    Header {
        end,
        kind: kind as u16,
        cpu: cpu as u16,
        len: size_of::<T>() as u32,
    }
}

/// Room for a record; without it nothing is lost, since the caller tells the same later.
#[inline(always)]
pub fn reserve_if_room<T: 'static>() -> Option<RingBufEntry<T>> {
    EVENTS.reserve::<T>(0)
}

/// Room for a record, or the loss counted.
#[inline(always)]
pub fn reserve<T: 'static>() -> Option<RingBufEntry<T>> {
    let entry = reserve_if_room::<T>();
    if entry.is_none() {
        count(Counter::RingFull);
    }
    entry
}

/// Sends it. Nobody is woken: user space comes by on its own clock, which costs the watched thread nothing.
#[inline(always)]
pub fn submit<T: 'static>(entry: RingBufEntry<T>) {
    entry.submit(u64::from(BPF_RB_NO_WAKEUP));
}
