//! What is kept of a tracked thread between two events.

use core::mem::offset_of;

use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use tracer_common::{Counter, RawResource, call_flag};

use crate::{
    counter::count,
    exchange::Word,
    maps::{SLOT_COUNT, SLOTS},
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
    /// Address of the thread's `task_struct`, 0: none. Set last and cleared first.
    task: Word,
    /// 1: somebody has, or is taking, this place of `SLOTS`.
    taken: Word,
    /// 1: a thread found this place taken and went on. Stays.
    passed: Word,

    /// Birth of the thread: an entry left behind by another one at the same address is told by it.
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
    /// Its first three arguments, if it is of a kind that is recorded.
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
    /// 1: `lock` is that of its own address space.
    pub lock_is_memory: u8,
    /// Zero.
    pub reserved: [u8; 4],
    /// The kernel lock it waits for, 0: none.
    pub lock: u64,

    /// The open file last used.
    pub latest: Latest,

    /// Calls alike that did not block and are not told yet.
    pub sum: Sum,
    /// Keeps neighbours in `SLOTS`, which run on other CPUs, off each other's cache lines.
    apart: [u64; 8],
}

/// An open file that was looked at and described: what need not be looked up again while it is the same.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Latest {
    /// Address of its `struct file`, 0: none.
    pub open: u64,
    /// Number of its inode.
    pub number: u64,
    /// First word of its identity.
    pub a: u64,
    /// Generation of its inode.
    pub generation: u32,
    /// `i_mode`.
    pub mode: u32,
}

impl Latest {
    /// None.
    pub const NONE: Self = Self {
        open: 0,
        number: 0,
        a: 0,
        generation: 0,
        mode: 0,
    };
}

/// A thread about which nothing is known.
static UNKNOWN: TaskState = TaskState {
    task: Word::ZERO,
    taken: Word::ZERO,
    passed: Word::ZERO,
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
    lock_is_memory: 0,
    reserved: [0; 4],
    lock: 0,
    latest: Latest::NONE,
    sum: Sum::EMPTY,
    apart: [0; 8],
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
            self.seq += 1;
            self.resolved = 0;
            self.call_flags = call_flag::NO_START | if compat { call_flag::COMPAT } else { 0 };
            self.call = call;
        }
    }
}

/// Places a thread may have.
const PROBES: u32 = 8;
/// From one to the next: far, since neighbours in `SLOTS` are taken by neighbours in tid.
const STRIDE: u32 = 4_099;

/// The state of a tracked thread, `None` for all others.
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
pub unsafe fn of(task: *const u8) -> Option<&'static mut TaskState> {
    // SAFETY: BTF pointer.
    let tid: u32 = unsafe { load(task, offset!(task_pid)) };
    let state = find(task, tid)?;
    // SAFETY: BTF pointer.
    let start_time: u64 = unsafe { load(task, offset!(task_start_time)) };
    if state.start_time != start_time {
        return None;
    }
    Some(state)
}

/// The place that the thread with this tid has.
#[inline(always)]
fn find(task: *const u8, tid: u32) -> Option<&'static mut TaskState> {
    let mut probe = 0;
    while probe < PROBES {
        let state = place(tid, probe)?;
        if state.task.get() == task as u64 {
            return Some(state);
        }
        if state.passed.get() == 0 {
            return None;
        }
        probe += 1;
    }
    None
}

/// One of the places that a tid may have in `SLOTS`.
#[inline(always)]
fn place(tid: u32, probe: u32) -> Option<&'static mut TaskState> {
    let index = tid.wrapping_add(probe * STRIDE) & (SLOT_COUNT - 1);
    let state = SLOTS.get_ptr_mut(index)?;
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
    let mut probe = 0;
    while probe < PROBES {
        let state = place(tid, probe)?;
        if state.taken.replace(0, 1) {
            reset(state, start_time);
            state.task.set(task as u64);
            return Some(state);
        }
        state.passed.set(1);
        probe += 1;
    }
    count(Counter::TaskTableFull);
    None
}

/// Forgets what is known of a thread. Whoever calls it is the only one who has its state.
#[inline(always)]
pub fn reset(state: &mut TaskState, start_time: u64) {
    let head = offset_of!(TaskState, start_time);
    // SAFETY: all of the state behind its head; the source is as long.
    unsafe {
        bpf_probe_read_kernel(
            (&raw mut state.start_time).cast(),
            (size_of::<TaskState>() - head) as u32,
            (&raw const UNKNOWN.start_time).cast(),
        );
    }
    state.start_time = start_time;
}

/// A thread that had `former` as its tid has another now: execs of threads take over the leader's.
///
/// # Safety
/// `task` is a BTF pointer.
#[inline(always)]
pub unsafe fn rename(task: *const u8, former: u32) {
    release(task, former);
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
    release(task, unsafe { load(task, offset!(task_pid)) });
}

/// Gives back the place it has under that tid.
#[inline(always)]
fn release(task: *const u8, tid: u32) {
    if let Some(state) = find(task, tid) {
        state.task.set(0);
        state.taken.set(0);
    }
}
