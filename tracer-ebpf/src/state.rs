//! What is kept of a tracked thread between two events.

use tracer_common::{Counter, RawResource, call_flag};

use crate::{
    counter::count,
    exchange::Word,
    maps::TASKS,
    memory::load,
    offset, registers,
    sum::Sum,
    syscalls::{Class, class},
};

/// [`TaskState::call`]: not in a call.
pub const NO_CALL: i32 = -1;
/// [`TaskState::call`]: not known, since the thread has neither entered nor left a call since the probes came in.
pub const UNKNOWN_CALL: i32 = -2;

/// One thread.
///
/// It is written by the CPU the thread runs on, but for the `wake_*` fields, which a waker writes, and `since`, on which the
/// switch-in and the task iterator compete.
#[repr(C)]
pub struct TaskState {
    /// Birth of the thread: an entry left behind by another one at the same address is told by it. 0: being made.
    pub start_time: u64,

    /// Where the present part of its off-CPU period began; 0: on a CPU, or not known. Whoever exchanges it owns the part
    /// that ends, so a part is never given out twice, and two parts join without gap.
    pub since: Word,
    /// When it left the CPU, 0: before the probes came in.
    pub left: u64,
    /// When it last came to a CPU, 0: before the probes came in.
    pub came: Word,
    /// Word at the futex + 8.
    pub owner: u32,
    /// `prev_state`.
    pub state: u16,
    /// A `tracer_common::reason`.
    pub reason: u8,
    /// Bits of `wait_flag` known at switch-out.
    pub wait_flags: u8,
    /// Key of the stack it left the CPU with.
    pub stack: u64,

    /// When it was last woken.
    pub wake_time: u64,
    /// By which thread.
    pub waker_tid: u32,
    /// Of which process.
    pub waker_pid: u32,
    /// In which call.
    pub waker_call: i32,
    /// 1: a kernel thread.
    pub waker_kthread: u32,

    /// The call it is in, [`NO_CALL`] or [`UNKNOWN_CALL`].
    pub call: i32,
    /// How many calls it entered since the probes came in.
    pub seq: u32,
    /// When it entered this one.
    pub call_start: u64,
    /// Its first three arguments.
    pub args: [u64; 3],
    /// What the call is about, once `resolved`.
    pub resource: RawResource,
    /// `i_mode` of the file, once `resolved`.
    pub mode: u32,
    /// Operation, once `resolved`.
    pub op: u32,
    /// Bits of `call_flag`.
    pub call_flags: u8,
    /// 1: `resource`, `mode` and `op` hold.
    pub resolved: u8,
    /// 1: the call was interrupted and may be resumed.
    pub interrupted: u8,
    /// Zero.
    pub reserved: u8,
    /// Flags of the kernel lock it waits for.
    pub lock_flags: u32,
    /// The kernel lock it waits for, 0: none.
    pub lock: u64,
    /// Since when.
    pub lock_start: u64,

    /// Calls alike that did not block and are not told yet.
    pub sum: Sum,
}

/// A thread about which nothing is known.
static UNKNOWN: TaskState = TaskState {
    start_time: 0,
    since: Word::ZERO,
    left: 0,
    came: Word::ZERO,
    owner: 0,
    state: 0,
    reason: 0,
    wait_flags: 0,
    stack: 0,
    wake_time: 0,
    waker_tid: 0,
    waker_pid: 0,
    waker_call: -2,
    waker_kthread: 0,
    call: UNKNOWN_CALL,
    seq: 0,
    call_start: 0,
    args: [0; 3],
    resource: RawResource {
        tag: 0,
        fd: -1,
        a: 0,
        b: 0,
    },
    mode: 0,
    op: 0,
    call_flags: 0,
    resolved: 0,
    interrupted: 0,
    reserved: 0,
    lock_flags: 0,
    lock: 0,
    lock_start: 0,
    sum: Sum::EMPTY,
};

impl TaskState {
    /// Class of the call it is in.
    #[inline(always)]
    pub fn class(&self) -> Class {
        class(self.call, self.is_compat())
    }

    /// Its call numbers are those of a 32-bit program.
    #[inline(always)]
    pub fn is_compat(&self) -> bool {
        self.call_flags & call_flag::COMPAT != 0
    }

    /// Takes the call from the saved registers, where neither its entry nor its exit was seen.
    ///
    /// # Safety
    /// `task` is the thread of this state, a BTF pointer.
    #[inline(always)]
    pub unsafe fn adopt_call(&mut self, task: *const u8, now: u64) {
        if self.call != UNKNOWN_CALL {
            return;
        }
        // SAFETY: as above.
        unsafe {
            let saved = registers::of(task);
            let call = registers::call_number(saved);
            if call < 0 {
                self.call = NO_CALL;
                return;
            }
            let compat = registers::is_compat(task);
            self.args = registers::arguments(saved, compat);
            self.call_start = now;
            self.seq = 1;
            self.resolved = 0;
            self.call_flags = call_flag::NO_START | if compat { call_flag::COMPAT } else { 0 };
            self.call = call;
        }
    }
}

/// The state of a tracked thread, `None` for all others.
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
pub unsafe fn of(task: *const u8) -> Option<&'static mut TaskState> {
    let state = TASKS.get_ptr_mut(task as u64)?;
    // SAFETY: an element of a preallocated map stays mapped; who may write what is said at `TaskState`.
    let state = unsafe { &mut *state };
    // SAFETY: BTF pointer.
    let start_time: u64 = unsafe { load(task, offset!(task_start_time)) };
    if state.start_time != start_time && state.start_time != 0 {
        return None;
    }
    Some(state)
}

/// Begins to track a thread. `None` when the table is full (counted).
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
pub unsafe fn track(task: *const u8) -> Option<&'static mut TaskState> {
    let key = task as u64;
    if TASKS.insert(key, &UNKNOWN, 0).is_err() {
        count(Counter::TaskTableFull);
        return None;
    }
    let state = TASKS.get_ptr_mut(key)?;
    // SAFETY: as in `of`.
    let state = unsafe { &mut *state };
    // SAFETY: BTF pointer.
    state.start_time = unsafe { load(task, offset!(task_start_time)) };
    Some(state)
}

/// Stops tracking it.
#[inline(always)]
pub fn forget(task: *const u8) {
    let _ = TASKS.remove(task as u64);
}
