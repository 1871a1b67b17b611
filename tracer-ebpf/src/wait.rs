//! Off-CPU periods: when a thread leaves the CPU and why, who wakes it, and when it runs again.

use aya_ebpf::{
    helpers::generated::{bpf_get_current_task_btf, bpf_ktime_get_ns},
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};
use tracer_common::{
    ABSENT, Counter, EventKind, ResourceTag, WaitEvent, call_flag, reason, wait_flag,
};

use crate::{
    counter::count,
    memory::{load, user},
    offset, registers, resource, ring, setting, stack,
    state::{self, NO_CALL, TaskState, UNKNOWN_CALL},
    sum,
    syscalls::{Class, YIELD},
};

// include/linux/sched.h (v6.1 to v6.18).
const UNINTERRUPTIBLE: u32 = 0x2;
const STOPPED: u32 = 0x4;
const TRACED: u32 = 0x8;
const DEAD: u32 = 0x80;
const FROZEN: u32 = 0x8000;
/// `TASK_NORMAL`, `__TASK_STOPPED`, `__TASK_TRACED`, `TASK_PARKED`, `TASK_RTLOCK_WAIT`, `TASK_FROZEN`: the states that are
/// sleeps, without the bits that only qualify them (`TASK_FREEZABLE`, `TASK_NOLOAD`, `TASK_WAKEKILL`).
const SLEEPS: u32 = 0x1 | UNINTERRUPTIBLE | STOPPED | TRACED | 0x40 | 0x1000 | FROZEN;
/// `PF_KTHREAD`.
const KTHREAD: u32 = 0x0020_0000;

/// `sched_switch(preempt, prev, next, prev_state)`: 5.18 and later (before, prev_state was not an argument, and doctor
/// refuses such kernels).
#[btf_tracepoint(function = "sched_switch")]
pub fn sched_switch(ctx: BtfTracePointContext) -> i32 {
    let preempt = ctx.arg::<u64>(0) & 0xff != 0;
    let previous: *const u8 = ctx.arg(1);
    let next: *const u8 = ctx.arg(2);
    let previous_state = ctx.arg::<u64>(3) as u32;
    // One look at the clock serves both: it is one instant.
    let mut now = 0;
    // SAFETY: the tracepoint's arguments are BTF pointers; a helper without arguments.
    unsafe {
        if let Some(state) = state::of(previous) {
            now = bpf_ktime_get_ns();
            leave(state, previous, preempt, previous_state, now);
        }
        if let Some(state) = state::of(next) {
            if now == 0 {
                now = bpf_ktime_get_ns();
            }
            come(state, next, now);
        }
    }
    0
}

/// # Safety
/// `task` is the BTF pointer of the thread whose state this is.
#[inline(always)]
unsafe fn leave(
    state: &mut TaskState,
    task: *const u8,
    preempt: bool,
    previous_state: u32,
    now: u64,
) {
    if previous_state & DEAD != 0 {
        // SAFETY: as above.
        unsafe { state::forget(task) };
        return;
    }
    if state.since.get() != 0 {
        // SAFETY: as above.
        unsafe { notice(state, task, now) };
    }
    if setting!(calls) == 0 {
        // Neither entries nor returns are seen.
        state.call = UNKNOWN_CALL;
    }
    // SAFETY: as above.
    unsafe { state.adopt_call(task, now) };
    state.reason = if preempt || previous_state == 0 {
        if !preempt && state.call == YIELD && !state.is_compat() {
            reason::YIELDED
        } else {
            reason::PREEMPTED
        }
    } else {
        sleep_reason(previous_state)
    };
    state.state = previous_state as u16;
    state.owner = 0;
    state.stack = 0;
    state.wait_flags = if previous_state & UNINTERRUPTIBLE != 0 {
        wait_flag::UNINTERRUPTIBLE
    } else {
        0
    };
    if state.reason == reason::BLOCKED {
        // SAFETY: as above.
        unsafe { sum::flush(state, task, now) };
        if state.call != NO_CALL {
            state.call_flags |= call_flag::BLOCKED;
            // SAFETY: as above; `task` is current here.
            unsafe { resource::resolve(state, task, true) };
        } else {
            state.resource = resource::NONE;
        }
        // SAFETY: as above.
        unsafe {
            state.stack = stack::take(state, task, now);
            if state.stack != 0 && state.class() == Class::Futex {
                state.owner = owner(state);
            }
            if is_held_up_by_memory(task) {
                state.wait_flags |= wait_flag::MEMORY_STALL;
            }
        }
    }
    state.left = now;
    state.since.set(now);
}

