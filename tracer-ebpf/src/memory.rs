//! Reads of kernel and user memory.

use core::mem::MaybeUninit;

use aya_ebpf::helpers::generated::{bpf_probe_read_kernel, bpf_probe_read_user};
use tracer_common::Counter;

use crate::counter::count;

/// Loads a member through a pointer whose BTF type the verifier knows.
///
/// # Safety
/// `base` is such a pointer (a tracepoint's argument, or loaded from one), not null, and `offset` comes from BTF.
#[inline(always)]
pub unsafe fn load<T: Copy>(base: *const u8, offset: u32) -> T {
    // SAFETY: as above; a fault inside is caught by the kernel and reads as 0.
    unsafe { base.add(offset as usize).cast::<T>().read_volatile() }
}

/// Reads kernel memory through a pointer that is a mere number to the verifier; 0 when it cannot be read.
#[inline(always)]
pub fn probe<T: Copy>(base: *const u8, offset: u32) -> T {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the helper writes all of `value`, zeros when the address is bad.
    unsafe {
        bpf_probe_read_kernel(
            value.as_mut_ptr().cast(),
            size_of::<T>() as u32,
            base.wrapping_add(offset as usize).cast(),
        );
        value.assume_init()
    }
}

/// Reads memory of the current process; counts a fault.
#[inline(always)]
pub fn user<T: Copy>(address: u64) -> Option<T> {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the helper writes all of `value` (zeros on a fault).
    let failed = unsafe {
        bpf_probe_read_user(
            value.as_mut_ptr().cast(),
            size_of::<T>() as u32,
            address as *const _,
        )
    };
    if failed != 0 {
        count(Counter::UserFault);
        return None;
    }
    // SAFETY: written above.
    Some(unsafe { value.assume_init() })
}
