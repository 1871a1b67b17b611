//! Snapshots of user stacks: registers and the bytes from the stack pointer upwards, from which user space finds the call site
//! of a wait. Ordinary programs keep no frame pointers, so the kernel cannot walk them (`bpf_get_stack` gives garbage).
//!
//! Copying costs the waiting thread about a microsecond, so not every wait is taken: the first [`FIRST`] of each thread and
//! resource, then every [`SITES_EVERY`]th, and at most [`PER_SECOND`] of all threads together. To cost less user space has these
//! numbers halved, again and again; the first of each thread and resource stays. What is not taken is counted.

use aya_ebpf::{
    helpers::generated::{bpf_get_smp_processor_id, bpf_probe_read_user},
    macros::map,
    maps::{Array, PerCpuArray},
};
use tracer_common::{Counter, EventKind, Header, SITES_EVERY, StackEvent, UserRegisters, narrow};

use crate::{
    counter::count, maps::left_out, memory::load, offset, registers, ring, setting,
    state::TaskState, syscalls::Class,
};

/// Waits of one thread for one resource that are all taken.
const FIRST: u32 = 8;
/// Snapshots a second.
const PER_SECOND: u64 = 500;
const SECOND: u64 = 1_000_000_000;

/// Bytes of stack in a record: whole stacks of most programs, 13 to 30 frames.
const BYTES: usize = 4096;
/// Bytes copied at once. A copy that runs past the top of the stack fails as a whole, so the last ones are halved.
const CHUNK: usize = 1024;
const SMALLEST: usize = 64;

/// Counts of waits by thread and resource: pairs that fall on one slot share it. A power of two.
const SLOTS: u32 = 65_536;

#[map]
static STACK_COUNTS: Array<u32> = Array::with_max_entries(SLOTS, 0);

/// Snapshots taken in the present second, all CPUs together.
#[map]
static STACK_BUDGET: Array<Budget> = Array::with_max_entries(1, 0);

/// Snapshots this CPU has numbered.
#[map]
static STACK_NUMBERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

#[repr(C)]
struct Budget {
    since: u64,
    taken: u64,
}

/// The record: always of full length, the stack's share in it is `event.len`.
#[repr(C)]
struct Snapshot {
    event: StackEvent,
    bytes: [u8; BYTES],
}

/// Whether a wait shows where a lock is taken, the program's or the kernel's, a file is made durable, or a retry paused.
#[inline(always)]
fn is_wanted(state: &TaskState) -> bool {
    state.lock != 0
        || matches!(
            state.class(),
            Class::Futex
                | Class::FutexVector
                | Class::Futex2
                | Class::Flock
                | Class::Fcntl
                | Class::Sync
                | Class::Sleep
        )
}

/// Takes the stack of the current thread, which is about to wait. Gives the number by which its wait names it, 0: not taken.
///
/// # Safety
/// `task` is the BTF pointer of the current thread, `state` its state.
#[inline(always)]
pub unsafe fn take(state: &TaskState, task: *const u8, now: u64) -> u64 {
    if setting!(stack_bytes) == 0 || state.is_compat() || !is_wanted(state) {
        return 0;
    }
    let halvings = narrow::halvings_of(left_out());
    // Not by its address: the verifier lets nobody calculate with pointers.
    // SAFETY: `task` as above.
    let tid: u32 = unsafe { load(task, offset!(task_pid)) };
    if !is_due(tid, state.resource.a ^ state.resource.b, halvings)
        || !is_within_budget(now, halvings)
    {
        count(Counter::StackThrottled);
        return 0;
    }
    // SAFETY: `task` as above.
    unsafe { send(EventKind::Stack, task, now, 0, None) }
}

