//! What is kept of a tracked thread between two events.

use core::mem::offset_of;

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use tracer_common::{Counter, RawResource, call_flag};

use crate::{
    counter::count,
    exchange::Word,
    maps::{CROWDED, SLOT_COUNT, SLOTS},
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
    /// Address of the thread's `task_struct`, 0: none. Set last and cleared first; not used in `CROWDED`.
    task: Word,
    /// 1: somebody has, or is taking, this place of `SLOTS`.
    taken: Word,
    /// 1: a thread whose place this is had to go to `CROWDED`. Stays.
    crowded: Word,

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
    /// When it entered this one, if it is of a kind that is recorded.
    pub call_start: u64,
    /// Its first three arguments, once `resolved`: they lie in the saved registers until its end.
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

    /// The open file of the socket last used, and its inode: that it is described with its peer need not be looked up again.
    pub socket: [u64; 2],

    /// Calls alike that did not block and are not told yet.
    pub sum: Sum,
}

/// A thread about which nothing is known.
static UNKNOWN: TaskState = TaskState {
    task: Word::ZERO,
    taken: Word::ZERO,
    crowded: Word::ZERO,
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
    socket: [0; 2],
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
    // SAFETY: BTF pointer.
    let home = home(unsafe { load(task, offset!(task_pid)) })?;
    let state = if home.task.get() == task as u64 {
        home
    } else {
        if home.crowded.get() == 0 {
            return None;
        }
        // SAFETY: as in `home`.
        unsafe { &mut *CROWDED.get_ptr_mut(task as u64)? }
    };
    // SAFETY: BTF pointer.
    let start_time: u64 = unsafe { load(task, offset!(task_start_time)) };
    if state.start_time != start_time && state.start_time != 0 {
        return None;
    }
    Some(state)
}

/// The place of a tid in `SLOTS`.
#[inline(always)]
fn home(tid: u32) -> Option<&'static mut TaskState> {
    let state = SLOTS.get_ptr_mut(tid & (SLOT_COUNT - 1))?;
    // SAFETY: an element of a preallocated map stays mapped; who may write what is said at `TaskState`.
    Some(unsafe { &mut *state })
}

/// Begins to track a thread. `None` when there is no place for it (counted).
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
pub unsafe fn track(task: *const u8) -> Option<&'static mut TaskState> {
    // SAFETY: BTF pointer.
    let (tid, start_time): (u32, u64) = unsafe {
        (
            load(task, offset!(task_pid)),
            load(task, offset!(task_start_time)),
        )
    };
    let home = home(tid)?;
    if home.taken.replace(0, 1) {
        let head = offset_of!(TaskState, start_time);
        // SAFETY: all of the element behind its head, which is this thread's alone since it is taken; the source is as long.
        unsafe {
            bpf_probe_read_kernel(
                (&raw mut home.start_time).cast(),
                (size_of::<TaskState>() - head) as u32,
                (&raw const UNKNOWN.start_time).cast(),
            );
        }
        home.start_time = start_time;
        home.task.set(task as u64);
        return Some(home);
    }
    let key = task as u64;
    if CROWDED.insert(key, &UNKNOWN, 0).is_err() {
        count(Counter::TaskTableFull);
        return None;
    }
    // SAFETY: as in `home`.
    let state = unsafe { &mut *CROWDED.get_ptr_mut(key)? };
    state.start_time = start_time;
    home.crowded.set(1);
    Some(state)
}

/// A thread that had `former` as its tid has another now: execs of threads take over the leader's.
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
pub unsafe fn rename(task: *const u8, former: u32) {
    release(task, former);
    let _ = CROWDED.remove(task as u64);
    // Nothing is known of it: it is in the middle of its exec.
    // SAFETY: BTF pointer.
    let _ = unsafe { track(task) };
}

/// Stops tracking it.
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
pub unsafe fn forget(task: *const u8) {
    // SAFETY: BTF pointer.
    if !release(task, unsafe { load(task, offset!(task_pid)) }) {
        let _ = CROWDED.remove(task as u64);
    }
}

/// Gives back its place, if it has the one of that tid.
#[inline(always)]
fn release(task: *const u8, tid: u32) -> bool {
    match home(tid) {
        Some(home) if home.task.get() == task as u64 => {
            home.task.set(0);
            home.taken.set(0);
            true
        }
        _ => false,
    }
}
