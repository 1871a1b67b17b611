//! Losses, counted where they happen.

use tracer_common::Counter;

use crate::maps::COUNTERS;

/// Adds one.
#[inline(always)]
pub fn count(counter: Counter) {
    add(counter, 1);
}

/// Adds some.
#[inline(always)]
pub fn add(counter: Counter, number: u64) {
    if let Some(slot) = COUNTERS.get_ptr_mut(counter as u32) {
        // SAFETY: this CPU's slot of a per-CPU array.
        unsafe { *slot += number }
    }
}
