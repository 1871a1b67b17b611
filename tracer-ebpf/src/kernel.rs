//! What holds up the kernel itself: its own locks, which name the waits for them, and commits of the journal.

use aya_ebpf::{
    helpers::generated::{bpf_get_current_task_btf, bpf_ktime_get_ns},
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};
use tracer_common::{ABSENT, EventKind, KernelEvent, KernelEventKind};

use crate::{
    maps::COMMITS,
    memory::{load, probe},
    offset, ring, state,
};

/// Bits of the flags (include/trace/events/lock.h, Linux 6.1).
const SPIN: u64 = 1 << 0;
const MUTEX: u64 = 1 << 5;

/// Whether it is a lock that is slept for. A queued spinlock has no flags, other spinning locks have [`SPIN`]; a mutex has it
/// too, while it spins before it sleeps.
///
/// Spinlocks stay out: nobody sleeps for them, so no wait could bear their name.
#[inline(always)]
fn is_slept_for(flags: u64) -> bool {
    flags & MUTEX != 0 || (flags != 0 && flags & SPIN == 0)
}

/// `contention_begin(lock, flags)`. Contention may nest (a mutex has a wait_lock of its own): the outer lock counts.
#[btf_tracepoint(function = "contention_begin")]
pub fn contention_begin(ctx: BtfTracePointContext) -> i32 {
    let flags = u64::from(ctx.arg::<u32>(1));
    if !is_slept_for(flags) {
        return 0;
    }
    // SAFETY: the current task is a BTF pointer.
    unsafe {
        let task = bpf_get_current_task_btf().cast::<u8>();
        let Some(state) = state::of(task) else {
            return 0;
        };
        if state.lock == 0 {
            state.lock = ctx.arg::<u64>(0);
            state.lock_is_memory = u8::from(state.lock == memory_lock(task));
        }
    }
    0
}

/// Address of the lock of a thread's address space, 0: it has none, or where it lies is not known.
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
unsafe fn memory_lock(task: *const u8) -> u64 {
    if offset!(mm_lock) == ABSENT {
        return 0;
    }
    // As a number: the verifier lets nobody calculate with pointers.
    match probe::<u64>(task, offset!(task_mm)) {
        0 => 0,
        memory => memory + u64::from(offset!(mm_lock)),
    }
}

/// `contention_end(lock, ret)`.
#[btf_tracepoint(function = "contention_end")]
pub fn contention_end(ctx: BtfTracePointContext) -> i32 {
    // SAFETY: the current task is a BTF pointer.
    unsafe {
        if let Some(state) = state::of(bpf_get_current_task_btf().cast::<u8>())
            && state.lock == ctx.arg::<u64>(0)
        {
            state.lock = 0;
        }
    }
    0
}

/// `jbd2_start_commit(journal, transaction)`, whoever commits.
#[btf_tracepoint(function = "jbd2_start_commit")]
pub fn jbd2_start_commit(ctx: BtfTracePointContext) -> i32 {
    // SAFETY: helper without arguments.
    let now = unsafe { bpf_ktime_get_ns() };
    let _ = COMMITS.insert(ctx.arg::<u64>(0), now, 0);
    0
}

/// `jbd2_end_commit(journal, transaction)`.
#[btf_tracepoint(function = "jbd2_end_commit")]
pub fn jbd2_end_commit(ctx: BtfTracePointContext) -> i32 {
    let journal: *const u8 = ctx.arg(0);
    let transaction: *const u8 = ctx.arg(1);
    let key = journal as u64;
    let Some(start) = COMMITS.get_ptr(key) else {
        return 0;
    };
    // SAFETY: an element of a preallocated map; the current task is a BTF pointer.
    unsafe {
        let start = *start;
        let _ = COMMITS.remove(key);
        let mut device = 0;
        let mut number = 0;
        if offset!(journal_dev) != ABSENT && offset!(bdev_dev) != ABSENT {
            let block_device: *const u8 = probe(journal, offset!(journal_dev));
            device = u64::from(probe::<u32>(block_device, offset!(bdev_dev)));
        }
        if offset!(transaction_tid) != ABSENT {
            number = u64::from(probe::<u32>(transaction, offset!(transaction_tid)));
        }
        let task: *const u8 = bpf_get_current_task_btf().cast::<u8>();
        let (tid, pid) = (
            load(task, offset!(task_pid)),
            load(task, offset!(task_tgid)),
        );
        send(
            KernelEventKind::JournalCommit,
            [start, bpf_ktime_get_ns()],
            [tid, pid],
            [device, number],
        );
    }
    0
}

#[inline(always)]
fn send(what: KernelEventKind, span: [u64; 2], who: [u32; 2], words: [u64; 2]) {
    let Some(mut entry) = ring::reserve::<KernelEvent>() else {
        return;
    };
    let event = entry.as_mut_ptr();
    // SAFETY: a record that is ours until it is submitted; all of it is written.
    unsafe {
        (*event).header = ring::header::<KernelEvent>(EventKind::Kernel, span[1]);
        (*event).start = span[0];
        (*event).tid = who[0];
        (*event).pid = who[1];
        (*event).a = words[0];
        (*event).b = words[1];
        (*event).what = what as u32;
        (*event).reserved = 0;
    }
    ring::submit(entry);
}