/// Whether the kernel reclaims memory for this thread, or reads back for it what it had to drop.
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
pub unsafe fn is_held_up_by_memory(task: *const u8) -> bool {
    let bit = offset!(task_in_memory_stall);
    // SAFETY: as above.
    bit != ABSENT && unsafe { load::<u8>(task, bit / 8) } >> (bit % 8) & 1 != 0
}

/// Whom glibc's mutex names as its owner, 8 bytes after the futex word (struct __pthread_mutex_s, 2.36). To read user memory
/// costs half as much as all else that is done about a wait, so it is read where the call site is taken.
#[inline(always)]
fn owner(state: &TaskState) -> u32 {
    user::<u32>(state.resource.b.wrapping_add(8)).unwrap_or(0)
}

/// Why a thread sleeps that is in `task_state`.
#[inline(always)]
pub fn sleep_reason(task_state: u32) -> u8 {
    if task_state & STOPPED != 0 {
        reason::STOPPED
    } else if task_state & TRACED != 0 {
        reason::TRACED
    } else if task_state & FROZEN != 0 {
        reason::FROZEN
    } else {
        reason::BLOCKED
    }
}

/// Whether `task_state` is a sleep.
#[inline(always)]
pub fn is_asleep(task_state: u32) -> bool {
    task_state & SLEEPS != 0
}

/// `D` state.
#[inline(always)]
pub fn is_uninterruptible(task_state: u32) -> bool {
    task_state & UNINTERRUPTIBLE != 0
}

/// The thread runs and was not seen to come to a CPU: its wait ends here. Now and then no tracepoint fires for a switch out of
/// the idle task (seen on 6.18 in a virtual machine, by every tracer alike).
///
/// # Safety
/// As [`leave`].
#[inline(never)]
pub unsafe fn notice(state: &mut TaskState, task: *const u8, now: u64) {
    count(Counter::UnseenSwitch);
    // SAFETY: as above.
    unsafe { come(state, task, now) };
}

/// # Safety
/// As [`leave`].
#[inline(always)]
unsafe fn come(state: &mut TaskState, task: *const u8, now: u64) {
    let came_before = state.came.get();
    // First `came`, then `since`: the iterator, which seeds `since` of threads that never came, looks in the other order.
    state.came.set(now);
    let since = state.since.swap(0);
    if since == 0 {
        return;
    }
    // SAFETY: as above.
    unsafe {
        let Some(mut entry) = ring::reserve::<WaitEvent>() else {
            count(Counter::WaitsLost);
            return;
        };
        fill(
            entry.as_mut_ptr(),
            state,
            task,
            [since, now.max(since)],
            came_before,
            0,
        );
        ring::submit(entry);
    }
}

