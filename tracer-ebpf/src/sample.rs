//! Where threads run: the user stack of whoever has a CPU when that CPU's clock strikes, at a steady rate.
//!
//! The clock is a timer, whose interrupt leaves the registers of user mode where a system call does; so a thread that is in the kernel
//! shows where it called it. Where it is in the kernel, the interrupted registers tell.

use aya_ebpf::{
    EbpfContext as _,
    helpers::generated::{bpf_get_current_task_btf, bpf_get_prandom_u32, bpf_ktime_get_ns},
    macros::perf_event,
    programs::PerfEventContext,
};
use tracer_common::{EventKind, narrow, stack_flag};

use crate::{maps::left_out, stack, state, wait};

/// Takes a sample of the current thread, if it is tracked. To cost less, the number of samples is halved as that of other stacks is:
/// by chance, so that what is done in step with the clock is not left out.
#[perf_event]
pub fn sample(ctx: PerfEventContext) -> u32 {
    // SAFETY: the current task is a BTF pointer; helpers without arguments.
    unsafe {
        let task = bpf_get_current_task_btf().cast::<u8>();
        if state::of(task).is_none() {
            return 0;
        }
        let left_out = left_out();
        let one_in = 1u32 << narrow::halvings_of(left_out);
        if left_out & narrow::PAUSED != 0 || bpf_get_prandom_u32() & (one_in - 1) != 0 {
            return 0;
        }
        let flags = match wait::is_held_up_by_memory(task) {
            true => stack_flag::MEMORY_STALL,
            false => 0,
        };
        let counter = kernel_counter(&ctx);
        stack::send(
            EventKind::Sample,
            task,
            bpf_ktime_get_ns(),
            flags,
            Some(counter),
        );
    }
    0
}

/// The program counter that was interrupted, where it is the kernel's; else 0.
#[inline(always)]
fn kernel_counter(ctx: &PerfEventContext) -> u64 {
    /// `ip` in `struct pt_regs`, with which `struct bpf_perf_event_data` begins.
    const COUNTER: usize = 16;
    // SAFETY: the context of a program of this type begins with the registers.
    let counter = unsafe { ctx.as_ptr().cast::<u64>().add(COUNTER).read_volatile() };
    match counter >> 63 {
        1 => counter,
        _ => 0,
    }
}