/// Sends the user stack of the current thread in a record of this kind, with these bits of `stack_flag`, and this key; none: a number of
/// its own. Gives it, 0: there was no room, or no stack. A sample without one is sent: the stack of a thread that begins or ends need not be in memory, and where the
/// thread runs is in its registers.
///
/// # Safety
/// `task` is the BTF pointer of the current thread.
#[inline(always)]
pub unsafe fn send(
    kind: EventKind,
    task: *const u8,
    now: u64,
    flags: u32,
    key: Option<u64>,
) -> u64 {
    // SAFETY: `task` as above; the entry's memory is written by this function alone, the registers are a BTF pointer.
    unsafe {
        let Some(mut entry) = ring::reserve::<Snapshot>() else {
            return 0;
        };
        let snapshot = entry.as_mut_ptr();
        let saved = registers::of(task);
        let from = UserRegisters {
            ip: (&raw const (*saved).rip).read_volatile(),
            sp: (&raw const (*saved).rsp).read_volatile(),
            bp: (&raw const (*saved).rbp).read_volatile(),
        };
        let len = copy((&raw mut (*snapshot).bytes).cast(), from.sp);
        if len == 0 && !matches!(kind, EventKind::Sample) {
            count(Counter::StackFailed);
            entry.discard(0);
            return 0;
        }
        let number = match key {
            Some(key) => key,
            None => number(),
        };
        let header = Header {
            len: size_of::<Snapshot>() as u32,
            ..ring::header::<StackEvent>(kind, now)
        };
        (*snapshot).event = StackEvent {
            header,
            stack: number,
            tid: load(task, offset!(task_pid)),
            pid: load(task, offset!(task_tgid)),
            registers: from,
            len,
            flags,
        };
        ring::submit(entry);
        number
    }
}

/// Copies the stack from `from` upwards, as much as there is; gives how many bytes.
///
/// # Safety
/// `to` has room for [`BYTES`].
#[inline(always)]
unsafe fn copy(to: *mut u8, from: u64) -> u32 {
    let mut done = 0;
    while done < BYTES {
        // SAFETY: within `to`; a fault is the helper's to handle.
        if unsafe { !read(to.add(done), from.wrapping_add(done as u64), CHUNK) } {
            break;
        }
        done += CHUNK;
    }
    if done == BYTES {
        return BYTES as u32;
    }
    // Short of the top: no further than the last chunk would have gone.
    let mut more = 0;
    let mut size = CHUNK / 2;
    while size >= SMALLEST {
        // SAFETY: as above, since `more + size` is less than a chunk.
        if unsafe {
            read(
                to.add(done).add(more),
                from.wrapping_add((done + more) as u64),
                size,
            )
        } {
            more += size;
        }
        size /= 2;
    }
    (done + more) as u32
}

/// # Safety
/// `to` has room for `size` bytes.
#[inline(always)]
unsafe fn read(to: *mut u8, from: u64, size: usize) -> bool {
    // SAFETY: as above.
    unsafe { bpf_probe_read_user(to.cast(), size as u32, from as *const _) == 0 }
}

/// Whether this wait of the thread for this resource is one that is taken.
#[inline(always)]
fn is_due(tid: u32, resource: u64, halvings: u32) -> bool {
    // Multiplicative hashing by the golden ratio: the upper bits are well mixed.
    let hash = (u64::from(tid) ^ resource.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let Some(slot) = STACK_COUNTS.get_ptr_mut((hash >> 48) as u32 & (SLOTS - 1)) else {
        return false;
    };
    // SAFETY: an element of an array map. Threads on two CPUs that share the slot may lose a count.
    unsafe {
        *slot = (*slot).wrapping_add(1);
        *slot == 1 || *slot <= FIRST >> halvings || *slot & ((SITES_EVERY << halvings) - 1) == 0
    }
}

/// Whether the present second's budget has one left; takes it. Two CPUs at once may take the last one twice.
#[inline(always)]
fn is_within_budget(now: u64, halvings: u32) -> bool {
    let Some(budget) = STACK_BUDGET.get_ptr_mut(0) else {
        return false;
    };
    // SAFETY: an element of an array map.
    unsafe {
        if now.wrapping_sub((*budget).since) >= SECOND {
            (*budget).since = now;
            (*budget).taken = 0;
        }
        (*budget).taken += 1;
        (*budget).taken <= PER_SECOND >> halvings
    }
}

/// A number no other snapshot has: the CPU's, and its count.
#[inline(always)]
fn number() -> u64 {
    let Some(last) = STACK_NUMBERS.get_ptr_mut(0) else {
        return 0;
    };
    // SAFETY: this CPU's slot; a helper without arguments.
    unsafe {
        *last += 1;
        (u64::from(bpf_get_smp_processor_id()) << 48) | *last
    }
}