/// Writes the record of the part of a wait that spans `part`.
///
/// # Safety
/// As [`leave`], and `event` may be written.
#[inline(always)]
pub unsafe fn fill(
    event: *mut WaitEvent,
    state: &TaskState,
    task: *const u8,
    part: [u64; 2],
    came_before: u64,
    continues: u8,
) {
    let [since, end] = part;
    let mut flags = state.wait_flags | continues;
    if since != state.left {
        flags |= wait_flag::CONTINUATION;
    }
    if state.is_compat() {
        flags |= wait_flag::COMPAT;
    }
    let blocked = state.reason != reason::PREEMPTED && state.reason != reason::YIELDED;
    // SAFETY: as above; all of the record is written.
    unsafe {
        (*event).header = ring::header::<WaitEvent>(EventKind::Wait, end);
        (*event).start = since;
        (*event).tid = load(task, offset!(task_pid));
        (*event).pid = load(task, offset!(task_tgid));
        (*event).woken = 0;
        (*event).waker_tid = 0;
        (*event).waker_pid = 0;
        (*event).waker_call = -2;
        if !blocked {
            (*event).woken = since;
        } else if continues == 0 || !is_asleep(load(task, offset!(task_state))) {
            // A wake-up counts when it came after the thread last ran, even if before it was seen to leave.
            let woken = state.wake_time;
            if woken > came_before {
                (*event).woken = if woken < since {
                    since
                } else if woken > end {
                    count(Counter::NegativeTime);
                    end
                } else {
                    woken
                };
                (*event).waker_tid = state.waker_tid;
                (*event).waker_pid = state.waker_pid;
                (*event).waker_call = state.waker_call;
                if state.waker_kthread != 0 {
                    flags |= wait_flag::WAKER_KTHREAD;
                }
            } else if continues == 0 {
                count(Counter::UnmatchedWake);
            }
        }
        (*event).call = state.call;
        (*event).op = 0;
        (*event).seq = 0;
        (*event).resource = resource::NONE;
        if state.call != NO_CALL {
            (*event).seq = state.seq;
        }
        if blocked {
            if state.call != NO_CALL && state.resolved != 0 {
                (*event).op = state.op;
                (*event).resource = state.resource;
            }
            if state.lock != 0 {
                flags |= wait_flag::KERNEL_LOCK;
                if (*event).resource.tag == ResourceTag::None as u32 {
                    (*event).resource.tag = ResourceTag::KernelLock as u32;
                    (*event).resource.a = u64::from(state.lock_is_memory);
                    (*event).resource.b = state.lock;
                }
            }
        }
        (*event).owner = state.owner;
        (*event).reason = state.reason;
        (*event).flags = flags;
        (*event).state = state.state;
        (*event).stack = state.stack;
    }
}

/// `sched_waking(task)`: who wakes, seen on the waker's CPU. Not `sched_wakeup`, which may fire on another.
#[btf_tracepoint(function = "sched_waking")]
pub fn sched_waking(ctx: BtfTracePointContext) -> i32 {
    let task: *const u8 = ctx.arg(0);
    // SAFETY: the tracepoint's argument and the current task are BTF pointers.
    unsafe {
        let Some(state) = state::of(task) else {
            return 0;
        };
        let waker: *const u8 = bpf_get_current_task_btf().cast::<u8>();
        state.waker_tid = load(waker, offset!(task_pid));
        state.waker_pid = load(waker, offset!(task_tgid));
        let is_kernel = load::<u32>(waker, offset!(task_flags)) & KTHREAD != 0;
        state.waker_kthread = u32::from(is_kernel);
        state.waker_call = if is_kernel { -1 } else { call_of(waker) };
        state.wake_time = bpf_ktime_get_ns();
    }
    0
}

/// The call that a thread is in, -1 for none. Its state knows it if it is tracked; what is done after a call's exit was seen
/// (such as the last part of closing a file) is still that call's, so outside of calls the saved registers are asked.
///
/// # Safety
/// `task` is a BTF pointer of a user thread.
#[inline(always)]
unsafe fn call_of(task: *const u8) -> i32 {
    // SAFETY: as above.
    unsafe {
        match state::of(task) {
            Some(state) if state.call >= 0 && state.interrupted == 0 => state.call,
            _ => registers::call_number(registers::of(task)).max(NO_CALL),
        }
    }
}
