//! The task iterator: takes in threads that were there before the probes, and cuts long waits into parts.
//!
//! It runs on one CPU while the threads it looks at come and go on others. Two exchanges of `TaskState::since` keep that
//! sound: a part belongs to whoever exchanged its beginning away, and a thread that is seeded as off-CPU, but came to a CPU
//! meanwhile, has written `came` before it looked at `since`.

use core::ffi::c_void;

use aya_ebpf::{bindings::BPF_RB_NO_WAKEUP, helpers::generated::bpf_ktime_get_ns};
use tracer_common::{WaitEvent, call_flag, reason, wait_flag};

use crate::{
    maps::{CONTROL, PROCESSES},
    memory::load,
    offset, resource, ring, setting,
    state::{self, NO_CALL, TaskState},
    sum::{self, LONGEST_REST},
    wait,
};

/// `struct bpf_iter__task` (kernel/bpf/task_iter.c, v6.18).
#[repr(C)]
pub struct IteratorContext {
    meta: *const c_void,
    task: *const u8,
}

/// One thread.
#[unsafe(no_mangle)]
#[unsafe(link_section = "iter/task")]
pub extern "C" fn seed_and_cut(ctx: *const IteratorContext) -> i32 {
    // SAFETY: the context of an iterator program; the task is a BTF pointer, null after the last.
    unsafe {
        let task = (*ctx).task;
        if task.is_null() {
            return 0;
        }
        let pid: u32 = load(task, offset!(task_tgid));
        if pid == setting!(own_pid) || PROCESSES.get_ptr(pid).is_none() {
            return 0;
        }
        if load::<u32>(task, offset!(task_exit_state)) != 0 {
            return 0;
        }
        let Some(control) = CONTROL.get_ptr_mut(0) else {
            return 0;
        };
        (*control).alive += 1;
        let state = match state::of(task) {
            Some(state) => state,
            None => {
                (*control).fresh += 1;
                match state::track(task) {
                    Some(state) => state,
                    None => return 0,
                }
            }
        };
        if (*control).reset != 0 {
            // Nothing else is attached now that knows it. Numbers of calls go on: each is given once.
            let (start_time, seq) = (state.start_time, state.seq);
            state::reset(state, start_time);
            state.seq = seq;
            return 0;
        }
        let now = bpf_ktime_get_ns();
        let rest = if (*control).cut_age == 0 {
            0
        } else {
            LONGEST_REST
        };
        sum::flush(state, task, now.saturating_sub(rest));
        let since = state.since.get();
        if since == 0 {
            seed(state, task, now);
        } else if now.saturating_sub(since) >= (*control).cut_age {
            cut(state, task, since, now);
        }
    }
    0
}

/// Takes in a thread that has been off-CPU since before the probes.
///
/// # Safety
/// `task` is the BTF pointer of the thread whose state this is.
#[inline(always)]
unsafe fn seed(state: &mut TaskState, task: *const u8, now: u64) {
    // SAFETY: as above.
    let running = unsafe { load::<u32>(task, offset!(task_on_cpu)) } != 0;
    if running || state.left != 0 || state.came.get() != 0 {
        return;
    }
    // SAFETY: as above.
    let task_state: u32 = unsafe { load(task, offset!(task_state)) };
    // SAFETY: as above.
    unsafe { state.adopt_call(task, now) };
    state.state = task_state as u16;
    state.wait_flags = wait_flag::SEEDED;
    if wait::is_asleep(task_state) {
        state.reason = wait::sleep_reason(task_state);
        if wait::is_uninterruptible(task_state) {
            state.wait_flags |= wait_flag::UNINTERRUPTIBLE;
        }
        if state.call != NO_CALL {
            state.call_flags |= call_flag::BLOCKED;
            // SAFETY: as above.
            unsafe { resource::resolve(state, task, false) };
        }
    } else {
        state.reason = reason::PREEMPTED;
    }
    if state.since.replace(0, now) && state.came.get() != 0 {
        // It came to a CPU meanwhile and found nothing to end.
        let _ = state.since.replace(now, 0);
    }
}

/// Sends the part of a wait from `since` to `now`, and lets the next part begin there.
///
/// # Safety
/// As [`seed`].
#[inline(always)]
unsafe fn cut(state: &mut TaskState, task: *const u8, since: u64, now: u64) {
    let Some(mut entry) = ring::reserve_if_room::<WaitEvent>() else {
        // The part grows on, and is told as a whole by the next pass or when it ends.
        return;
    };
    let came = state.came.get();
    // Written first, owned second: had the thread run meanwhile, `since` would be another, since times do not come twice.
    // SAFETY: as above.
    unsafe {
        wait::fill(
            entry.as_mut_ptr(),
            state,
            task,
            [since, now],
            came,
            wait_flag::CONTINUES,
        )
    };
    if state.since.replace(since, now) {
        ring::submit(entry);
    } else {
        entry.discard(u64::from(BPF_RB_NO_WAKEUP));
    }
}
