//! Registers that a task saved when it entered the kernel (x86-64).

use aya_ebpf::{
    bindings::{pt_regs, task_struct},
    helpers::generated::bpf_task_pt_regs,
};

use crate::{memory::load, offset};

/// `TS_COMPAT`, arch/x86/include/asm/thread_info.h (v6.18).
const TS_COMPAT: u32 = 2;

/// Saved registers of `task`.
///
/// # Safety
/// `task` is a pointer whose BTF type the verifier knows.
#[inline(always)]
pub unsafe fn of(task: *const u8) -> *const pt_regs {
    // SAFETY: the helper (5.15 and later) takes any task; it never gives null on x86-64.
    unsafe { bpf_task_pt_regs(task.cast_mut().cast::<task_struct>()) as *const pt_regs }
}

/// Number of the call that `task` is in, negative outside of calls.
///
/// # Safety
/// As [`of`].
#[inline(always)]
pub unsafe fn call_number(registers: *const pt_regs) -> i32 {
    // SAFETY: BTF pointer.
    unsafe { (&raw const (*registers).orig_rax).read_volatile() as i32 }
}

/// The first three arguments of a call; those of a 32-bit call are in other registers.
///
/// # Safety
/// As [`of`].
#[inline(always)]
pub unsafe fn arguments(registers: *const pt_regs, compat: bool) -> [u64; 3] {
    // SAFETY: BTF pointer; offsets are those of x86-64's pt_regs, which is user ABI.
    unsafe {
        if compat {
            [
                (&raw const (*registers).rbx).read_volatile() as u32 as u64,
                (&raw const (*registers).rcx).read_volatile() as u32 as u64,
                (&raw const (*registers).rdx).read_volatile() as u32 as u64,
            ]
        } else {
            [
                (&raw const (*registers).rdi).read_volatile(),
                (&raw const (*registers).rsi).read_volatile(),
                (&raw const (*registers).rdx).read_volatile(),
            ]
        }
    }
}

/// Whether `task` is in a call of the 32-bit kind.
///
/// # Safety
/// As [`of`].
#[inline(always)]
pub unsafe fn is_compat(task: *const u8) -> bool {
    if offset!(task_status) == tracer_common::ABSENT {
        return false;
    }
    // SAFETY: BTF pointer.
    unsafe { load::<u32>(task, offset!(task_status)) & TS_COMPAT != 0 }
}
